"""The charts of this page: a table of shares as colours, and lines by map."""

from typing import Any

import pandas as pd

from pages.ui.saliency_maps.looks import LINES
from pages.ui.shared.channels import nominal, quantitative, when
from pages.ui.theme import amounts, colours

GREY_DASHES = [5, 4]

UPRIGHT = 5
"""With more columns than these their names are turned, so that they fit a narrow screen."""


def heat(cells: pd.DataFrame, row: str, column: str, form: str) -> dict[str, Any]:
    """Return a table of numbers up to 1 as colours, with the numbers written; cells: columns `row`, `column`, value."""
    shade, ours = amounts(1.0), colours()
    cells = cells.assign(shown=[f"{value:{form}}".replace("-", "−").replace("nan", "–") for value in cells["value"]])
    rows, columns = (list(dict.fromkeys(cells[name])) for name in (row, column))
    angle = -90 if len(columns) > UPRIGHT else 0
    plain = {"ticks": False, "domain": False, "labelFontSize": 13, "labelLimit": 140}
    plain |= {"labelOverlap": False, "labelFlush": False}
    scale = {"domain": shade.domain, "range": shade.range, "clamp": True}
    dark = f"datum.value > {shade.strong}"
    return {
        "data": cells,
        "height": 32 * len(rows) + (130 if angle else 40),
        "encoding": {
            "x": nominal(column, sort=columns, title=None, axis={"orient": "top", "labelAngle": angle, **plain}),
            "y": nominal(row, sort=rows, title=None, axis=plain),
            "tooltip": [nominal(row), nominal(column), nominal("shown", title="value")],
        },
        "layer": [
            {
                "mark": {"type": "rect", "cornerRadius": 3},
                "encoding": {"color": quantitative("value", scale=scale, legend=None)},
            },
            {
                "mark": {"type": "text", "fontSize": 12},
                "encoding": {"text": nominal("shown"), "color": when(dark, ours["on-pill"], ours["ink"])},
            },
        ],
    }


def lines(points: pd.DataFrame, x: str, y: str, names: dict[str, str]) -> dict[str, Any]:
    """Return y against x, shares both, a line for each value of the column "map"; names: labels by map."""
    labels = list(names.values())
    colour = [LINES[name][0] if name in LINES else "#808080" for name in names]
    mark = [LINES[name][1] if name in LINES else "M0,0" for name in names]
    dashes = [[1, 0] if name in LINES else GREY_DASHES for name in names]

    def of_map(looks: list) -> dict[str, Any]:
        return nominal("map", scale={"domain": labels, "range": looks}, legend=None)

    share = {"format": "%", "tickCount": 5}
    return {
        "data": points,
        "height": 280,
        "encoding": {
            "x": quantitative(x, axis=share),
            "y": quantitative(y, axis=share, scale={"domain": [0, 1]}),
            "color": of_map(colour),
            "tooltip": [nominal("map"), quantitative(x, format=".0%"), quantitative(y, format=".1%")],
        },
        "layer": [
            {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {"strokeDash": of_map(dashes)}},
            {
                "transform": [{"filter": "datum.marked"}],
                "mark": {"type": "point", "filled": True, "opacity": 1, "size": 70},
                "encoding": {"shape": of_map(mark)},
            },
        ],
    }
