"""The pair plane as a chart that stands still: pull on the target to the right, push on the others upwards."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from jsma.stage.recording import Recording
from pages.ui.shared.channels import nominal, ordinal, quantitative
from pages.ui.theme import colours
from pages.ui.walkthrough.findings import Marked

PAIRS = ("raises", "q", "target", "p")
"""The colours of the marked pairs, in order, by their names in the palette."""

HEIGHT = 400

REST = 0.3
"""How far the chart goes beyond the axes, as a part of how far it goes into the good quarter."""


def pair_plane(recording: Recording, step: int, pairs: Sequence[Marked], names: str, areas: bool) -> dict[str, Any]:
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
    plain = {"format": "~g", "tickCount": 6}
    x_scale, y_scale = ({"domain": [low[axis], high[axis]], "nice": False} for axis in ("pull", "push"))
    x = {"x": quantitative("pull", title="a: pull on the target", axis=plain, scale=x_scale)}
    y = {"y": quantitative("push", title="−b: push on the others", axis=plain, scale=y_scale)}
    to = {"x2": {"field": "right"}, "y2": {"field": "top"}}
    scale = {"domain": list(names), "range": [ours[name] for name in PAIRS[: len(names)]]}
    colour = nominal("pair", scale=scale, legend=None)
    where = [quantitative("row"), quantitative("column")]
    where.append(quantitative("pull", title="a", format="+.3~g"))
    where.append(quantitative("push", title="−b", format="+.3~g"))

    def layer(data: str, mark: str, channels: dict, **look: Any) -> dict[str, Any]:
        return {"data": {"name": data}, "mark": {"type": mark, **look}, "encoding": channels}

    layers = [
        layer("quarter", "rect", x | y | to, color=ours["target"], opacity=0.08),
        layer("quarter", "rule", x, color=grey),
        layer("quarter", "rule", y, color=grey),
        layer("rest", "circle", x | y | {"tooltip": where}, size=14, color=grey, opacity=0.6),
        layer("skyband", "circle", x | y | {"tooltip": where}, size=46, color=grey, opacity=1),
    ]
    if areas:
        layers.append(
            layer("areas", "rect", x | y | to | {"color": colour, "stroke": colour}, opacity=0.16, strokeWidth=1.5)
        )
    if len(pairs):
        of_pair = x | y | {"color": colour}
        layers += [
            layer("ends", "line", of_pair | {"order": ordinal("pixel")}, strokeDash=[4, 3]),
            layer("ends", "circle", of_pair | {"tooltip": where}, size=80, opacity=1),
            layer("middles", "circle", of_pair, size=330, opacity=1),
            layer("middles", "text", x | y | {"text": nominal("pair")}, color=on_dot, fontWeight="bold", fontSize=13),
        ]
    data = {
        "quarter": [{"pull": 0.0, "push": 0.0, "right": high["pull"], "top": high["push"]}],
        "rest": dots[~dots.skyband],
        "skyband": dots[dots.skyband],
        "areas": middles.assign(right=middles.pull, top=middles.push, pull=0.0, push=0.0),
        "ends": ends,
        "middles": middles,
    }
    return {"height": HEIGHT, "datasets": data, "layer": layers}


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
