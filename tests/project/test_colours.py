"""What colours say reaches those who see few of them: contrast, and lines that are told apart by more than colour."""

from itertools import combinations

import numpy as np
import pytest

from jsma.palette import COLOURS as PALETTE
from pages.ui.evaluation.report_views import OUTCOMES
from pages.ui.saliency_maps.looks import LINES
from pages.ui.shared.comparison.methods import DASHES, LOOKS, METHODS
from pages.ui.walkthrough.plane import PAIRS

LIGHT, DARK = "#ffffff", "#0f1217"

COLOURS = [colour for colour, _ in LOOKS.values()]

SIDE_BY_SIDE = {"rules": COLOURS, "maps": [colour for colour, _ in LINES.values()]} | {
    f"{what}, {theme}": [palette[name] for name in names]
    for theme, palette in PALETTE.items()
    for what, names in (("outcomes", OUTCOMES.values()), ("pairs", PAIRS))
}

SEEN = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
    "all colours": np.eye(3),
}
"""What becomes of linear red, green and blue: G. Machado, M. Oliveira, L. Fernandes, 2009, at full severity."""

TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
WHITE = [0.95047, 1.0, 1.08883]


def linear(colour: str) -> np.ndarray:
    """Return #rrggbb as linear red, green and blue, 0 to 1."""
    values = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """Return the contrast of WCAG 2, from 1 to 21."""
    darker, lighter = sorted(linear(colour) @ TO_XYZ[1] for colour in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def distance(one: str, other: str, seen: str) -> float:
    """Return how far apart two colours are in CIELAB; 2.3 can just be told apart side by side."""

    def lab(colour: str) -> np.ndarray:
        xyz = np.array(TO_XYZ) @ np.clip(np.array(SEEN[seen]) @ linear(colour), 0, 1) / WHITE
        x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
        return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])

    return float(np.linalg.norm(lab(one) - lab(other)))


def test_contrast_and_distance_are_measured_as_they_are_defined():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert distance("#ffffff", "#000000", "all colours") == pytest.approx(100, abs=0.1)
    assert distance("#ff0000", "#808000", "deuteranopia") < distance("#ff0000", "#808000", "all colours") / 2


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("colours", SIDE_BY_SIDE.values(), ids=SIDE_BY_SIDE)
def test_colours_that_stand_side_by_side_differ_for_the_colour_blind_too(seen, colours):
    assert min(distance(one, other, seen) for one, other in combinations(colours, 2)) > 15


@pytest.mark.parametrize("colour", sorted({*COLOURS, *SIDE_BY_SIDE["maps"]}))
def test_lines_and_marks_stand_out_on_white_and_on_black(colour):
    assert min(contrast(colour, paper) for paper in (LIGHT, DARK)) >= 3


def test_no_two_lines_of_the_rules_have_the_same_mark_and_dashes():
    looks = {(LOOKS[each.name], DASHES[each.direction]) for each in METHODS.values()}
    assert len(looks) == len(METHODS) == 18
    assert len({each.sign for each in METHODS.values()}) == 18


def test_no_two_lines_of_the_maps_have_the_same_mark():
    assert len({mark for _, mark in LINES.values()}) == len(LINES)


@pytest.mark.parametrize("theme", PALETTE)
def test_words_can_be_read_in_every_colour_of_the_palette(theme):
    palette = PALETTE[theme]
    grounds = ("paper", "fill")
    faint = {
        (name, ground): round(contrast(palette[name], palette[ground]), 2)
        for name in ("ink", "ink2", "ink3", "p", "q", "source", "target")
        for ground in grounds
        if contrast(palette[name], palette[ground]) < 4.5
    }
    assert not faint
