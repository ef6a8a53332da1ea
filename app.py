"""The lab: pick a digit and a target, step through the attack, see why each pair is chosen."""

import streamlit as st

from pages.ui import controls, frame, resources, session, takeaway
from pages.ui.networks import network
from pages.ui.stage import stage
from pages.ui.words import step_in_words

choice, digits = controls.choose(frame.begin("The lab"), own_digits=True)
position = int(digits.of_class(choice.digit)[choice.sample])
recording = resources.recording(choice.data, network(choice.model), position, choice.target, choice.attack)


@st.fragment
def show() -> None:
    start, visit = session.start_within(recording.iterations)
    session.show_notices()
    step, hidden = stage(recording, start, visit, choice.views, choice.predict)
    session.settle(step)
    st.markdown(step_in_words(recording, step, hidden))
    takeaway.offer(choice, position, step)
    st.caption(frame.subject(choice))


show()
