"""Pictures of digits as people might send them, made from pen strokes: papers, lights, pens and cameras."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

SIDE = 320
"""Height and width of the pictures, in pixels."""

Stroke = list[tuple[float, float]]
Spoil = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def _arc(x: float, y: float, across: float, down: float, begin: float, end: float) -> Stroke:
    """Return part of an ellipse round (x, y), from the angle `begin` to `end` in degrees, clockwise from the right."""
    angles = np.radians(np.linspace(begin, end, 40))
    return [(x + across * np.cos(angle), y + down * np.sin(angle)) for angle in angles]


STROKES: dict[int, list[Stroke]] = {
    0: [_arc(0.5, 0.5, 0.28, 0.42, -90, 280)],
    1: [[(0.53, 0.08), (0.47, 0.92)]],
    2: [[*_arc(0.5, 0.32, 0.26, 0.24, -170, 40), (0.26, 0.9), (0.8, 0.88)]],
    3: [_arc(0.46, 0.29, 0.26, 0.21, -150, 90), _arc(0.46, 0.7, 0.3, 0.21, -90, 150)],
    4: [[(0.34, 0.1), (0.26, 0.52), (0.78, 0.5)], [(0.66, 0.14), (0.6, 0.92)]],
    5: [[(0.78, 0.1), (0.36, 0.11), (0.32, 0.46), *_arc(0.46, 0.66, 0.28, 0.24, -90, 140)]],
    6: [[(0.62, 0.07), (0.4, 0.32), *_arc(0.5, 0.68, 0.24, 0.23, 190, 530)]],
    7: [[(0.22, 0.13), (0.78, 0.11), (0.46, 0.92)]],
    8: [[*_arc(0.5, 0.28, 0.2, 0.19, 90, 450), *_arc(0.5, 0.7, 0.25, 0.22, -90, 270)]],
    9: [[*_arc(0.5, 0.3, 0.22, 0.21, 0, 350), (0.72, 0.3), (0.62, 0.92)]],
}
"""Every digit as one would write it, in a square of side 1 with y downwards."""


@dataclass(frozen=True)
class Variant:
    """A way in which a digit may reach us.

    pen: its width, as a share of the digit's height; ink, paper: grey values in [0, 1]; height: of the
    digit, as a share of the picture; place: of its middle, as shares; turn: in degrees, clockwise;
    spoil: what is done to the picture in the end, each given the picture and dice, in order.
    """

    name: str
    pen: float = 0.09
    ink: float = 0.15
    paper: float = 0.92
    height: float = 0.6
    place: tuple[float, float] = (0.5, 0.5)
    turn: float = 0.0
    spoil: tuple[Spoil, ...] = ()


def draw(digit: int, variant: Variant, seed: int = 0) -> np.ndarray:
    """Return a picture of `digit`, (SIDE, SIDE) float32 in [0, 1]; seed: of the hand's and the camera's dice."""
    dice = np.random.default_rng([seed, digit])
    fine = 2 * SIDE
    mask = Image.new("L", (fine, fine), 0)
    pen, tall = ImageDraw.Draw(mask), variant.height * fine
    width = max(2, round(variant.pen * tall))
    lean, squeeze = dice.normal(0, 0.05), 1 + dice.normal(0, 0.05)
    angle = np.radians(variant.turn)
    for stroke in STROKES[digit]:
        points = np.array(stroke) - 0.5 + dice.normal(0, 0.012, 2)
        points[:, 0] = squeeze * (points[:, 0] - lean * points[:, 1])
        turned = points @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        dots = [tuple(dot) for dot in turned * tall + np.array(variant.place) * fine]
        pen.line(dots, fill=255, width=width, joint="curve")
        for x, y in (dots[0], dots[-1]):
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    inked = np.asarray(mask.resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.float32) / 255
    picture = variant.paper + (variant.ink - variant.paper) * inked
    for step in variant.spoil:
        picture = np.clip(step(picture, dice), 0, 1)
    return picture.astype(np.float32)


# --- What may be done to a picture ----------------------------------------------------------------

ROWS, COLUMNS = np.mgrid[0:SIDE, 0:SIDE] / SIDE


def grain(deviation: float) -> Spoil:
    """A camera's noise."""
    return lambda picture, dice: picture + dice.normal(0, deviation, picture.shape)


def blur(pixels: float) -> Spoil:
    """Out of focus."""
    return lambda picture, dice: ndimage.gaussian_filter(picture, pixels)


def lamp(darkest: float) -> Spoil:
    """Light from one corner, down to `darkest` in the other."""
    return lambda picture, dice: picture * (1 - (1 - darkest) * (ROWS + COLUMNS) / 2)


def vignette(darkest: float) -> Spoil:
    """Light in the middle, down to `darkest` in the corners."""
    return lambda picture, dice: picture * (1 - (1 - darkest) * 2 * ((ROWS - 0.5) ** 2 + (COLUMNS - 0.5) ** 2))


def shadow(depth: float, soft: float) -> Spoil:
    """A hand's shadow across one side, its edge `soft` wide."""
    return lambda picture, dice: picture * (1 - depth / (1 + np.exp((COLUMNS - 0.35 - 0.2 * ROWS) / soft)))


