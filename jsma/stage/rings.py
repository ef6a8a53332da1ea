"""Rings around p and q on a picture. jsma/stage/scripts/contours.js draws the same in the browser."""

from ..palette import COLOURS
from .pen import Box, Pen

NAMES = ("p", "q")
STROKE, HALO = 2.5, 1.0
LETTER = (12, 15)
"""The width and height of p or q beside its ring."""


def draw_rings(pen: Pen, box: Box, pixels: tuple[int, int], width: int, letters: bool = True) -> None:
    """Surround two pixels, flat indices, on a picture that fills `box` and is `width` pixels wide, and name them.

    p is round and q is square. letters: without, as on small maps, rings are thin, and light behind instead of dark.
    """
    colours, halo = (COLOURS["dark"], "#000000") if letters else (COLOURS["light"], COLOURS["light"]["paper"])
    stroke = STROKE if letters else STROKE / 2
    rings = outlines(box, pixels, width, stroke)
    for beneath in (True, False):
        for name, ring in zip(NAMES, rings, strict=True):
            side = ring[2] - ring[0]
            grown = _grown(ring, HALO) if beneath else ring
            radius = side / 2 if name == "p" else 0
            pen.outline(grown, stroke + 2 * HALO if beneath else stroke, halo if beneath else colours[name], radius)
    if letters:
        taken = list(rings)
        for name, ring, other in zip(NAMES, rings, reversed(rings), strict=True):
            spot = _letter(ring, other, taken, box)
            taken.append(spot)
            pen.write((spot[0] + spot[2]) / 2, spot[3] - 4, name, 16, colours[name], "Bold", at="m", halo=1)


def outlines(box: Box, pixels: tuple[int, int], width: int, stroke: float) -> list[Box]:
    """Return the outer edges of the rings: wide ones where they do not meet, else each pixel's own edge."""
    left, top, right, _ = box
    cell = (right - left) / width
    own = [
        (left + x * cell, top + y * cell, left + (x + 1) * cell, top + (y + 1) * cell)
        for y, x in (divmod(pixel, width) for pixel in pixels)
    ]
    wide = [_grown(each, max(0.45 * cell, 2.5) + stroke / 2) for each in own]
    return own if _meet(*(_grown(each, HALO) for each in wide)) else wide


def _letter(ring: Box, other: Box, taken: list[Box], picture: Box) -> Box:
    """Return where the letter of a ring stands: beside it, within the picture, on nothing, best away from the other."""
    (x, y), (far_x, far_y) = _middle(ring), _middle(other)
    width, height = LETTER
    across, down = (ring[2] - ring[0] + width) / 2 + 2, (ring[3] - ring[1] + height) / 2
    spots = [
        _within(picture, (x + dx - width / 2, y + dy - height / 2, x + dx + width / 2, y + dy + height / 2))
        for dx, dy in ((across, 0), (-across, 0), (0, -down), (0, down))
    ]
    spots.sort(key=lambda spot: -abs(_middle(spot)[0] - far_x) - abs(_middle(spot)[1] - far_y))
    return next((spot for spot in spots if not any(_meet(spot, each) for each in taken)), spots[0])


def _within(picture: Box, box: Box) -> Box:
    """Return the box, moved into the picture."""
    dx = max(picture[0] - box[0], 0) + min(picture[2] - box[2], 0)
    dy = max(picture[1] - box[1], 0) + min(picture[3] - box[3], 0)
    return box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _grown(box: Box, by: float) -> Box:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
