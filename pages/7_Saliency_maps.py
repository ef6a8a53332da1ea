"""Saliency maps: those that explain an answer beside the one that attacks it, and what each is worth."""

import streamlit as st
import torch

from jsma.explanations import CaptumMissing
from jsma.glossary import explained
from pages.ui import frame, session
from pages.ui.choice import OWN
from pages.ui.networks import network
from pages.ui.outside import plain
from pages.ui.saliency_maps import agreement, computing, exchange, gallery, measured, racing, sanity

BASELINES = {0.0: "Black", 0.5: "Grey", 1.0: "White"}
SAMPLES = (10, 25, 50, 100)

choice, digits = frame.begin("Saliency maps")
frame.heading("Saliency maps", choice)
session.publish()


def chosen_subject() -> computing.Subject:
    """Let the visitor choose how the maps are computed, and return what they are about."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        baseline = st.segmented_control(
            "Baseline picture",
            BASELINES,
            default=0.0,
            format_func=BASELINES.__getitem__,
            required=True,
            key="maps-baseline",
            persist_state="session",
            help=explained("baseline picture"),
        )
        samples = st.select_slider(
            "Number of samples",
            SAMPLES,
            value=50,
            key="maps-samples",
            persist_state="session",
            width=260,
            help="The steps of integrated gradients, and the noisy copies of SmoothGrad. More are slower and smoother.",
        )
    attacked, position = network(choice.model), int(digits.of_class(choice.digit)[choice.sample])
    with torch.no_grad():
        reads = int(attacked.module(digits.images[position][None]).argmax())
    if reads != choice.digit:
        st.info(
            f"The network misreads this {choice.digit} as {reads}. The maps explain the answer it gives.",
            icon=":material/info:",
        )
    return computing.Subject(
        name=f"{choice.data}-{position}-{choice.target}-{attacked.key}",
        network=attacked,
        image=digits.images[position],
        explained=reads,
        target=choice.target,
        baseline=baseline,
        samples=samples,
        own=choice.data == OWN,
    )


subject = chosen_subject()
try:
    found = computing.maps(subject)
except (CaptumMissing, ValueError) as problem:  # a network of one's own may give outputs that are not finite
    st.error(f"The maps cannot be computed. {plain(problem)}", icon=":material/error:")
    st.stop()
gallery.show(subject, found)
agreement.show(found)
racing.show(subject, found)
exchange.show(subject)
sanity.show(subject)
measured.show(choice.model)
