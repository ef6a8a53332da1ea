"""Small charts in the app's colours of meaning: the true class slate, the target violet, light and dark."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.ui.shared.channels import nominal, quantitative
from pages.ui.theme import colours


def bars_by_class(values: Sequence[float], words: Sequence[str], what: str, source: int, target: int) -> None:
    """Draw a bar for each class, from zero to its value; words: the values as they are written; what: their name."""
    ours = colours()
    called = {"target": " (target)", "source": " (true)", "dot": ""}
    kinds = ["target" if digit == target else "source" if digit == source else "dot" for digit in range(len(values))]
    labels = [f"{digit}{called[kind]}:  {word}" for digit, (kind, word) in enumerate(zip(kinds, words, strict=True))]
    chart = {
        "data": [
            {"class": label, "value": value, "kind": kind}
            for label, value, kind in zip(labels, values, kinds, strict=True)
        ],
        "mark": "bar",
        "encoding": {
            "x": quantitative("value", title=None),
            "y": nominal(
                "class", sort=None, title=None, axis={"labelLimit": 200, "labelOverlap": False, "ticks": False}
            ),
            "color": nominal(
                "kind", scale={"domain": list(called), "range": [ours[kind] for kind in called]}, legend=None
            ),
            "tooltip": [nominal("class", title=what)],
        },
    }
    st.vega_lite_chart(chart, height=260, alt=f"The {what} of every class. {'; '.join(labels)}.")


def lines(data: pd.DataFrame, x: str, y: str, of: str, dashed: str) -> None:
    """Draw y against x, a line for each value in the column `of`; the one called `dashed` is dashed and grey."""
    ours = colours()
    names = list(dict.fromkeys(data[of]))
    colour = {"domain": names, "range": [ours["ink3" if name == dashed else "target"] for name in names]}
    dashes = {"domain": names, "range": [[5, 4] if name == dashed else [1, 0] for name in names]}
    chart = {
        "data": data,
        "mark": {"type": "line", "strokeWidth": 2.5},
        "encoding": {
            "x": quantitative(x, scale={"zero": False, "nice": False}),
            "y": quantitative(y, scale={"zero": False}),
            "color": nominal(of, scale=colour, legend={"title": None, "orient": "top"}),
            "strokeDash": nominal(of, scale=dashes),
            "tooltip": [quantitative(x, format=".2f"), quantitative(y, format=".3f"), nominal(of)],
        },
    }
    ends = "; ".join(f"{name}: from {part[y].iloc[0]:.3f} to {part[y].iloc[-1]:.3f}" for name, part in data.groupby(of))
    st.vega_lite_chart(chart, height=260, alt=f"{y} by {x}. {ends}.")
