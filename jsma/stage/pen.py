"""Drawing on a picture with the palette of the stage: words, boxes, rings, pixels. Lengths are CSS pixels."""

from functools import cache
from typing import Any

import numpy as np

from ..palette import COLOURS

COLOUR = COLOURS["light"]
"""Pictures to take along have a white background, as paper has."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


class Pen:
    """A white picture, `image` of Pillow, of `width` by `height` CSS pixels, each as wide as `scale` of its pixels."""

    def __init__(self, width: int, height: int, scale: int):
        from PIL import Image, ImageDraw  # imported here, since few need it

        self.scale = scale
        self.image = Image.new("RGB", (width * scale, height * scale), COLOUR["paper"])
        self._draw = ImageDraw.Draw(self.image)

    def write(
        self, x: float, y: float, words: str, size: int, colour: str, weight: str = "", at: str = "l", halo: int = 0
    ) -> float:
        """Write on the baseline y and return where the words end.

        weight: "" or "Bold"; at: whether x is the left end, the middle or the right end, "l", "m" or "r"; halo: the
        width of a black edge around the letters.
        """
        font = _font(weight, size * self.scale)
        place, edge = (x * self.scale, y * self.scale), halo * self.scale
        self._draw.text(place, words, colour, font, anchor=f"{at}s", stroke_width=edge, stroke_fill="#000000")
        return x + float(font.getlength(words)) / self.scale

    def fill(self, box: Box, colour: str, radius: float = 0) -> None:
        """Fill a box, whose right and bottom edge are outside."""
        left, top, right, bottom = self._scaled(box)
        if right > left and bottom > top:
            self._draw.rounded_rectangle((left, top, right - 1, bottom - 1), radius * self.scale, colour)

    def outline(self, box: Box, stroke: float, colour: str, radius: float = 0) -> None:
        """Draw the inner edge of a box."""
        left, top, right, bottom = self._scaled(box)
        edge = (left, top, right - 1, bottom - 1)
        self._draw.rounded_rectangle(edge, radius * self.scale, None, colour, round(stroke * self.scale))

    def pixels(self, colours: np.ndarray, box: Box) -> None:
        """Fill a box with pixels (H, W, 3), uint8; they stay sharp."""
        from PIL import Image

        left, top, right, bottom = self._scaled(box)
        self.image.paste(
            Image.fromarray(colours).resize((right - left, bottom - top), Image.Resampling.NEAREST), (left, top)
        )

    def _scaled(self, box: Box) -> tuple[int, int, int, int]:
        left, top, right, bottom = (round(length * self.scale) for length in box)
        return left, top, right, bottom


def lines(words: str, size: int, width: float) -> list[str]:
    """Return the words broken into lines that are at most so wide, in CSS pixels."""
    done: list[str] = []
    for word in words.split(" "):
        longer = f"{done[-1]} {word}" if done else word
        if done and _font("", size).getlength(longer) <= width:
            done[-1] = longer
        else:
            done.append(word)
    return done


@cache
def _font(weight: str, size: int) -> Any:
    """Return a font that every installation has, since matplotlib brings it."""
    from matplotlib import get_data_path
    from PIL import ImageFont

    return ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSans{weight and '-'}{weight}.ttf", size)
