"""The page Rules: what it shows against the attacks themselves, and the measured table against its files."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

import jsma
from benchmarks.table import SETTINGS
from jsma import Attack, Direction, Output, Rule, Stop
from jsma.baselines import Baseline, baseline_steps
from jsma.other_attacks import Norm, OtherAttack
from pages.ui.formatting import percent
from pages.ui.networks import Network
from pages.ui.rules import results, tables
from pages.ui.rules.beside import Changed, verdict
from pages.ui.rules.reasons import reasons
from pages.ui.shared import comparison
from pages.ui.shared.comparison.methods import AT_FIRST, MEASURED, METHODS, MOST, trace
from tests.helpers.app import checked, visitor, words


@pytest.fixture(scope="module")
def network():
    return Network("of the tests", "Tutorial", "tutorial", jsma.load_model(), {})


@pytest.fixture
def app(monkeypatch, tmp_path) -> AppTest:
    """A visitor about to open the page, where nothing is measured yet."""
    monkeypatch.setattr(results, "FOLDER", tmp_path / "results")
    return visitor("pages/4_Rules.py")


def table_of(app: AppTest, column: str):
    return next(table.value for table in app.dataframe if column in table.value)


ATTACKS = {
    "JSMA on logits": Attack(),
    "JSMA on probabilities, both": Attack(output=Output.PROBABILITIES, direction=Direction.BOTH),
    "WJSMA, darken": Attack(Rule.WJSMA, direction=Direction.DECREASE),
    "TJSMA, both": Attack(Rule.TJSMA, direction=Direction.BOTH),
}


@pytest.mark.parametrize("label", [*ATTACKS, "Top two", "One pixel at a time"])
def test_what_the_browser_gets_are_the_steps_of_the_attack(label, network, uci):
    index, target = 4, 9
    image = uci.images[index]
    if label in ATTACKS:
        steps = list(ATTACKS[label].steps(network.module, image, target))
    else:
        baseline = {"Top two": Baseline.TOP_TWO, "One pixel at a time": Baseline.ONE_PIXEL}[label]
        steps = list(baseline_steps(baseline, network.module, image, target, Attack()))
    message = comparison._message(image, [trace("uci", network, index, target, label, 1.0, 0.145)])
    told = message["traces"][0]
    assert len(told["steps"]) == len(steps)
    assert told["success"] == (steps[-1].stop is Stop.REACHED_TARGET)
    assert told["end"] == steps[-1].stop.title
    picture = np.array(message["original"])
    for step, shown in zip(steps, told["steps"], strict=True):
        for pixel, value in shown["moves"]:
            picture[pixel] = value
        np.testing.assert_allclose(picture, step.image.flatten().numpy(), atol=1e-4)
        reads = int(step.probabilities.argmax())
        assert shown["reads"] == reads
        assert as_share(shown["sure"]) == pytest.approx(float(step.probabilities[reads]), abs=0.0011)
        assert as_share(shown["target"]) == pytest.approx(float(step.probabilities[target]), abs=0.0011)
        assert shown["changed"].split()[0] == str(step.changed)


def as_share(text: str) -> float:
    return float(text.strip("<>% ")) / 100


def test_the_comparison_begins_where_the_first_one_gets_there(network):
    traces = [trace("uci", network, 4, 9, label, 1.0, 0.145) for label in AT_FIRST]
    ends = [each.end.iteration for each in traces if each.success]
    assert comparison._message(torch.zeros(1, 28, 28), traces)["start"] == min(ends)
    hopeless = [trace("uci", network, 4, 9, label, 1.0, 0.005) for label in AT_FIRST[:2]]
    assert not any(each.success for each in hopeless)
    assert comparison.begins_at(hopeless) == 1
    assert traces[0].at(10_000) is traces[0].end


def test_the_first_visit_ranks_the_rules_that_are_chosen_at_first(app):
    app.run()
    assert not app.exception
    ranking = table_of(app, "How it ended")
    assert sorted(ranking["Rule"]) == sorted(AT_FIRST)
    digits, model = jsma.load_uci_digits(), jsma.load_model()
    image = digits.images[digits.of_class(0)[0]][None]
    for label in set(AT_FIRST) - {"Top two"}:
        method = METHODS[label]
        result = method.attack(1.0, 0.145).run(model, image, torch.tensor([2]))
        row = ranking[ranking["Rule"] == label].iloc[0]
        assert row["Pixels changed"] == int(result.changed)
        assert row["Iterations"] == int(result.iterations)
        assert row["How it ended"] == result.stop[0].title
        assert row["Distortion"] == f"{100 * int(result.changed) / 784:.1f}\N{NO-BREAK SPACE}%"
        assert row["Reads at the end"] == int(model(result.images).argmax())
    successes = [end == "Reached target" for end in ranking["How it ended"]]
    assert successes == sorted(successes, reverse=True)
    needed = ranking["Pixels changed"][: sum(successes)].tolist()
    assert needed == sorted(needed)
    assert len(table_of(app, "Target's logit")) == sum(ranking["Iterations"]) + len(AT_FIRST)


def test_the_controls_of_the_sidebar_reach_every_rule(app):
    app.query_params["gamma"] = "0.01"
    app.query_params["theta"] = "0.5"
    app.run()
    assert not app.exception
    assert table_of(app, "How it ended")["Iterations"].max() <= 3  # floor(784 * 0.01 / 2)
    app.multiselect(key="rules").set_value(["One pixel at a time", "Top two, both"]).run()
    assert not app.exception
    ranking = table_of(app, "How it ended")
    assert sorted(ranking["Rule"]) == ["One pixel at a time", "Top two, both"]
    assert ranking["Iterations"].max() <= 6


def test_other_attacks_stand_beside_the_sparsest_rule_after_a_prediction(app, uci):
    for name, value in {"digit": "7", "target": "3", "gamma": "0.03", "model": "lenet"}.items():
        app.query_params[name] = value
    app.query_params["rules"] = ["Top two", "TJSMA, both"]
    checked(app.run())
    assert not [each for each in app.dataframe if "L∞" in each.value]
    checked(app.slider(key="epsilon-LINF").set_value(0.1).run())
    checked(app.button(key="skip-least-change").click().run())
    shown = table_of(app, "L∞").set_index("Attack")
    model, image = jsma.load_model("lenet"), uci.images[uci.of_class(7)[0]]
    ours = Attack(Rule.TJSMA, direction=Direction.BOTH, gamma=0.03)
    (*_, end) = ours.steps(model, image, 3)
    pictures = {"TJSMA, both": end.image}
    for attack, epsilon in {OtherAttack.FGSM: 0.1, OtherAttack.PGD_L2: 3.0}.items():
        (*_, pictures[attack.label]) = attack.steps(model, image, 3, epsilon)
    for label, changed in pictures.items():
        change = (changed - image).double().numpy().ravel()
        row, reads = shown.loc[label], int(model(changed[None]).argmax())
        assert (row["Reads"], row["Reached the target"]) == (reads, "yes" if reads == 3 else "no")
        assert int(row["L0"].split()[0]) == np.count_nonzero(change)
        assert float(row["L2"]) == pytest.approx(np.sqrt((change**2).sum()), abs=6e-4)
        assert float(row["L∞"]) == pytest.approx(np.abs(change).max(), abs=6e-4)
    assert list(shown.index) == ["TJSMA, both", *(attack.label for attack in OtherAttack)]


def test_the_verdict_on_norms_counts_only_attacks_that_reach_the_target():
    def made(label: str, reads: int, *sizes: float) -> Changed:
        return Changed(label, torch.zeros(1, 28, 28), dict(zip(Norm, sizes, strict=True)), reads, 0.9)

    found = [made("A", 3, 20, 4.5, 1.0), made("B", 3, 500, 2.0, 0.1), made("C", 7, 1, 0.5, 0.05)]
    assert verdict(found, 3, "B") == (
        "You are right. 2 of 3 reach the target. Of these the smallest change is in L0 **A** (20 pixels), "
        "in L2 **B** (2.000), in L∞ **B** (0.100). Which change is a small one depends on the norm."
    )
    assert verdict(found, 3, "C").startswith("You said: C. 2 of 3")
    assert verdict(found[2:], 3, None) == "**None of them reaches the target** with these settings."


def test_without_any_rule_the_page_says_what_to_do(app):
    app.run()
    app.multiselect(key="rules").set_value([]).run()
    assert not app.exception
    assert "Choose at least one rule" in app.info[0].value
    assert "97.10 %" in words(app)


def test_a_rule_opens_in_the_lab(app):
    app.run()
    app.button(key="lab-TJSMA, both").click().run()
    assert not app.exception
    choice = app.session_state.choice
    assert (choice.rule, choice.direction, choice.output) == (Rule.TJSMA, Direction.BOTH, Output.LOGITS)


def test_a_digit_already_read_as_the_target_makes_sense(app, misread):
    for name, value in misread.items():
        app.query_params[name] = str(value)
    app.run()
    assert not app.exception
    assert set(table_of(app, "How it ended")["Pixels changed"]) == {0}
    assert "nothing to compare" in words(app)
    assert not {"nan", "None"} & set(words(app).replace("*", " ").split())


def test_every_method_runs_and_has_its_say_without_nonsense(network):
    labels = list(METHODS)
    traces = [trace("uci", network, 4, 9, label, 0.6, 0.015) for label in labels]
    paragraphs = reasons(traces)
    moved = [each for each in traces if len(each.moments) > 1]
    assert len(paragraphs) == len(moved) >= 12
    assert not any(word in text for text in paragraphs for word in ("nan", "None", "inf "))
    assert tables.lines(traces[:MOST], "logit")["layer"]


def test_the_numbers_of_the_reasons_are_those_of_the_steps(network, uci):
    steps = [step for step in Attack().steps(network.module, uci.images[4], 9) if step.pair]
    negligible = whole = raised = 0
    for step in steps:
        chosen = [step.pair.first, step.pair.second]
        columns = step.jacobian.flatten(1).double().numpy()[:, chosen].sum(axis=1)
        others = [j for j in range(10) if j != 9]
        negligible += sum(abs(columns[j]) for j in others if step.probabilities[j] < 0.001)
        whole += sum(abs(columns[j]) for j in others)
        rival = max(others, key=lambda j: float(step.outputs[j]))
        raised += columns[rival] > 0
    (text,) = reasons([trace("uci", network, 4, 9, "JSMA on logits", 1.0, 0.145)])
    assert f"**{percent(negligible / whole)}**" in text
    assert f"**{raised} of {len(steps)}** step" in text
    baselines = list(baseline_steps(Baseline.TOP_TWO, network.module, uci.images[4], 9, Attack()))[:-1]
    (text,) = reasons([trace("uci", network, 4, 9, "Top two", 1.0, 0.145)])
    refused = 0
    for step in baselines:
        rows = jsma.jacobian(network.module, step.image[None])[0].flatten(1)[:, list(step.pixels)].sum(dim=1)
        refused += int(rows.sum() - rows[9] >= 0)
    assert f"**{refused} of {len(baselines)}** step" in text


def test_the_settings_of_the_table_are_those_that_are_measured():
    assert list(MEASURED) == list(SETTINGS) == ["jsma-logits", "jsma-probabilities", "wjsma", "tjsma", "tjsma-both"]
    for setting, label in MEASURED.items():
        assert METHODS[label].attack(1.0, 0.145) == SETTINGS[setting]


def write(folder: Path, model: str, setting: str, **changed) -> None:
    facts = {
        "command": "python -m benchmarks.table",
        "model": model,
        "weights_sha256": "of other weights",
        "digits": "first 70 of MNIST",
        "attacks": 630,
        "success_rate": 0.91234,
        "mean_distortion": 0.0456,
        "mean_distortion_of_successful": 0.0321,
    }
    folder.mkdir(exist_ok=True)
    (folder / f"{model}-{setting}.json").write_text(json.dumps(facts | changed), encoding="utf-8")


def test_an_absent_table_names_the_commands_that_make_it(app):
    app.run()
    assert not app.exception
    assert "not measured yet" in words(app)
    every = " ".join(MEASURED)
    commands = [f"python -m benchmarks.table --models {model} --settings {every}" for model in ("tutorial", "lenet")]
    assert app.code[0].value == "\n".join(commands)


def test_a_partial_table_shows_what_is_there(app):
    write(results.FOLDER, "lenet", "wjsma")
    write(results.FOLDER, "tutorial", "tjsma", success_rate=0.0, mean_distortion_of_successful=None)
    (results.FOLDER / "tutorial-wjsma.json").write_text("{", encoding="utf-8")
    write(results.FOLDER, "lenet", "tjsma", success_rate="most")
    write(results.FOLDER, "lenet", "tjsma-both", mean_distortion=4.02)
    app.run()
    assert not app.exception
    table = table_of(app, "Distortion of all").set_index("Rule").replace("\N{NO-BREAK SPACE}", " ", regex=True)
    assert list(table.loc["WJSMA"]) == [
        "LeNet of the paper's sizes",
        630,
        "91.23 %",
        "4.56 %",
        "3.21 %",
        "first 70 of MNIST",
    ]
    assert list(table.loc["TJSMA"])[2:5] == ["0.00 %", "4.56 %", "none"]
    assert len(table) == 2
    assert "--models lenet --settings jsma-logits jsma-probabilities" in app.code[0].value
    assert all(name in app.warning[0].value for name in ("tutorial-wjsma", "lenet-tjsma.json", "lenet-tjsma-both"))
    assert "other weights" in words(app)


def test_a_whole_table_asks_for_nothing(app):
    for model in ("tutorial", "lenet"):
        for setting in MEASURED:
            write(results.FOLDER, model, setting)
    app.run()
    assert not app.exception
    assert len(table_of(app, "Distortion of all")) == 10
    assert not app.code
    assert not app.warning
