"""The lab: pick a digit and a target, step through the attack, see why each pair is chosen."""

import streamlit as st

from pages.ui import controls, frame, resources, session
from pages.ui.formatting import step_in_words
from pages.ui.lab import takeaway
from pages.ui.networks import network
from pages.ui.stage import stage

choice, digits = controls.choose(frame.begin("The lab"), own=True)
position = int(digits.of_class(choice.digit)[choice.sample])
recording = resources.recording(choice.data, network(choice.model), position, choice.target, choice.attack)


@st.fragment
def show() -> None:
    start, visit = session.start_within(recording.iterations)
    session.show_notices()
    step, hidden = stage(recording, start, visit, choice.views, choice.predict)
    session.settle(step)
    st.markdown(step_in_words(recording, step, hidden))
    takeaway.offer(choice, position, step, recording)
    st.caption(frame.subject(choice))


show()
