"""From a picture of a handwritten digit to MNIST's form: light ink on black, 20 x 20 centred by mass in 28 x 28.

MNIST's makers began with clean scans. Here a picture may be a drawing or a photo of squared paper in
bad light, so that the ink has to be found first:

    grey       what is given, at most SIDE_LIMIT pixels a side
    ink        how much darker (or lighter) than the paper around it each pixel is; rulings taken away
    digit      what is kept of it: the strokes that belong together, specks and the rest dropped
    line       cropped, and brought to a width that MNIST's pens have
    fitted     at most 20 x 20
    image      centred by mass in 28 x 28

`prepare` goes all the way and returns every stage.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn.functional import interpolate

from .data import INK_BOX, centre_by_mass

SIDE_LIMIT = 400
"""Pictures are taken down to this many pixels a side before anything else: strokes are wide enough then."""

FINE = 8
"""How many dots stand for one pixel of the result, across, while lines are made wider or thinner."""

LINE_WIDTHS = (2.0, 3.4)
"""How wide MNIST's lines mostly are, in pixels of the result: wider and thinner ones are brought there."""

LEAST_CONTRAST = 0.06
"""How far ink must stand out from its paper at least, where 1 is from black to white."""


class Ink(Enum):
    """Whether the ink is darker or lighter than its paper."""

    AUTOMATIC = "automatic"
    DARK = "dark"
    LIGHT = "light"


class NoDigit(ValueError):
    """There is nothing on the picture that could be a digit; the message says what to do."""


@dataclass(frozen=True)
class Settings:
    """Where the steps may go wrong, and one may help.

    ink: see `Ink`. threshold: what share of the strongest ink a stroke must have, 0.1 to 0.9. specks:
    parts smaller than this share of the largest are dropped, 0 to 0.5. line_width: in pixels of the
    result, 1 to 6, or None: only lines outside LINE_WIDTHS are changed. Raises ValueError otherwise.
    """

    ink: Ink = Ink.AUTOMATIC
    threshold: float = 0.4
    specks: float = 0.05
    line_width: float | None = None

    def __post_init__(self) -> None:
        limits = {"threshold": (0.1, 0.9), "specks": (0.0, 0.5), "line_width": (1.0, 6.0)}
        for name, (lowest, highest) in limits.items():
            value = getattr(self, name)
            if value is not None and not lowest <= value <= highest:
                raise ValueError(f"{name} is {value}; it must be from {lowest:g} to {highest:g}.")


@dataclass(frozen=True, eq=False)
class Prepared:
    """Every stage of a digit on its way, float32 in [0, 1], ink light from `ink` on; see the module's head.

    grey, ink, digit: (H, W); line: (h, w), FINE dots a pixel; fitted: at most (20, 20); image: (1, 28, 28).
    light: whether the ink was lighter than the paper. width: of its lines as they were, in pixels of the
    result. dropped: how many other things were left out; cut: whether the digit reaches the picture's edge.
    """

    grey: np.ndarray
    ink: np.ndarray
    digit: np.ndarray
    line: np.ndarray
    fitted: np.ndarray
    image: Tensor
    light: bool
    width: float
    dropped: int
    cut: bool


def prepare(grey: np.ndarray, settings: Settings = Settings()) -> Prepared:
    """Return the digit on `grey`, (H, W) in [0, 1] where 1 is white, brought to MNIST's form, with all stages.

    Raises NoDigit where nothing stands out from the paper, ValueError for another shape or values.
    """
    grey = _checked(grey)
    light = _is_light(grey) if settings.ink is Ink.AUTOMATIC else settings.ink is Ink.LIGHT
    ink = without_rulings(strength(grey, light))
    strokes, dropped, cut = the_digit(ink, settings.threshold, settings.specks)
    digit = np.where(strokes, ink, 0)
    line, width = even_line(digit, settings)
    fitted = fit(line)
    image = centre_by_mass(torch.from_numpy(fitted)[None, None])[0]
    return Prepared(grey, ink, digit, line, fitted, image, light, width, dropped, cut)


def _checked(grey: np.ndarray) -> np.ndarray:
    grey = np.asarray(grey, dtype=np.float32)
    if grey.ndim != 2 or min(grey.shape) < 4:
        raise ValueError(f"A grey picture of at least 4 x 4 pixels is needed; found the shape {grey.shape}.")
    if not np.isfinite(grey).all() or grey.min() < 0 or grey.max() > 1:
        raise ValueError("Grey values must lie in [0, 1].")
    return _resized(grey, SIDE_LIMIT) if max(grey.shape) > SIDE_LIMIT else grey


