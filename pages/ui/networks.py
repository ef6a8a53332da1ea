"""The networks under attack: the shipped ones, shared by all, and one's own, which nobody else sees."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st
from torch import nn

import jsma
from jsma.models import training_record

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
    except (OSError, ValueError, KeyError) as damage:  # not remembered: once repaired, the next run finds it
        other = next(other for other in SHIPPED if other != name)
        st.error(
            f"**{SHIPPED[name]}** cannot be loaded. {damage} Meanwhile [{SHIPPED[other]}](?model={other}) may do.",
            icon=":material/error:",
        )
        st.stop()


def keep_own(own: Network) -> None:
    """Make `own` this visitor's network, in place of an earlier one."""
    st.session_state.own_network = own


@st.cache_resource(max_entries=len(SHIPPED), show_spinner="Loading the network …")
def _shipped(name: str) -> Network:
    record = training_record(name)
    accuracy = {"uci": record["uci_accuracy"], "mnist": record["mnist_test_accuracy"]}
    return Network(name, SHIPPED[name], name, jsma.load_model(name), accuracy)
