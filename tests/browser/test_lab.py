"""The lab as a visitor meets it, in a real browser, against what Python computes for the same attack."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

import jsma
from benchmarks.driving import Lab
from jsma import Attack, Step
from tests.helpers.browser import TWO_FRAMES, follow
from tests.helpers.waiting import until


def steps_of(digit: int, target: int, sample: int = 0, model: str = "tutorial") -> list[Step]:
    digits = jsma.load_uci_digits()
    return list(Attack().steps(jsma.load_model(model), digits.images[int(digits.of_class(digit)[sample])], target))


def whole_runs(requests: list[bytes]) -> int:
    """Return how many requests of a browser, as they were sent, let the server draw the whole page."""
    runs = [message.rerun_script for message in map(BackMsg.FromString, requests) if message.HasField("rerun_script")]
    return sum(not run.fragment_id for run in runs)


def test_the_first_visit_shows_an_attack_without_a_click_and_it_can_be_stepped_to_its_end(lab):
    requests = []
    lab.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: requests.append(frame)))
    lab.open()
    steps = steps_of(0, 2)
    assert (lab.iteration, lab.iterations) == (0, len(steps) - 1)
    lab.wait_for_title("Making the network read this", "0", "2")
    assert f"{steps[0].pair.score:.3f}" in lab.part("stage-card").inner_text()
    assert "α" in lab.page.get_by_test_id("stMarkdown").filter(has_text="Next: the pixels").inner_text()

    before = {name: lab.ink(name) for name in ("stage-image", "stage-plane", "stage-jacobian-2")}
    bars = lab.part("stage").locator(".bars").inner_text()
    assert not lab.part("stage-verdict").is_visible()
    lab.press("step")
    assert lab.iteration == 1
    assert all(lab.ink(name) != picture for name, picture in before.items())
    lab.press("end")
    assert lab.iteration == lab.iterations
    assert lab.part("stage").locator(".bars").inner_text() != bars
    verdict = lab.part("stage-verdict").inner_text()
    assert f"it reads a 2, {steps[-1].probabilities[2]:.1%}".replace("%", "\xa0%") in verdict
    assert f"{steps[-1].changed} pixels" in verdict
    assert lab.part("stage-step").is_disabled()
    lab.press("start")
    assert lab.iteration == 0
    assert lab.ink("stage-image") == before["stage-image"]
    assert whole_runs(requests) == 1


@pytest.mark.slow
def test_picking_digit_sample_target_and_model_starts_that_attack_and_no_class_is_its_own_target(open_lab):
    lab = follow(open_lab, "?digit=4&target=9")
    assert lab.page.locator(".st-key-target-4 button").is_disabled()
    lab.page.locator(".st-key-digit-9 button").click()
    lab.wait_for_title("9", "0")
    assert lab.page.locator(".st-key-target-9 button").is_disabled()

    lab.page.get_by_role("button", name="7", exact=True).first.click()
    lab.wait_for_title("7")
    lab.page.get_by_role("button", name="Sample 3").click()
    lab.wait_for_address("sample=2")
    lab.page.locator(".st-key-target-3 button").click()
    lab.wait_for_title("7", "3")
    networks = lab.page.locator("[data-testid=stSelectbox]").filter(has_text="Model").get_by_role("combobox")
    lenet = lab.page.get_by_role("option", name="LeNet of the paper's sizes")

    def listed() -> bool:
        if not lenet.is_visible():  # a page that is still drawn closes a list that is open
            networks.click()
        return lenet.is_visible()

    until(listed, pause=0.5)
    lenet.click()
    lab.wait_for_address("model=lenet")
    steps = steps_of(7, 3, sample=2, model="lenet")
    lab.part("stage").and_(lab.page.locator(f"[data-iterations='{len(steps) - 1}']")).wait_for()
    assert lab.iteration == 0
    assert f"{steps[0].pair.score:.3f}" in lab.part("stage-card").inner_text()


def test_slider_keys_and_play_move_through_the_attack(seven):
    lab = seven
    lab.page.keyboard.press("ArrowRight")
    lab.page.keyboard.press("ArrowRight")
    assert lab.iteration == 2
    lab.page.keyboard.press("ArrowLeft")
    assert lab.iteration == 1
    lab.page.keyboard.press("End")
    assert lab.iteration == lab.iterations
    lab.page.keyboard.press("Home")
    assert lab.iteration == 0
    lab.part("stage-slider").focus()
    lab.page.keyboard.press("ArrowRight")
    assert lab.iteration == 1
    lab.part("stage-slider").fill("4")
    assert lab.iteration == 4
    lab.part("stage").focus()
    lab.page.keyboard.press("Space")
    lab.part("stage").and_(lab.page.locator(":not([data-iteration='4'])")).wait_for()
    lab.page.keyboard.press("Space")
    paused_at = lab.iteration
    lab.page.wait_for_timeout(1200)  # more than a step at this pace
    assert lab.iteration == paused_at


@pytest.mark.slow
def test_keys_leave_other_controls_alone(open_lab):
    lab = follow(open_lab, "?digit=0&target=2")
    lab.page.get_by_role("slider", name="Budget γ").focus()
    lab.page.keyboard.press("ArrowLeft")
    lab.wait_for_address("gamma=0.14&")
    assert lab.iteration == 0


def test_pointing_at_a_pixel_reads_it_out(seven):
    lab = seven
    image = lab.part("stage-image")
    box = image.bounding_box()
    image.hover(position={"x": box["width"] * 10.5 / 28, "y": box["height"] * 20.5 / 28})
    text = lab.part("stage-readout").inner_text()
    assert "row 20, column 10" in text
    gradient = jsma.jacobian(
        jsma.load_model("tutorial"), jsma.load_uci_digits().images[[int(jsma.load_uci_digits().of_class(7)[0])]]
    )[0]
    a, b = gradient[3, 0, 20, 10], gradient[:, 0, 20, 10].sum() - gradient[3, 0, 20, 10]
    assert f"a {a:.3f}".replace("-", "−") in text.replace("\n", " ")
    assert f"−b {-b:.3f}".replace("-", "−") in text.replace("\n", " ")


def test_settled_step_reaches_pythons_words_and_the_address(shared):
    lab = shared("?digit=7&target=3", step=7)
    lab.wait_for_address("step=7")
    lab.press("back")
    lab.press("back")
    lab.wait_for_address("step=5")
    lab.page.get_by_test_id("stMarkdown").filter(has_text="Iteration 5 of").wait_for()


@pytest.mark.slow
def test_going_back_in_the_browser_returns_to_the_attack_before_at_the_step_where_it_was_left(seven):
    lab = seven
    lab.page.evaluate("history.pushState(history.state, '', location.href)")  # no entry lies ahead
    entries = lab.page.evaluate("history.length")
    for step in (1, 2):
        lab.press("step")
        lab.wait_for_address(f"step={step}")
    assert lab.page.evaluate("history.length") == entries  # a step is not an entry
    lab.page.locator(".st-key-target-5 button").click()
    lab.wait_for_title("7", "5")
    lab.wait_for_address("target=5")
    assert lab.page.evaluate("history.length") == entries + 1
    lab.page.go_back()
    lab.wait_for_title("7", "3")
    lab.page.locator("[data-testid=stage][data-iteration='2']").wait_for()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("link", "words"),
    [
        (
            "?digit=12&target=x&model=<script>alert(1)</script>&theta=nan&gamma=-1",
            ["digit", "target", "model", "theta", "gamma"],
        ),
        ("?digit=5&target=5&sample=9999", ["cannot be attacked towards 5", "Showing the last one"]),
        ("?step=400", ["ends at step"]),
    ],
)
def test_nonsense_in_the_link_gives_a_notice_and_a_working_lab(open_lab, link, words):
    lab = follow(open_lab, link)
    for each in words:
        lab.page.get_by_test_id("stAlert").filter(has_text=each).first.wait_for()
    if "step" not in link:
        lab.press("step")
        assert lab.iteration == 1


@pytest.mark.slow
def test_missing_mnist_is_explained_and_a_download_without_network_survived(open_lab):
    lab = follow(open_lab, "?data=mnist&digit=7&target=3")
    lab.page.get_by_text("No MNIST in").wait_for()
    assert lab.iterations == len(steps_of(7, 3)) - 1  # the built-in digits stand in
    lab.page.get_by_role("button", name="Download MNIST").click()
    lab.page.get_by_text("MNIST could not be downloaded").wait_for()
    lab.press("step")
    assert lab.iteration == 1


def test_an_explanation_is_one_click_away(seven):
    lab = seven
    explanation = lab.part("stage").locator(".saliency .info p")
    assert not explanation.is_visible()
    lab.page.get_by_label("About the saliency map").click()
    assert "skyband" in explanation.inner_text()
    lab.page.keyboard.press("Escape")
    assert not explanation.is_visible()


def test_the_line_below_the_title_says_in_plain_words_what_the_attack_does(seven):
    steps = steps_of(7, 3)
    words = seven.part("stage").locator(".plain-words").inner_text()
    assert f"Change {steps[-1].changed} pixels and it reads a 3." in words
    sure = f"{steps[0].probabilities[7]:.1%}".replace("%", "\xa0%")
    assert "reads this 7, >\xa099.9\xa0% sure" in words or sure in words


def test_the_guide_leads_by_keyboard_from_the_picture_to_the_verdict_and_goes_on_where_it_was_left(seven):
    page, card = seven.page, seven.part("stage-guide-card")
    seven.part("stage-guide").click()
    for number, region in enumerate(("now", "maps", "plane", "card", "verdict"), start=1):
        card.get_by_text(f"{number} of 5").wait_for()
        assert seven.part("stage").locator(".guided").evaluate("(part, name) => part.classList.contains(name)", region)
        box, at = card.bounding_box(), seven.part("stage").locator(".guided").bounding_box()
        assert box["y"] >= at["y"] + at["height"] or box["y"] + box["height"] <= at["y"]  # beside it, not on it
        if number < 5:
            page.keyboard.press("Enter")
    assert seven.iteration == seven.iterations
    assert "it reads a 3" in card.inner_text()
    page.keyboard.press("Escape")
    assert not card.is_visible()
    seven.part("stage-guide").click()
    card.get_by_text("5 of 5").wait_for()
    page.keyboard.press("Enter")
    assert not card.is_visible()
    page.evaluate("localStorage.setItem('jsma guide', '0')")


COVERED = """card => {
  const overlap = (one, other) =>
    Math.min(one.right, other.right) > Math.max(one.left, other.left) + 0.5 &&
    Math.min(one.bottom, other.bottom) > Math.max(one.top, other.top) + 0.5;
  const parts = ".title, .actions, .plainly > *, .transport, section, .readout";
  return [...card.closest(".stage").querySelectorAll(parts)].filter((part) => part.getClientRects().length)
    .filter((part) => overlap(part.getBoundingClientRect(), card.getBoundingClientRect()))
    .map((part) => part.className);
}"""
"""A script that gives the parts of the stage on which the guide's card lies."""


