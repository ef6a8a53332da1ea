"""The palette: the colours of the stage, of charts and of pictures, in a light and a dark theme.

The colours are defined in palette.css only. The stage includes this file; Python parses it here.
"""

import re
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("palette.css")


def _colours() -> dict[str, dict[str, str]]:
    light, dark = re.findall(r"\{(.*?)\}", FILE.read_text(encoding="utf-8"), re.DOTALL)
    return {
        theme: dict(re.findall(r"--([\w-]+): ([^;]+);", block)) for theme, block in (("light", light), ("dark", dark))
    }


COLOURS = _colours()
"""By theme, "light" or "dark", and by name: one colour, or several separated by spaces."""


def shades(theme: str, name: str) -> list[str]:
    """Return the colours of a scale: "diverging" (below zero, zero, above) or "amount" (from zero to the largest)."""
    return COLOURS[theme][name].split()


def coloured(values: np.ndarray, theme: str, scale: str, low: float, high: float) -> np.ndarray:
    """Return the colours of values (...) as uint8 (..., 3): the first colour of the scale at `low`, the last at `high`.

    theme: "light" or "dark"; scale: "diverging" or "amount" (see `shades`).
    """
    stops = np.array([rgb(stop) for stop in shades(theme, scale)], float)
    places = (values - low) / max(high - low, 1e-12) * (len(stops) - 1)
    channels = [np.interp(places, range(len(stops)), stops[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def rgb(colour: str) -> tuple[int, int, int]:
    """Return #rrggbb as red, green and blue, 0 to 255."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return red, green, blue


def variables() -> str:
    """Return CSS that defines every single colour as a variable --jsma-NAME, by the theme of the page."""
    light, dark = COLOURS["light"], COLOURS["dark"]
    single = (name for name, colour in light.items() if re.fullmatch(r"#[0-9a-f]{6}", colour))
    return f":root {{ {' '.join(f'--jsma-{name}: light-dark({light[name]}, {dark[name]});' for name in single)} }}"
