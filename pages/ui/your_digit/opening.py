"""Opening a picture that somebody sends: nothing is decoded before its kind and size are known to be harmless."""

import io
from threading import BoundedSemaphore
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from jsma.handwriting import SIDE_LIMIT

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_BYTES = 5_000_000
MOST_PIXELS = 25_000_000
"""Enough for a telephone's photo; some hundred megabytes while it is decoded."""

LEAST_SIDE, MOST_SIDE = 12, 12_000

AT_MOST = (
    f"at most {MOST_PIXELS // 1_000_000} million pixels in all and {MOST_SIDE:,} a side can be taken. "
    "Make it smaller, or cut out the digit."
)

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
        raise Refused(f"The file has {len(data) / 1e6:.1f} MB; at most 5 MB can be taken. Save it smaller.")
    try:
        with _ONE_AT_A_TIME, Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            return _opened(picture)
    except Refused:
        raise
    except Image.DecompressionBombError as bomb:  # Pillow's own limit comes first, at seven times ours
        raise Refused(f"The picture is far too large: {AT_MOST}") from bomb
    except Exception as damage:  # what a damaged file makes Pillow raise depends on where the damage is
        raise Refused(
            "This is not a whole PNG, JPEG or WebP picture. If it came from elsewhere, fetch it again; "
            "a photo in another format (HEIC, GIF, PDF) can be saved as JPEG first."
        ) from damage


def _opened(picture: Image.Image) -> Opened:
    _check_size(*picture.size)
    moving = getattr(picture, "is_animated", False)
    picture.draft("RGB", (2 * SIDE_LIMIT, 2 * SIDE_LIMIT))  # a JPEG is decoded smaller in the first place
    picture.load()
    if picture.mode.startswith("I") or picture.mode == "F":  # 16 bits: Pillow's own conversion would cut them off
        picture = Image.fromarray((np.asarray(picture, dtype=np.float64) / 257).clip(0, 255).astype(np.uint8))
    picture.thumbnail((2 * SIDE_LIMIT, 2 * SIDE_LIMIT))
    upright = ImageOps.exif_transpose(picture)
    grey = _on_paper(upright)
    grey.thumbnail((SIDE_LIMIT, SIDE_LIMIT))
    if min(grey.size) < 4:
        raise Refused("The picture is a strip, far longer than wide. Cut out the digit and send that.")
    remark = "Only the first picture of this animation is used." if moving else ""
    return Opened(np.asarray(grey, dtype=np.float32) / 255, remark)


def _check_size(width: int, height: int) -> None:
    size = f"{width:,} × {height:,} pixels"
    if min(width, height) < LEAST_SIDE:
        raise Refused(f"The picture has {size}; at least {LEAST_SIDE} each way are needed to see a digit.")
    if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
        raise Refused(f"The picture has {size}: {AT_MOST}")


def _on_paper(picture: Image.Image) -> Image.Image:
    """Return the picture in grey; what is transparent becomes white paper, or black where the rest is light."""
    if "transparency" not in picture.info and picture.mode not in ("LA", "La", "PA", "RGBA", "RGBa"):
        return picture.convert("L")
    grey, alpha = picture.convert("RGBA").convert("LA").split()
    seen = np.asarray(grey)[np.asarray(alpha) > 127]
    paper = Image.new("L", grey.size, 0 if seen.size and seen.mean() > 127 else 255)
    paper.paste(grey, mask=alpha)
    return paper
