"""The networks under attack: the shipped ones, shared by all, and one's own, which nobody else sees."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st
import torch
from torch import nn

import jsma
from jsma.data import SIDE
from jsma.models import training_command, training_record
from pages.ui import address
from pages.ui.outside import cut, plain

SHIPPED = {"tutorial": "The tutorial's CNN", "lenet": "The paper's LeNet"}
OWN = "own"
"""What a choice calls the network that its visitor has trained on the page Model."""


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network: `key` names it in caches, `label` to people; it is read-only.

    architecture: a name in jsma.models.ARCHITECTURES; accuracy: the share of each data set ("uci", "mnist")
    that it reads right, as far as it is known.
    """

    key: str
    label: str
    architecture: str
    module: nn.Module
    accuracy: Mapping[str, float]

    @property
    def own(self) -> bool:
        """Whether a visitor has trained it, who then owns what comes of it, too."""
        return self.key.startswith(OWN)


def names() -> dict[str, str]:
    """Return what this visitor may choose, with labels."""
    own = st.session_state.get("own_network")
    return SHIPPED | ({OWN: own.label} if own else {})


def network(name: str) -> Network:
    """Return the network `name`, one of `names()`; where it cannot be loaded, say so and end the page."""
    if name == OWN:
        return st.session_state.own_network
    try:
        return _shipped(name)
    except (OSError, ValueError) as damage:  # not remembered: once repaired, the next run finds it
        other = next(other for other in SHIPPED if other != name)
        st.error(
            f"**{SHIPPED[name]}** cannot be loaded. {plain(cut(damage, 1000))} "
            f"Meanwhile [{SHIPPED[other]}]({address.to_this_page({'model': other})}) may do.",
            icon=":material/error:",
        )
        st.stop()


def keep_own(own: Network) -> None:
    """Make `own` this visitor's network, in place of an earlier one."""
    st.session_state.own_network = own


@st.cache_resource(max_entries=len(SHIPPED), show_spinner="Loading the network …")
def _shipped(name: str) -> Network:
    record, module = training_record(name), jsma.load_model(name)
    with torch.no_grad():
        if not module(torch.full((1, 1, SIDE, SIDE), 0.5)).isfinite().all():
            raise ValueError(f"Its weights are too large to compute with. Train it again: {training_command(name)}.")
    measures = {"uci": "uci_accuracy", "mnist": "mnist_test_accuracy"}
    accuracy = {data: record[measure] for data, measure in measures.items() if measure in record}
    return Network(name, SHIPPED[name], name, module, accuracy)
