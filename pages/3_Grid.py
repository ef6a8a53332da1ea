"""One digit of every class towards every other class; every cell opens in the lab."""

import streamlit as st

from pages.ui import controls, frame, grid, session
from pages.ui.networks import network

CONTROLS = ("data", "model", "theta", "gamma", "rule", "output", "direction")

choice, digits = controls.choose(frame.begin("Grid"), CONTROLS)
frame.heading("Grid", choice)
session.publish()
st.markdown(
    "Every **row** is one digit, every **column** a class that the network is to read in its place. Violet pixels were "
    "changed. A dashed frame and a ✕ mark an attack that failed. Click a tile to see that attack step by step."
)
positions = grid.choose_sample(digits)
work = grid.work(choice.data, network(choice.model), positions, choice.attack)

# What is done is drawn at once; the rest keeps its places, which are filled row by row.
figures, progress = st.empty(), st.empty()
clicked, places = {}, {}
with st.container(key="attacks-box"), st.container(key="attacks"):
    grid.head()
    for source in range(grid.CLASSES):
        if source < len(work.rows):
            clicked[source] = grid.draw(work.rows[source])
        else:
            places[source] = st.empty()
            with places[source].container():
                grid.draw_waiting(source)
st.caption("px: pixels changed, of 784. it.: iterations. Original: the digit as it is, with what the network reads.")
for source, target in clicked.items():
    if target is not None:
        grid.open_in_lab(source, target, positions, digits)

grid.draw_figures(figures, work)
with grid.in_progress(progress, work) as moved:
    for row in work.fill():
        with places[row.source].container():
            grid.draw(row)
        grid.draw_figures(figures, work)
        moved()
if work.whole:
    grid.offer_download(work, choice)
