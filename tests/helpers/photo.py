"""A made photo of a digit as a browser sends it."""

import io

import numpy as np
from PIL import Image

from benchmarks.made_photos import VARIANTS, draw


def photo(digit: int, name: str = "photo.png") -> dict[str, object]:
    """Return a PNG of a digit drawn on paper, in the form that Playwright's set_input_files takes."""
    packed = io.BytesIO()
    Image.fromarray((255 * draw(digit, VARIANTS[18])).astype(np.uint8)).save(packed, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": packed.getvalue()}
