"""Chapter 7 of the walkthrough: what is true is found by the attacks themselves, and shown after a prediction."""

import pytest

from jsma import Attack, Direction, Output, Rule, Stop
from jsma.defences import load_subject
from pages.ui.walkthrough import defending
from tests.helpers.app import words
from tests.helpers.course import predict

TARGET = 3
STRONG = Attack(Rule.TJSMA, direction=Direction.BOTH)


@pytest.fixture(scope="module")
def seven(uci):
    return uci.images[uci.of_class(7)[0]]


def end(name: str, attack: Attack, image):
    """Return the last step of an attack on the model `name`."""
    (*_, last) = attack.steps(load_subject(name), image, TARGET)
    return last


def read_of(name: str, image) -> str:
    """Return what the model `name` reads in `image`, by the name of the answer."""
    return {7: "label", TARGET: "target"}.get(int(load_subject(name)(image[None]).argmax()), "other")


def test_what_is_true_of_a_prediction_is_what_the_attacks_do(chapter, asked, seven):
    chapter("defending")
    reached = {
        output.value: end("lenet-distilled", Attack(output=output), seven).stop is Stop.REACHED_TARGET
        for output in Output
    }
    assert reached == {"logits": True, "probabilities": False}
    assert asked.truths["distilled-safe"]() == "logits"
    plain, trained = (end(name, STRONG, seven) for name in ("lenet", "lenet-adversarial"))
    assert trained.stop is Stop.REACHED_TARGET
    dearer = "same" if trained.changed <= plain.changed else "more" if trained.changed <= 2 * plain.changed else "much"
    assert asked.truths["price-of-training"]() == dearer
    assert asked.truths["median-repairs"]() == read_of("lenet-median", plain.image)
    assert asked.truths["fools-another"]() == read_of("tutorial", plain.image)


def test_how_the_attacks_end_is_shown_after_the_prediction(chapter, seven):
    app = chapter("defending")
    assert not app.table
    predict(app, "distilled-safe", "none")
    shown = app.table[0].value.set_index("Attack")
    ends = [end("lenet-distilled", attack, seven) for attack in defending.ATTACKS.values()]
    assert list(shown["Distilled network"]) == [f"{each.stop.title}, {each.changed} pixels" for each in ends]
    assert f"On probabilities: {ends[1].reason}" in words(app, "caption")
