"""Pages on paper: how many sheets, and that no button is on them."""

import re

import pytest

from benchmarks.driving import Lab
from tests.helpers.browser import filled, tile

pytestmark = pytest.mark.slow

MEANINGFUL = ".term, .pill, [class*='st-key-tile-attack-'] *"
"""Buttons that are words or pictures of the page itself."""


def sheets(lab: Lab) -> list[tuple[float, float]]:
    """Print the page; return width and height of every sheet, and see that no button, link or slider is on it."""
    pdf = lab.page.pdf(prefer_css_page_size=True)
    lab.page.emulate_media(media="print")
    for role in ("button", "link", "slider", "combobox"):
        shown = [each for each in lab.page.get_by_role(role).all() if each.is_visible()]
        assert [each.inner_text() for each in shown if not each.evaluate(f'one => one.matches("{MEANINGFUL}")')] == []
    lab.page.emulate_media(media="screen")
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == len(boxes)
    return [(float(width), float(height)) for width, height in boxes]


def test_the_lab_is_one_landscape_sheet(seven):
    ((width, height),) = sheets(seven)
    assert width > height


def test_the_whole_grid_is_one_sheet_and_a_chapter_ends_with_its_answers(lab):
    lab.open("?gamma=0.01")
    lab.page.get_by_role("link", name="Grid").click()
    filled(lab)
    lab.wait_until_idle()
    ((width, height),) = sheets(lab)
    assert width < height
    assert tile(lab, 9, 8).is_visible()

    lab.page.get_by_role("link", name="Walkthrough").click()
    lab.page.get_by_role("button", name="The Jacobian").first.click()
    lab.page.get_by_role("heading", name="3. The Jacobian").wait_for()
    lab.wait_until_idle()
    answers = lab.page.locator(".st-key-on-paper")
    assert not answers.is_visible()
    lab.page.locator("label").filter(has_text="7,840").click()
    explained = lab.page.locator("[class*='st-key-verdict-']")
    explained.wait_for()
    assert 1 <= len(sheets(lab)) <= 4
    lab.page.emulate_media(media="print")
    assert "7,840 One for each class and pixel" in answers.inner_text()
    assert not explained.is_visible()
    assert answers.bounding_box()["y"] > lab.page.get_by_role("radio").last.bounding_box()["y"]


def test_the_page_defend_is_printed_without_what_only_a_screen_can_do(lab):
    lab.page.goto(f"{lab.address}/Defend?digit=7&target=3&gamma=0.02")
    for task in ("how-many-fooled", "distilled-probabilities"):
        lab.page.locator(f".st-key-skip-{task} button").click()
        lab.page.locator(f".st-key-again-{task}").wait_for()
    lab.page.get_by_test_id("stage").and_(lab.page.locator("[data-iteration]")).nth(1).wait_for()
    lab.wait_until_idle()
    assert all(height > width for width, height in sheets(lab))
    lab.page.emulate_media(media="print")
    for words in ("Step through one in the lab", "Both step together", "What each defence does", "Now, on a sample"):
        assert not lab.page.get_by_text(words).first.is_visible()
    for words in ("read the target in the end", "At the untouched digit", "Over many digits"):
        assert lab.page.get_by_text(words).first.is_visible()
    pair = lab.page.get_by_role("heading", name="Two models").locator(
        "xpath=ancestor::*[contains(@class, 'new-sheet')]"
    )
    assert pair.evaluate("one => getComputedStyle(one).breakBefore") == "page"  # else two columns are torn on one
    lab.complaints = [each for each in lab.complaints if "404" not in each]  # of the page's own path, tried first
