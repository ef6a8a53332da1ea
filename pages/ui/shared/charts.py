"""The charts of the page Model: ten outputs, the confusion table, and the curves of a training."""

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from jsma.palette import COLOURS, shades
from pages.ui.shared.channels import nominal, ordinal, quantitative, when

POINTS = 300
"""How many points a curve has at most; each is the mean of the batches it stands for."""


def outputs(values: Tensor, label: int, name: str, form: str, theme: str) -> dict[str, Any]:
    """Return bars of ten outputs (10,), that of the true class `label` in its colour, each with its number."""
    colours, least, most = COLOURS[theme], float(values.clamp(max=0).min()), float(values.clamp(min=0).max())
    room = max(0.25 * (most - least), 1e-9)
    scale = {"domain": [least, most + room], "nice": False}
    axis = {"labelOverlap": False, "labelFlush": False, "labelFontSize": 14, "ticks": False, "domain": False}
    bar = quantitative(name, title=name, scale=scale, axis={"grid": False, "labels": False, "ticks": False})
    return {
        "data": [{"class": at, name: value, "end": max(value, 0)} for at, value in enumerate(values.tolist())],
        "height": 290,
        "encoding": {
            "y": ordinal("class", title=None, axis=axis | {"grid": False}),
            "tooltip": [ordinal("class"), quantitative(name, format=form)],
        },
        "layer": [
            {
                "mark": {"type": "bar", "height": 14},
                "encoding": {
                    "x": bar,
                    "color": when(f"datum.class === {label}", colours["source"], colours["dot"]),
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 5, "fontSize": 13, "color": colours["ink"]},
                "encoding": {"x": quantitative("end", scale=scale), "text": quantitative(name, format=form)},
            },
        ],
    }


def confusion(table: Tensor, theme: str) -> dict[str, Any]:
    """Return a confusion table (10, 10) whose cells can be clicked: the selection `cell` has fields true and read."""
    colours, of_class = COLOURS[theme], table.sum(dim=1).tolist()
    cells = [
        {"true": true, "read": read, "digits": count, "of": of_class[true], "shown": str(count) if count else ""}
        for true, row in enumerate(table.tolist())
        for read, count in enumerate(row)
    ]
    worst = max(1, *(cell["digits"] for cell in cells if cell["true"] != cell["read"]))
    mild = {"domain": [0, worst], "range": shades(theme, "amount")[:2]}  # the strongest would hide the numbers
    plain = {"labelAngle": 0, "labelFlush": False, "labelFontSize": 14, "ticks": False, "domain": False}
    right = {"test": "datum.true === datum.read", "value": colours["fill"]}
    return {
        "data": cells,
        "height": 430,
        "params": [
            {
                "name": "cell",
                "select": {"type": "point", "fields": ["true", "read"], "clear": False, "toggle": False},
                "views": ["squares"],
            }
        ],
        "encoding": {
            "x": ordinal("read", title="read as", axis={"orient": "top", **plain}),
            "y": ordinal("true", title="true class", axis=plain),
            "tooltip": [
                quantitative("true", title="a true"),
                quantitative("read", title="read as"),
                quantitative("digits", title="digits"),
                quantitative("of", title="of all of this class"),
            ],
        },
        "layer": [
            {
                "name": "squares",
                "mark": {"type": "rect", "cornerRadius": 3, "cursor": "pointer"},
                "encoding": {"color": quantitative("digits", condition=right, scale=mild, legend=None)},
            },
            {
                "mark": {"type": "text", "fontSize": 13, "color": colours["ink"], "cursor": "pointer"},
                "encoding": {"text": nominal("shown")},
            },
        ],
    }


def loss(losses: list[float], batches: int, theme: str) -> dict[str, Any]:
    """Return the curve of the loss so far, in a training of so many batches."""
    width = max(1, math.ceil(len(losses) / POINTS))
    parts = [losses[start : start + width] for start in range(0, len(losses), width)]
    rows = [(min((k + 1) * width, len(losses)), sum(part) / len(part)) for k, part in enumerate(parts)]
    return {"height": HEIGHT, **_curve(rows, "loss", batches, {"domainMin": 0}, {"tickCount": 4}, ".3f", theme)}


def accuracy(
    accuracies: list[tuple[int, float]], batches: int, theme: str, attacked: Sequence[tuple[int, float]] = ()
) -> dict[str, Any]:
    """Return the curve of the accuracy so far, in a training of so many batches.

    attacked: the same on attacks, drawn as a second curve, if it is measured.
    """
    axis, scale = {"format": ".0%", "values": [0, 0.25, 0.5, 0.75, 1]}, {"domain": [0, 1]}
    clean = _curve(accuracies, "accuracy", batches, scale, axis, ".1%", theme)
    if not attacked:
        return {"height": HEIGHT, **clean}
    under_attack = _curve(list(attacked), "accuracy", batches, scale, axis, ".1%", theme, "raises", "square")
    return {"height": HEIGHT, "layer": [clean, under_attack]}


HEIGHT = 220
"""Of a curve, in pixels."""


def _curve(
    rows: list[tuple[int, float]],
    name: str,
    batches: int,
    scale: dict,
    axis: dict,
    form: str,
    theme: str,
    colour: str = "lowers",
    mark: str = "circle",
) -> dict[str, Any]:
    point = {"color": COLOURS[theme][colour], "shape": mark}
    return {
        "data": {"values": [{"batch": batch, name: value} for batch, value in rows]},
        "mark": {"type": "line", "color": COLOURS[theme][colour], "point": point if len(rows) <= 40 else False},
        "encoding": {
            "x": quantitative("batch", title="batches", scale={"domain": [0, batches], "nice": False}),
            "y": quantitative(name, title=name, scale=scale, axis=axis),
            "tooltip": [quantitative("batch"), quantitative(name, format=form)],
        },
    }
