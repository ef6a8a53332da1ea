"""What pages work on: digits, loaded once for all visitors, and recorded attacks on them."""

import sys

import streamlit as st
import torch

from jsma import Attack, Digits
from jsma.data import DATA_SETS
from jsma.stage.recording import Recording
from pages.ui import memory
from pages.ui.attacking import Ongoing
from pages.ui.cache import computed, precompute
from pages.ui.choice import OWN, Choice
from pages.ui.networks import Network, network
from pages.ui.scheduling import Proceed
from pages.ui.shared import own_digits


@st.cache_resource(show_spinner=False)
def few_threads() -> None:
    """Give each computation one thread: single digits gain nothing from more, and visitors share the cores."""
    memory.use_few_arenas()
    torch.set_num_threads(1)
    sys.setswitchinterval(0.001)  # who computes with torch asks for the interpreter often, and waits so long for it


def digits(name: str) -> Digits:
    """Return the data set `name`, one of jsma.data.DATA_SETS, or as OWN this visitor's, of which there must be one.

    Raises DataUnavailable, which is not remembered.
    """
    if name != OWN:
        return _shared_digits(name)
    own = own_digits.digits()
    assert own is not None, "who asks for a visitor's own digits has to know that there is one"
    return own


@st.cache_resource(max_entries=8, show_spinner="Loading the digits …")
def _shared_digits(name: str) -> Digits:
    return DATA_SETS[name].load(None, False)


def recording(data: str, network: Network, index: int, target: int, attack: Attack) -> Recording:
    """Return the recorded attack on digit `index` of `data` towards `target`."""
    return computed(_record, *_attack_on(data, network, index, target, attack), own=data == OWN)


def record_first(choice: Choice) -> None:
    """Record the attack of `choice`, before a visitor asks for it."""
    position = int(digits(choice.data).of_class(choice.digit)[choice.sample])
    precompute(_record, *_attack_on(choice.data, network(choice.model), position, choice.target, choice.attack))


def _attack_on(data: str, network: Network, index: int, target: int, attack: Attack) -> tuple[Network, int, Ongoing]:
    """Return the arguments of `_record`."""
    chosen = digits(data)
    return network, int(chosen.labels[index]), Ongoing(network, chosen.images[index], target, attack)


def _record(network: Network, label: int, attack: Ongoing, proceed: Proceed) -> Recording:
    return attack.record(label, proceed)
