"""How well a network reads a whole data set: its accuracy, the confusion table, and the digits of any of its cells."""

from dataclasses import replace

import streamlit as st
import torch
from torch import Tensor

from jsma import Digits
from jsma.glossary import TERMS
from pages.ui import navigation, session, tiles
from pages.ui.choice import OWN, Choice
from pages.ui.formatting import percent
from pages.ui.model import readings, training_panel
from pages.ui.networks import Network
from pages.ui.shared import charts

TILES = 10
"""How many digits of a cell are shown at most."""


def show(choice: Choice, network: Network, digits: Digits, theme: str) -> None:
    """Read all digits that may test the network, and show how many of each class are read as each class."""
    st.header("How well it reads", anchor=False)
    place = st.empty()
    logits = readings.outputs(choice.data, network, lambda share: place.progress(share, f"Reading: {share:.0%}"))
    place.empty()
    sure, reads = logits.softmax(dim=1).max(dim=1)
    rows = torch.arange(len(digits))
    if choice.model == OWN:
        rows = rows[training_panel.test_positions(choice.data)]
    table = readings.confusion(digits.labels[rows], reads[rows])
    _accuracy(table, len(rows) < len(digits))
    key = f"confusion-{choice.data}-{network.key}"
    for name, label in zip(("true", "read"), readings.largest_mistake(table), strict=True):
        st.session_state.setdefault(f"{key}-{name}", label)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _confusion(table, key, theme)
    with right:
        true, read = _cell(key)
        of_cell = rows[(digits.labels[rows] == true) & (reads[rows] == read)]
        _digits_of_cell(choice, digits, of_cell, read, sure)


def _accuracy(table: Tensor, only_held_out: bool) -> None:
    count, right = int(table.sum()), int(table.diagonal().sum())
    which = " that were held out from its training" if only_held_out else ""
    st.markdown(
        f"Of the {count:,} digits{which} it reads {right:,} right: **{percent(right / count, 2)}**. A row of the table "
        "is the true class, a column the class that the network reads. Click a cell to see its digits.",
        help=TERMS["confusion table"],
    )


def _confusion(table: Tensor, key: str, theme: str) -> None:
    rows = "; ".join(f"{label}: {', '.join(map(str, row))}" for label, row in enumerate(table.tolist()))
    st.vega_lite_chart(
        charts.confusion(table, theme),
        key=key,
        on_select=lambda: _take_cell(key),
        alt=f"How many digits of each true class are read as 0 to 9. {rows}",
    )


def _take_cell(key: str) -> None:
    for cell in st.session_state[key].selection.cell:
        for name in ("true", "read"):
            st.session_state[f"{key}-{name}"] = int(cell[name])


def _cell(key: str) -> tuple[int, int]:
    """Let the visitor choose the cell to look at; at first it is the most frequent mistake."""
    first, second = st.columns(2)
    true = first.selectbox("True class", range(10), key=f"{key}-true")
    return true, second.selectbox("Read as", range(10), key=f"{key}-read")


def _digits_of_cell(choice: Choice, digits: Digits, positions: Tensor, read: int, sure: Tensor) -> None:
    shown = positions[:TILES].tolist()
    if not shown:
        st.caption("There is no such digit. Choose another cell.")
        return
    which = f"The first {len(shown)} of {len(positions):,}" if len(positions) > len(shown) else f"All {len(shown)}"
    st.caption(f"{which if len(positions) > 1 else 'The only one'}. Click a digit to attack it in the lab.")
    with st.container(key="grid-cell"), tiles.sheet() as sheet:
        for k, position in enumerate(shown):
            label = int(digits.labels[position])
            sample = int((digits.of_class(label) == position).nonzero())
            name = f"Digit {label}, sample {sample + 1}, read as {read}, {percent(float(sure[position]))} sure"
            if sheet.tile(f"cell-{k}", name, digits.images[position], help=name):
                target = next(target for target in (choice.target, *range(10)) if target not in (label, read))
                navigation.open_in_lab(replace(session.requested(), digit=label, sample=sample, target=target))
