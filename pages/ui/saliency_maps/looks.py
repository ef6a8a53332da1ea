"""How the maps look: their pictures and scales, and their lines in charts."""

from urllib.parse import quote

import numpy as np
from torch import Tensor

from jsma.explanations import MAPS
from jsma.palette import coloured, shades
from pages.ui.formatting import number
from pages.ui.saliency_maps.computing import RANDOM
from pages.ui.shared.comparison.methods import looks, sign

SCALE = 8
"""How many pixels of the picture a pixel of a map gets in each direction."""

ATTACK = "#5a5aff"

LINES = {name: (ATTACK if MAPS[name].attacks else colour, mark) for name, (colour, mark) in looks(MAPS).items()}
"""The colour and the mark of each map's line."""

LABELS = {name: entry.label for name, entry in MAPS.items()} | {RANDOM: "Random order"}


def ends(values: Tensor, signed: bool) -> tuple[float, float]:
    """Return the values at the ends of a map's scale: zero is in the middle of a signed one, else at the left."""
    largest = float(values.abs().max())
    return (-largest if signed else 0.0), largest


def picture(values: Tensor, signed: bool, theme: str) -> np.ndarray:
    """Return a map (1, H, W) on a scale of its own, as uint8 (H * SCALE, W * SCALE, 3)."""
    colours = coloured(values[0].numpy(), theme, "diverging" if signed else "amount", *ends(values, signed))
    return colours.repeat(SCALE, 0).repeat(SCALE, 1)


def scale(values: Tensor, signed: bool, theme: str) -> str:
    """Return the scale of a map as HTML: a strip of its colours between the values at its ends."""
    colours = ", ".join(shades(theme, "diverging" if signed else "amount"))
    low, high = (number(end) if end else "0" for end in ends(values, signed))
    return (
        f'<div class="map-scale"><span>{low}</span><i style="background: linear-gradient(to right, {colours})"></i>'
        f"<span>{high}</span></div>"
    )


def largest(values: Tensor) -> str:
    """Return where the largest value of a map (1, H, W) is."""
    row, column = divmod(int(values.argmax()), values.shape[2])
    return f"row {row}, column {column}"


def line_sign(name: str) -> str:
    """Return the line and mark of a map as SVG; that of random numbers has no mark."""
    return sign(*LINES[name]) if name in LINES else sign("#808080", "M0,0", (4, 3))


def legend(names: list[str]) -> str:
    """Return HTML that names the lines of the maps, each behind its line and mark."""
    signs = (f'<img src="data:image/svg+xml,{quote(line_sign(name))}" alt="">' for name in names)
    items = "".join(f"<li>{sign} {LABELS[name]}</li>" for sign, name in zip(signs, names, strict=True))
    look = "display: flex; flex-wrap: wrap; gap: 4px 24px; margin: 0; padding: 0; list-style: none"
    return f'<ul style="{look}">{items}</ul>'
