"""How numbers are written."""

import math
import re

import pytest
import torch

from jsma import Attack, Stop, load_model
from jsma.stage import record
from pages.ui.choice import from_url
from pages.ui.formatting import an, number, percent, step_in_words
from pages.ui.navigation import PAGES
from tests.helpers.app import checked


@pytest.mark.parametrize(
    ("share", "decimals", "text"),
    [
        (0, 1, "0.0 %"),
        (1, 1, "100 %"),
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


def test_a_number_has_three_decimals_none_if_it_is_large_and_a_power_of_ten_if_it_is_tiny():
    written = {1.5: "1.500", -0.0005: "−0.001", 0.00012: "1.2·10⁻⁴", 0.0: "0.000", 999.5: "999.500"}
    written |= {1000.0: "1,000", -59309.048: "−59,309"}
    assert {value: number(value) for value in written} == written
    assert [number(value, sign=True) for value in (1045.53, 2.0)] == ["+1,046", "+2.000"]


def test_a_number_has_the_article_it_is_read_aloud_with():
    assert [an(digit) for digit in range(10)] == [f"{'an' if digit == 8 else 'a'} {digit}" for digit in range(10)]
    assert (an(8, "**"), an(3, "**")) == ("an **8**", "a **3**")
    assert [an(digit) for digit in (10, 11, 18, 80, 100)] == ["a 10", "an 11", "an 18", "an 80", "a 100"]


@pytest.mark.slow
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


def test_a_small_theta_spends_iterations_and_not_pixels(uci):
    recording = record(load_model("tutorial"), uci.images[0], 0, 2, Attack(theta=0.1, gamma=0.02))
    assert recording.stop is Stop.BUDGET_SPENT
    assert recording.end.changed < recording.budget == 14
    said = step_in_words(recording, recording.iterations)
    assert f"7 of 7 allowed iterations are spent, and {recording.end.changed} pixels are changed." in said
    assert "allowed pixels" not in said


def test_a_whole_theta_spends_pixels(uci):
    recording = record(load_model("tutorial"), uci.images[0], 0, 2, Attack(gamma=0.005))
    assert "2 of 2 allowed pixels are changed." in step_in_words(recording, 1)


def test_the_words_name_the_class_to_beat_of_a_misread_digit(uci):
    model, attack = load_model("tutorial"), Attack(gamma=0.005)
    position = int(uci.of_class(1)[1])
    misread = record(model, uci.images[position], 1, 7, attack)
    reads = misread.steps[0].reads
    assert reads not in (1, 7)
    assert f"It misreads this 1: the class to beat is {reads}." in step_in_words(misread, 0)
    assert "misreads" not in step_in_words(misread, 1)
    assert "misreads" not in step_in_words(record(model, uci.images[position], 1, reads, attack), 0)
    assert "misreads" not in step_in_words(record(model, uci.images[0], 0, 2, attack), 0)