@pytest.mark.slow
def test_the_guide_is_offered_once_to_whoever_has_not_been_here(seven):
    page, card = seven.page, seven.part("stage-guide-card")
    ways = {4: lambda: page.keyboard.press("Escape"), 3: lambda: seven.part("stage-image").click()}
    for target, decline in ways.items():
        page.evaluate("localStorage.removeItem('jsma guide')")
        page.locator(f".st-key-target-{target} button").click()  # the stage is shown anew, as when the page is opened
        card.get_by_text("New here?").wait_for()
        assert not card.evaluate("card => card.contains(document.activeElement)")
        for width, height in ((320, 700), (390, 844), (1280, 720), (1440, 900)):
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate(TWO_FRAMES)
            assert card.evaluate(COVERED) == []
            assert card.evaluate("card => card.scrollWidth <= card.clientWidth")
        decline()
        assert not card.is_visible()
        assert page.evaluate("localStorage.getItem('jsma guide')") == "0"
    seven.wait_for_title("3")
    seven.wait_until_idle()
    seven.part("stage-guide").click()
    card.get_by_text("1 of 5").wait_for()
    page.keyboard.press("Escape")


CUT = """stage => [...stage.querySelectorAll('h1, h2, h3, p, span, b, td, th, button, canvas')]
  .filter((part) => part.getClientRects().length && !part.closest('.spoken, details p'))
  .filter((part) => part.getBoundingClientRect().right > stage.getBoundingClientRect().right + 4)
  .map((part) => `${part.className} ${part.textContent.slice(0, 40)}`)"""
