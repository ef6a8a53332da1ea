"""The lab on a screen that a class looks at: beside the open sidebar, and presented."""

import pytest

from benchmarks.driving import Lab
from tests.helpers.browser import STILL, TWO_FRAMES, watched

pytestmark = pytest.mark.slow

SMALLEST = """stage => Math.min(...[...stage.querySelectorAll("*:not(.spoken)")].filter((part) =>
  part.clientHeight && [...part.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())
).map((part) => parseFloat(getComputedStyle(part).fontSize) * part.currentCSSZoom)) / innerHeight"""
"""A script that gives the size of the smallest text as a share of the window's height."""

HIDDEN = "stage => [stage.scrollHeight - stage.clientHeight, stage.scrollWidth - stage.clientWidth]"
"""A script that gives how many pixels of the stage lie outside the window: below, and at the right."""


@pytest.fixture(scope="module")
def screen(profile, server):
    """The lab on a projector, once for the tests of this file."""
    lab = Lab(profile.new_page(), server)
    lab.devtools = profile.new_cdp_session(lab.page)
    resize(lab, 1280, 720)
    yield from watched(lab.open("?digit=7&target=3"))


def wear(lab: Lab, scheme: str) -> None:
    """Let the system ask for light or dark, and wait until the stage is drawn so."""
    lab.page.emulate_media(color_scheme=scheme)
    lab.part("stage").and_(lab.page.locator(f"[data-theme={scheme}]")).wait_for()


