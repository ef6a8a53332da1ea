"""Deletion and insertion: how soon the answer goes, or comes, as the pixels that a map names are exchanged."""

import pandas as pd
import streamlit as st

from jsma.glossary import explained
from jsma.measures import Curve
from pages.ui.formatting import an
from pages.ui.saliency_maps import charts, computing, looks
from pages.ui.saliency_maps.computing import Subject
from pages.ui.saliency_maps.looks import LABELS

MARK_EVERY = 7
"""A line has a mark at every so many points, on each map at another."""


def show(subject: Subject) -> None:
    """Draw both curves of every map, and their areas."""
    st.header("Deletion and insertion", anchor=False, help=explained("deletion", "insertion", "baseline picture"))
    st.markdown(
        f"Does a map find the pixels that the network needs for {an(subject.explained, '**')}? **Deletion** replaces "
        "the pixels by the baseline picture, the largest value first: with a good explanation the probability falls "
        "quickly. **Insertion** goes the other way. The dashed line takes the pixels in random order."
    )
    both = computing.curves(subject)
    for side, at, what in zip(st.columns(2, gap="large"), (0, 1), ("deleted", "inserted"), strict=True):
        _curves(side, {name: pair[at] for name, pair in both.items()}, what, subject)
    st.html(looks.legend(list(both)))
    areas = pd.DataFrame(
        {"Map": LABELS[name], "Deletion, area": f"{out.area:.3f}", "Insertion, area": f"{into.area:.3f}"}
        for name, (out, into) in sorted(both.items(), key=lambda item: item[1][0].area)
    )
    st.dataframe(areas, hide_index=True, width="stretch")
    st.caption("Sorted by deletion, where a small area is good. With insertion a large one is.")


def _curves(side, curves: dict[str, Curve], what: str, subject: Subject) -> None:
    x, y = f"pixels {what}", f"probability of {subject.explained}"
    points = pd.DataFrame(
        {"map": LABELS[name], x: share, y: probability, "marked": place % MARK_EVERY == at % MARK_EVERY}
        for at, (name, curve) in enumerate(curves.items())
        for place, (share, probability) in enumerate(zip(curve.shares, curve.probabilities, strict=True))
    )
    told = "; ".join(f"{LABELS[name]}: area {curve.area:.2f}" for name, curve in curves.items())
    side.vega_lite_chart(
        charts.lines(points, x, y, {name: LABELS[name] for name in curves}),
        width="stretch",
        alt=f"The {y} by {x}, a line for each map. {told}.",
    )
