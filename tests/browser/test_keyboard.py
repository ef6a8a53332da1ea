"""By keyboard and by ear: the app without a mouse, what a screen reader is told, pages that leave nothing behind."""

import re

import pytest

from tests.helpers.browser import tile
from tests.helpers.photo import photo
from tests.helpers.waiting import until

pytestmark = pytest.mark.slow

AT_ONCE = 8
"""So many times Tab is pressed before one looks where it has led."""

PASSES = """element => {
  globalThis.passed = false;
  const look = (event) => { if (event.composedPath()[0] === element) globalThis.passed = true; };
  document.addEventListener("focusin", look);
}"""
"""Notes in globalThis.passed when the focus comes to an element."""

HAS_FOCUS = """element => {
  let active = document.activeElement;
  while (active.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active === element;
}"""

TAB_STOPS = """() => [...document.querySelectorAll("[data-testid=stSidebar] :is(a, button, input)")]
  .filter((part) => (part.focus(), document.activeElement === part)).length"""


ROUNDS = 4
"""How often one goes from the lab to Rules and back."""


class Keyboard:
    """A visitor who has a keyboard and nothing else."""

    def __init__(self, page):
        self.page = page
        self.press = page.keyboard.press

    def go_to(self, part, key: str = "Tab") -> None:
        """Press Tab, or Shift+Tab, until `part` has the focus."""
        part.first.evaluate(PASSES)
        for _ in range(200 // AT_ONCE):
            for _ in range(AT_ONCE):
                self.press(key)
            if self.page.evaluate("passed"):
                return part.first.focus()  # the way there has gone on past it
        raise AssertionError(f"{key} does not lead to {part}")

    def back_to(self, part) -> None:
        self.go_to(part, "Shift+Tab")

    def leave_for(self, name: str) -> None:
        """Go on to another page: by Tab from the first link of the sidebar, as if back there already."""
        link(self.page, "The lab").focus()
        self.go_to(link(self.page, name))
        self.press("Enter")
        link(self.page, name).and_(self.page.locator("[aria-current=page]")).wait_for()
        self.is_at(link(self.page, name))

    def is_at(self, part) -> None:
        """Wait until `part` has the focus."""
        self.page.wait_for_function(HAS_FOCUS, arg=part.first.element_handle())


@pytest.fixture
def keyboard(lab):
    return Keyboard(lab.page)


def button(page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def link(page, name: str):
    return page.locator(".st-key-pages").get_by_role("link", name=name, exact=True)


def test_a_visit_by_keyboard_alone(lab, keyboard):
    page, stage = lab.page, lab.part("stage")
    said = stage.locator("[aria-live]")
    lab.open("?digit=7&target=3&gamma=0.03")  # little to compute on every page

    # The lab: a digit, a target, a sample; the focus stays where it was.
    digit, target = (page.get_by_role("group", name=name, exact=True) for name in ("Digit", "Target"))
    for group, chosen in ((digit, "4"), (target, "9")):
        keyboard.go_to(button(group, chosen))
        keyboard.press("Enter")
        lab.wait_for_title(chosen)
        keyboard.is_at(button(group, chosen))
        assert group.locator("[aria-pressed=true]").all_inner_texts() == [chosen]
    keyboard.press("ArrowRight")
    assert lab.iteration == 1
    keyboard.go_to(lab.part("stage-end"))
    keyboard.press("Enter")
    assert lab.iteration == lab.iterations
    keyboard.is_at(lab.part("stage-end"))
    keyboard.press("Home")
    assert lab.iteration == 0

    # Predict a pair, see the best one; then a pixel's best partner.
    keyboard.go_to(lab.part("stage-watch"))
    keyboard.press("ArrowRight")
    keyboard.is_at(lab.part("stage-predict"))
    keyboard.back_to(lab.part("stage-image"))
    for key in ("ArrowDown", "Enter", "ArrowRight", "Enter"):
        keyboard.press(key)
    assert "q at row 14, column 15" in said.inner_text()
    keyboard.go_to(lab.part("stage-reveal"))
    keyboard.press("Enter")
    keyboard.is_at(lab.part("stage-card"))
    assert re.search("The best pair: .* Your pair: ", said.inner_text())
    keyboard.back_to(lab.part("stage-predict"))
    keyboard.press("ArrowLeft")
    keyboard.back_to(lab.part("stage-image"))
    keyboard.press("Enter")
    assert lab.part("stage-partner-close").is_visible()
    keyboard.go_to(lab.part("stage-partner-close"))
    keyboard.press("Enter")
    keyboard.is_at(lab.part("stage-image"))

    # A chapter, and the next.
    keyboard.back_to(link(page, "Walkthrough"))
    keyboard.press("Enter")
    page.wait_for_function("document.title.startsWith('Chapter 1, What is attacked')")
    keyboard.is_at(link(page, "Walkthrough"))
    assert page.locator(".st-key-pages [aria-current=page]").all_inner_texts() == ["Walkthrough"]
    keyboard.go_to(button(page, "2. The attack in one minute →"))
    keyboard.press("Enter")
    keyboard.is_at(page.get_by_role("heading", name="2. The attack in one minute"))
    page.wait_for_function("document.title.startsWith('Chapter 2, The attack')")
    keyboard.go_to(page.get_by_label("Pixels", exact=True))
    page.keyboard.type("10")
    keyboard.press("Enter")
    keyboard.go_to(page.locator("button:enabled").filter(has_text="Lock in and see"))
    keyboard.press("Enter")
    button(page, "Predict again").wait_for()
    keyboard.is_at(page.locator("[class*='st-key-again-'] + *"))

    # The grid, and one of its attacks.
    keyboard.leave_for("Grid")
    tile(lab, 0, 3).wait_for()
    keyboard.go_to(tile(lab, 0, 3))
    keyboard.press("Enter")
    lab.wait_for_title("0", "3")
    keyboard.is_at(page.get_by_role("main"))

    # Rules.
    keyboard.leave_for("Rules")
    comparison = lab.part("comparison").and_(page.locator("[data-iteration]"))
    keyboard.go_to(comparison.get_by_test_id("comparison-start"))
    keyboard.press("Enter")
    comparison.and_(page.locator("[data-iteration='0']")).wait_for()
    keyboard.is_at(comparison.get_by_test_id("comparison-start"))

    # Train a network, and stop half-way.
    keyboard.leave_for("Model")
    keyboard.go_to(button(page, "Train"))
    keyboard.press("Enter")
    keyboard.is_at(button(page, "Stop and keep it"))
    page.get_by_test_id("stProgress").filter(has_text=re.compile(r"batch [2-9]")).wait_for()
    keyboard.press("Enter")
    page.get_by_text("Stopped after batch").wait_for()
    page.wait_for_function("document.activeElement !== document.body")

    # Send a picture.
    keyboard.leave_for("Your digit")
    keyboard.go_to(page.get_by_role("radio", name="Draw"))
    keyboard.press("ArrowRight")
    keyboard.press("Enter")
    page.get_by_test_id("stFileUploader").wait_for()
    lab.wait_until_idle()
    upload, choosers = page.get_by_test_id("stFileUploader").locator("button"), []
    page.on("filechooser", lambda chooser: choosers.append(chooser))

    def chosen() -> bool:
        if not choosers:  # a page that is still drawn may put another button in the place of this one
            keyboard.go_to(upload)
            keyboard.press("Enter")
        return bool(choosers)

    until(chosen, pause=1)
    choosers[0].set_files(photo(4))
    page.get_by_text(re.compile("It reads an? [0-9]")).wait_for()


def test_the_last_pages_of_samples_keep_the_focus_and_lead_nowhere(lab, keyboard):
    lab.open("?digit=7&target=3&sample=170")
    later = lab.page.locator(".st-key-page-Later-samples button:visible")
    keyboard.go_to(later)
    keyboard.press("Enter")
    lab.wait_for_address("sample=174")
    lab.page.locator(".st-key-page-Later-samples button[aria-disabled=true]:visible").wait_for()
    keyboard.is_at(later)
    keyboard.press("Enter")
    keyboard.is_at(later)


def test_a_sidebar_that_is_out_of_sight_is_no_stop_and_hands_the_focus_over(lab, keyboard):
    lab.open()
    page = lab.page
    page.wait_for_function(f"({TAB_STOPS})() > 20")
    link(page, "The lab").focus()
    hide = page.get_by_test_id("stSidebarCollapseButton").locator("button")
    keyboard.back_to(hide)
    keyboard.press("Enter")
    keyboard.is_at(page.get_by_test_id("stExpandSidebarButton"))
    page.wait_for_function(f"({TAB_STOPS})() === 0")
    page.get_by_test_id("stExpandSidebarButton").focus()
    keyboard.press("Enter")
    keyboard.is_at(hide)


def test_pages_leave_nothing_behind_when_one_goes_back_and_forth(lab):
    lab.open("?gamma=0.02")
    browser = lab.page.context.new_cdp_session(lab.page)

    def go_round() -> None:
        link(lab.page, "Rules").click()
        lab.part("comparison").and_(lab.page.locator("[data-iteration]")).wait_for()
        link(lab.page, "The lab").click()
        lab.part("stage").and_(lab.page.locator("[data-iteration]")).wait_for()

    def counted() -> dict[str, int]:
        idle = "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
        lab.page.wait_for_function(idle)
        browser.send("HeapProfiler.collectGarbage")
        return browser.send("Memory.getDOMCounters")

    def settled() -> dict[str, int]:
        """Count until nothing is added any more: on a busy machine a page that is idle is not yet whole."""
        earlier, now = None, counted()
        while now != earlier:
            lab.page.wait_for_timeout(300)
            earlier, now = now, counted()
        return now

    def grown() -> dict[str, int]:
        before = settled()
        for _ in range(ROUNDS):
            go_round()
        for _ in range(100):  # on a busy machine the last page is still being put away
            after = counted()
            left = {what: after[what] - before[what] for what in ("nodes", "jsEventListeners")}
            if left["nodes"] < 20 * ROUNDS and left["jsEventListeners"] < ROUNDS:
                return {}
            lab.page.wait_for_timeout(200)
        return left

    for _ in range(2):
        go_round()
    left = grown() and grown()  # twice, as the first count may come before all is there; what is left behind grows on
    assert not left
