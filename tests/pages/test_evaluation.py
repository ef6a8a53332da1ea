"""The page Evaluation: its numbers against plain loops, and runs that are stopped, left and taken up again."""

import csv
import io
import math
from functools import cache

import pytest
import streamlit as st
import torch
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

import jsma
from jsma import Attack, Report, Rule, Stop
from jsma.glossary import TERMS
from pages.ui.evaluation import evaluating, report_views
from tests.helpers.app import visitor, words

PAGE = "pages/5_Evaluation.py"
ATTACK = Attack(Rule.TJSMA, gamma=0.02)
"""A budget of 14 pixels, with which some attacks succeed and some fail."""


LINK = {"gamma": ATTACK.gamma, "model": "lenet", "rule": ATTACK.rule.value}


@pytest.fixture
def app() -> AppTest:
    """A visitor about to open the page."""
    return visitor(PAGE, **LINK)


class Attacked(list):
    """What a plain run gives, a tuple an attack: (position, source, target, success, changed, stop, still read)."""

    def mean(self, of: int, some: bool = False) -> float:
        chosen = [each[of] for each in self if each[3] or not some]
        return sum(chosen) / len(chosen)


def attacked(rounds: int, attack: Attack = ATTACK) -> Attacked:
    """Attack the first `rounds` digits of each class and write down how each attack ended."""
    return Attacked(end for k in range(rounds) for end in one_round(k, attack))


@cache
def one_round(k: int, attack: Attack) -> list[tuple]:
    """Attack digit k of each class, five digits at a time, as floats in a batch of another size round otherwise."""
    digits, model, ends = jsma.load_uci_digits(), jsma.load_model("lenet"), []
    positions = [[p for p in range(len(digits)) if digits.labels[p] == c][k] for c in range(10)]
    for classes in (range(5), range(5, 10)):
        cases = [(positions[c], c, (c + step) % 10) for c in classes for step in range(1, 10)]
        result = attack.run(model, digits.images[[p for p, _, _ in cases]], torch.tensor([t for _, _, t in cases]))
        still = model(result.images).argmax(dim=1) == torch.tensor([c for _, c, _ in cases])
        how = zip(cases, result.success.tolist(), result.changed.tolist(), result.stop, still.tolist(), strict=True)
        ends.extend((*case, success, changed, stop, read) for case, success, changed, stop, read in how)
    return ends


@pytest.fixture(scope="module")
def plain() -> Attacked:
    return attacked(1)


@pytest.fixture(scope="module")
def look(uci) -> Report:
    chosen = evaluating.evenly(uci, 10)
    ten = jsma.Digits("ten", uci.images[chosen], uci.labels[chosen])
    return list(jsma.evaluate_in_parts(jsma.load_model("lenet"), ten, ATTACK, digits_a_part=5))[-1]


