"""A recorded attack as pictures in the stage's style: a step as a PNG, all of them as an animated GIF."""

import io
from typing import TYPE_CHECKING

import numpy as np

from ..export import picture
from ..palette import COLOURS, coloured, rgb
from ..stop import Stop
from ..wording import an, number, percent
from .pen import COLOUR, Box, Pen, lines
from .rings import NAMES, draw_rings

if TYPE_CHECKING:
    from PIL import Image

    from .facts import PairFacts, Recording

MARGIN, TOP, SIDE = 16, 80, 280
"""The margin of a frame, the top of its content, and the side of the picture under attack."""

FRAME = 640
"""The width of a frame; its height is FOOT and the lines below."""

FOOT, SMALL = 384, 18
"""The first line below the picture, and the height of a line of small words."""

MAP, GAP, ACROSS = 84, 16, 5
"""The side of a Jacobian map, the gap between maps, and how many stand in a row."""

MILLISECONDS = 350
"""How long the GIF shows a frame; the last is shown six times as long."""


def to_gif(recording: "Recording") -> bytes:
    """Return an animated GIF with a frame for each step: the image, the reading, the pair about to be changed."""
    drawn = []
    for step in range(recording.iterations + 1):
        pen = Pen(FRAME, _height(recording), scale=1)
        draw_frame(pen, recording, step)
        drawn.append(pen.image)
    frames = [_with_few_colours(image) for image in drawn]
    durations = [MILLISECONDS] * recording.iterations + [6 * MILLISECONDS]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)
    return file.getvalue()


def _with_few_colours(image: "Image.Image") -> "Image.Image":
    """Return the image in the palette below: files are half as large, and colours that mean something stay exact."""
    from PIL import Image

    colours = Image.new("P", (1, 1))
    colours.putpalette(_palette())
    return image.quantize(palette=colours, dither=Image.Dither.NONE)


def _palette() -> bytes:
    """Return the colours that pictures are made of, and those at the edges of letters: at most 256."""
    between = [(COLOUR[name], COLOUR["paper"], 6) for name in ("ink2", "ink3", "source", "target", "bar", *NAMES)]
    between += [(COLOURS["dark"][name], "#000000", 6) for name in NAMES]
    between += [("#000000", "#ffffff", 40), (COLOUR["tint"], "#000000", 12)]
    ramps = [np.linspace(rgb(start), rgb(end), count).round() for start, end, count in between]
    ramps.append(coloured(np.linspace(-1, 1, 121), "light", "diverging", -1, 1))
    return np.concatenate(ramps).astype(np.uint8).tobytes()


def to_png(recording: "Recording", step: int) -> bytes:
    """Return a PNG of one step: the frame of the GIF, and beside it the Jacobian maps and the pair's numbers."""
    pen = Pen(FRAME + ACROSS * (MAP + GAP), _height(recording), scale=2)
    draw_frame(pen, recording, step)
    _draw_maps(pen, recording, step)
    if pair := recording.steps[step].pair:
        _draw_sums(pen, recording, step, pair)
    else:
        _draw_endings(pen, recording.stop)
    file = io.BytesIO()
    _with_few_colours(pen.image).save(file, "PNG")
    return file.getvalue()


def draw_frame(pen: Pen, recording: "Recording", step: int) -> None:
    """Draw title and iteration, the image with the pair about to be changed, the reading, and what comes next."""
    _draw_title(pen, recording, step)
    facts = recording.steps[step]
    pixels = "pixel" if facts.changed == 1 else "pixels"
    where = f"Iteration {step} of {recording.iterations} · {facts.changed} of {recording.pixels} {pixels} changed"
    pen.write(MARGIN, 62, where, 13, COLOUR["ink2"])
    box = picture_box(recording)
    pen.pixels(picture(recording.image(step), recording.image(0)), box)
    if facts.pair:
        draw_rings(pen, box, (facts.pair.first, facts.pair.second), recording.width)
    _draw_reading(pen, recording, step)
    first, *more = _below(recording, step)
    pen.write(MARGIN, FOOT, first, 14, COLOUR["ink"], "Bold")
    for at, line in enumerate(more):
        pen.write(MARGIN, FOOT + SMALL * (at + 1), line, 12, COLOUR["ink2"])


