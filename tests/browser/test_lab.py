"""The lab as a visitor meets it, in a real browser, against what Python computes for the same attack."""

import pytest

import jsma
from benchmarks.driving import Lab, as_number, start_server
from jsma import Attack, Direction, Output
from jsma.stage.recording import record


def recorded(digit: int, target: int, sample: int = 0, model: str = "tutorial", attack: Attack | None = None):
    digits = jsma.load_uci_digits()
    position = int(digits.of_class(digit)[sample])
    return record(jsma.load_model(model), digits.images[position], digit, target, attack or Attack())


def test_first_visit_shows_an_attack_without_a_click(lab):
    lab.open()
    expected = recorded(0, 2)
    assert (lab.iteration, lab.iterations) == (0, expected.iterations)
    lab.wait_for_title("Making the network read this", "0", "2")
    score = expected.steps[0].pair.score
    assert f"{score:.3f}" in lab.part("stage-card").inner_text()
    assert "α" in lab.page.get_by_test_id("stMarkdown").filter(has_text="Next: the pixels").inner_text()


def test_stepping_to_the_end_changes_image_bars_and_verdict(lab):
    lab.open()
    before = {name: lab.ink(name) for name in ("stage-image", "stage-plane", "stage-jacobian-2")}
    bars = lab.part("stage").locator(".bars").inner_text()
    assert not lab.part("stage-verdict").is_visible()
    lab.press("step")
    assert lab.iteration == 1
    assert all(lab.ink(name) != picture for name, picture in before.items())
    lab.press("end")
    expected = recorded(0, 2)
    assert lab.iteration == lab.iterations == expected.iterations
    assert lab.part("stage").locator(".bars").inner_text() != bars
    last = expected.end
    verdict = lab.part("stage-verdict").inner_text()
    assert f"it reads a 2, {last.probabilities[2]:.1%}".replace("%", " %") in verdict
    assert f"{last.changed} pixels" in verdict
    assert lab.part("stage-step").is_disabled()
    lab.press("start")
    assert lab.iteration == 0
    assert lab.ink("stage-image") == before["stage-image"]


def test_picking_digit_sample_target_and_model_starts_that_attack(lab):
    lab.open()
    lab.page.get_by_role("button", name="7", exact=True).first.click()
    lab.wait_for_title("7")
    lab.page.get_by_role("button", name="Sample 3").click()
    lab.wait_for_address("sample=2")
    lab.page.locator(".st-key-target-3 button").click()
    lab.wait_for_title("7", "3")
    lab.page.locator("[data-testid=stSelectbox]").filter(has_text="Model").get_by_role("combobox").click()
    lab.page.get_by_role("option", name="The paper's LeNet").click()
    lab.wait_for_address("model=lenet")
    expected = recorded(7, 3, sample=2, model="lenet")
    lab.part("stage").and_(lab.page.locator(f"[data-iterations='{expected.iterations}']")).wait_for()
    assert lab.iteration == 0
    assert f"{expected.steps[0].pair.score:.3f}" in lab.part("stage-card").inner_text()


def test_source_class_cannot_be_the_target(lab):
    lab.open("?digit=4&target=9")
    assert lab.page.locator(".st-key-target-4 button").is_disabled()
    lab.page.locator(".st-key-digit-9 button").click()
    lab.wait_for_title("9", "0")
    assert lab.page.locator(".st-key-target-9 button").is_disabled()


@pytest.mark.parametrize("output", list(Output))
@pytest.mark.parametrize("direction", [Direction.INCREASE, Direction.DECREASE])
def test_every_step_shows_the_numbers_python_computed(lab, output, direction):
    lab.open(f"?digit=3&target=5&output={output.value}&direction={direction.value}")
    expected = recorded(3, 5, attack=Attack(output=output, direction=direction))
    assert lab.iterations == expected.iterations
    for k, step in enumerate(expected.steps):
        assert lab.iteration == k
        assert f"{step.changed} of 112" in lab.part("stage").locator(".used").inner_text()
        if step.pair:
            shown = lab.part("stage-card").locator(".score b").inner_text()
            assert as_number(shown) == pytest.approx(step.pair.score, abs=0.0005, rel=0.05)
            assert f"{step.counts.admissible:,} pass" in lab.part("stage-card").inner_text()
            lab.press("step")
    assert lab.part("stage-verdict").is_visible()


def test_slider_keys_and_play_move_through_the_attack(lab):
    lab.open("?digit=7&target=3")
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
    lab.part("stage").and_(lab.page.locator("[data-iteration='6']")).wait_for()
    lab.page.keyboard.press("Space")
    paused_at = lab.iteration
    lab.page.wait_for_timeout(1500)
    assert lab.iteration == paused_at


