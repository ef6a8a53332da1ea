"""Export of an attack: its image as colours, a table of its steps; and a picture of a grid of attacks."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .attack import Result, Step
from .palette import COLOURS, rgb
from .stop import Stop

ON_WHITE = COLOURS["light"]
"""Exported pictures have a white background; the digits in them are white on black."""

TINT = rgb(ON_WHITE["tint"])
"""The colour of changed pixels (red, green, blue) at full brightness."""

SOURCE, TARGET = ON_WHITE["source"], ON_WHITE["target"]
"""The colours of source and target."""


def picture(image: Tensor, original: Tensor, scale: int = 1) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return a grey image (1, H, W) as uint8 (H * scale, W * scale, 3), with pixels that differ from `original` tinted.

    Raises ValueError for an image of another shape.
    """
    if image.ndim != 3 or image.shape[0] != 1:
        raise ValueError(f"A grey image (1, H, W) is needed; found {tuple(image.shape)}.")
    value = image[0][..., None].double()
    tinted = torch.tensor(TINT, dtype=torch.float64) * (0.4 + 0.6 * value)
    colours = torch.where((image != original)[0][..., None], tinted, 14 + 241 * value)
    pixels: np.ndarray[Any, np.dtype[np.uint8]] = colours.round().byte().numpy()  # (H, W, 3)
    return pixels.repeat(scale, axis=0).repeat(scale, axis=1)


def grid_png(
    originals: Tensor,
    results: Sequence[Result],
    title: str = "",
    scale: int = 3,
    reads: Sequence[Sequence[int]] | None = None,
) -> bytes:
    """Return a PNG of attacks on one image of every class: sources as rows, targets as columns, with labels.

    originals: (K, 1, H, W), one of each class in order, drawn on the diagonal; results: for every class, its
    attacks towards the K - 1 others, in ascending order; scale: the width of an image pixel in the PNG's pixels.
    Below each picture are the reason why the attack ended, the number of changed pixels and of iterations;
    failed attacks have a dashed frame.
    reads: for every class, what another network reads in its K pictures; it then stands in the place of the numbers,
    and successful attacks that it reads as the target, too, have a thick frame.
    Raises ValueError if the numbers of originals and results do not match.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    classes, _, height, width = originals.shape
    if [len(result.images) for result in results] != [classes - 1] * classes:
        raise ValueError(f"{classes} originals need {classes} results of {classes - 1} attacks each.")
    left, top, across, down = 60, 90, width * scale + 16, height * scale + 46
    size = left + classes * across, top + classes * down
    canvas = torch.full((size[1], size[0], 3), 255, dtype=torch.uint8).numpy()
    figure = Figure(figsize=(size[0] / 100, size[1] / 100), dpi=100)

    def write(x: float, y: float, words: str, points: float, **style: Any) -> None:
        figure.text(x / size[0], 1 - y / size[1], words, fontsize=points, ha="center", va="center", **style)

    write(size[0] / 2, 22, title, 11)
    write(left + classes * across / 2, 50, "target: what the network is to read", 10, color=TARGET)
    write(14, top + classes * down / 2, "source: the digit as it is", 10, color=SOURCE, rotation=90)
    for source in range(classes):
        y, result = top + source * down, results[source]
        write(40, y + height * scale / 2, str(source), 16, color=SOURCE, weight="bold")
        write(left + source * across + width * scale / 2, 74, str(source), 16, color=TARGET, weight="bold")
        for target in range(classes):
            x, k = left + target * across, target - (target > source)
            original = target == source
            shown = picture(originals[source] if original else result.images[k], originals[source], scale)
            canvas[y : y + height * scale, x : x + width * scale] = shown
            reason = "original" if original else _reason(result.stop[k])
            write(x + width * scale / 2, y + height * scale + 14, reason, 8, weight="bold")
            failed = not original and not result.success[k]
            transfers = not original and not failed and reads is not None and reads[source][target] == target
            if failed or transfers:
                corner = (x - 3) / size[0], 1 - (y + height * scale + 3) / size[1]
                sides = (width * scale + 6) / size[0], (height * scale + 6) / size[1]
                line = _THICK if transfers else _DASHED
                figure.add_artist(Rectangle(corner, *sides, fill=False, **line))
            words = "" if original else f"{result.changed[k]} px, {result.iterations[k]} it."
            if reads is not None:
                words = f"reads {reads[source][target]}{' ✓' if transfers else ''}"
            write(x + width * scale / 2, y + height * scale + 29, words, 8)
    figure.figimage(canvas)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    return file.getvalue()


_DASHED: dict[str, Any] = {"edgecolor": ON_WHITE["ink3"], "linewidth": 1.5, "linestyle": "--"}

_THICK: dict[str, Any] = {"edgecolor": TARGET, "linewidth": 3}


def _reason(stop: Stop | None) -> str:
    return "" if stop is None else stop.brief


def steps_csv(steps: Sequence[Step]) -> str:
    """Return CSV with one line per step: prediction, changed pixels, pair and its figures, stop, all outputs."""
    columns, *rows = _table(steps)
    file = io.StringIO()
    csv.writer(file).writerows([columns, *(["" if value is None else value for value in row] for row in rows)])
    return file.getvalue()


def steps_json(steps: Sequence[Step]) -> str:
    """Return JSON with the same for every step, null where there is no value, and the last image, nested (C, H, W)."""
    columns, *rows = _table(steps)
    each = [dict(zip(columns, row, strict=True)) for row in rows]
    return json.dumps({"steps": each, "image": steps[-1].image.tolist()}) + "\n"


def _table(steps: Sequence[Step]) -> Iterator[list[Any]]:
    """Yield the names of the columns, and then a row for each step."""
    classes, width = len(steps[0].outputs), steps[0].image.shape[2]
    pair_columns = ["p_row", "p_column", "q_row", "q_column", "alpha", "beta", "score", "direction"]
    outputs = [f"{kind}_{label}" for kind in ("logit", "probability") for label in range(classes)]
    yield ["iteration", "reads", "changed", *pair_columns, "stop", *outputs]
    for step in steps:
        pair: list[object] = [None] * len(pair_columns)
        if step.pair is not None:
            first, second = divmod(step.pair.first, width), divmod(step.pair.second, width)
            pair = [*first, *second, step.pair.alpha, step.pair.beta, step.pair.score, step.pair.direction.value]
        stop = None if step.stop is None else step.stop.value
        numbers = [*step.outputs.tolist(), *step.probabilities.tolist()]
        yield [step.iteration, int(step.outputs.argmax()), step.changed, *pair, stop, *numbers]
