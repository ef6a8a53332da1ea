"""The sanity check: the network's layers are randomised one after the other; which maps change?"""

import math

import pandas as pd
import streamlit as st

from jsma.glossary import TERMS
from jsma.measures import layers_from_the_end
from pages.ui import access
from pages.ui.saliency_maps import charts, computing
from pages.ui.saliency_maps.computing import Subject
from pages.ui.saliency_maps.looks import LABELS

STAYS = 0.7
"""A map with at least this rank correlation to the one of a random network is said to stay."""


def show(subject: Subject) -> None:
    """Offer the check; while it goes on, show what there is with progress and a Stop."""
    st.header("Does the map change if the weights are random?", anchor=False, help=TERMS["sanity check"])
    layers = len(layers_from_the_end(subject.network.module))
    st.markdown(
        f"Give the {layers} layers of the network random weights, one after the other, beginning with the last. A map "
        "that explains what the network has learned must change. The table shows the rank correlation of each map "
        "with itself on the trained network."
    )
    wish = (subject.name, subject.baseline, subject.samples)
    kept: dict[tuple, list[dict[str, float]]] = st.session_state.setdefault("maps_randomised", {})
    done = kept.get(wish, [])
    going = st.session_state.get("maps_randomising") == wish and len(done) < layers
    control, place = st.empty(), st.empty()
    if done:
        with place.container():
            _table(done)
    if going:
        done = kept[wish] = list(done)
        for layer in range(len(done) + 1, layers + 1):
            with control.container(horizontal=True, vertical_alignment="center"):
                st.progress((layer - 1) / layers, f"{layer - 1} of {layers} layers randomised")
                st.button("Stop", icon=":material/stop:", key=f"sanity-stop-{layer}", on_click=_stop)
            done.append(computing.resemblance(subject, layer))
            with place.container():
                _table(done)
    if len(done) == layers:
        control.markdown(conclusion(done[-1]))
    else:
        label = "Go on" if done else "Randomise the network"
        control.button(label, key="sanity-start", type="primary", on_click=_start, args=(wish,))


def _start(wish: tuple) -> None:
    st.session_state.maps_randomising = wish


def _stop() -> None:
    st.session_state.maps_randomising = None
    access.focus_on("sanity-start", "button")


def _table(done: list[dict[str, float]]) -> None:
    cells = pd.DataFrame(
        {"map": LABELS[name], "random layers": f"last {layers}", "value": value}
        for layers, found in enumerate(done, start=1)
        for name, value in found.items()
    )
    told = "; ".join(f"{LABELS[name]}: {value:.2f}" for name, value in done[-1].items())
    st.vega_lite_chart(
        charts.heat(cells, "map", "random layers", ".2f"),
        width="stretch",
        alt=f"Rank correlation of each map with that of the trained network. With {len(done)} random layers: {told}.",
    )


def conclusion(found: dict[str, float]) -> str:
    """Return in Markdown which maps stay although the whole network is random."""
    stays = [LABELS[name] for name, value in found.items() if not math.isnan(value) and value >= STAYS]
    if not stays:
        return "With all layers random, every map has changed: each depends on what the network has learned."
    return (
        f"With all layers random, **{', '.join(stays)}** still show{'s' if len(stays) == 1 else ''} nearly the same "
        "order of the pixels. Such a map mostly shows the digit itself: it is multiplied by the pixel, or compared "
        "with a black picture, so a black pixel gets 0 on any network. It looks like an explanation even when the "
        "network has learned nothing."
    )
