"""Defend: defended models under the same attack, what masking hides, and what defences are worth over many digits."""

import streamlit as st

from jsma.defences import PROTECTED
from pages.ui import frame, session
from pages.ui.choice import all_data_labels
from pages.ui.defend import masking, measured, race
from pages.ui.networks import network
from pages.ui.shared.defended import LESSON

choice, digits = frame.begin("Defend")
st.title("Defend", anchor=False)
st.caption(f"Data: **{all_data_labels()[choice.data]}** · All defences protect **{network(PROTECTED).label}**")
session.show_notices()
session.publish()
position = int(digits.of_class(choice.digit)[choice.sample])
image = digits.images[position]

race.show(choice, image)
masking.show(choice, image, position)
measured.show(choice, digits)
st.info(f"**Keep:** *{LESSON}*", icon=":material/bookmark:")
