"""Every page for those who see little, few colours or nothing: axe-core, headings, narrow windows, forced colours."""

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.driving import ROOT, Lab
from pages.ui.walkthrough.contents import CHAPTERS
from tests.helpers.browser import STILL, TWO_FRAMES, filled

pytestmark = pytest.mark.slow

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

DIGIT = "?digit=8&target=3"
FEW_PIXELS = "&gamma=0.03"  # little to compute
PAGES = {
    "The lab": "[data-testid=stage][data-iteration]",
    **{f"Chapter {number}": f".st-key-chapter-body-{number} h2" for number in range(1, len(CHAPTERS) + 1)},
    "Model": "text=Train your own",
    "Grid": "text=/Why the 90 attacks ended|Fill the rest/",
    "Saliency maps": "text=Over many digits",
    "Defend": "text=Now, on a sample",
    "Rules": "[data-testid=comparison][data-iteration]",
    "Evaluation": "text=These pictures as tables",
    "Your digit": "text=Clear the pad",
    "Class": ".st-key-class-open button",
}
"""Every page and chapter, and what shows that it is there."""

SKIPPED = {
    "Saliency maps": {"which-attacks": "text=The attack used map", "fewest-pixels": "[data-testid=comparison]"},
    "Rules": {"least-change": ".beside"},
    "Defend": {
        "how-many-fooled": "[data-testid=comparison]",
        "distilled-probabilities": "[data-testid=stage]",
        "safest-defence": "text=Through a filter",
    },
}
"""The predictions of a page that are left out, and what each then shows."""

NOT_OURS = {
    # Streamlit's own place to drop a file says that it is presentational and has a name all the same.
    "presentation-role-conflict": "stFileUploaderDropzone",
}
"""Of axe's rules what is not held against us, by what stands in the element."""

ALL_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast"]
"""axe's rules that depend on the theme, and not on the width but where a page is arranged anew, as the stage is."""

LOOKS = (
    ("light", 1440, 900, ALL_RULES),
    ("dark", 390, 844, ALL_RULES),
    ("dark", 1440, 900, COLOURS),
    ("light", 390, 844, COLOURS),
)
"""Themes and windows, with the rules held against a page there; the first two are enough for all but the lab."""

BREACHES = """async (runOnly) => {
  const quick = { resultTypes: ["violations"], preload: false, selectors: false };
  const { violations } = await axe.run(document, { runOnly, ...quick });
  const told = (node) => [...node.any, ...node.all, ...node.none][0]?.message;
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => [id, node.html.slice(0, 200), told(node)]));
}"""

SETTLED = "() => !document.querySelector('[data-testid=stApp][data-test-script-state=running]')"
LEVELS = "found => found.filter((each) => each.checkVisibility()).map((each) => Number(each.tagName[1]))"
TOO_WIDE = """() => [document.scrollingElement, document.querySelector("[data-testid=stMain]")]
  .map((element) => element.scrollWidth - window.innerWidth).filter((pixels) => pixels > 0)"""
