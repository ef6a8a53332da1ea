"""Pictures of a recorded attack to take along: what is drawn is what the recording says, where it says."""

import io

import numpy as np
import pytest
from PIL import Image

from jsma import Attack, Direction, load_model
from jsma.palette import COLOURS, rgb
from jsma.stage import record
from jsma.stage.pen import Pen
from jsma.stage.pictures import FRAME, draw_frame
from jsma.stage.rings import draw_rings

P, Q = (rgb(COLOURS["dark"][name]) for name in "pq")
PICTURE = (16, 80, 296, 360)
"""Where the image is in a frame: 28 pixels of 10."""


@pytest.fixture(scope="module")
def reached(uci):
    """A 0 that is read as a 2 in the end."""
    return record(load_model("tutorial"), uci.images[0], 0, 2, Attack(gamma=0.145))


@pytest.fixture(scope="module")
def failed(uci):
    """A 0 of which the budget ends the attack after two pairs."""
    return record(load_model("tutorial"), uci.images[0], 0, 2, Attack(gamma=0.006, direction=Direction.DECREASE))


@pytest.fixture
def written(monkeypatch):
    """All words written from now on, in order, with where they begin."""
    words, write = [], Pen.write

    def noted(pen, x, y, text, *rest, **named):
        words.append((text, x, y))
        return write(pen, x, y, text, *rest, **named)

    monkeypatch.setattr(Pen, "write", noted)
    return words


def frame(recording, step) -> np.ndarray:
    """Return the frame of a step, (height, width, 3)."""
    pen = Pen(FRAME, 500, scale=1)
    draw_frame(pen, recording, step)
    return np.asarray(pen.image)


def where(pixels: np.ndarray, colour: str | tuple[int, int, int]) -> np.ndarray:
    """Return which pixels have exactly this colour, (height, width)."""
    return (pixels == (rgb(colour) if isinstance(colour, str) else colour)).all(-1)


@pytest.mark.parametrize("step", [0, 7, -1])
def test_the_bar_of_a_digit_is_as_long_as_the_network_is_sure_of_it(reached, step):
    step %= len(reached.steps)
    drawn = frame(reached, step)[110:360, 340:565]
    for name, digit in (("source", 0), ("target", 2)):
        length = where(drawn, COLOURS["light"][name]).sum(axis=1).max()
        assert length == pytest.approx(214 * reached.steps[step].probabilities[digit], abs=1.01), name


def surrounded(pixels: np.ndarray, colour: tuple[int, int, int], pixel: int) -> bool:
    """Return whether one meets the colour within 14 of the middle of an image pixel, whichever way one goes."""
    row, column = divmod(pixel, 28)
    y, x = 80 + 10 * row + 5, 16 + 10 * column + 5
    found = where(pixels[y - 14 : y + 14, x - 14 : x + 14], colour)
    ways = (found[:14, 14], found[14:, 14], found[14, :14], found[14, 14:])
    return all(way.any() for way in ways) and not found[13:15, 13:15].any()


def test_p_and_q_are_ringed_where_they_are_in_every_frame(reached):
    for step, facts in enumerate(reached.steps):
        drawn = frame(reached, step)
        if facts.pair is None:
            assert not where(drawn, P).any()
            assert not where(drawn, Q).any()
        else:
            assert surrounded(drawn, P, facts.pair.first), step
            assert surrounded(drawn, Q, facts.pair.second), step


NEAR = [(0, 1), (0, 28), (0, 29), (27, 55), (755, 756), (755, 783), (400, 401), (400, 428), (400, 429), (400, 427)]
FAR = [(0, 27), (0, 783), (27, 756), (100, 500), (400, 402), (400, 456), (400, 403), (372, 375)]


@pytest.mark.parametrize("pair", NEAR + FAR)
def test_rings_and_letters_stay_apart_however_close_p_and_q_are(written, pair):
    pen = Pen(FRAME, 500, scale=1)
    draw_rings(pen, PICTURE, pair, 28)
    drawn = np.asarray(pen.image)
    assert surrounded(drawn, P, pair[0])
    assert surrounded(drawn, Q, pair[1])
    (_, *p), (_, *q) = written
    assert max(abs(p[0] - q[0]) / 10, abs(p[1] - q[1]) / 12) >= 1
    for x, y in (p, q):
        assert 16 + 4 <= x <= 296 - 4
        assert 80 + 8 <= y <= 360


def test_a_frame_says_the_iteration_the_reading_and_what_is_changed_next(written, reached):
    frame(reached, 3)
    step, pair = reached.steps[3], reached.steps[3].pair
    said = " ".join(text.replace("\N{NO-BREAK SPACE}", " ") for text, *_ in written)
    assert f"Iteration 3 of {len(reached.steps) - 1} · 6 of 784 pixels changed" in said
    assert f"The network reads  0   {100 * max(step.probabilities):.1f} % sure" in said
    p, q = (f"row {pixel // 28}, column {pixel % 28}" for pixel in (pair.first, pair.second))
    assert f"Next, p ({p}) and q ({q}) turn white." in said
    assert f"{pair.score:.3f}" in said


def test_the_last_frame_says_how_the_attack_ended(written, reached, failed):
    for recording, verdict in ((reached, "Stopped: it reads a 2, "), (failed, "Stopped: budget spent.")):
        written.clear()
        frame(recording, recording.iterations)
        texts = [text for text, *_ in written]
        assert any(text.startswith(verdict) for text in texts)
        assert any(f"{recording.iterations} pairs, {2 * recording.iterations} pixels: " in text for text in texts)


def test_the_gif_has_a_frame_for_each_step_and_files_keep_the_colours_that_mean_something(reached):
    film = Image.open(io.BytesIO(reached.to_gif()))
    assert film.n_frames == len(reached.steps)
    film.seek(3)
    for file in (film, Image.open(io.BytesIO(reached.to_png(3)))):
        drawn = np.asarray(file.convert("RGB"))
        for colour in (P, Q, *(COLOURS["light"][name] for name in ("source", "target", "tint"))):
            assert where(drawn, colour).any(), colour


def test_the_picture_of_a_step_shows_the_sums_and_at_the_end_which_ending_it_was(written, reached, failed):
    pair = reached.steps[3].pair
    assert Image.open(io.BytesIO(reached.to_png(3))).width > 2 * FRAME
    texts = {text.replace("−", "-") for text, *_ in written}
    gradient = reached.as_step(3).target_gradient
    assert {f"{value:.3f}" for value in (*gradient[pair.pixels].tolist(), pair.alpha, pair.beta, pair.score)} <= texts
    for recording, ending in ((reached, "Reached target"), (failed, "Budget spent")):
        written.clear()
        recording.to_png(recording.iterations)
        heights = {text: y for text, _, y in written}
        assert heights["✓"] == heights[ending]


def test_the_map_of_a_digit_is_darkest_where_a_pixel_raises_it_most(reached):
    drawn = np.asarray(Image.open(io.BytesIO(reached.to_png(3))).convert("RGB")).astype(int)
    row, column = divmod(int(reached.jacobian(3)[0].argmax()), 28)  # not where p or q is
    seen = drawn[2 * 80 + 6 * row + 3, 2 * FRAME + 6 * column + 3]
    assert abs(seen - rgb(COLOURS["light"]["diverging"].split()[-1])).max() < 24
