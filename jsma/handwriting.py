"""Preprocessing of a picture of a handwritten digit into MNIST's format: white on black, 20 x 20 centred in 28 x 28.

MNIST's authors had clean scans. Here the input may be a drawing, or a photo of squared paper in bad light, so
the ink is segmented first. The stages:

    grey       the input, reduced to at most SIDE_LIMIT pixels a side
    ink        the contrast of each pixel with the paper around it, without the ruling of the paper
    digit      the ink of the strokes that form the digit, without specks and other objects
    line       cropped, with a line width as in MNIST
    fitted     scaled to at most 20 x 20
    image      centred by its centre of mass in 28 x 28

`prepare` carries out all stages and returns their results.
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
"""Larger pictures are first reduced to this many pixels on their longer side, which is enough for thin strokes."""

FINE = 8
"""The resolution at which the line width is changed, in subpixels per pixel of the result."""

LINE_WIDTHS = (2.0, 3.4)
"""The range of line widths in MNIST, in pixels of the result; other widths are changed to its nearer end."""

LEAST_CONTRAST = 0.06
"""The smallest contrast of ink and paper that is accepted; 1 is that of black and white."""


class Ink(Enum):
    """Whether the ink is darker or lighter than the paper."""

    AUTOMATIC = "automatic"
    DARK = "dark"
    LIGHT = "light"


class NoDigit(ValueError):
    """The picture contains nothing that could be a digit; the message says what to do."""


@dataclass(frozen=True)
class Settings:
    """The parameters of `prepare`, for pictures on which the defaults fail.

    ink: see `Ink`. threshold: the smallest contrast of a stroke, as a share of the largest, 0.1 to 0.9. specks:
    parts smaller than this share of the digit are removed, 0 to 0.5. line_width: in pixels of the result, 1 to 6;
    None changes only widths outside LINE_WIDTHS. Raises ValueError for other values.
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
    """The results of all stages (see the top of this module), float32 in [0, 1]; from `ink` on, 1 is ink.

    grey, ink, digit: (H, W); line: (h, w), FINE subpixels per pixel; fitted: at most (20, 20); image: (1, 28, 28).
    light: whether the ink was lighter than the paper. width: the original line width, in pixels of the result.
    dropped: the number of other objects that were removed; cut: whether the digit touches the edge of the picture.
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
    """Return the digit in the picture `grey`, (H, W) in [0, 1] with 1 for white, in MNIST's format, with all stages.

    Raises NoDigit if nothing has enough contrast with the paper, ValueError for another shape or other values.
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
    """Return `picture` resized so that its longer side has `side` pixels."""
    shape = [max(1, round(length * side / max(picture.shape))) for length in picture.shape]
    small = interpolate(torch.from_numpy(picture)[None, None], size=shape, mode="bilinear", antialias=True)
    return small[0, 0].clamp(0, 1).numpy()


# --- Ink: contrast with the paper -----------------------------------------------------------------


