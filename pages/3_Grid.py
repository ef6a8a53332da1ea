"""One digit of every class towards every other class; every cell opens in the lab."""

import streamlit as st

from pages.ui import frame, session
from pages.ui.grid import cells, transfer
from pages.ui.networks import network

choice, digits = frame.begin("Grid")
frame.heading("Grid", choice)
session.publish()
meaning = st.empty()
with st.container(horizontal=True, key="attacks-figures"):
    cells.ask_for_sample(digits)
    reader = transfer.ask_for_reader(choice)
    figures = st.empty()
below = (
    f"stands what the network **{reader.label}** reads: with a ✓ and a thick frame where that is the target, too"
    if reader
    else "stands how many (px), in how many iterations (it.)"
)
meaning.markdown(
    "A **row** for every digit, a **column** for every class it is to be read as. Violet pixels were changed; below "
    f"{below}. A dashed frame and a ✕ mark a failed attack. Click a picture to step through its attack."
)
work = cells.work(choice.data, network(choice.model), cells.positions(digits), choice.attack)
with st.container(key="attacks-progress"):
    progress = st.empty()

# What is done is drawn at once, its figures first; the rest keeps its places, which are filled a few rows at a time.
cells.draw_figures(figures, work, reader)
with cells.in_progress(progress, work, reader) as moved:
    done, clicked, places = len(work.rows), {}, {}
    with st.container(key="attacks-box"), st.container(key="attacks"):
        cells.head()
        for source in range(cells.CLASSES):
            if source < done:
                with st.container():  # as deep as in its place, or React would make its tiles anew
                    clicked[source] = cells.draw(work.rows[source], reader)
            else:
                places[source] = st.empty()
                with places[source].container():
                    cells.draw_waiting(source)
    for source, target in clicked.items():
        if target is not None:
            cells.open_in_lab(source, target, work.positions[source], digits)

    for rows in work.fill(done):
        for row in rows:
            with places[row.source].container():
                cells.draw(row, reader)
        cells.draw_figures(figures, work, reader)
        moved()
if work.whole:
    cells.offer_download(work, choice, reader)
