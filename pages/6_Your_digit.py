"""Your digit: draw, send or photograph one, follow it to the network, and attack it."""

from dataclasses import replace

import streamlit as st
import torch

from jsma.handwriting import NoDigit, prepare
from pages.ui import frame, navigation, session
from pages.ui.choice import OWN
from pages.ui.formatting import an, percent
from pages.ui.networks import network
from pages.ui.outside import plain
from pages.ui.shared import charts, own_digits
from pages.ui.theme import theme
from pages.ui.your_digit import bringing, pipeline_view

UNSURE = 0.8  # below this probability the network's reading is called a guess

prepare_once = st.cache_data(prepare, scope="session", max_entries=1, show_spinner=False)  # while other things change

choice, _ = frame.begin("Your digit")
st.title("Your digit", anchor=False)
st.caption(
    f"Network: **{network(choice.model).label}**. Only you can see your picture: it is not saved on the "
    "server's disk, and deleted there soon after you leave. The digits that you attack stay in this browser."
)
session.show_notices()
session.publish()

bring, follow = st.columns([1, 2], gap="large")
with bring:
    picture = bringing.brought()
with follow:
    st.header("How it is prepared for the network", anchor=False)
    if picture is None:
        st.markdown(
            "Nothing here yet. **Draw a digit** or send a picture of one; here you will see how it is prepared."
        )
        st.stop()
    place = st.container()
    try:
        prepared = prepare_once(picture, pipeline_view.settings())
    except NoDigit as problem:
        place.warning(plain(problem), icon=":material/info:")
        st.stop()
    with place:
        pipeline_view.show(prepared)
        pipeline_view.remarks(prepared)

st.header("What the network reads", anchor=False)
with torch.no_grad():
    probabilities = network(choice.model).module(prepared.image[None])[0].double().softmax(dim=0)
reads, sure = int(probabilities.argmax()), float(probabilities.max())
chart, next_step = st.columns([3, 2], gap="large")
with next_step:
    st.markdown(f"It reads {an(reads, '**')}, {percent(sure)} sure.")
    if sure < UNSURE:
        second = int(probabilities.topk(2).indices[1])
        st.warning(
            f"It is not sure: the probability of {an(second)} is {percent(float(probabilities[second]))}. Look at the "
            "stages above. If one looks wrong, adjust its settings, or write the digit again.",
            icon=":material/info:",
        )
    label = st.selectbox("What did you write?", range(10), reads, key=f"own-label-{reads}")
    if label != reads:
        st.markdown(f"So it is wrong before any attack: it reads your {label} as {an(reads)}.")
    targets = [target for target in range(10) if target != label]
    target = st.selectbox(
        "What should it read instead?",
        targets,
        targets.index(choice.target) if choice.target in targets else 0,
        key=f"own-target-{label}",
    )
    attacked = st.button("Attack it in the lab", type="primary", icon=":material/arrow_forward:")
with chart:
    numbers = ", ".join(f"{digit}: {share:.1%}" for digit, share in enumerate(probabilities.tolist()))
    st.vega_lite_chart(
        charts.outputs(probabilities, label, "probability", ".1%", theme()), alt=f"Probabilities. {numbers}"
    )

if attacked:
    sample = own_digits.add(prepared.image, label)
    own = replace(session.requested(), data=OWN, digit=label, sample=sample, target=target)
    navigation.open_in_lab(own)