def paper(grey: np.ndarray, rank: float) -> np.ndarray:
    """Return the brightness of the paper at each pixel, (H, W): the `rank`-th percentile of a window around it.

    The window is half the picture wide and high: much larger than a stroke, and small enough to follow uneven light
    and shadows.
    """
    coarse = _resized(grey, 48) if max(grey.shape) > 48 else grey
    window = [max(3, length // 2 | 1) for length in coarse.shape]
    ground = ndimage.percentile_filter(coarse, rank, size=window, mode="nearest")
    ground = ndimage.gaussian_filter(ground, max(coarse.shape) / 12, mode="nearest")
    full = interpolate(torch.from_numpy(ground)[None, None], size=grey.shape, mode="bilinear", align_corners=False)
    return full[0, 0].numpy()


def _is_light(grey: np.ndarray) -> bool:
    """Return whether the ink is lighter than the paper: the sign of the sum of all strong contrasts with the median."""
    contrast = ndimage.gaussian_filter(grey - paper(grey, 50), 1)
    weight = np.sign(contrast) * np.maximum(abs(contrast) - abs(contrast).max() / 4, 0)
    return float(weight.sum()) > 0


def strength(grey: np.ndarray, light: bool) -> np.ndarray:
    """Return the contrast of each pixel with the paper, (H, W) in [0, 1], 0 for paper. Raises NoDigit for no ink."""
    ground = paper(grey, 30 if light else 70)
    contrast = (grey - ground) / np.maximum(1 - ground, 0.3) if light else (ground - grey) / np.maximum(ground, 0.3)
    if min(grey.shape) >= 100:
        contrast = ndimage.median_filter(contrast, 3)  # removes the camera's noise
    noise = 1.4826 * float(np.median(abs(contrast - np.median(contrast))))  # robust standard deviation
    count = max(4, contrast.size // 500)  # at least as many pixels as a thin pen draws
    top = float(np.sort(contrast, axis=None)[-count:].mean())
    if top < max(LEAST_CONTRAST, 4 * noise):
        raise NoDigit("No ink was found on the paper. Draw with a thicker or darker pen, or move the camera closer.")
    ink: np.ndarray = np.clip((contrast - 2 * noise) / (top - 2 * noise), 0, 1).astype(np.float32)
    return ink


def without_rulings(ink: np.ndarray) -> np.ndarray:
    """Return the ink without the ruling: straight lines across the whole picture, in both axes, rotated by up to 7°."""
    return _without_rows(_without_rows(ink).T).T


def _without_rows(ink: np.ndarray) -> np.ndarray:
    """Return the ink without the nearly horizontal lines of a ruling."""
    height, width = ink.shape
    if min(height, width) < 60:
        return ink  # too coarse to distinguish a ruling from a stroke
    columns, rows = np.arange(width), np.arange(height)[:, None]
    sampled, edge = columns[::3], max(1, width // 100)

    def level(slope: float) -> np.ndarray:
        """Return the strength of a line of this slope at each height: the ink that 70 % of it and both ends reach."""
        along = ink[np.clip(rows + np.rint(slope * (sampled - width / 2)).astype(int), 0, height - 1), sampled]
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


# --- Digit: the connected parts that form it ------------------------------------------------------


def the_digit(ink: np.ndarray, threshold: float, specks: float) -> tuple[np.ndarray, int, bool]:
    """Return the pixels of the digit, (H, W) bool, the number of other objects removed, and whether it is cut off.

    A stroke is a connected part with ink above `threshold / 2` everywhere and above `threshold` somewhere. The digit is
    the largest stroke and those near it; strokes that touch the picture's edge count only if there are no others.
    """
    parts, count = ndimage.label(ink > threshold / 2, structure=np.ones((3, 3)))
    labels = np.arange(1, count + 1)
    strongest = ndimage.maximum(ink, parts, labels)
    sizes = ndimage.sum_labels(ink > threshold / 2, parts, labels)
    boxes = ndimage.find_objects(parts)
    strokes = [k for k in range(count) if strongest[k] > threshold]
    if not strokes:
        raise NoDigit("No ink is above the threshold. Lower the threshold, or write with a darker pen.")
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
    """Return the distance of two boxes, 0 if they overlap."""
    return max(max(int(a.start - b.stop), int(b.start - a.stop), 0) for a, b in zip(box, other, strict=True))


# --- Line and fit: as in MNIST --------------------------------------------------------------------


def even_line(ink: np.ndarray, settings: Settings) -> tuple[np.ndarray, float]:
    """Return the digit, cropped, at FINE subpixels per pixel, with an even line width, and the width before.

    The width is estimated as four times the mean distance of a stroke's subpixels from its edge; in pixels of the
    result. Raises NoDigit if the ink is only a speck.
    """
    side = INK_BOX * FINE
    fine = ndimage.gaussian_filter(_resized(_cropped(ink), side), FINE / 4)
    strokes = np.pad(fine > settings.threshold * fine.max(), side // 4)
    if not strokes.any():
        raise NoDigit("The ink is only a small spot. Draw larger, or move the camera closer.")
    depth = ndimage.distance_transform_edt(strokes)
    width = float(4 * (depth[strokes] - 0.5).mean() / FINE)
    wanted = settings.line_width or float(np.clip(width, *LINE_WIDTHS))
    change = (wanted - width) / 2 * FINE
    if change > 0:
        strokes = ndimage.distance_transform_edt(~strokes) <= change
    elif change < 0:
        strokes = _thinned(strokes, depth, -change)
    return _cropped(strokes.astype(np.float32)), width


def _thinned(strokes: np.ndarray, depth: np.ndarray, by: float) -> np.ndarray:
    """Return the strokes eroded by `by`, but never more than to their centre line; depth: distance from the edge."""
    centre: np.ndarray = depth >= ndimage.maximum_filter(depth, 3) - 0.5
    return strokes & ((depth > by) | (centre & (depth > 1)))


def _cropped(ink: np.ndarray) -> np.ndarray:
    inked = ink > 0
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def fit(line: np.ndarray) -> np.ndarray:
    """Return the digit scaled to 20 pixels on its longer side and to a maximum of 1."""
    fitted = _resized(line, INK_BOX)
    fitted /= fitted.max()
    return fitted
