"""What all visitors share, read-only: digits and recorded attacks, each loaded or computed once."""

import streamlit as st
import torch

import jsma
from jsma import Attack, Digits
from pages.ui.networks import Network
from pages.ui.recording import Recording, record

KEYED = {Network: lambda network: network.key}
"""How caches tell networks apart."""


@st.cache_resource(show_spinner=False)
def few_threads() -> None:
    """Give each computation one thread: single digits gain nothing from more, and visitors share the cores."""
    torch.set_num_threads(1)


@st.cache_resource(max_entries=2, show_spinner="Loading the digits …")
def digits(name: str) -> Digits:
    """Return the digits called "uci" or "mnist". Raises MNISTUnavailable, which is not remembered."""
    return jsma.load_uci_digits() if name == "uci" else jsma.load_mnist()


@st.cache_data(max_entries=128, show_spinner="Attacking …", hash_funcs=KEYED)
def recording(data: str, network: Network, index: int, target: int, attack: Attack) -> Recording:
    """Return the recorded attack on digit `index` of `data` towards `target`."""
    chosen = digits(data)
    return record(network.module, chosen.images[index], int(chosen.labels[index]), target, attack)
