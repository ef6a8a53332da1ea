"""The charts of this page: a table of shares as colours, and lines by map."""

from typing import Any

import altair as alt
import pandas as pd

from pages.ui.saliency_maps.looks import LINES
from pages.ui.theme import amounts, colours

GREY_DASHES = [5, 4]

UPRIGHT = 5
"""With more columns than these their names are turned, so that they fit a narrow screen."""


def heat(cells: pd.DataFrame, row: str, column: str, form: str) -> alt.LayerChart:
    """Return a table of numbers up to 1 as colours, with the numbers written; cells: columns `row`, `column`, value."""
    shade, ours = amounts(1.0), colours()
    cells = cells.assign(shown=[f"{value:{form}}".replace("-", "−").replace("nan", "–") for value in cells["value"]])
    rows, columns = (list(dict.fromkeys(cells[name])) for name in (row, column))
    angle = -90 if len(columns) > UPRIGHT else 0
    plain: dict[str, Any] = {"ticks": False, "domain": False, "labelFontSize": 13, "labelLimit": 140}
    plain |= {"labelOverlap": False, "labelFlush": False}
    base = alt.Chart(cells).encode(
        x=alt.X(
            f"{column}:N",
            sort=columns,
            title=None,
            axis=alt.Axis(orient="top", labelAngle=angle, **plain),
        ),
        y=alt.Y(f"{row}:N", sort=rows, title=None, axis=alt.Axis(**plain)),
        tooltip=[f"{row}:N", f"{column}:N", alt.Tooltip("shown:N", title="value")],
    )
    fill = alt.Color("value:Q", scale=alt.Scale(domain=shade.domain, range=shade.range, clamp=True), legend=None)
    dark = f"datum.value > {shade.strong}"
    words = alt.condition(dark, alt.value(ours["on-pill"]), alt.value(ours["ink"]))
    squares = base.mark_rect(cornerRadius=3).encode(color=fill)
    numbers = base.mark_text(fontSize=12).encode(text="shown:N", color=words)
    return (squares + numbers).properties(height=32 * len(rows) + (130 if angle else 40))


def lines(points: pd.DataFrame, x: str, y: str, names: dict[str, str]) -> alt.LayerChart:
    """Return y against x, shares both, a line for each value of the column "map"; names: labels by map."""
    labels = list(names.values())
    colour = [LINES[name][0] if name in LINES else "#808080" for name in names]
    mark = [LINES[name][1] if name in LINES else "M0,0" for name in names]
    dashes = [[1, 0] if name in LINES else GREY_DASHES for name in names]

    def of_map(looks: list) -> dict:
        return {"scale": alt.Scale(domain=labels, range=looks), "legend": None}

    share = alt.Axis(format="%", tickCount=5)
    base = alt.Chart(points).encode(
        x=alt.X(f"{x}:Q", axis=share),
        y=alt.Y(f"{y}:Q", axis=share, scale=alt.Scale(domain=[0, 1])),
        color=alt.Color("map:N", **of_map(colour)),
        tooltip=["map:N", alt.Tooltip(f"{x}:Q", format=".0%"), alt.Tooltip(f"{y}:Q", format=".1%")],
    )
    drawn = base.mark_line(strokeWidth=2).encode(strokeDash=alt.StrokeDash("map:N", **of_map(dashes)))
    marks = (
        base.transform_filter(alt.datum.marked)
        .mark_point(filled=True, opacity=1, size=70)
        .encode(shape=alt.Shape("map:N", **of_map(mark)))
    )
    return (drawn + marks).properties(height=280)
