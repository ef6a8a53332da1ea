"""Transfer: attacks that were made for one network, shown to another."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import streamlit as st
import torch

from pages.ui import networks, session
from pages.ui.choice import Choice
from pages.ui.networks import Network, network

if TYPE_CHECKING:
    from pages.ui.grid.cells import Row

NOBODY = "No other network"


@dataclass(frozen=True)
class Transfer:
    """What another network reads in the images that fooled the first one, how often; all are counts.

    fooled: how many images the first one reads as the target; as_target and as_label: how many of these the other one
    reads as the target, and as the digit that they are; the rest it reads as some other class.
    """

    fooled: int
    as_target: int
    as_label: int

    @property
    def otherwise(self) -> int:
        """How many are read as neither."""
        return self.fooled - self.as_target - self.as_label

    def sentence(self, reader: str) -> str:
        """Return the counts in words; reader: the label of the other network."""
        return (
            f"Of the {self.fooled} successful ones, the network “{reader}” reads {self.as_target} as the target, "
            f"{self.as_label} as the digit itself and {self.otherwise} as another class."
        )


@dataclass(frozen=True, eq=False)
class Reader:
    """Another network that the images are shown to; it remembers what it has read while a page is drawn."""

    network: Network
    _known: "dict[Row, list[int]]" = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The name that the network has for visitors."""
        return self.network.label

    @torch.no_grad()
    def reads(self, row: "Row") -> list[int]:
        """Return what it reads in a row of the grid: by target, and for the source in the digit itself."""
        if row not in self._known:
            images = row.result.images
            of_all = torch.cat([images[: row.source], row.image[None], images[row.source :]])
            self._known[row] = self.network.module(of_all).argmax(dim=1).tolist()
        return self._known[row]


def ask_for_reader(choice: Choice) -> Reader | None:
    """Let the visitor say which other network the images are shown to, and return it; None for no other."""

    def take() -> None:
        session.request(replace(session.requested(), reader=st.session_state["which-reader"]))

    labels = {"": NOBODY} | {name: label for name, label in networks.names().items() if name != choice.model}
    st.session_state["which-reader"] = choice.reader
    st.selectbox(
        "Show them to",
        labels,
        format_func=lambda name: labels.get(name, name),
        key="which-reader",
        on_change=take,
        width=240,
        help="Another network, which the attacks were not made for. Below each picture stands what it reads. Attacks "
        "that it reads as the target, too, **transfer**: whoever cannot look into a network can attack another one "
        "instead.",
    )
    return Reader(network(choice.reader)) if choice.reader else None


def transfer(reader: Reader, rows: "list[Row]") -> Transfer:
    """Return how often `reader` is fooled, too, by the attacks of `rows` that fooled the network they were made for."""
    fooled = as_target = as_label = 0
    for row in rows:
        reads = reader.reads(row)
        targets = [target for target in range(len(reads)) if target != row.source]
        for target, success in zip(targets, row.result.success.tolist(), strict=True):
            fooled += success
            as_target += success and reads[target] == target
            as_label += success and reads[target] == row.source
    return Transfer(fooled, as_target, as_label)
