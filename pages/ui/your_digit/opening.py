"""Opening a picture that somebody sends: nothing is decoded before its kind and size are known to be harmless."""

import io
from threading import BoundedSemaphore
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps
from scipy import ndimage

from jsma.handwriting import SIDE_LIMIT
from pages.ui.uploads import MOST_MEGABYTES

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_BYTES = MOST_MEGABYTES << 20
MOST_PIXELS, MOST_PIXELS_OF_JPEG = 25_000_000, 50_000_000
"""Enough for a telephone's photo; some hundred megabytes while it is decoded. A JPEG is decoded smaller."""

LEAST_SIDE, MOST_SIDE = 12, 12_000

HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
HEIC = (
    "This is a HEIC photo, as iPhones take them, which cannot be opened here. Export it as JPEG and send that, or set "
    "Settings, Camera, Formats to “Most Compatible” and take it again."
)

OTHER_KINDS = {b"GIF8": "a GIF", b"BM": "a BMP", b"%PDF": "a PDF", b"II*\0": "a TIFF or raw photo", b"MM\0*": "a TIFF"}
"""What files of other kinds begin with, and what they are."""

RIM = 3
"""How many pixels beside transparent ones tell what these stand for: the last one may be a mixture."""

PAGE_INK, CUT_OUT_INK = (0.002, 0.12), (0.2, 0.5)
"""What share of the pixels that show differs from the rim, and by how much, of 1, where the rim is paper, they ink:
on a page, and on paper that is cut out along the strokes."""

_ONE_AT_A_TIME = BoundedSemaphore(1)
"""Held while a picture is decoded: a class that sends its photos together needs the memory of one."""


class Refused(ValueError):
    """The picture cannot be used; the message says why, and what to do."""


class Opened(NamedTuple):
    """A picture in grey, (H, W) float32 in [0, 1], at most SIDE_LIMIT a side; and what the sender should know of it."""

    grey: np.ndarray
    remark: str


def open_picture(data: bytes) -> Opened:
    """Return the picture in `data`, a whole PNG, JPEG or WebP file, upright and in grey.

    Of an animation the first frame is taken; what is transparent becomes paper. Raises Refused for
    everything that is not such a file, is damaged, too large or too small.
    """
    if not data:
        raise Refused("The file is empty. Choose another one.")
    if len(data) > MOST_BYTES:
        raise Refused(
            f"The file has {len(data) / 2**20:.1f} MB; at most {MOST_MEGABYTES} MB can be taken. Save it smaller."
        )
    try:
        with _ONE_AT_A_TIME, Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            return _opened(picture)
    except Refused:
        raise
    except Image.DecompressionBombError as bomb:  # Pillow's own limit comes first, at seven times ours
        raise Refused(f"The picture is far too large: {_at_most(MOST_PIXELS)}") from bomb
    except Exception as damage:  # what a damaged file makes Pillow raise depends on where the damage is
        raise Refused(_kind_refused(data)) from damage


def _kind_refused(data: bytes) -> str:
    """Return what to do with a file that is no picture of FORMATS, or not a whole one."""
    if data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS:
        return HEIC
    kind = next((kind for beginning, kind in OTHER_KINDS.items() if data.startswith(beginning)), None)
    if kind:
        return f"This is {kind}, not a PNG, JPEG or WebP picture. Save it as JPEG, and send that."
    return "This is not a whole PNG, JPEG or WebP picture. If you downloaded it, download it again, or save it as JPEG."


def _opened(picture: Image.Image) -> Opened:
    _check_size(*picture.size, MOST_PIXELS_OF_JPEG if picture.format == "JPEG" else MOST_PIXELS)
    moving = getattr(picture, "is_animated", False)
    picture.draft("RGB", (2 * SIDE_LIMIT, 2 * SIDE_LIMIT))  # a JPEG is decoded smaller in the first place
    picture.load()
    if "transparency" in picture.info:  # one colour stands for it, which would be lost among others when made smaller
        picture = picture.convert("RGBA")
    if picture.mode.startswith("I") or picture.mode == "F":  # 16 bits: Pillow's own conversion would cut them off
        picture = Image.fromarray((np.asarray(picture, dtype=np.float64) / 257).clip(0, 255).astype(np.uint8))
    picture.thumbnail((2 * SIDE_LIMIT, 2 * SIDE_LIMIT))
    upright = ImageOps.exif_transpose(picture)
    grey = _on_paper(upright)
    grey.thumbnail((SIDE_LIMIT, SIDE_LIMIT))
    if min(grey.size) < 4:
        raise Refused("The picture is far longer than wide. Cut out the digit and send that.")
    remark = "Only the first picture of this animation is used." if moving else ""
    return Opened(np.asarray(grey, dtype=np.float32) / 255, remark)


def _check_size(width: int, height: int, most: int) -> None:
    size = f"{width:,} × {height:,} pixels"
    if min(width, height) < LEAST_SIDE:
        raise Refused(f"The picture has {size}; at least {LEAST_SIDE} each way are needed to see a digit.")
    if width * height > most or max(width, height) > MOST_SIDE:
        raise Refused(f"The picture has {size}: {_at_most(most)}")


def _at_most(pixels: int) -> str:
    return (
        f"at most {pixels // 1_000_000} million pixels in all and {MOST_SIDE:,} a side can be taken. "
        "Make it smaller, or cut out the digit."
    )


def _on_paper(picture: Image.Image) -> Image.Image:
    """Return the picture in grey; what is transparent becomes paper, and what shows most is taken as opaque."""
    if picture.mode not in ("LA", "La", "PA", "RGBA", "RGBa"):
        return picture.convert("L")
    grey, alpha = (np.asarray(band, dtype=np.float32) for band in picture.convert("RGBA").convert("LA").split())
    if not alpha.any():
        return Image.new("L", picture.size, 255)
    alpha = alpha / alpha.max()
    blended = alpha * grey + (1 - alpha) * _paper(grey, alpha > 0.5)
    return Image.fromarray(blended.round().astype(np.uint8))


def _paper(grey: np.ndarray, seen: np.ndarray) -> np.ndarray | float:
    """Return how bright the paper is, 0 to 255, everywhere in a picture (H, W) that shows where `seen`, (H, W) bool.

    What shows may be a page with ink on it, which mostly fills its frame: then its rim is paper, and goes on beyond it.
    Else it is ink without paper, all of it about equally bright: the paper is white, or black where the ink is light.
    """
    inside = ndimage.binary_erosion(seen, iterations=RIM, border_value=1)
    rim = seen & ~inside if not seen.all() else seen
    middle = float(np.median(grey[rim]))
    frame = seen[np.ix_(seen.any(axis=1), seen.any(axis=0))]
    share, least = PAGE_INK if frame.mean() > 0.5 else CUT_OUT_INK
    if np.quantile(abs(grey[seen] - middle), 1 - share) < 255 * least:
        return 0 if np.median(grey[seen]) > 127 else 255
    known = inside if inside.any() else seen
    nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    paper: np.ndarray = ndimage.median_filter(np.where(seen, grey, middle), 2 * RIM + 1)[tuple(nearest)]
    return paper
