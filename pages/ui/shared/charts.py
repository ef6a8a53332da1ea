"""The charts of the page Model: ten outputs, the confusion table, and the curves of a training."""

import math
from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
from torch import Tensor

from jsma.palette import COLOURS, shades

POINTS = 300
"""How many points a curve has at most; each is the mean of the batches it stands for."""


def outputs(values: Tensor, label: int, name: str, form: str, theme: str) -> alt.LayerChart:
    """Return bars of ten outputs (10,), that of the true class `label` in its colour, each with its number."""
    colours = COLOURS[theme]
    table = pd.DataFrame({"class": range(10), name: values.tolist()})
    table["end"] = table[name].clip(lower=0)
    room = max(0.25 * float(values.clamp(min=0).max() - values.clamp(max=0).min()), 1e-9)
    scale = alt.Scale(domain=[min(0.0, float(values.min())), float(values.clamp(min=0).max()) + room], nice=False)
    rows = alt.Y(
        "class:O",
        title=None,
        axis=alt.Axis(labelOverlap=False, labelFlush=False, labelFontSize=14, ticks=False, domain=False, grid=False),
    )
    base = alt.Chart(table).encode(y=rows, tooltip=["class:O", alt.Tooltip(f"{name}:Q", format=form)])
    bars = base.mark_bar(height=14).encode(
        x=alt.X(f"{name}:Q", title=name, scale=scale, axis=alt.Axis(grid=False, labels=False, ticks=False)),
        color=alt.condition(alt.datum["class"] == label, alt.value(colours["source"]), alt.value(colours["dot"])),
    )
    numbers = base.mark_text(align="left", dx=5, fontSize=13, color=colours["ink"]).encode(
        x=alt.X("end:Q", scale=scale), text=alt.Text(f"{name}:Q", format=form)
    )
    return (bars + numbers).properties(height=290)


def confusion(table: Tensor, theme: str) -> alt.LayerChart:
    """Return a confusion table (10, 10) whose cells can be clicked: the selection `cell` has fields true and read."""
    colours, of_class = COLOURS[theme], table.sum(dim=1)
    cells = pd.DataFrame(
        [
            {"true": true, "read": read, "digits": int(table[true, read]), "of": int(of_class[true])}
            for true in range(10)
            for read in range(10)
        ]
    )
    cells["shown"] = [str(count) if count else "" for count in cells["digits"]]
    worst = max(1, int(cells[cells["true"] != cells["read"]]["digits"].max()))
    plain: dict[str, Any] = {"labelAngle": 0, "labelFlush": False, "labelFontSize": 14, "ticks": False, "domain": False}
    base = alt.Chart(cells).encode(
        x=alt.X("read:O", title="read as", axis=alt.Axis(orient="top", **plain)),
        y=alt.Y("true:O", title="true class", axis=alt.Axis(**plain)),
        tooltip=[
            alt.Tooltip("true", title="a true"),
            alt.Tooltip("read", title="read as"),
            alt.Tooltip("digits", title="digits"),
            alt.Tooltip("of", title="of all of this class"),
        ],
    )
    mild = alt.Scale(domain=[0, worst], range=shades(theme, "amount")[:2])  # the strongest would hide the numbers
    mistakes = alt.Color("digits:Q", scale=mild, legend=None)
    squares = base.mark_rect(cornerRadius=3, cursor="pointer").encode(
        color=alt.condition(alt.datum["true"] == alt.datum["read"], alt.value(colours["fill"]), mistakes),
    )
    clicked = alt.selection_point("cell", fields=["true", "read"], empty=False, clear=False, toggle=False)
    counts = base.mark_text(fontSize=13, color=colours["ink"], cursor="pointer").encode(text="shown:N")
    return (squares.add_params(clicked) + counts).properties(height=430)


def loss(losses: list[float], batches: int, theme: str) -> alt.Chart:
    """Return the curve of the loss so far, in a training of so many batches."""
    width = max(1, math.ceil(len(losses) / POINTS))
    parts = [losses[start : start + width] for start in range(0, len(losses), width)]
    rows = [(min((k + 1) * width, len(losses)), sum(part) / len(part)) for k, part in enumerate(parts)]
    return _curve(rows, "loss", batches, alt.Scale(domainMin=0), alt.Axis(tickCount=4), ".3f", theme)


def accuracy(
    accuracies: list[tuple[int, float]], batches: int, theme: str, attacked: Sequence[tuple[int, float]] = ()
) -> alt.Chart | alt.LayerChart | alt.FacetChart:
    """Return the curve of the accuracy so far, in a training of so many batches.

    attacked: the same on attacks, drawn as a second curve, if it is measured.
    """
    axis, scale = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1]), alt.Scale(domain=[0, 1])
    clean = _curve(accuracies, "accuracy", batches, scale, axis, ".1%", theme)
    if not attacked:
        return clean
    under_attack = _curve(list(attacked), "accuracy", batches, scale, axis, ".1%", theme, "raises", "square")
    return alt.layer(clean, under_attack).properties(height=220)


def _curve(
    rows: list[tuple[int, float]],
    name: str,
    batches: int,
    scale: alt.Scale,
    axis: alt.Axis,
    form: str,
    theme: str,
    colour: str = "lowers",
    mark: str = "circle",
) -> alt.Chart:
    point = {"color": COLOURS[theme][colour], "shape": mark}
    return (
        alt.Chart(pd.DataFrame(rows, columns=["batch", name]))
        .mark_line(color=COLOURS[theme][colour], point=point if len(rows) <= 40 else False)
        .encode(
            x=alt.X("batch:Q", title="batches", scale=alt.Scale(domain=[0, batches], nice=False)),
            y=alt.Y(f"{name}:Q", title=name, scale=scale, axis=axis),
            tooltip=["batch:Q", alt.Tooltip(f"{name}:Q", format=form)],
        )
        .properties(height=220)
    )
