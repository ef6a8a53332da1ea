"""Words from outside as a browser shows them: letter by letter, whatever Markdown would make of them."""

from itertools import cycle, islice
from urllib.parse import urlencode

import pytest

from benchmarks.driving import Lab
from benchmarks.fuzz import MARKDOWN
from pages.ui.choice import Choice
from pages.ui.outside import cut
from tests.helpers.browser import go_to

pytestmark = pytest.mark.slow

OWN = ("rules", "images", "chapter")
"""What some pages take from the address beside what every page does."""

PAGES = {"": (), "Walkthrough": ("chapter",), "Rules": ("rules",), "Evaluation": ("images",)}
"""The lab, and every page that takes more from its address; the others take what the lab does."""

MADE = """alerts => alerts.flatMap((alert) => [...alert.querySelectorAll("*")])
  .filter((part) => part.tagName !== "P")
  .filter((part) => part.tagName !== "SPAN" || part.attributes.length || part.textContent.length !== 1)
  .map((part) => part.outerHTML)"""
"""What is in warnings besides paragraphs and single characters: there is to be nothing."""


@pytest.mark.parametrize("page", PAGES)
def test_an_address_full_of_markdown_is_shown_letter_by_letter(open_lab: Lab, page):
    names = [*Choice().to_url(), "hide", "views", "predict", *OWN, "unknown"]
    first = list(PAGES).index(page) * len(names)
    asked = dict(zip(names, islice(cycle(MARKDOWN), first, None), strict=False))
    told = [name for name in names[:-1] if name not in OWN or name in PAGES[page]]
    lab = go_to(open_lab, f"{page}?{urlencode(asked)}")
    warnings = lab.page.get_by_test_id("stAlert").get_by_test_id("stMarkdownContainer")
    warnings.nth(len(told) - 1).wait_for()
    said = warnings.all_inner_texts()
    for name in told:
        most = 60 if name == "rules" else 24
        words = f"The link asks for {name} “{cut(asked[name], most)}”, but "
        assert any(sentence.startswith(words) for sentence in said), words
    assert warnings.evaluate_all(MADE) == []
    hosts = "links => links.map((link) => link.host).filter((host) => host !== location.host)"
    assert lab.page.locator("a[href]").evaluate_all(hosts) == []
