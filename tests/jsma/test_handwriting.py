"""From a picture to MNIST's form: every stage on made pictures, and how well the network reads what comes out."""

import numpy as np
import pytest
import torch

import jsma
from benchmarks.made_photos import VARIANTS, draw, lamp, squared
from jsma.handwriting import (
    LINE_WIDTHS,
    Ink,
    NoDigit,
    Settings,
    even_line,
    fit,
    paper,
    prepare,
    strength,
    the_digit,
    without_rulings,
)


def bar(top=40, bottom=160, left=90, right=110, side=200, ink=0.1, ground=0.9):
    """A picture with one upright bar."""
    picture = np.full((side, side), ground, dtype=np.float32)
    picture[top:bottom, left:right] = ink
    return picture


def variant(name):
    return next(each for each in VARIANTS if each.name == name)


@pytest.mark.slow
def test_the_made_variants_are_read_right():
    model, reads, labels = jsma.load_model("lenet"), [], []
    assert len(VARIANTS) >= 30
    for k, each in enumerate(VARIANTS):
        for digit in (k % 10, (k + 5) % 10):
            with torch.no_grad():
                reads.append(int(model(prepare(draw(digit, each, seed=100 + k)).image[None]).argmax()))
            labels.append(digit)
    right = np.mean(np.array(reads) == labels)
    assert right >= 0.95


def test_the_result_has_mnists_form():
    prepared = prepare(draw(5, variant("a hand's shadow")))
    image = prepared.image[0]
    assert prepared.image.shape == (1, 28, 28)
    assert prepared.image.dtype == torch.float32
    assert image.min() == 0
    assert image.max() == 1
    inked = (image > 0).nonzero()
    assert max(inked.max(dim=0).values - inked.min(dim=0).values) == 19  # 20 pixels
    places = torch.arange(28) - 13.5
    assert abs(float((image.sum(1) * places).sum() / image.sum())) <= 0.5
    assert abs(float((image.sum(0) * places).sum() / image.sum())) <= 0.5


@pytest.mark.parametrize("light", [False, True])
def test_dark_and_light_ink_are_told_apart(light):
    picture = draw(3, variant("blackboard" if light else "yellowed paper"))
    assert prepare(picture).light is light
    assert prepare(1 - picture).light is not light


def test_dark_and_light_ink_give_the_same_digit():
    picture = draw(2, variant("a drawing, black on white"))
    assert torch.allclose(prepare(picture).image, prepare(1 - picture).image, atol=0.02)


def test_the_visitor_may_say_which_is_the_ink():
    picture = bar(ground=0.6)
    picture[60:140, 30:50] = 0.95
    dark, light = (prepare(picture, Settings(ink)) for ink in (Ink.DARK, Ink.LIGHT))
    assert (dark.light, light.light) == (False, True)
    assert dark.digit[50, 100] > 0.9
    assert light.digit[100, 40] > 0.9


def test_the_paper_is_found_under_uneven_light():
    dice = np.random.default_rng(0)
    ground = lamp(0.4)(np.full((320, 320), 0.9, dtype=np.float32), dice)
    picture = ground.copy()
    picture[100:220, 150:170] *= 0.2
    assert np.abs(paper(picture, 70) - ground).max() < 0.09
    ink = strength(picture, light=False)
    assert ink[102:218, 152:168].min() > 0.9
    assert np.median(ink) < 0.05


def test_rulings_go_and_strokes_stay():
    dice = np.random.default_rng(0)
    clean = draw(4, variant("a drawing, black on white"))
    ruled = squared(22, 0.3, slope=0.04)(clean, dice)
    ink = without_rulings(strength(ruled, light=False))
    strokes = clean < 0.5
    assert np.median(ink[strokes]) > 0.95
    assert (ink[~strokes] > 0.2).mean() < 0.01
    assert (strength(ruled, light=False)[~strokes] > 0.2).mean() > 0.1  # so there was something to take away


def test_a_long_stroke_is_no_ruling():
    picture = bar(top=8, bottom=192)
    ink = strength(picture, light=False)
    assert np.array_equal(without_rulings(ink), ink)


def test_specks_and_other_things_are_dropped_and_small_strokes_near_by_kept():
    ink = np.zeros((200, 200), dtype=np.float32)
    ink[60:140, 90:105] = 1  # the digit
    ink[60:75, 112:140] = 1  # its second stroke, 7 pixels away
    ink[50:52, 50:52] = 1  # a speck
    ink[150:190, 20:60] = 1  # something else
    digit, dropped, cut = the_digit(ink, 0.4, 0.05)
    assert (digit.sum(), dropped, cut) == (80 * 15 + 15 * 28, 1, False)


def test_what_reaches_the_edge_counts_only_if_there_is_nothing_else():
    ink = np.zeros((200, 200), dtype=np.float32)
    ink[:, :30] = 1  # the table's edge
    assert the_digit(ink, 0.4, 0.05)[2]
    ink[60:140, 90:105] = 1
    digit, _, cut = the_digit(ink, 0.4, 0.05)
    assert digit.sum() == 80 * 15
    assert not cut


@pytest.mark.parametrize("thickness", [2, 6, 12, 24, 40])
def test_lines_are_brought_to_a_usual_width(thickness):
    line, width = even_line((bar(left=100, right=100 + thickness) < 0.5).astype(np.float32), Settings())
    assert width == pytest.approx(thickness * 20 / 120, rel=0.25, abs=0.35)
    across = line.shape[1] / line.shape[0] * 20
    assert LINE_WIDTHS[0] - 0.6 <= across <= LINE_WIDTHS[1] * 1.5  # what was very wide keeps its middle


def test_the_line_may_be_chosen():
    widths = [prepare(bar(), Settings(line_width=width)).image.sum() for width in (1.5, 3.0, 5.0)]
    assert widths == sorted(widths)
    assert widths[2] > 2 * widths[0]


def test_fitting_keeps_the_shape():
    assert fit(np.ones((160, 80), dtype=np.float32)).shape == (20, 10)
    assert fit(np.ones((40, 160), dtype=np.float32)).shape == (5, 20)


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_an_even_picture_has_no_digit(grey):
    with pytest.raises(NoDigit, match="No ink was found"):
        prepare(np.full((200, 200), grey))


def test_noise_alone_is_no_digit():
    noise = np.random.default_rng(0).normal(0.8, 0.03, (200, 200)).clip(0, 1)
    with pytest.raises(NoDigit):
        prepare(noise)


@pytest.mark.parametrize(
    "bad", [np.zeros((3, 50)), np.zeros((1, 28, 28)), np.full((28, 28), 1.5), np.full((28, 28), np.nan)]
)
def test_what_is_no_grey_picture_is_refused(bad):
    with pytest.raises(ValueError, match=r"4 x 4|\[0, 1\]"):
        prepare(bad)


@pytest.mark.parametrize("wrong", [{"threshold": 0.0}, {"specks": 0.9}, {"line_width": 9.0}])
def test_settings_say_what_is_allowed(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is .* must be from"):
        Settings(**wrong)


def test_digits_in_mnists_form_already_stay_readable(uci):
    model = jsma.load_model("lenet")
    few = range(0, 300, 6)
    with torch.no_grad():
        before = model(uci.images[few]).argmax(dim=1)
        after = model(torch.stack([prepare(uci.images[k, 0].numpy()).image for k in few])).argmax(dim=1)
    assert (before == after).float().mean() >= 0.9
