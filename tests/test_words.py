"""How numbers are written."""

import math

import pytest

from pages.ui.words import percent


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