def squared(apart: int, strength: float, slope: float = 0.0, columns: bool = True) -> Spoil:
    """Squared paper, or ruled without `columns`: lines of 2 pixels, `apart` from each other, slightly turned."""

    def rule(picture: np.ndarray, dice: np.random.Generator) -> np.ndarray:
        y, x = np.mgrid[0:SIDE, 0:SIDE]
        offset = dice.integers(0, apart)
        lines = (y + slope * x + offset) % apart < 2
        if columns:
            lines |= (x - slope * y + offset) % apart < 2
        toward = 0.0 if picture.mean() > 0.5 else 1.0
        ruled = picture + (toward - picture) * strength
        darker = ruled < picture if toward == 0.0 else ruled > picture
        return np.where(lines & darker, ruled, picture)

    return rule


def wrinkles(deviation: float) -> Spoil:
    """Paper with a texture of its own, coarser than a camera's noise."""

    def crumple(picture: np.ndarray, dice: np.random.Generator) -> np.ndarray:
        rough = ndimage.gaussian_filter(dice.normal(0, 1, picture.shape), 6)
        return picture + deviation * rough / rough.std()

    return crumple


def specks(count: int) -> Spoil:
    """Small dark spots anywhere."""

    def spill(picture: np.ndarray, dice: np.random.Generator) -> np.ndarray:
        spots = np.zeros(picture.shape, dtype=bool)
        spots[dice.integers(4, SIDE - 4, count), dice.integers(4, SIDE - 4, count)] = True
        return np.where(ndimage.binary_dilation(spots, iterations=2), 0.2, picture)

    return spill


def table_edge(grey: float) -> Spoil:
    """The paper ends: a strip of the table beneath it is seen on the left and below."""
    return lambda picture, dice: np.where((COLUMNS < 0.1) | (ROWS > 0.93), grey, picture)


def pressure(least: float) -> Spoil:
    """A hand that presses unevenly: ink fades to `least` of its strength in places."""

    def fade(picture: np.ndarray, dice: np.random.Generator) -> np.ndarray:
        rough = ndimage.gaussian_filter(dice.normal(0, 1, picture.shape), 20)
        share = least + (1 - least) * (rough - rough.min()) / np.ptp(rough)
        paper = np.median(picture)
        return paper + (picture - paper) * share

    return fade


VARIANTS = (
    Variant("a drawing, black on white", ink=0.0, paper=1.0),
    Variant("a drawing, white on black", ink=1.0, paper=0.0),
    Variant("very thin pen", pen=0.018),
    Variant("thin pen", pen=0.035),
    Variant("thick pen", pen=0.16),
    Variant("very thick pen", pen=0.2),
    Variant("small in the picture", height=0.25, pen=0.1),
    Variant("large in the picture", height=0.92),
    Variant("in a corner", height=0.35, place=(0.22, 0.75)),
    Variant("turned 12° to the left", turn=-12),
    Variant("turned 12° to the right", turn=12),
    Variant("pencil", ink=0.6, paper=0.88, pen=0.05, spoil=(grain(0.02),)),
    Variant("pencil, uneven pressure", ink=0.5, pen=0.06, spoil=(pressure(0.5), grain(0.02))),
    Variant("yellowed paper", ink=0.3, paper=0.68, spoil=(wrinkles(0.015),)),
    Variant("recycled paper with specks", paper=0.75, spoil=(specks(25), grain(0.02))),
    Variant("squared paper", spoil=(squared(20, 0.25),)),
    Variant("squared paper, strong lines", spoil=(squared(26, 0.45),)),
    Variant("squared paper, turned", spoil=(squared(22, 0.3, slope=0.05), grain(0.01))),
    Variant("squared paper, thin pen, lamp", pen=0.04, spoil=(squared(24, 0.25), lamp(0.45), grain(0.015))),
    Variant("ruled paper", spoil=(squared(30, 0.35, columns=False),)),
    Variant("light from a corner", spoil=(lamp(0.3), grain(0.015))),
    Variant("light in the middle only", spoil=(vignette(0.25), grain(0.015))),
    Variant("a hand's shadow", spoil=(shadow(0.5, 0.04), grain(0.015))),
    Variant("a hard shadow", spoil=(shadow(0.45, 0.012), grain(0.015))),
    Variant("dark room, noisy", ink=0.06, paper=0.3, spoil=(grain(0.035),)),
    Variant("out of focus", spoil=(blur(4.0), grain(0.01))),
    Variant("blackboard", ink=0.8, paper=0.2, spoil=(wrinkles(0.03), grain(0.02))),
    Variant("blackboard with squares, lamp", ink=0.85, paper=0.22, spoil=(squared(40, 0.15), lamp(0.5), grain(0.02))),
    Variant("white pen on brown paper", ink=0.95, paper=0.5, pen=0.06, spoil=(grain(0.02),)),
    Variant("faint ink", ink=0.72, paper=0.9, spoil=(grain(0.015),)),
    Variant("crumpled paper", spoil=(wrinkles(0.04), grain(0.02))),
    Variant("the table's edge in the picture", height=0.5, place=(0.55, 0.47), spoil=(table_edge(0.25), grain(0.015))),
    Variant(
        "all at once",
        ink=0.3,
        paper=0.72,
        pen=0.06,
        height=0.45,
        turn=5,
        place=(0.4, 0.55),
        spoil=(squared(22, 0.2, slope=0.04), lamp(0.5), blur(1.2), grain(0.02)),
    ),
)
"""The variants that are tried, each with every digit."""