def test_keys_leave_other_controls_alone(lab):
    lab.open()
    lab.page.get_by_role("slider", name="Budget γ").focus()
    lab.page.keyboard.press("ArrowLeft")
    lab.wait_for_address("gamma=0.14&")
    assert lab.iteration == 0


def test_pointing_at_a_pixel_reads_it_out(lab):
    lab.open("?digit=7&target=3")
    expected = recorded(7, 3)
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
    assert expected.iterations == lab.iterations


def test_settled_step_reaches_pythons_words_and_the_address(lab):
    lab.open("?digit=7&target=3")
    lab.press("step")
    lab.press("step")
    lab.wait_for_address("step=2")
    lab.page.get_by_test_id("stMarkdown").filter(has_text="Iteration 2 of").wait_for()


def test_link_opens_the_same_frame_in_a_fresh_browser_on_a_fresh_server(lab, chromium):
    lab.open("?digit=5&sample=4&target=8&model=lenet&output=probabilities&direction=decrease")
    for _ in range(3):
        lab.press("step")
    lab.wait_for_address("step=3")
    link = lab.page.url.removeprefix(lab.address + "/")
    parts = ("stage-image", "stage-plane", "stage-jacobian-8")
    frame = [lab.ink(part) for part in parts]
    words = lab.part("stage-card").inner_text()
    process, address = start_server()
    try:
        context = chromium.new_context(viewport={"width": 1440, "height": 900})
        other = Lab(context.new_page(), address).open(link)
        assert other.iteration == 3
        assert other.part("stage-card").inner_text() == words
        assert [other.ink(part) for part in parts] == frame
        context.close()
    finally:
        process.kill()


def test_going_back_in_the_browser_returns_to_the_attack_before(lab):
    lab.open("?digit=7&target=3")
    lab.page.locator(".st-key-target-5 button").click()
    lab.wait_for_title("7", "5")
    lab.wait_for_address("target=5")
    lab.page.go_back()
    lab.wait_for_title("7", "3")


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("?digit=12", "digit"),
        ("?target=x", "target"),
        ("?digit=5&target=5", "cannot be attacked towards 5"),
        ("?sample=9999", "Showing the last one"),
        ("?step=400", "ends at step"),
        ("?model=<script>alert(1)</script>", "model"),
        ("?theta=nan&gamma=-1", "theta"),
    ],
)
def test_nonsense_in_the_link_gives_a_notice_and_a_working_lab(lab, link, words):
    lab.open(link)
    lab.page.get_by_test_id("stAlert").filter(has_text=words).wait_for()
    if "step" not in link:
        lab.press("step")
        assert lab.iteration == 1


def test_missing_mnist_is_explained_and_a_download_without_network_survived(lab):
    lab.open("?data=mnist&digit=7&target=3")
    lab.page.get_by_text("No MNIST in").wait_for()
    assert lab.iterations == recorded(7, 3).iterations  # the built-in digits stand in
    lab.page.get_by_role("button", name="Download MNIST").click()
    lab.page.get_by_text("MNIST could not be downloaded").wait_for(timeout=60_000)
    lab.press("step")
    assert lab.iteration == 1


def test_an_explanation_is_one_click_away(lab):
    lab.open()
    explanation = lab.part("stage").locator(".saliency .info p")
    assert not explanation.is_visible()
    lab.page.get_by_label("About the saliency map").click()
    assert "skyband" in explanation.inner_text()
    lab.page.keyboard.press("Escape")
    assert not explanation.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (1280, 720), (390, 844)])
def test_nothing_is_cut_or_scrolls_sideways(chromium, server, size, scheme):
    width, height = size
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    lab = Lab(context.new_page(), server).open("?digit=7&target=3&step=3")
    lab.page.wait_for_timeout(300)
    overflow = lab.part("stage").evaluate(
        """stage => [...stage.querySelectorAll('h1, h2, h3, p, span, b, td, th, button, canvas')]
             .filter((part) => part.getClientRects().length && !part.closest('.spoken, details p'))
             .filter((part) => part.getBoundingClientRect().right > stage.getBoundingClientRect().right + 4)
             .map((part) => `${part.className} ${part.textContent.slice(0, 40)}`)"""
    )
    assert overflow == []
    assert lab.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if size == (1440, 900):
        for part in ("stage-image", "stage-jacobian-9", "stage-plane"):
            box = lab.part(part).bounding_box()
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= height
        bars = lab.part("stage").locator(".bars").bounding_box()
        assert bars["y"] + bars["height"] <= height
    context.close()
