"""Pictures of weights and feature maps: blue below zero, orange above, in one scale for all maps of a picture."""

import math

import numpy as np
from torch import Tensor

from jsma.palette import coloured

WIDTH = 960
"""About how wide a sheet is drawn, in screen pixels; the browser makes it smaller where there is less room."""


def sheet(maps: Tensor, theme: str, square: bool = False) -> np.ndarray:
    """Return maps (K, H, W) side by side in rows, as uint8 (height, width, 4), the gaps between them transparent.

    theme: "light" or "dark". square: as many rows as columns, if possible, rather than a third.
    """
    count, height, width = maps.shape
    columns = _columns(count, 1 if square else 3)
    gap = max(1, round(width / 8))
    cells = np.zeros((math.ceil(count / columns) * columns, height + gap, width + gap, 4), np.uint8)
    values, limit = maps.numpy(), max(float(maps.abs().max()), 1e-12)
    cells[:count, :height, :width, :3] = coloured(values, theme, "diverging", -limit, limit)
    cells[:count, :height, :width, 3] = 255
    rows = cells.reshape(-1, columns, height + gap, width + gap, 4).transpose(0, 2, 1, 3, 4)
    whole = rows.reshape(len(rows) * (height + gap), columns * (width + gap), 4)[:-gap, :-gap]
    scale = max(1, WIDTH // whole.shape[1])
    return whole.repeat(scale, 0).repeat(scale, 1)


def _columns(count: int, to_rows: int) -> int:
    """Return how many maps stand in a row: at least `to_rows` times as many as there are rows, and all rows full."""
    about = min(count, math.ceil(math.sqrt(to_rows * count)))
    return next(columns for columns in range(about, count + 1) if count % columns == 0)