SIDEWAYS = "document.documentElement.scrollWidth > window.innerWidth"


@pytest.mark.slow
def test_nothing_is_cut_or_scrolls_sideways_on_a_desk(open_lab):
    see_that_nothing_is_cut(follow(open_lab, "?digit=7&target=3&step=3"), (1280, 720))
    see_that_nothing_is_cut(open_lab, (1440, 900))


@pytest.mark.slow
def test_nothing_is_cut_or_scrolls_sideways_on_a_phone(lab):
    lab.page.set_viewport_size({"width": 390, "height": 844})
    see_that_nothing_is_cut(lab.open("?digit=7&target=3&step=3"), (390, 844))


def see_that_nothing_is_cut(lab: Lab, size: tuple[int, int]) -> None:
    lab.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    for scheme in ("dark", "light"):
        lab.page.emulate_media(color_scheme=scheme)
        lab.page.evaluate(TWO_FRAMES)
        lab.page.wait_for_function(f"() => !({SIDEWAYS})")
        assert lab.part("stage").evaluate(CUT) == [], (size, scheme)
        if size == (1440, 900):
            see_that_the_stage_fits_the_screen(lab, 900)


def see_that_the_stage_fits_the_screen(lab: Lab, height: int) -> None:
    for part in ("stage-image", "stage-jacobian-9", "stage-plane"):
        box = lab.part(part).bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height
    bars = lab.part("stage").locator(".bars").bounding_box()
    assert bars["y"] + bars["height"] <= height
