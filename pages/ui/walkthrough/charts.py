"""Small charts in the app's colours of meaning: the true class slate, the target violet, light and dark."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from pages.ui.theme import colours


def bars_by_class(values: Sequence[float], words: Sequence[str], what: str, source: int, target: int) -> None:
    """Draw a bar for each class, from zero to its value; words: the values as they are written; what: their name."""
    ours = colours()
    called = {"target": " (target)", "source": " (true)", "dot": ""}
    kinds = ["target" if digit == target else "source" if digit == source else "dot" for digit in range(len(values))]
    labels = [f"{digit}{called[kind]}:  {word}" for digit, (kind, word) in enumerate(zip(kinds, words, strict=True))]
    data = pd.DataFrame({"class": labels, "value": values, "kind": kinds})
    palette = alt.Scale(domain=list(called), range=[ours[kind] for kind in called])
    chart = (
        alt.Chart(data)
        .mark_bar()
        .encode(
            x=alt.X("value", title=None),
            y=alt.Y("class:N", sort=None, title=None, axis=alt.Axis(labelLimit=200, labelOverlap=False, ticks=False)),
            color=alt.Color("kind:N", scale=palette, legend=None),
            tooltip=[alt.Tooltip("class:N", title=what)],
        )
    )
    st.altair_chart(chart, width="stretch", height=260, alt=f"The {what} of every class. {'; '.join(labels)}.")


def lines(data: pd.DataFrame, x: str, y: str, of: str, dashed: str) -> None:
    """Draw y against x, a line for each value in the column `of`; the one called `dashed` is dashed and grey."""
    ours = colours()
    names = list(dict.fromkeys(data[of]))
    chart = (
        alt.Chart(data)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X(x, scale=alt.Scale(zero=False, nice=False)),
            y=alt.Y(y, scale=alt.Scale(zero=False)),
            color=alt.Color(
                f"{of}:N",
                scale=alt.Scale(domain=names, range=[ours["ink3" if name == dashed else "target"] for name in names]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            strokeDash=alt.StrokeDash(
                f"{of}:N", scale=alt.Scale(domain=names, range=[[5, 4] if name == dashed else [1, 0] for name in names])
            ),
            tooltip=[alt.Tooltip(x, format=".2f"), alt.Tooltip(y, format=".3f"), f"{of}:N"],
        )
    )
    ends = "; ".join(f"{name}: from {part[y].iloc[0]:.3f} to {part[y].iloc[-1]:.3f}" for name, part in data.groupby(of))
    st.altair_chart(chart, width="stretch", height=260, alt=f"{y} by {x}. {ends}.")
