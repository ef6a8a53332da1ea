"""The page Defend in a real browser: two models that step together."""

import pytest

from jsma import Attack
from jsma.defences import load_subject

pytestmark = pytest.mark.slow


def test_the_controls_of_either_model_move_both_and_who_has_ended_waits(lab, uci):
    image = uci.images[uci.of_class(7)[0]]
    models = load_subject("lenet"), load_subject("lenet-distilled")
    left, right = (len(list(Attack().steps(model, image, 3))) - 1 for model in models)
    assert 0 < left < right, "the undefended network has to end first"
    page = lab.page
    page.goto(f"{lab.address}/Defend?digit=7&target=3")
    page.locator(".st-key-skip-distilled-probabilities button").click()
    stages = page.get_by_test_id("stage").and_(page.locator("[data-iteration]"))
    stages.nth(1).wait_for()

    def shown() -> list[int]:
        return [int(each.get_attribute("data-iteration")) for each in stages.all()]

    def press(side: int, name: str) -> None:
        stages.nth(side).get_by_test_id(f"stage-{name}").click()

    press(0, "step")
    assert shown() == [1, 1]
    press(1, "step")
    assert shown() == [2, 2]
    press(0, "end")
    assert shown() == [left, right]
    assert stages.nth(0).locator(".count").inner_text() == f"Iteration {left} of {left} (ended)"
    press(0, "back")
    assert shown() == [min(left, right - 1), right - 1]
    stages.nth(1).get_by_test_id("stage-slider").fill(str(left - 1))
    assert shown() == [left - 1, left - 1]
    lab.complaints = [words for words in lab.complaints if "404" not in words]  # of the page's own path, tried first
