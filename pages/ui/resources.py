"""What all visitors share, read-only: digits and recorded attacks, each loaded or computed once."""

import sys
from collections.abc import Callable

import streamlit as st
import torch
from torch import Tensor

import jsma
from jsma import Attack, Digits
from pages.ui.networks import Network
from pages.ui.own_digit import kept
from pages.ui.recording import Recording, record
from pages.ui.turns import few_at_once

KEYED = {Network: lambda network: network.key, Tensor: lambda image: image.numpy().tobytes()}
"""How caches tell networks and images apart."""


@st.cache_resource(show_spinner=False)
def few_threads() -> None:
    """Give each computation one thread: single digits gain nothing from more, and visitors share the cores."""
    torch.set_num_threads(1)
    sys.setswitchinterval(0.001)  # who computes with torch asks for the interpreter often, and waits so long for it


def digits(name: str) -> Digits:
    """Return the digits called "uci" or "mnist", or as "own" this visitor's, of which there must be one.

    Raises MNISTUnavailable, which is not remembered.
    """
    return kept.digits() if name == kept.OWN else _shared_digits(name)


@st.cache_resource(max_entries=2, show_spinner="Loading the digits …")
def _shared_digits(name: str) -> Digits:
    return jsma.load_uci_digits() if name == "uci" else jsma.load_mnist()


def recording(data: str, network: Network, index: int, target: int, attack: Attack) -> Recording:
    """Return the recorded attack on digit `index` of `data` towards `target`."""
    chosen = digits(data)
    return remembered(_record, data)(network, chosen.images[index], int(chosen.labels[index]), target, attack)


@few_at_once
def _record(network: Network, image: Tensor, label: int, target: int, attack: Attack) -> Recording:
    return record(network.module, image, label, target, attack)


def remembered(attack: Callable, data: str) -> Callable:
    """Return `attack`, a function of a network, an image and more, with a memory.

    It is one for all visitors, but for a visitor's own digits: what comes of these is theirs, and goes with them.
    """
    options = {"show_spinner": "Attacking …", "hash_funcs": KEYED}
    if data == kept.OWN:
        return st.cache_data(attack, scope="session", max_entries=12, **options)
    return st.cache_data(attack, max_entries=256, **options)
