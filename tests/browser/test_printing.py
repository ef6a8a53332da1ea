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