def picture_box(recording: "Recording") -> Box:
    """Return where the image is drawn: as large as it can be with pixels that are whole."""
    cell = max(1, SIDE // max(recording.height, recording.width))
    return MARGIN, TOP, MARGIN + cell * recording.width, TOP + cell * recording.height


def bar_box(recording: "Recording", label: int, share: float) -> Box:
    """Return the bar of a class: its full length, of probability 1, is 214."""
    left, pitch = MARGIN + SIDE + 52, (SIDE - 30) / recording.classes
    top = TOP + 32 + label * pitch
    return left, top, left + 214 * share, top + min(11, pitch - 3)


def _draw_title(pen: Pen, recording: "Recording", step: int) -> None:
    stop = recording.steps[step].stop
    before = "Making the network read this" if stop is None else "The network does not read this"
    if stop is Stop.REACHED_TARGET:
        before = "The network now reads this" if step else "The network already reads this"
    x = pen.write(MARGIN, 36, f"{before} ", 17, COLOUR["ink"], "Bold")
    x = _pill(pen, x, 36, recording.label, COLOUR["source"])
    x = pen.write(x, 36, f" as {an(recording.target)[:-1]}", 17, COLOUR["ink"], "Bold")
    _pill(pen, x, 36, recording.target, COLOUR["target"])


def _pill(pen: Pen, x: float, y: float, digit: int, colour: str) -> float:
    """Draw a digit in a box of its colour and return where the box ends."""
    width = 22 + 11 * (len(str(digit)) - 1)
    pen.fill((x, y - 18, x + width, y + 6), colour, radius=4)
    pen.write(x + width / 2, y, str(digit), 17, COLOUR["on-pill"], "Bold", at="m")
    return x + width


def _colour(recording: "Recording", label: int, other: str) -> str:
    return COLOUR[{recording.target: "target", recording.label: "source"}.get(label, other)]


def _draw_reading(pen: Pen, recording: "Recording", step: int) -> None:
    """Draw what the network reads and how sure it is of each class."""
    facts, left, right = recording.steps[step], MARGIN + SIDE + 32, FRAME - MARGIN
    x = pen.write(left, TOP + 18, "The network reads ", 15, COLOUR["ink"], "Bold")
    x = _pill(pen, x, TOP + 18, facts.reads, _colour(recording, facts.reads, "ink2"))
    pen.write(x, TOP + 18, f"  {percent(facts.probabilities[facts.reads])} sure", 13, COLOUR["ink2"])
    for label, share in enumerate(facts.probabilities):
        box, ink = bar_box(recording, label, share), _colour(recording, label, "ink3")
        weight = "" if ink == COLOUR["ink3"] else "Bold"
        pen.write(left + 8, box[1] + 10, str(label), 12, ink, weight, at="m")
        pen.fill((box[0] - 2, box[1], box[0] - 1, box[3]), COLOUR["bar"])
        pen.fill(box, _colour(recording, label, "bar"))
        if share >= 0.0005:
            pen.write(right, box[1] + 10, percent(share), 12, ink, weight, at="r")


def _below(recording: "Recording", step: int) -> list[str]:
    """Return the lines below the picture: how the pair is changed and why it, or how the attack ended."""
    facts = recording.steps[step]
    if facts.pair:
        p, q = (f"row {pixel // recording.width}, column {pixel % recording.width}" for pixel in facts.pair.pixels)
        pairs, score = f"{facts.counts.admissible:,} admissible pairs", number(facts.pair.score)
        change = _change(facts.sign, recording.attack.theta)
        return [f"Next, p ({p}) and q ({q}) {change}.", f"No other of {pairs} scores higher than −α × β = {score}."]
    reads = f"{an(facts.reads)}, {percent(facts.probabilities[facts.reads])} sure."
    sentence = f"Stopped: it reads {reads}" if recording.stop.success else f"Stopped: {recording.stop.value}."
    pairs = "pair" if step == 1 else "pairs"
    pixels = "pixel" if facts.changed == 1 else "pixels"
    cost = f"{step} {pairs}, {facts.changed} {pixels}: {100 * facts.changed / recording.pixels:.1f} % of the picture."
    also = "" if recording.stop.success else f" It reads {reads}"
    return [sentence, *lines(" ".join(filter(None, [cost + also, facts.reason])), 12, FRAME - 2 * MARGIN)]


def _change(sign: int, theta: float) -> str:
    if theta == 1:
        return "turn white" if sign > 0 else "turn black"
    return f"get {'brighter' if sign > 0 else 'darker'} by {theta:g}"


def _height(recording: "Recording") -> int:
    """Return the height of all frames: that of the last, which may tell most."""
    return FOOT + SMALL * max(1, len(_below(recording, recording.iterations)) - 1) + MARGIN


def _draw_maps(pen: Pen, recording: "Recording", step: int) -> None:
    """Draw the Jacobian, a map for each class, with p and q on them, and its scale of colours."""
    facts, jacobian = recording.steps[step], recording.jacobian(step)[:, 0].numpy()
    limit = facts.jacobian_limit or 1.0
    x = pen.write(FRAME, 36, "Jacobian ", 17, COLOUR["ink"], "Bold")
    pen.write(x, 36, "Brighten one pixel: how does each output move?", 12, COLOUR["ink2"])
    x = pen.write(FRAME, 62, f"lowers it {number(-limit)} ", 12, COLOUR["ink2"])
    pen.pixels(coloured(np.linspace(-1, 1, 100)[None], "light", "diverging", -1, 1), (x, 52, x + 100, 62))
    pen.write(x + 100, 62, f" {number(limit, sign=True)} raises it", 12, COLOUR["ink2"])
    for label, values in enumerate(jacobian):
        box = map_box(label)
        pen.pixels(coloured(values, "light", "diverging", -limit, limit), box)
        if facts.pair:
            draw_rings(pen, box, (facts.pair.first, facts.pair.second), recording.width, letters=False)
        ink = _colour(recording, label, "ink2")
        if label == recording.target:
            pen.outline((box[0] - 2, box[1] - 2, box[2] + 2, box[3] + 2), 2, ink)
        name = f"{label}: a" if label == recording.target else str(label)
        pen.write((box[0] + box[2]) / 2, box[3] + 16, name, 12, ink, "" if ink == COLOUR["ink2"] else "Bold", at="m")


def map_box(label: int) -> Box:
    """Return where the Jacobian map of a class is drawn."""
    left, top = FRAME + label % ACROSS * (MAP + GAP), TOP + label // ACROSS * (MAP + 32)
    return left, top, left + MAP, top + MAP


def _draw_sums(pen: Pen, recording: "Recording", step: int, pair: "PairFacts") -> None:
    """Draw why this pair: a and b of both pixels, their sums α and β, and the score."""
    ends, colours = (FRAME + 120, FRAME + 230, FRAME + 340), (COLOUR["p"], COLOUR["q"], COLOUR["ink"])
    for x, name, colour in zip(ends, (*NAMES, "sum"), colours, strict=True):
        pen.write(x, FOOT - 62, name, 13, colour, "Bold", at="r")
    gradients = recording.target_gradient[step], recording.others_gradient[step]
    for y, name, gradient, total in zip((FOOT - 38, FOOT - 16), "ab", gradients, (pair.alpha, pair.beta), strict=True):
        pen.write(FRAME, y, name, 13, COLOUR["ink2"], "Bold")
        for x, value, colour in zip(ends, (*gradient[pair.pixels].tolist(), total), colours, strict=True):
            pen.write(x, y, number(value), 15, colour, "Bold", at="r")
    pen.write(ends[-1] + 10, FOOT - 38, "= α", 13, COLOUR["ink2"])
    pen.write(ends[-1] + 10, FOOT - 16, "= β", 13, COLOUR["ink2"])
    end = pen.write(FRAME, FOOT + 12, "score = −α × β = ", 13, COLOUR["ink2"])
    pen.write(end, FOOT + 12, number(pair.score), 17, COLOUR["ink"], "Bold")


def _draw_endings(pen: Pen, stop: Stop) -> None:
    """List the ways to end, with a tick at the one that came about."""
    for at, each in enumerate(Stop):
        y, ink = FOOT - 56 + 20 * at, COLOUR["ink" if each is stop else "ink3"]
        if each is stop:
            pen.write(FRAME, y, "✓", 13, ink, "Bold")
        pen.write(FRAME + 20, y, each.title, 13, ink, "Bold" if each is stop else "")
