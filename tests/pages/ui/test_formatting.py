"""How numbers are written."""

import math
import re

import pytest
import torch

from jsma import Attack
from jsma.stage import record
from pages.ui.choice import from_url
from pages.ui.formatting import an, percent, step_in_words
from pages.ui.navigation import PAGES
from tests.helpers.app import checked


@pytest.mark.parametrize(
    ("share", "decimals", "text"),
    [
        (0, 1, "0.0 %"),
        (1, 1, "100.0 %"),
        (0.5, 1, "50.0 %"),
        (0.0006, 1, "0.1 %"),
        (0.0006, 2, "0.06 %"),
        (0.123, 0, "12 %"),
        (1e-9, 1, "< 0.1 %"),
        (1 - 1e-6, 1, "> 99.9 %"),
        (0.00004, 2, "< 0.01 %"),
        (0.9999, 0, "> 99 %"),
        (math.nan, 2, "–"),
    ],
)
def test_a_share_is_never_rounded_to_never_or_to_certainty(share, decimals, text):
    assert percent(share, decimals) == text.replace(" ", "\N{NO-BREAK SPACE}")


def test_a_number_has_the_article_it_is_read_aloud_with():
    assert [an(digit) for digit in range(10)] == [f"{'an' if digit == 8 else 'a'} {digit}" for digit in range(10)]
    assert (an(8, "**"), an(3, "**")) == ("an **8**", "a **3**")
    assert [an(number) for number in (10, 11, 18, 80, 100)] == ["a 10", "an 11", "an 18", "an 80", "a 100"]


def test_no_page_says_a_8(app):
    said = from_url({"digit": "8", "target": "8"})[1]
    pages = [(title, digit, "1") for title in ("The lab", "Model", "Rules") for digit in "83"]
    pages += [("Walkthrough", "8", "1"), ("Walkthrough", "3", "2"), ("Walkthrough", "3", "5")]
    for title, digit, chapter in pages:
        app.query_params.update({"digit": digit, "target": "3" if digit == "8" else "8", "chapter": chapter})
        checked(app.switch_page(PAGES[title].file).run())
        said += [element.value for element in [*app.markdown, *app.caption]]
        said += [image.proto.imgs[0].caption for image in app.get("imgs")]
    assert len(said) > 100
    wrong = re.compile(r"\b(a \W{0,2}8|an \W{0,2}(?!8|1[18])\d)", re.IGNORECASE)
    assert not [words for words in said if wrong.search(words)]


def test_the_reason_beside_the_stop_is_said_where_a_step_is_explained():
    images = torch.full((1, 2, 2), 0.5)
    recording = record(lambda images: images.flatten(1).round(), images, 0, 1, Attack(gamma=1.0))
    assert recording.end.reason in step_in_words(recording, 0)
