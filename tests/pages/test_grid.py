"""The grid of ten sources and ten targets: its cells, its figures, its way into the lab, its picture."""

import io
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

import jsma
from jsma import Attack, Direction, Output, Result, Rule, Stop
from jsma.export import TARGET, TINT, grid_png
from jsma.palette import rgb
from pages.ui.grid import cells
from tests.helpers import app as pages
from tests.helpers.app import checked, words

LINK = {"gamma": "0.015", "rule": "wjsma", "sample": "4", "model": "lenet"}
QUICK = Attack(rule=Rule.WJSMA, gamma=0.015)
"""A small budget: quick, and some attacks fail."""


@pytest.fixture(autouse=True)
def enough_time(monkeypatch):
    monkeypatch.setattr(cells, "UNASKED_SECONDS", 6000.0)  # on a busy machine, too


@pytest.fixture(scope="module")
def ends(uci):
    """The last step of the attacks in three rows of LINK's grid, by source and target, one after the other."""
    model = jsma.load_model("lenet")
    return {
        (source, target): list(QUICK.steps(model, uci.images[uci.of_class(source)[4]], target))[-1]
        for source in (2, 5, 7)
        for target in range(10)
        if source != target
    }


def opened(**link: object) -> AppTest:
    return pages.opened("pages/3_Grid.py", **LINK | link)


def label(app: AppTest, source: int, target: int) -> str:
    return app.button(key=f"tile-attack-{source}-{target}").label


def test_every_cell_is_the_attack_that_single_steps_make(ends, uci):
    app = opened()
    endings = {
        Stop.REACHED_TARGET: "✓ reached",
        Stop.BUDGET_SPENT: "✕ budget spent",
        Stop.NO_ADMISSIBLE_PAIR: "✕ no pair",
        Stop.DOMAIN_EMPTY: "✕ no pixels",
    }
    assert {step.stop for step in ends.values()} >= {Stop.REACHED_TARGET, Stop.BUDGET_SPENT}
    model = jsma.load_model("lenet")
    for (source, target), step in ends.items():
        cost = f"{step.changed} px, {step.iteration} it."
        assert label(app, source, target) == f"*{source} to {target}:* **{endings[step.stop]}** {cost}"
        row = app.session_state.grid.rows[source]
        torch.testing.assert_close(row.result.images[cells.others(source).index(target)], step.image)
    for source in range(10):
        reads = int(model(uci.images[uci.of_class(source)[4]][None]).argmax())
        assert label(app, source, source).endswith(f"read as {reads}")


def test_the_headline_figures_are_those_of_a_plain_loop():
    app = opened()
    costs, costs_of_won = [], []
    for source in range(10):
        for target in range(10):
            if source != target:
                told = label(app, source, target)
                costs.append(int(re.search(r"(\d+) px", told)[1]))
                costs_of_won += costs[-1:] if "✓" in told else []
    assert 0 < len(costs_of_won) < len(costs) == 90
    shown = {metric.label: metric.value.replace("\N{NO-BREAK SPACE}", " ") for metric in app.metric}
    assert shown == {
        "Successes": f"{len(costs_of_won)} of 90",
        "Mean distortion, all 90": f"{100 * sum(costs) / 90 / 784:.2f} %",
        f"Mean distortion, {len(costs_of_won)} successful": f"{100 * np.mean(costs_of_won) / 784:.2f} %",
    }
    counted = [int(number) for number in re.findall(r"(?:target|spent|pair|left) (\d+)", words(app, "caption"))]
    assert sum(counted) == 90


def test_a_click_opens_that_very_attack_in_the_lab(uci, ends):
    app = opened()
    checked(app.button(key="tile-attack-7-3").click().run())
    choice = app.session_state.choice
    assert (choice.digit, choice.sample, choice.target, choice.model) == (7, 4, 3, "lenet")
    assert choice.attack == QUICK
    assert f"Iteration 0 of {ends[7, 3].iteration}." in words(app)


def test_a_click_on_the_diagonal_opens_that_digit():
    app = opened(digit="5", target="2")
    checked(app.button(key="tile-attack-2-2").click().run())
    choice = app.session_state.choice
    assert (choice.digit, choice.sample, choice.target) == (2, 4, 3)


