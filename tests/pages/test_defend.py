"""The page Defend: nothing before a prediction; then what it shows against the attacks themselves."""

import json

import pytest
import torch
from streamlit.testing.v1 import AppTest

import jsma
from jsma import Attack, Direction, Output, Rule, Stop, jacobian
from jsma.defences import load_subject, subjects
from pages.ui.defend import masking, race, results
from pages.ui.shared import defended
from pages.ui.shared.defended import attacked
from tests.helpers.app import checked, opened, words
from tests.pages.ui.defend.test_results import write

PAGE = "pages/9_Defend.py"
SMALL = {"digit": 7, "target": 3, "gamma": "0.02"}


@pytest.fixture(autouse=True)
def no_results(monkeypatch, tmp_path):
    """Let the committed figures be where a test puts them."""
    monkeypatch.setattr(results, "FOLDER", tmp_path)


def seven() -> torch.Tensor:
    digits = jsma.load_uci_digits()
    return digits.images[int(digits.of_class(7)[0])]


def table_of(app: AppTest, column: str):
    return next(table.value for table in app.dataframe if column in table.value)


def test_a_count_is_judged_by_the_attacks_on_every_model():
    app = opened(PAGE, **SMALL)
    assert "in the end." not in words(app, "markdown")
    ends = [list(Attack(gamma=0.02).steps(load_subject(name), seven(), 3))[-1] for name in subjects()]
    fooled = sum(end.stop is Stop.REACHED_TARGET for end in ends)
    radio = next(each for each in app.radio if each.options[-1] == "5")
    checked(radio.set_value(str(fooled)).run())
    checked(app.button(key="lock-how-many-fooled").click().run())
    assert f"You are right. **{fooled} of 5** read the target in the end." in words(app, "markdown")


@pytest.mark.parametrize("knows", [True, False])
@pytest.mark.parametrize("name", ["lenet-adversarial", "lenet-median"])
def test_every_step_shows_what_the_defended_model_reads_of_the_attackers_picture(name, knows):
    attack = Attack(Rule.TJSMA, direction=Direction.BOTH, gamma=0.02)
    shown = attacked(name, seven(), 3, attack, knows, own=False)
    maker, reader = load_subject(name if knows else "lenet"), load_subject(name)
    steps = list(attack.steps(maker, seven(), 3))
    assert len(shown.moments) == len(steps)
    picture = seven().flatten().clone()
    for step, moment in zip(steps, shown.moments, strict=True):
        for pixel, value in moment.moves:
            picture[pixel] = value
        assert torch.equal(picture, step.image.flatten())
        probabilities = reader(step.image[None]).detach().softmax(dim=1)[0]
        assert moment.reads == int(probabilities.argmax())
        assert moment.probability == pytest.approx(float(probabilities[3]), abs=1e-4)
        assert moment.changed == step.changed
    assert shown.success == (shown.end.reads == 3)


def test_the_verdict_names_who_resists():
    class Shown:
        def __init__(self, label, success):
            self.method, self.success, self.reason = defended.Look(label, ""), success, None

    mixed = [Shown("A", True), Shown("B", False)]
    assert race.verdict(mixed, "2") == "You said: 2. **1 of 2** read the target in the end. Not: B."
    assert race.verdict(mixed, None) == "**1 of 2** read the target in the end. Not: B."
    ends = {Output.LOGITS: "succeeds", Output.PROBABILITIES: "none"}
    assert masking.verdict(ends, masking.ENDS["none"]) == (
        "You are right. On probabilities: **it ends at step 0, without a changed pixel**. "
        "On logits: **it reaches the target**."
    )


def test_the_scales_are_those_of_the_jacobians():
    found = defended.scale("lenet-distilled", seven(), 3, own=False)
    model = load_subject("lenet-distilled")
    logit, probability = (jacobian(model, seven()[None], output)[0, 3].abs() for output in Output)
    assert found.logit == float(logit.max())
    assert found.probability == float(probability.max())
    assert found.zeros == (probability == 0).double().mean().item()
    two = sorted(model(seven()[None])[0].tolist())[-2:]
    assert found.lead == pytest.approx(two[1] - two[0])


def test_the_measured_tables_come_after_a_prediction(tmp_path):
    assert "not measured yet" in words(opened(PAGE, **SMALL))
    for share, name in enumerate(subjects(), start=5):
        write(tmp_path, name, "tjsma-both", **{name.replace("-", "_"): share / 10})
    (tmp_path / results.UNTOUCHED).write_text(json.dumps({"accuracy": {"lenet": 0.993}}), encoding="utf-8")
    app = opened(PAGE, **SMALL)
    assert not [each for each in app.dataframe if "Adversarial accuracy" in each.value]
    radio = next(each for each in app.radio if "Bit depth 1" in each.options)
    checked(radio.set_value("Bit depth 1").run())
    checked(app.button(key="lock-safest-defence").click().run())
    said = words(app, "markdown")
    assert "You said: Bit depth 1. **No defence**: 50.0 % of the attacks succeed." in said
    assert list(table_of(app, "Adversarial accuracy")["Defence"]) == list(subjects().values())


def test_the_sample_has_one_digit_of_each_class_that_there_is():
    images = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 1, 28, 28)
    few = defended.first_of_each_class(jsma.Digits("own", images, torch.tensor([7, 2, 7, 2])))
    assert (few.labels.tolist(), few.images[:, 0, 0, 0].tolist()) == ([2, 7], [1.0, 0.0])


@pytest.mark.slow
def test_the_sample_is_what_an_evaluation_of_each_model_gives(uci):
    app = opened(PAGE, **SMALL)
    checked(app.button(key="defend-start").click().run())
    rows = table_of(app, "Adversarial accuracy").set_index("Defence")
    chosen = torch.cat([uci.of_class(label)[:1] for label in range(10)])
    few = jsma.Digits("few", uci.images[chosen], uci.labels[chosen])
    for name in ("lenet", "lenet-bits"):
        report = jsma.evaluate(load_subject(name), few, Attack(gamma=0.02))
        row = rows.loc[subjects()[name]]
        assert row["Success"].startswith(f"{100 * report.success_rate:.1f}")
        assert row["Adversarial accuracy"].startswith(f"{100 * report.adversarial_accuracy:.1f}")