def _resized(picture: np.ndarray, side: int) -> np.ndarray:
    """Return `picture` with its longer side brought to `side` pixels."""
    shape = [max(1, round(length * side / max(picture.shape))) for length in picture.shape]
    small = interpolate(torch.from_numpy(picture)[None, None], size=shape, mode="bilinear", antialias=True)
    return small[0, 0].clamp(0, 1).numpy()


# --- Ink: what stands out from the paper ----------------------------------------------------------


def paper(grey: np.ndarray, rank: float) -> np.ndarray:
    """Return how bright the paper is at each place: of the surroundings, the pixel at `rank` per cent.

    The surroundings reach a quarter of the picture each way: far beyond a stroke, and near enough to
    follow a lamp's light or a shadow.
    """
    coarse = _resized(grey, 48) if max(grey.shape) > 48 else grey
    around = [max(3, length // 2 | 1) for length in coarse.shape]
    ground = ndimage.percentile_filter(coarse, rank, size=around, mode="nearest")
    ground = ndimage.gaussian_filter(ground, max(coarse.shape) / 12, mode="nearest")
    full = interpolate(torch.from_numpy(ground)[None, None], size=grey.shape, mode="bilinear", align_corners=False)
    return full[0, 0].numpy()


def _is_light(grey: np.ndarray) -> bool:
    """Return whether what stands out is lighter than what is around it: there is less ink than paper."""
    apart = ndimage.gaussian_filter(grey - paper(grey, 50), 1)
    weight = np.sign(apart) * np.maximum(abs(apart) - abs(apart).max() / 4, 0)
    return float(weight.sum()) > 0


def strength(grey: np.ndarray, light: bool) -> np.ndarray:
    """Return how strong the ink is at each pixel, (H, W) in [0, 1], 0 on paper. Raises NoDigit where there is none."""
    ground = paper(grey, 30 if light else 70)
    apart = (grey - ground) / np.maximum(1 - ground, 0.3) if light else (ground - grey) / np.maximum(ground, 0.3)
    if min(grey.shape) >= 100:
        apart = ndimage.median_filter(apart, 3)  # the grain of a camera
    noise = 1.4826 * float(np.median(abs(apart - np.median(apart))))
    few = max(4, apart.size // 500)  # the strongest ink: what a thin pen leaves at least
    top = float(np.sort(apart, axis=None)[-few:].mean())
    if top < max(LEAST_CONTRAST, 4 * noise):
        raise NoDigit("Nothing stands out from the paper. Draw with a thicker or darker pen, or come closer.")
    ink: np.ndarray = np.clip((apart - 2 * noise) / (top - 2 * noise), 0, 1).astype(np.float32)
    return ink


def without_rulings(ink: np.ndarray) -> np.ndarray:
    """Return the ink without the straight lines all across the picture of squared or ruled paper, turned up to 7°."""
    return _without_rows(_without_rows(ink).T).T


def _without_rows(ink: np.ndarray) -> np.ndarray:
    height, width = ink.shape
    if min(height, width) < 60:
        return ink  # too coarse to tell a ruling from a stroke
    columns, rows = np.arange(width), np.arange(height)[:, None]
    few, edge = columns[::3], max(1, width // 100)

    def level(slope: float) -> np.ndarray:
        """How strong a line of this slope is at each height: what 70 % of its pixels reach, and both its ends."""
        along = ink[np.clip(rows + np.rint(slope * (few - width / 2)).astype(int), 0, height - 1), few]
        ends = np.minimum(along[:, :edge].max(axis=1), along[:, -edge:].max(axis=1))
        reached: np.ndarray = np.minimum(np.quantile(along, 0.3, axis=1), ends)
        return reached

    slopes = np.linspace(-0.12, 0.12, 41)
    levels = [level(slope) for slope in slopes]
    best = int(np.argmax([np.square(each).sum() for each in levels]))
    ruling = ndimage.maximum_filter1d(levels[best], 5)
    if ruling.max() < 0.05:
        return ink
    back = np.clip(rows - np.rint(slopes[best] * (columns - width / 2)).astype(int), 0, height - 1)
    ruled = ruling[back]
    return np.where(ink > ruled + 0.25, ink, np.maximum(ink - 1.5 * ruled, 0)).astype(np.float32)


# --- Digit: what belongs together -----------------------------------------------------------------


def the_digit(ink: np.ndarray, threshold: float, specks: float) -> tuple[np.ndarray, int, bool]:
    """Return which pixels are the digit's, (H, W) bool, how many other things were left out, and whether it is cut off.

    A stroke has ink over `threshold` somewhere, and goes on where there is half of that. The digit is
    the largest thing with what lies near it; things at the picture's edge count only if there are no others.
    """
    parts, count = ndimage.label(ink > threshold / 2, structure=np.ones((3, 3)))
    labels = np.arange(1, count + 1)
    strongest = ndimage.maximum(ink, parts, labels)
    sizes = ndimage.sum_labels(ink > threshold / 2, parts, labels)
    boxes = ndimage.find_objects(parts)
    strokes = [k for k in range(count) if strongest[k] > threshold]
    if not strokes:
        raise NoDigit("No ink is strong enough to count. Lower the threshold, or write with a darker pen.")
    inside = [k for k in strokes if not _touches(boxes[k], ink.shape)]
    tall = max(ink.shape) / 10
    if any(_extent(boxes[k]) >= tall for k in inside):
        strokes = inside
    main = max(strokes, key=lambda k: _extent(boxes[k]) * sizes[k] ** 0.5)
    reach = _extent(boxes[main]) / 4
    mine = [k for k in strokes if sizes[k] >= specks * sizes[main] and _gap(boxes[k], boxes[main]) <= reach]
    others = [k for k in strokes if k not in mine and sizes[k] >= max(specks, 0.1) * sizes[main]]
    cut = any(_touches(boxes[k], ink.shape) for k in mine)
    return np.isin(parts, labels[mine]), len(others), cut


def _touches(box: tuple[slice, slice], shape: tuple[int, int]) -> bool:
    return any(side.start == 0 or side.stop == length for side, length in zip(box, shape, strict=True))


def _extent(box: tuple[slice, slice]) -> int:
    return max(int(side.stop - side.start) for side in box)


def _gap(box: tuple[slice, slice], other: tuple[slice, slice]) -> int:
    """Return how far apart two boxes are, 0 where they overlap."""
    return max(max(int(a.start - b.stop), int(b.start - a.stop), 0) for a, b in zip(box, other, strict=True))


# --- Line and fit: as MNIST was made --------------------------------------------------------------


def even_line(ink: np.ndarray, settings: Settings) -> tuple[np.ndarray, float]:
    """Return the digit cropped, FINE dots a pixel of the result, its lines made even; and their width before.

    The width is four times the mean distance of a stroke's dots from its edge, in pixels of the result.
    """
    side = INK_BOX * FINE
    fine = ndimage.gaussian_filter(_resized(_cropped(ink), side), FINE / 4)
    strokes = np.pad(fine > settings.threshold * fine.max(), side // 4)
    if not strokes.any():
        raise NoDigit("The ink is only a speck. Draw larger, or come closer.")
    inner = ndimage.distance_transform_edt(strokes)
    width = float(4 * (inner[strokes] - 0.5).mean() / FINE)
    wanted = settings.line_width or float(np.clip(width, *LINE_WIDTHS))
    change = (wanted - width) / 2 * FINE
    if change > 0:
        strokes = ndimage.distance_transform_edt(~strokes) <= change
    elif change < 0:
        strokes = _thinned(strokes, inner, -change)
    return _cropped(strokes.astype(np.float32)), width


def _thinned(strokes: np.ndarray, inner: np.ndarray, by: float) -> np.ndarray:
    """Return the strokes without a rim as wide as `by`; where they are thinner than that, their middle stays."""
    middle: np.ndarray = inner >= ndimage.maximum_filter(inner, 3) - 0.5
    return strokes & ((inner > by) | (middle & (inner > 1)))


def _cropped(ink: np.ndarray) -> np.ndarray:
    inked = ink > 0
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def fit(line: np.ndarray) -> np.ndarray:
    """Return the digit with its longer side brought to 20 pixels, and its strongest ink to 1."""
    fitted = _resized(line, INK_BOX)
    fitted /= fitted.max()
    return fitted
