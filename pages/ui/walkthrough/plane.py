"""The pair plane as a chart that stands still: pull on the target to the right, push on the others upwards."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from jsma.stage.recording import Recording
from pages.ui.theme import colours
from pages.ui.walkthrough.findings import Marked

PAIRS = ("raises", "q", "target", "p")
"""The colours of the marked pairs, in order, by their names in the palette."""

HEIGHT = 400

REST = 0.3
"""How far the chart goes beyond the axes, as a part of how far it goes into the good quarter."""


def pair_plane(
    recording: Recording, step: int, pairs: Sequence[Marked], names: str, areas: bool
) -> alt.LayerChart | alt.FacetChart:
    """Return the chart of `step`: a dot a pixel that may be changed, large for the skyband, and marked pairs.

    names: a letter for each pair. A pair is two dots, the line between them, and its letter at the
    midpoint. areas: also draw the rectangle between the axes and each midpoint, a quarter of −αβ.
    Pixels far beyond the axes are left out, so that the good quarter has room.
    """
    ours, dots = colours(), _dots(recording, step)
    grey, on_dot = ours["ink3"], ours["on-pill"]
    ends, middles = _marks(dots, pairs, names)
    low, high = _window(dots, ends)
    dots = dots[(dots.pull >= low["pull"]) & (dots.push >= low["push"])]
    plain = alt.Axis(format="~g", tickCount=6)
    x_scale, y_scale = (alt.Scale(domain=[low[axis], high[axis]], nice=False) for axis in ("pull", "push"))
    x = alt.X("pull:Q", title="a: pull on the target", axis=plain, scale=x_scale)
    y = alt.Y("push:Q", title="−b: push on the others", axis=plain, scale=y_scale)
    colour = alt.Color(
        "pair:N", scale=alt.Scale(domain=list(names), range=[ours[name] for name in PAIRS[: len(names)]]), legend=None
    )
    where = [alt.Tooltip("row:Q"), alt.Tooltip("column:Q"), alt.Tooltip("pull:Q", format="+.3~g", title="a")]
    where.append(alt.Tooltip("push:Q", format="+.3~g", title="−b"))

    quarter = pd.DataFrame({"pull": [0.0], "push": [0.0], "right": [high["pull"]], "top": [high["push"]]})
    layers = [
        alt.Chart(quarter).mark_rect(color=ours["target"], opacity=0.08).encode(x=x, y=y, x2="right:Q", y2="top:Q"),
        alt.Chart(quarter).mark_rule(color=grey).encode(x=x),
        alt.Chart(quarter).mark_rule(color=grey).encode(y=y),
        alt.Chart(dots[~dots.skyband]).mark_circle(size=14, color=grey, opacity=0.6).encode(x=x, y=y, tooltip=where),
        alt.Chart(dots[dots.skyband]).mark_circle(size=46, color=grey, opacity=1).encode(x=x, y=y, tooltip=where),
    ]
    if areas:
        rectangles = middles.assign(right=middles.pull, top=middles.push, pull=0.0, push=0.0)
        layers.append(
            alt.Chart(rectangles)
            .mark_rect(opacity=0.16, strokeWidth=1.5)
            .encode(x=x, y=y, x2="right:Q", y2="top:Q", color=colour, stroke=colour)
        )
    if len(pairs):
        layers += [
            alt.Chart(ends).mark_line(strokeDash=[4, 3]).encode(x=x, y=y, color=colour, order="pixel:O"),
            alt.Chart(ends).mark_circle(size=80, opacity=1).encode(x=x, y=y, color=colour, tooltip=where),
            alt.Chart(middles).mark_circle(size=330, opacity=1).encode(x=x, y=y, color=colour),
            alt.Chart(middles).mark_text(color=on_dot, fontWeight="bold", fontSize=13).encode(x=x, y=y, text="pair:N"),
        ]
    return alt.layer(*layers).properties(height=HEIGHT)


def _window(dots: pd.DataFrame, ends: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the least and the largest pull and push that are drawn: all that is good, and some of the rest."""
    axes = ["pull", "push"]
    high = dots[axes].max().clip(lower=1e-12)
    low = pd.concat([-REST * high, ends[axes].min()], axis=1).min(axis=1)
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def _dots(recording: Recording, step: int) -> pd.DataFrame:
    """Return a row for every pixel of the search domain, indexed by pixel; signed so that good is right and up."""
    now, width, pixels = recording.steps[step], recording.width, range(recording.pixels)
    dots = pd.DataFrame(
        {
            "pull": now.sign * recording.target_gradient[step].astype(float),
            "push": -now.sign * recording.others_gradient[step].astype(float),
            "row": [pixel // width for pixel in pixels],
            "column": [pixel % width for pixel in pixels],
            "skyband": [False] * len(pixels),
        }
    )
    dots.loc[list(now.skyband), "skyband"] = True
    return dots[recording.domain[step]]


def _marks(dots: pd.DataFrame, pairs: Sequence[Marked], names: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the two dots of each pair, a row each, and the midpoints, a row a pair."""
    ends = [
        {"pair": name, "pixel": pixel, **dots.loc[pixel, ["pull", "push", "row", "column"]]}
        for name, pair in zip(names, pairs, strict=True)
        for pixel in (pair.first, pair.second)
    ]
    table = pd.DataFrame(ends, columns=["pair", "pixel", "pull", "push", "row", "column"])
    return table, table.groupby("pair", as_index=False)[["pull", "push"]].mean()
