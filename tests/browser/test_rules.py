"""The comparison of the page Rules in a real browser, against the attacks that Python runs."""

import pytest
import torch

import jsma
from benchmarks.driving import Lab
from jsma import Attack, Output
from jsma.baselines import Baseline, baseline_steps
from pages.ui.formatting import percent
from pages.ui.shared.comparison.methods import AT_FIRST, METHODS
from tests.helpers.browser import follow, see_that_all_was_well, watched

pytestmark = pytest.mark.slow


class Comparison(Lab):
    """The page Rules, with its comparison."""

    @property
    def iteration(self) -> int:
        return int(self.part("comparison").get_attribute("data-iteration"))

    @property
    def iterations(self) -> int:
        return int(self.part("comparison").get_attribute("data-iterations"))

    def press(self, name: str) -> None:
        self.part(f"comparison-{name}").click()

    def drag_to(self, iteration: int) -> None:
        self.part("comparison-slider").fill(str(iteration))


@pytest.fixture(scope="module")
def loaded(profile, server):
    """The app in a page that these tests share."""
    yield from watched(Comparison(profile.new_page(), server).open("?gamma=0.02"))


@pytest.fixture
def comparison(loaded):
    """A page that a test leads to Rules; fails the test if it complained or asked another machine."""
    loaded.page.bring_to_front()
    yield loaded
    see_that_all_was_well(loaded)


def steps_of(label: str, digits: jsma.Digits) -> list:
    image, model = digits.images[digits.of_class(0)[0]], jsma.load_model()
    method = METHODS[label]
    attack = Attack() if method.baseline else method.attack(1.0, 0.145)
    assert attack.output is (Output.PROBABILITIES if "probabilities" in label else Output.LOGITS)
    return list(
        baseline_steps(Baseline.TOP_TWO, model, image, 2, attack) if method.baseline else attack.steps(model, image, 2)
    )


READ_CARDS = """root => [...root.querySelectorAll("[data-testid^=comparison-card-]")].map((card, at) => {
    const text = (name) => card.querySelector(`[data-testid=comparison-${name}-${at}]`).innerText;
    const canvas = card.querySelector("canvas");
    const ink = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    const grey = (pixel) => ink[4 * pixel] === ink[4 * pixel + 1] && ink[4 * pixel] === ink[4 * pixel + 2];
    const tinted = [...Array(ink.length / 4).keys()].filter((pixel) => !grey(pixel));
    return { ...Object.fromEntries(["reads", "sure", "target", "changed", "status"].map((n) => [n, text(n)])), tinted };
})"""


def check(comparison: Comparison, traces: list[list]) -> None:
    """Check every card against the steps it draws, at the iteration that is shown."""
    cards = comparison.part("comparison").evaluate(READ_CARDS)
    for card, steps in zip(cards, traces, strict=True):
        step = steps[min(comparison.iteration, len(steps) - 1)]
        reads = int(step.outputs.argmax())
        assert card["reads"] == str(reads)
        assert card["sure"] == f"{percent(step.probabilities[reads].item())} sure"
        assert card["target"] == percent(step.probabilities[2].item())
        assert card["changed"].split()[0] == str(step.changed)
        if comparison.iteration < len(steps) - 1:
            assert card["status"] == "on its way"
        else:
            assert (card["status"] == "Reached target") is (steps[-1].stop is jsma.Stop.REACHED_TARGET)
            assert card["status"] != "on its way"
        assert card["tinted"] == (step.image != steps[0].image).flatten().nonzero().flatten().tolist()


def test_all_step_together_and_those_that_have_finished_stay(comparison, uci):
    follow(comparison, "Rules?digit=0&target=2")
    traces = [steps_of(label, uci) for label in AT_FIRST]
    ends = [len(steps) - 1 for steps in traces]
    won = [len(steps) - 1 for steps in traces if steps[-1].stop is jsma.Stop.REACHED_TARGET]
    assert (comparison.iteration, comparison.iterations) == (min(won), max(ends))
    for move, expected in [(None, min(won)), ("start", 0), ("step", 1), ("step", 2), ("back", 1), ("end", max(ends))]:
        if move:
            comparison.press(move)
        assert comparison.iteration == expected
        check(comparison, traces)
    comparison.drag_to(min(won) + 1)
    check(comparison, traces)
    assert comparison.part("comparison-step").is_enabled()


def test_keys_step_and_playing_ends_at_the_last_finish(comparison):
    follow(comparison, "Rules?digit=0&target=2&gamma=0.02")
    assert comparison.iterations <= 7
    comparison.page.locator(":focus").evaluate_all("parts => parts.forEach((part) => part.blur())")
    comparison.page.keyboard.press("Home")
    assert comparison.iteration == 0
    comparison.page.keyboard.press("ArrowRight")
    comparison.page.keyboard.press("ArrowRight")
    comparison.page.keyboard.press("ArrowLeft")
    assert comparison.iteration == 1
    comparison.page.keyboard.press("Space")
    assert comparison.part("comparison-play").get_attribute("aria-label") == "Pause"
    comparison.part("comparison").and_(
        comparison.page.locator(f"[data-iteration='{comparison.iterations}']")
    ).wait_for()
    assert comparison.part("comparison-play").get_attribute("aria-label") == "Play"
    assert comparison.part("comparison-step").is_disabled()


def test_other_rules_keep_the_iteration_and_another_digit_starts_anew(comparison, uci):
    follow(comparison, "Rules?digit=0&target=2&sample=0")
    comparison.press("start")
    comparison.press("step")
    comparison.page.get_by_role("button", name="Remove Top two", exact=True).click()
    comparison.part("comparison-card-5").wait_for(state="detached")
    assert comparison.iteration == 1
    comparison.page.locator(".st-key-digit-7 button").click()
    comparison.wait_for_address("digit=7")
    comparison.page.get_by_text("make the network read this 7").wait_for()
    model, image = jsma.load_model(), uci.images[uci.of_class(7)[0]][None]
    results = [METHODS[label].attack(1.0, 0.145).run(model, image, torch.tensor([2])) for label in AT_FIRST[:5]]
    first = min(int(result.iterations) for result in results if result.success)
    comparison.part("comparison").and_(comparison.page.locator(f"[data-iteration='{first}']")).wait_for()


def test_a_link_says_which_rules_run(comparison):
    follow(comparison, "Rules?digit=0&target=2&gamma=0.015&rules=WJSMA&rules=TJSMA%2C+both&rules=nonsense")
    names = comparison.part("comparison").locator("h3")
    assert names.all_inner_texts() == ["WJSMA", "TJSMA, both"]
    comparison.page.get_by_role("button", name="Remove WJSMA", exact=True).click()
    comparison.part("comparison-card-1").wait_for(state="detached")
    assert names.all_inner_texts() == ["TJSMA, both"]
    comparison.page.wait_for_function("() => !location.search.includes('rules=WJSMA')")
    comparison.wait_for_address("rules=TJSMA%2C+both")
    comparison.page.go_back()  # undoes the choice, and leaves the page where it is
    comparison.part("comparison-card-1").wait_for()
    assert names.all_inner_texts() == ["WJSMA", "TJSMA, both"]