def test_a_class_with_fewer_samples_gives_its_last_and_says_so(uci):
    sizes = [int((uci.labels == digit).sum()) for digit in range(10)]
    largest = max(sizes)
    short = [digit for digit in range(10) if sizes[digit] < largest]
    app = opened(digit=str(sizes.index(largest)), sample=str(largest - 1))
    said = next(caption.value for caption in app.caption if "the last one is shown" in caption.value)
    assert all(f"{sizes[digit]} of {digit}" in said for digit in short)
    last = max((uci.labels == short[0]).nonzero().flatten().tolist())
    assert torch.equal(app.session_state.grid.rows[short[0]].image, uci.images[last])
    app.button(key=f"tile-attack-{short[0]}-{(short[0] + 1) % 10}").click().run()
    assert not app.exception
    assert app.session_state.choice.sample == sizes[short[0]] - 1


def test_another_sample_makes_another_grid_and_a_link_to_it(uci):
    app = opened()
    app.number_input(key="which-sample").set_value(9).run()
    assert not app.exception
    assert app.query_params["sample"] in ("8", ["8"])
    assert torch.equal(app.session_state.grid.rows[6].image, uci.images[uci.of_class(6)[8]])


def test_a_stopped_grid_keeps_its_rows_and_goes_on_where_it_was(monkeypatch):
    monkeypatch.setattr(cells, "UNASKED_SECONDS", 0.0)
    app = opened()
    assert not app.session_state.grid.rows
    monkeypatch.setattr(cells, "UNASKED_SECONDS", 6000.0)
    app.run()
    assert app.session_state.grid.whole
    done = app.session_state.grid.rows[:3]
    app.session_state.grid.rows[3:] = []
    app.session_state.grid.stopped = True
    app.run()
    assert app.session_state.grid.rows == done
    assert app.metric[0].value.endswith("of 27")
    app.button(key="fill").click().run()
    assert not app.exception
    assert app.session_state.grid.rows[:3] == done
    assert app.session_state.grid.whole
    assert app.metric[0].value.endswith("of 90")


def test_a_grid_that_is_not_asked_for_ends_after_its_time(monkeypatch):
    now = iter(range(1000))
    monkeypatch.setattr(cells, "monotonic", lambda: next(now))
    monkeypatch.setattr(cells, "UNASKED_SECONDS", 3.0)  # begun at second 0, looked at at 1, 2 and 3
    app = opened()
    assert len(app.session_state.grid.rows) == 3  # of 10
    app.button(key="fill").click().run()
    assert app.session_state.grid.whole


def test_a_digit_read_as_the_target_already_is_shown_as_it_is(misread):
    app = opened(model="tutorial", sample=misread["sample"])
    source, target = misread["digit"], misread["target"]
    assert label(app, source, target) == f"*{source} to {target}:* **✓ reached** 0 px, 0 it."
    assert label(app, source, source).endswith(f"read as {target}")
    assert "at once: the untouched digit is read as the target" in words(app)


def test_shown_to_another_network_each_tile_says_what_that_reads_and_the_figure_what_it_divides_by(ends):
    app = opened(reader="tutorial")
    reader, source_of = jsma.load_model("tutorial"), app.session_state.grid.rows
    for (source, target), step in ends.items():
        reads = int(reader(step.image[None]).argmax())
        fools_both = step.stop is Stop.REACHED_TARGET and reads == target
        assert label(app, source, target).endswith(
            f"{step.iteration} it. The tutorial's CNN* reads {reads}{' ✓*, the target*' if fools_both else ''}"
        )
        assert int(reader(source_of[source].image[None]).argmax()) == int(label(app, source, source)[-1])
    tiles = {(row, to): label(app, row, to) for row in range(10) for to in range(10) if row != to}
    fooled = {at: told for at, told in tiles.items() if "✓ reached" in told}
    as_target = sum("the target" in told for told in tiles.values())
    as_label = sum(f"reads {source}" in told for (source, _), told in fooled.items())
    assert 0 < as_target < len(fooled) < 90
    assert app.metric[1].label == "Transfer, of the successful"
    assert app.metric[1].value == f"{as_target} of {len(fooled)}"
    assert (
        f"Of the {len(fooled)} successful ones, the network “The tutorial's CNN” reads {as_target} as the target, "
        f"{as_label} as the digit itself and {len(fooled) - as_target - as_label} as another class."
    ) in words(app, "caption")


def test_who_the_attacks_are_shown_to_is_in_the_address_and_is_never_their_own_network():
    app = opened()
    box = app.selectbox(key="which-reader")
    assert "LeNet of the paper's sizes" not in box.options  # the attacks are made for it
    checked(box.set_value("lenet-distilled").run())
    assert pages.parameter(app, "reader") == "lenet-distilled"
    assert "reads" in label(app, 7, 3)
    checked(app.selectbox(key="widget-model").set_value("lenet-distilled").run())
    assert "reads" not in label(app, 7, 3)
    app = opened(reader="own")
    assert "a network that is not in this browser" in words(app, "warning")
    assert "reads" not in label(app, 7, 3)