SCROLLERS_OUT_OF_REACH = """() => [...document.querySelectorAll("[data-testid=stMain] :is(pre, .stTable *)")]
  .filter((each) => each.scrollWidth > each.clientWidth && getComputedStyle(each).overflowX !== "visible")
  .filter((each) => each.tabIndex < 0).map((each) => each.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def axe():
    """The text of axe-core; where it is not installed, the test skips or, where it must be there, fails."""
    if not AXE.exists():
        reason = "axe-core is not there; run npm install."
        pytest.fail(reason) if os.environ.get("JSMA_REQUIRE_BROWSER") == "1" else pytest.skip(reason)
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def window(profile):
    """One window for all pages of this file: a page is loaded once, and looked at in every way."""
    page = profile.new_page()
    yield page
    page.close()


def opened(page, address: str, name: str) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    if not page.url.startswith(address):
        Lab(page, address).open(DIGIT + FEW_PIXELS)
    chapter = page.locator(f".st-key-{name.lower().replace(' ', '-')} button")
    if not chapter.is_visible():  # it is no chapter, or one of another page's
        shown = "Walkthrough" if name.startswith("Chapter") else name
        page.locator(".st-key-pages").get_by_text(shown, exact=True).click()
    if name.startswith("Chapter"):
        chapter.click()
    page.locator(PAGES[name]).first.wait_for()
    if name == "Grid":
        filled(Lab(page, address))
    page.wait_for_function(SETTLED)


def bring_a_digit(page, folder: Path) -> None:
    """Send a picture of a 1."""
    picture = np.full((280, 280), 255, np.uint8)
    picture[60:220, 130:155] = 20
    Image.fromarray(picture).save(folder / "one.png")
    page.get_by_role("radio", name="Picture").click()
    page.locator("input[type=file]").set_input_files(folder / "one.png")
    page.get_by_text("What the network reads").wait_for()


def go_on(page, name: str, folder: Path) -> None:
    """Do what makes more of a page appear: predict, and open what is folded."""
    if name == "Chapter 1":
        page.get_by_role("radiogroup", name="Second choice").get_by_role("radio").first.click()
    elif name == "Chapter 2":
        page.get_by_label("Pixels", exact=True).fill("10")
        page.get_by_label("Pixels", exact=True).press("Enter")
    elif name in ("Chapter 4", "Chapter 5"):
        page.get_by_text({"4": "Pair A", "5": "As many"}[name[-1]], exact=True).last.click()
    elif name == "Your digit":
        bring_a_digit(page, folder)
    elif name == "Class":
        for key, shows in (("open", ".class-code"), ("predict", ".class-count"), ("reveal", ".class-bars")):
            page.locator(f".st-key-class-{key} button").click()
            page.locator(shows).first.wait_for()
    for task, shows in SKIPPED.get(name, {}).items():
        page.locator(f".st-key-skip-{task} button").click()
        page.locator(shows).first.wait_for()
    if name == "Saliency maps":
        page.get_by_role("button", name="Randomise the network").click()
        page.get_by_text("With all layers random").wait_for()
    if name in ("Chapter 1", "Chapter 2", "Chapter 4", "Chapter 5"):
        page.locator("[data-testid=stMain] button:enabled", has_text="Lock in and see").click()
        page.get_by_role("button", name="Predict again").wait_for()
    for folded in page.locator("[data-testid=stMain] [data-testid=stExpander] details > summary").all():
        folded.click()
    page.wait_for_function(SETTLED)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_breaks_no_rule_of_axe_and_fits_a_narrow_window(window, server, axe, name, tmp_path):
    opened(window, server, name)
    go_on(window, name, tmp_path)
    window.evaluate(axe)

    levels = window.locator("h1, h2, h3, h4, h5, h6").evaluate_all(LEVELS)
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels)), levels

    for theme, width, height, rules in LOOKS if name == "The lab" else LOOKS[:2]:
        window.emulate_media(color_scheme=theme)
        window.set_viewport_size({"width": width, "height": height})
        window.wait_for_function(SETTLED)
        window.evaluate(TWO_FRAMES)
        window.wait_for_function(STILL)
        found = [breach for breach in window.evaluate(BREACHES, rules) if NOT_OURS.get(breach[0], "-") not in breach[1]]
        assert not found, (theme, width, found)
        window.wait_for_function(f"() => !({SCROLLERS_OUT_OF_REACH})().length")

    window.set_viewport_size({"width": 320, "height": 700})
    window.wait_for_function(f"() => !({TOO_WIDE})().length")


def test_the_lab_fits_a_narrow_window_with_small_numbers_a_partner_and_a_prediction(window, server):
    lab = Lab(window, server)
    window.emulate_media(color_scheme="light")
    window.set_viewport_size({"width": 320, "height": 700})
    window.wait_for_function("innerWidth === 320")
    lab.open("?digit=8&target=5&rule=tjsma&output=probabilities&direction=both")
    fits = f"() => !({TOO_WIDE})().length"
    window.wait_for_function(fits)
    for press in ("step", "kinds", "end", "start", "predict"):
        lab.press(press)
        window.wait_for_function(fits)
    for x in (60, 90):
        lab.part("stage-image").click(position={"x": x, "y": 90})
        window.wait_for_function(fits)


def test_what_is_chosen_and_how_far_things_are_shows_in_forced_colours(lab):
    page = lab.page
    page.emulate_media(forced_colors="active", color_scheme="dark")
    lab.open(DIGIT)

    def colour(locator) -> str:
        return locator.evaluate("element => getComputedStyle(element).backgroundColor")

    empty = {"rgba(0, 0, 0, 0)", colour(page.locator(".st-key-digit-7 button"))}
    marks = [
        *(page.locator(f".st-key-{name} button") for name in ("digit-8", "target-3")),
        page.locator("[data-testid=stSidebar] [role=radio][aria-checked=true]").first,
        page.locator("[data-testid=stSlider] [data-orientation] [data-orientation] > :has(input)").first,
        lab.part("stage-watch"),
        *(lab.part("stage").locator(inside).first for inside in (".bars .source i", ".meter.wide i", ".pill.target")),
        lab.part("stage").locator(".promise .solid"),
    ]
    assert not [str(mark) for mark in marks if colour(mark) in empty]
    assert colour(lab.part("stage-predict")) in empty
    chosen, other = (page.locator(f".st-key-tile-sample-{k} button") for k in (0, 1))
    assert [each.evaluate("element => getComputedStyle(element).outlineStyle") for each in (chosen, other)] == [
        "solid",
        "none",
    ]
    assert "url(" in chosen.evaluate("element => getComputedStyle(element).backgroundImage")
    assert chosen.evaluate("element => getComputedStyle(element).color") == "rgba(0, 0, 0, 0)"  # no word on the picture