def resize(lab: Lab, width: int, height: int) -> None:
    """Give the page another size, also where it fills the screen: Playwright's own way would resize the window."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    lab.devtools.send("Emulation.setDeviceMetricsOverride", size)
    lab.page.evaluate(TWO_FRAMES)
    lab.page.wait_for_function(STILL)
    lab.page.evaluate(TWO_FRAMES)


def pick(lab: Lab, *pixels: tuple[int, int]) -> None:
    """Predict a pair, rows and columns from 0, for the first step."""
    lab.part("stage-slider").fill("0")
    lab.part("stage-predict").click()
    picture = lab.part("stage-image").bounding_box()
    for row, column in pixels:
        x, y = [(at + 0.5) / 28 * picture["width"] for at in (column, row)]
        lab.page.mouse.click(picture["x"] + x, picture["y"] + y)


def bottom(lab: Lab, part: str) -> float:
    """Return where a part of the stage ends, in pixels from the top of the window."""
    return lab.page.locator(part).evaluate("part => part.getBoundingClientRect().bottom")


def test_beside_the_open_sidebar_the_whole_loop_is_in_sight_on_a_small_screen(screen):
    assert screen.page.get_by_test_id("stSidebar").is_visible()
    assert bottom(screen, ".perturb") <= 720


def test_beside_the_open_sidebar_the_button_that_reveals_the_best_pair_and_the_verdict_are_in_sight_too(screen):
    for pixels in (
        ((7, 8), (13, 11)),
        ((2, 2), (26, 2)),
    ):  # a pair that is admissible; one that is not, beside a score card
        pick(screen, *pixels)
        assert 0 < bottom(screen, "[data-testid=stage-rank]") < bottom(screen, "[data-testid=stage-reveal]") <= 720
        screen.part("stage-reveal").click()
        assert bottom(screen, ".tally") <= bottom(screen, ".perturb") <= 720
        screen.part("stage-watch").click()
    screen.press("end")
    assert bottom(screen, ".verdict") <= 720


def test_a_large_screen_enlarges_the_stage_to_its_room_with_the_three_steps_in_sight(screen):
    page, stage, picture = screen.page, screen.part("stage"), screen.part("stage-image")
    sidebar = page.get_by_test_id("stSidebar")
    resize(screen, 1440, 900)
    before = picture.bounding_box()["width"]
    for beside in (True, False):
        if not beside:
            sidebar.hover()
            page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
            sidebar.and_(page.locator("[data-collapsed=true]")).wait_for(state="attached")
        for width, height in ((1920, 1080), (2560, 1440)):
            resize(screen, width, height)
            box = stage.bounding_box()
            assert box["x"] + box["width"] > width - 24
            assert (box["x"] > 300) == beside
            assert bottom(screen, ".perturb") < bottom(screen, ".readout") <= height
            assert picture.bounding_box()["width"] > 1.2 * before
            assert stage.evaluate(SMALLEST) > 0.0115  # 12 pixels at 900
            cell = picture.bounding_box()
            page.mouse.move(cell["x"] + cell["width"] * 3.5 / 28, cell["y"] + cell["height"] * 2.5 / 28)
            stage.locator(".readout", has_text="row 2, column 3").wait_for()
    page.get_by_test_id("stExpandSidebarButton").click()
    sidebar.and_(page.locator("[data-collapsed=false]")).wait_for()
    resize(screen, 1280, 720)


def test_the_digits_in_the_title_are_pickers_also_by_keyboard(screen):
    page = screen.page
    page.get_by_role("button", name="3: choose another target").click()
    page.get_by_role("group", name="Choose another target").get_by_role("button", name="4").click()
    screen.wait_for_title("7", "4")
    page.get_by_role("button", name="7: choose another digit").focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("group", name="Choose another digit").get_by_role("button").count() == 10
    page.keyboard.press("Escape")
    assert page.get_by_role("button", name="7: choose another digit").evaluate("pill => pill.matches(':focus')")
    page.get_by_role("button", name="4: choose another target").focus()
    page.keyboard.press("Enter")
    page.get_by_role("group", name="Choose another target").get_by_role("button", name="3").press("Enter")
    screen.wait_for_title("7", "3")


def test_presented_the_stage_fills_any_screen_and_keys_lead_the_class(screen):
    page, stage = screen.page, screen.part("stage")
    page.evaluate("Element.prototype.requestFullscreen = async () => {}")  # which headless browsers leave by themselves
    page.keyboard.press("p")
    page.wait_for_function("document.documentElement.hasAttribute('data-presented')")
    for width, height in ((2560, 1440), (1440, 900), (1280, 1024), (1400, 1050), (1024, 768), (1280, 720)):
        resize(screen, width, height)
        box = stage.bounding_box()
        assert (box["x"], box["y"], round(box["width"]), round(box["height"])) == (0, 0, width, height)
        assert stage.evaluate(HIDDEN) == [0, 0]
        assert stage.evaluate(SMALLEST) >= 0.02, (width, height)
        readout = stage.locator(".readout").bounding_box()
        assert 0.95 * height < readout["y"] + readout["height"] <= height
    assert not page.get_by_test_id("stSidebar").is_visible()
    assert not page.locator(".stAppHeader").is_visible()

    picture = screen.part("stage-image").bounding_box()
    page.mouse.move(picture["x"] + picture["width"] * 3.5 / 28, picture["y"] + picture["height"] * 2.5 / 28)
    page.get_by_text("row 2, column 3").first.wait_for()

    resize(screen, 1440, 900)
    pick(screen, (7, 8), (13, 11))
    screen.part("stage-reveal").click()
    assert stage.evaluate(HIDDEN) == [0, 0]
    screen.part("stage-watch").click()

    page.keyboard.press("5")
    screen.wait_for_title("7", "5")
    screen.wait_for_address("target=5")
    screen.wait_until_idle()
    wear(screen, "dark")  # as at sunset, in the middle of a lesson
    assert stage.evaluate("stage => getComputedStyle(stage).backgroundColor") == "rgb(15, 18, 23)"
    wear(screen, "light")
    page.keyboard.press("s")
    page.locator(".picture.spotlit").wait_for()
    page.keyboard.press("?")
    assert screen.page.get_by_role("dialog", name="Keys").is_visible()
    page.keyboard.press("Escape")
    assert not screen.page.get_by_role("dialog", name="Keys").is_visible()
    page.keyboard.press("Escape")
    page.wait_for_function("!document.documentElement.hasAttribute('data-presented')")
    page.get_by_test_id("stSidebar").wait_for()