def numbers(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def expected(ends: Attacked) -> dict[str, str]:
    """Return the headline numbers but the robustness, as the page writes them."""
    return {
        "Success rate": f"{100 * ends.mean(3):.1f}\N{NO-BREAK SPACE}%",
        "Adversarial accuracy": f"{100 * ends.mean(6):.1f}\N{NO-BREAK SPACE}%",
        "Mean distortion, all": f"{100 * ends.mean(4) / 784:.2f}\N{NO-BREAK SPACE}%",
        "Mean distortion, successful": f"{100 * ends.mean(4, some=True) / 784:.2f}\N{NO-BREAK SPACE}%",
    }


# --- numbers -------------------------------------------------------------------------------------


def test_the_first_screen_has_the_numbers_of_ten_digits_without_a_click(app, plain, look, uci):
    app.run()
    assert not app.exception
    shown = numbers(app)
    assert shown.pop("Robustness") == f"{min(look.adversarial_distance.tolist()):.3f}"
    assert shown == expected(plain)
    reached = sum(each[3] for each in plain)
    assert 0 < reached < 90
    assert f"{reached} of 90 attacks" in words(app)
    assert f"over the {reached} successful attacks" in words(app)
    untouched = jsma.load_model("lenet")(uci.images[evaluating.evenly(uci, 10)]).argmax(1) == torch.arange(10)
    told = f"over 90 adversarial images, failed attacks too; on the same digits untouched: {10 * untouched.sum()}"
    assert told in words(app)
    assert (
        next(each for each in app.metric if each.label == "Adversarial accuracy").help == TERMS["adversarial accuracy"]
    )
    for reason in Stop:
        assert f"{reason.value} **{sum(each[5] is reason for each in plain)}**" in words(app)
    correlation = report_views.rank_correlation(look.adversarial_distance, look.result.changed)
    assert f"Rank correlation of the distance with the pixels changed: {correlation:.2f}" in words(app)


def test_ranks_correlate_by_order_alone_and_equal_values_share_their_rank():
    correlation = report_views.rank_correlation
    rising = torch.tensor([1, 2, 3, 4])
    assert correlation(rising, torch.tensor([1.0, 10, 100, 1000])) == pytest.approx(1)
    assert correlation(rising, -rising) == pytest.approx(-1)
    # ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: covariance 4.5, variances 4.5 and 5
    assert correlation(torch.tensor([0, 7, 7, 9]), rising) == pytest.approx(4.5 / (4.5 * 5) ** 0.5)
    assert math.isnan(correlation(torch.tensor([2, 2]), torch.tensor([1, 2])))
    assert math.isnan(correlation(torch.tensor([2]), torch.tensor([1])))


def test_the_maps_are_the_means_of_their_cells(app, plain):
    app.run()
    charts = [chart.proto for chart in app.get("vega_lite_chart")]
    success, distortion, hardness = (convert_arrow_bytes_to_pandas_df(chart.data.data) for chart in charts[:3])
    assert len(success) == len(distortion) == 90
    for column, rows in ((3, success), (4, distortion)):
        unit = 100 if column == 3 else 100 / 784
        for row in rows.itertuples():
            cell = [each[column] for each in plain if (each[1], each[2]) == (row.source, row.target)]
            assert row.percent == pytest.approx(unit * sum(cell) / len(cell))
            assert row.label == f"{row.percent:.{0 if column == 3 else 1}f}"
    for row, of_cell in zip(hardness.itertuples(), success.itertuples(), strict=True):
        assert (row.source, row.target) == (of_cell.source, of_cell.target)
        assert row.label == ("≥" if of_cell.percent < 95 else "") + f"{row.percent:.1f}"
    assert {label[0] == "≥" for label in hardness.label} == {True, False}
    table = app.table[0].value
    assert table["→ 3"][3] == ""
    assert table["→ 3"][8] in ("0", "100")


def test_success_at_smaller_budgets_is_what_runs_with_them_give(look, uci):
    rows = report_views.budgets(look)
    assert len(rows) == 11
    for k in (5, 8, 10):
        smaller = Attack(ATTACK.rule, gamma=ATTACK.gamma * k / 10)
        ends = attacked(1, smaller)
        assert rows[k]["γ"] == pytest.approx(0.2 * k)
        assert rows[k]["pixels"] == 2 * smaller.iterations(784)
        assert rows[k]["success"] == pytest.approx(100 * ends.mean(3))
        assert rows[k]["all"] == f"{100 * ends.mean(4) / 784:.2f}\N{NO-BREAK SPACE}%"
        assert rows[k]["successful"] == f"{100 * ends.mean(4, some=True) / 784:.2f}\N{NO-BREAK SPACE}%"
    reads = jsma.load_model("lenet")(uci.images[evaluating.evenly(uci, 10)]).argmax(1)
    misread = (reads != torch.arange(10)).sum().item()
    assert rows[0]["success"] == pytest.approx(100 * misread / 90)


def test_the_distribution_counts_every_attack_once(look, plain):
    rows = report_views.changed_pixels(look)
    assert sum(row["attacks"] for row in rows) == 90
    for row in rows:
        outcome = row["outcome"] == "succeeded"
        inside = [each for each in plain if each[3] == outcome and row["low"] <= each[4] <= row["high"]]
        assert row["attacks"] == len(inside)


def test_digits_are_taken_evenly_and_a_stopped_run_is_even_too(uci):
    positions = evaluating.evenly(uci, 70).tolist()
    assert len(set(positions)) == 70
    for begun in range(0, 70, 10):
        assert uci.labels[positions[begun : begun + 10]].tolist() == list(range(10))
    assert [p for p in positions if uci.labels[p] == 4] == uci.of_class(4)[:7].tolist()


# --- runs ----------------------------------------------------------------------------------------


def ask_for(app: AppTest, count: int) -> AppTest:
    app.slider(key="images").set_value(count).run()
    return app


@pytest.mark.slow
def test_more_digits_are_attacked_when_asked_for(app, uci, plain):
    app.run()
    ask_for(app, 20)
    assert "Still the first look" in words(app)
    assert {**numbers(app), **expected(plain)} == numbers(app)
    app.button(key="evaluation-start").click().run()
    assert not app.exception
    ends = attacked(2)
    assert {**numbers(app), **expected(ends)} == numbers(app)
    assert "180 attacks" in words(app)
    assert not [button for button in app.button if button.key in ("evaluation-start", "evaluation-stop")]


@pytest.mark.slow
def test_what_is_done_stays_when_the_visitor_leaves_and_can_be_gone_on_with(app, uci, monkeypatch):
    advance, parts = evaluating.Evaluation.advance, []

    def leaves_after_two(run):
        advance(run)
        parts.append(run.done)
        if len(parts) == 4:
            st.stop()  # what Streamlit does at the next call when another page is asked for

    monkeypatch.setattr(evaluating.Evaluation, "advance", leaves_after_two)
    app.run()
    ask_for(app, 30).button(key="evaluation-start").click().run()
    assert parts == [45, 90, 135, 180]
    app.switch_page("pages/4_Rules.py").run()
    app.switch_page(PAGE).run()
    assert not app.exception
    assert parts == [45, 90, 135, 180]
    assert "Stopped** after 180 of 270 attacks" in words(app)
    assert {**numbers(app), **expected(attacked(2))} == numbers(app)
    app.button(key="evaluation-go-on").click().run()
    assert parts == [45, 90, 135, 180, 225, 270]
    assert "Done" in words(app)
    assert {**numbers(app), **expected(attacked(3))} == numbers(app)


def test_the_stop_button_ends_a_run_and_keeps_what_is_done(app, monkeypatch):
    def never_ends(run):
        run.report = run.report or next(run.parts)
        st.stop()

    monkeypatch.setattr(evaluating.Evaluation, "advance", never_ends)
    app.run()
    ask_for(app, 20).button(key="evaluation-start").click().run()
    app.button(key="evaluation-stop").click().run()
    assert not app.exception
    assert "Stopped** after 45 of 180 attacks" in words(app)


@pytest.mark.slow
def test_other_settings_never_show_the_numbers_of_earlier_ones(app, uci, plain):
    app.run()
    ask_for(app, 20).button(key="evaluation-start").click().run()
    before = numbers(app)
    app.segmented_control(key="widget-rule").set_value(Rule.WJSMA).run()
    assert not app.exception
    ends = attacked(1, Attack(Rule.WJSMA, gamma=ATTACK.gamma))
    assert expected(ends)["Success rate"] != before["Success rate"]
    assert {**numbers(app), **expected(ends)} == numbers(app)
    assert app.button(key="evaluation-start")
    app.segmented_control(key="widget-rule").set_value(ATTACK.rule).run()
    assert numbers(app) == before


@pytest.mark.slow
def test_two_visitors_do_not_share_what_they_run(app):
    other = visitor(PAGE, **LINK)
    app.run()
    ask_for(app, 20).button(key="evaluation-start").click().run()
    other.run()
    ask_for(other, 20)
    assert "Done" in words(app)
    assert "Still the first look" in words(other)


@pytest.mark.parametrize("after", [0, 2])
def test_a_network_that_fails_is_explained_and_what_is_done_stays(app, monkeypatch, after):
    def fails(*arguments):
        yield from list(parts(*arguments))[:after]
        raise ValueError("The model's outputs are not finite.")

    parts = evaluating._parts
    app.run()
    before = numbers(app)
    monkeypatch.setattr(evaluating, "_parts", fails)
    ask_for(app, 20).button(key="evaluation-start").click().run()
    assert not app.exception
    assert "not finite" in app.error[0].value
    assert numbers(app) == before


def test_a_network_that_fails_at_once_is_explained(monkeypatch):
    def fails(*_):
        raise ValueError("The model's outputs are not finite.")
        yield

    monkeypatch.setattr(evaluating, "_parts", fails)
    app = visitor(PAGE, **LINK | {"gamma": 0.01})
    app.run()
    assert not app.exception
    assert "not finite" in app.error[0].value


# --- cases and files -----------------------------------------------------------------------------


def test_the_hardest_failed_with_most_pixels_and_the_easiest_succeeded_with_fewest(look, plain):
    hardest, easiest = report_views.extremes(look)
    ranked = sorted(range(90), key=lambda k: (plain[k][3], -plain[k][4]))
    assert hardest == ranked[:5]
    assert sorted(plain[k][4] for k in range(90) if plain[k][3])[:5] == [plain[k][4] for k in easiest]
    assert all(plain[k][3] for k in easiest)


def test_a_case_opens_that_attack_in_the_lab(app, plain, uci):
    app.run()
    position, source, target, *_ = sorted(plain, key=lambda each: (each[3], -each[4]))[0]
    app.button(key="tile-hardest-0").click().run()
    assert not app.exception
    choice = app.session_state.choice
    assert (choice.digit, choice.target, choice.attack) == (source, target, ATTACK)
    assert uci.of_class(source)[choice.sample] == position
    app.switch_page("app.py").run()
    assert "Iteration 0 of" in words(app)
    assert f"the target {target} gets" in words(app)


def test_the_pictures_of_cases_are_where_their_attacks_end(uci, look):
    class Shipped:
        key, module = "lenet", jsma.load_model("lenet")

    k = report_views.extremes(look)[1][-1]
    position = int(evaluating.evenly(uci, 10)[k // 9])
    (picture,) = report_views.ends(uci, Shipped, ATTACK, (position,), (int(look.targets[k]),))
    last = list(ATTACK.steps(Shipped.module, uci.images[position], int(look.targets[k])))[-1]
    assert torch.equal(picture, last.image)
    assert (picture != uci.images[position]).sum() == look.result.changed[k]


def test_the_files_read_back_as_the_report(look, tmp_path):
    (tmp_path / "report.json").write_text(look.to_json(), encoding="utf-8")
    again = Report.load(tmp_path / "report.json")
    assert again.to_json() == look.to_json()
    assert again.summary() == look.summary()
    lines = list(csv.DictReader(io.StringIO(look.to_csv())))
    assert [int(line["changed"]) for line in lines] == look.result.changed.tolist()
    assert [(int(line["source"]), int(line["target"])) for line in lines] == list(
        zip(look.sources.tolist(), look.targets.tolist(), strict=True)
    )