def runs(dark: np.ndarray) -> list[tuple[int, int]]:
    """Return where the stretches of True in a row of truth values begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], dark.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def test_the_picture_shows_every_attack_in_its_place():
    generator = torch.Generator().manual_seed(0)
    originals = torch.rand(3, 1, 28, 28, generator=generator) * 0.2
    results = []
    for original in originals:
        images = original.repeat(2, 1, 1, 1)
        images[0, 0, 5, 6] = images[1, 0, 20, 9] = 1.0
        stop = [Stop.REACHED_TARGET, Stop.NO_ADMISSIBLE_PAIR]
        ones = torch.ones(2, dtype=torch.int64)
        results.append(Result(images, torch.tensor([True, False]), stop, ones, ones))
    shown = np.asarray(Image.open(io.BytesIO(grid_png(originals, results, "Three", scale=2))).convert("RGB"))
    dark = (shown.astype(int).sum(axis=2) < 300).mean
    columns, rows = ([run for run in runs(dark(axis=axis) > 0.3) if run[1] - run[0] > 20] for axis in (0, 1))
    assert [end - begin for begin, end in (*columns, *rows)] == [56] * 6
    for source, (top, bottom) in enumerate(rows):
        for target, (left, right) in enumerate(columns):
            expected = np.rint(14 + 241 * originals[source, 0].double().numpy())[..., None].repeat(3, axis=2)
            if source != target:
                row, column = (5, 6) if target == min({0, 1, 2} - {source}) else (20, 9)
                expected[row, column] = TINT
            expected = np.kron(expected, np.ones((2, 2, 1)))
            np.testing.assert_array_equal(shown[top:bottom, left:right], expected)
    assert (shown[: rows[0][0]] < 128).any()  # the title and the targets
    assert (shown[:, : columns[0][0]] < 128).any()  # the sources


def test_the_picture_frames_what_another_network_reads_as_the_target_too():
    zeros, ones = torch.zeros(3, 1, 28, 28), torch.ones(2, dtype=torch.int64)
    success = torch.tensor([True, False])  # towards the lower and the higher of the other two classes
    results = [Result(zeros[:2], success, [Stop.REACHED_TARGET, Stop.BUDGET_SPENT], ones, ones)] * 3
    reads = [[0, 1, 2], [2, 1, 0], [2, 1, 0]]  # 0 to 1 is read as 1; 0 to 2 as well, but that attack failed
    frame = np.array(rgb(TARGET))
    shown = np.asarray(Image.open(io.BytesIO(grid_png(zeros, results, scale=2, reads=reads))).convert("RGB"))
    left = [(60 + 72 * target - 3, 90 + 102 * source + 20) for source in range(3) for target in range(3)]
    framed = [bool((np.abs(shown[y, x].astype(int) - frame) < 40).all()) for x, y in left]
    assert framed == [False, True, False, False, False, False, False, False, False]


def test_the_picture_of_a_whole_grid_has_room_for_ten_by_ten():
    ten = torch.zeros(10, 1, 28, 28)
    zeros = torch.zeros(9, dtype=torch.int64)
    results = [Result(ten[:9], zeros == 0, [Stop.REACHED_TARGET] * 9, zeros, zeros)] * 10
    width, height = Image.open(io.BytesIO(grid_png(ten, results))).size
    assert (width, height) == (60 + 10 * (84 + 16), 90 + 10 * (84 + 46))
    with pytest.raises(ValueError, match="10 originals need 10 results of 9 attacks"):
        grid_png(ten, results[:9])


def test_the_row_of_every_setting_is_kept_apart(uci):
    """Rows are cached; one with another direction must not be taken for it."""
    from pages.ui.cache import computed
    from pages.ui.networks import network

    position = int(uci.of_class(1)[0])
    attack = Attack(output=Output.PROBABILITIES, gamma=0.02)
    brighten, darken = (
        computed(cells.rows, uci, network("tutorial"), (position,), replace(attack, direction=way))[0]
        for way in (Direction.INCREASE, Direction.DECREASE)
    )
    assert (brighten.result.images >= brighten.image).all()
    assert (darken.result.images <= darken.image).all()
    assert not torch.equal(brighten.result.images, darken.result.images)
