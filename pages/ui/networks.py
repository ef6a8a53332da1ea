"""The networks under attack: the shipped ones, shared by all visitors, and a visitor's own, for that session only."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st
import torch
from torch import nn

import jsma
from jsma.data import DATA_SETS, SIDE
from jsma.evaluation import fingerprint
from jsma.models import NETWORKS, training_command, training_record
from pages.ui import address
from pages.ui.choice import OWN
from pages.ui.outside import cut, plain


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network: `key` names it in caches, `label` is shown; it is read-only.

    architecture: a name in jsma.models.NETWORKS; accuracy: the share of each data set ("uci", "mnist")
    that it reads right, as far as it is known; trained_on: the data set of which it knows a part, if any.
    """

    key: str
    label: str
    architecture: str
    module: nn.Module
    accuracy: Mapping[str, float]
    trained_on: str = ""

    @property
    def own(self) -> bool:
        """Whether a visitor has trained it; results of it belong to their session, too."""
        return self.key.startswith(OWN)


def names() -> dict[str, str]:
    """Return what this visitor may choose, with labels."""
    own = st.session_state.get("own_network")
    shipped = {name: entry.label for name, entry in NETWORKS.items()}
    return shipped | ({OWN: own.label} if own else {})


def network(name: str) -> Network:
    """Return the network `name`, one of `names()`; where it cannot be loaded, say so and end the page."""
    if name == OWN:
        return st.session_state.own_network
    try:
        return _shipped(name)
    except (OSError, ValueError) as damage:  # not remembered: once repaired, the next run finds it
        other = next(other for other in NETWORKS if other != name)
        st.error(
            f"**{NETWORKS[name].label}** cannot be loaded. {plain(cut(damage, 1000))} "
            f"You can use [{NETWORKS[other].label}]({address.to_this_page({'model': other})}) instead.",
            icon=":material/error:",
        )
        st.stop()


def loaded(name: str) -> Network | None:
    """Return the network `name`, or None where it cannot be loaded; `network` says why."""
    try:
        return st.session_state.own_network if name == OWN else _shipped(name)
    except (OSError, ValueError):
        return None


def own(architecture: str, module: nn.Module, accuracy: Mapping[str, float], trained_on: str) -> Network:
    """Return a network that a visitor has trained."""
    label = NETWORKS[architecture].label
    key = f"{OWN}-{fingerprint(list(module.state_dict().values()))[:16]}"
    return Network(key, f"Your own ({label[0].lower()}{label[1:]})", architecture, module, accuracy, trained_on)


def check_finite(module: nn.Module) -> None:
    """Raise ValueError where what the network computes is not finite."""
    with torch.no_grad():
        if not module(torch.full((1, 1, SIDE, SIDE), 0.5)).isfinite().all():
            raise ValueError("Its weights are too large to compute with.")


def keep_own(own: Network) -> None:
    """Make `own` this visitor's network, in place of an earlier one."""
    st.session_state.own_network = own


@st.cache_resource(max_entries=8, show_spinner="Loading the network …")
def _shipped(name: str) -> Network:
    record, module = training_record(name), jsma.load_model(name)
    try:
        check_finite(module)
    except ValueError as problem:
        raise ValueError(f"{problem} Train it again: {training_command(name)}.") from problem
    accuracy = {data: record[of.accuracy_key] for data, of in DATA_SETS.items() if of.accuracy_key in record}
    return Network(name, NETWORKS[name].label, name, module, accuracy)
