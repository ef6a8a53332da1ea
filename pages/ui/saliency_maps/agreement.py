"""Whether the maps agree: their rank correlations, and how many of their strongest pixels they share."""

import math

import pandas as pd
import streamlit as st
from torch import Tensor

from jsma.explanations import MAPS
from jsma.glossary import explained
from jsma.measures import overlap, spearman
from pages.ui.formatting import number, percent
from pages.ui.saliency_maps import charts
from pages.ui.saliency_maps.looks import LABELS

TOPS = (10, 20, 40, 80, 112)
KINDS = {"correlation": "Rank correlation", "overlap": "Overlap of the top k"}


def show(found: dict[str, Tensor]) -> None:
    """Draw a table of all pairs of maps, and say how far the attack's map is from the others."""
    st.header("Do they agree?", anchor=False, help=explained("rank correlation", "top k"))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        kind = st.segmented_control(
            "Measure",
            KINDS,
            default="correlation",
            format_func=KINDS.__getitem__,
            required=True,
            key="agreement-kind",
            persist_state="session",
        )
        k = st.select_slider(
            "k, the number of pixels", TOPS, value=40, key="agreement-k", persist_state="session", width=220
        )
    _sentence(found, k)
    values = {(one, other): agreement(kind, found[one], found[other], k) for one in found for other in found}
    table = pd.DataFrame(
        {"map": LABELS[one], "other map": LABELS[other], "value": value} for (one, other), value in values.items()
    )
    told = "; ".join(
        f"{LABELS[one]} and {LABELS[other]}: {value:.2f}"
        for (one, other), value in values.items()
        if list(found).index(one) < list(found).index(other)
    )
    st.vega_lite_chart(
        charts.heat(table, "map", "other map", ".2f" if kind == "correlation" else ".0%"),
        width="stretch",
        alt=f"{KINDS[kind]} of every two maps. {told}.",
    )


def agreement(kind: str, one: Tensor, other: Tensor, k: int) -> float:
    """Return how far two maps agree; signs are left aside, since not every map has them."""
    return spearman(one.abs(), other.abs()) if kind == "correlation" else overlap(one, other, k)


def _sentence(found: dict[str, Tensor], k: int) -> None:
    (used,) = (name for name in found if MAPS[name].attacks)
    others = [name for name in found if name != used]
    shares = {name: overlap(found[used], found[name], k) for name in others}
    correlations = {name: spearman(found[used].abs(), found[name].abs()) for name in others}
    there = [value for value in correlations.values() if not math.isnan(value)]
    pixels = found[used].numel()
    if not there:
        st.markdown("The map of the attack has the same value everywhere, so it has no order to compare.")
        return
    closest = max(shares, key=lambda name: shares[name])
    st.markdown(
        f"The map of the attack against the others: rank correlations from **{number(min(there))}** to "
        f"**{number(max(there))}**. Of its {k} strongest pixels it shares most with {LABELS[closest]}: "
        f"**{round(shares[closest] * k)}**. Two unrelated maps would share about "
        f"{k * k / pixels:.1f} by chance ({percent(k / pixels)}). A map that explains well does not have to attack "
        "well."
    )
