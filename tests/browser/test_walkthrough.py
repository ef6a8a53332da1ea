"""The walkthrough in a real browser: the loop's lines of code light up as they are carried out."""

import pytest

from benchmarks.driving import Lab

pytestmark = pytest.mark.slow

WATCH = """list => {
  window.lit = [];
  const note = () => {
    const line = list.querySelector("[aria-current]").dataset.line;
    if (line !== window.lit.at(-1)) window.lit.push(line);
  };
  new MutationObserver(note).observe(list, { attributes: true, attributeFilter: ["aria-current"], subtree: true });
}"""


@pytest.fixture(scope="module")
def chapter_2(profile, server):
    """Chapter 2 with its prediction locked in, once for all tests that look at it."""
    lab = Lab(profile.new_page(), server)
    lab.open("?digit=7&target=3")  # a page below the first makes Streamlit ask for files that are not there
    lab.page.get_by_role("link", name="Walkthrough").click()
    lab.page.get_by_role("button", name="The attack in one minute").first.click()
    lab.page.get_by_label("Pixels", exact=True).fill("10")
    lab.page.get_by_label("Pixels", exact=True).press("Enter")
    lab.page.get_by_role("button", name="Lock in and see").click()
    lab.part("stage-loop").locator("[aria-current]").wait_for()
    lab.part("stage-loop").evaluate(WATCH)
    yield lab
    lab.page.close()
    assert not lab.complaints
    assert not lab.foreign


@pytest.fixture
def walkthrough(chapter_2):
    """Chapter 2 at its first step, and the lines that are lit from now on written down in `window.lit`."""
    chapter_2.part("stage-slider").fill("0")
    chapter_2.part("stage-pace").select_option("1")
    chapter_2.page.evaluate("window.lit = []")
    return chapter_2


def lit(lab: Lab):
    return lab.part("stage-loop").locator("[aria-current]")


def test_stepping_lights_the_lines_in_turn_and_the_end_stays_at_the_line_that_ended_it(walkthrough):
    assert "change(picture, pair)" in lit(walkthrough).inner_text()
    walkthrough.press("step")
    walkthrough.page.wait_for_function("window.lit.length >= 5")
    assert walkthrough.page.evaluate("window.lit") == ["ask", "maps", "pair", "none", "change"]
    walkthrough.press("end")
    walkthrough.page.wait_for_function("window.lit.length >= 6")
    assert "stop: reached target" in lit(walkthrough).inner_text()
    assert "reads 3" in lit(walkthrough).inner_text()
    walkthrough.press("back")
    assert "change(picture, pair)" in lit(walkthrough).inner_text()


def test_slow_motion_lights_each_line_in_its_own_part(walkthrough):
    walkthrough.part("stage-pace").select_option("slow 2")
    walkthrough.press("play")
    walkthrough.page.wait_for_function("window.lit.includes('ask')")
    # Asking is lit for a moment, which a busy browser may leave out between two iterations.
    assert walkthrough.page.evaluate("window.lit.slice(0, 4)") == ["maps", "pair", "none", "change"]


@pytest.fixture(scope="module")
def chapter_1(profile, server):
    """Chapter 1, once for all tests that look at it."""
    lab = Lab(profile.new_page(), server)
    lab.open("?digit=1&sample=1&target=7")  # the network misreads this 1
    lab.page.get_by_role("link", name="Walkthrough").click()
    lab.page.locator(".picker .board").wait_for()
    yield lab
    lab.page.close()
    assert not lab.complaints
    assert not lab.foreign


def test_pixels_are_picked_by_pointer_and_by_keyboard_and_given_back(chapter_1):
    board, said = chapter_1.page.locator(".picker .board"), chapter_1.page.get_by_text("pixels are picked")
    box = board.bounding_box()
    board.click(position={"x": 3.5 * box["width"] / 28, "y": 5.5 * box["height"] / 28})
    said.filter(has_text="1 of 8").wait_for()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        board.press(key)
    said.filter(has_text="2 of 8").wait_for()
    assert board.locator("i.pick").count() == 2
    board.press("Enter")
    said.filter(has_text="1 of 8").wait_for()
    status = chapter_1.page.locator(".picker + p[role=status]")
    assert status.inner_text() == "Given back: row 6, column 4"


def test_a_click_on_a_map_fills_in_the_pixel(chapter_1):
    chapter_1.page.get_by_role("button", name="The Jacobian").first.click()
    board = chapter_1.page.locator(".picker .board").nth(1)
    board.wait_for()
    box = board.bounding_box()
    board.click(position={"x": 11.5 * box["width"] / 28, "y": 8.5 * box["height"] / 28})
    chapter_1.page.get_by_text("The pixel at row 8, column 11").wait_for()
    assert chapter_1.page.get_by_role("spinbutton", name="Row").input_value() == "8"
    assert chapter_1.page.locator(".picker i.pick").count() == 2  # on both maps
    chapter_1.page.go_back()
    chapter_1.page.get_by_role("heading", name="1. What is attacked").wait_for()


def test_answers_are_there_after_a_reload(chapter_1):
    page = chapter_1.page
    page.get_by_role("button", name="What is attacked").first.click()
    page.get_by_text("The training digits").click()
    page.get_by_text("The attack never trains anything.").wait_for()
    page.wait_for_function("localStorage.getItem('jsma course')?.includes('white-box')")
    chapter_1.open("?digit=1&sample=1&target=7")  # a new session, as F5 is
    page.get_by_role("link", name="Walkthrough").click()
    page.get_by_text("The attack never trains anything.").wait_for()
    page.evaluate("localStorage.removeItem('jsma course')")
