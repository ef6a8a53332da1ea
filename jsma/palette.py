"""The colours of meaning: one palette for the stage, for charts and for pictures, in light and dark.

It stands in palette.css alone, which the stage takes as it is; Python reads it here.
"""

import re
from pathlib import Path

FILE = Path(__file__).with_name("palette.css")


def _colours() -> dict[str, dict[str, str]]:
    light, dark = re.findall(r"\{(.*?)\}", FILE.read_text(encoding="utf-8"), re.DOTALL)
    return {
        theme: dict(re.findall(r"--([\w-]+): ([^;]+);", block)) for theme, block in (("light", light), ("dark", dark))
    }


COLOURS = _colours()
"""By theme, "light" or "dark", and by name in the palette: a colour, or several with blanks between."""


def shades(theme: str, name: str) -> list[str]:
    """Return the colours of a scale, as "diverging" (below zero, zero, above) or "amount" (from none to most)."""
    return COLOURS[theme][name].split()


def rgb(colour: str) -> tuple[int, int, int]:
    """Return #rrggbb as red, green and blue, 0 to 255."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return red, green, blue


def variables() -> str:
    """Return a style in which every single colour is the variable --jsma-NAME of a page that is light or dark."""
    light, dark = COLOURS["light"], COLOURS["dark"]
    single = (name for name, colour in light.items() if re.fullmatch(r"#[0-9a-f]{6}", colour))
    return f":root {{ {' '.join(f'--jsma-{name}: light-dark({light[name]}, {dark[name]});' for name in single)} }}"
