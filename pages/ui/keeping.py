"""A visitor's own digits and network, kept in their browser: there after F5, a crash of the server, in a second tab.

Nothing of it is on the server's disk. What a browser sends back may be anything, so it is checked like an address.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
import torch

from jsma import Digits
from jsma.data import DATA_SETS, SIDE
from jsma.models import NETWORKS, build
from jsma.stage.modules import join
from pages.ui import networks, session
from pages.ui.choice import OWN, Choice
from pages.ui.networks import Network
from pages.ui.shared import own_digits

VERSION = 1
MOST = 8 << 20
"""The longest text that is taken from a browser, in characters: twice that of the largest network here."""

FORGOTTEN = ("own_", "training", "walkthrough_", "question-", "prediction-")
"""How the entries of a session begin that hold what is kept in the browser, here and by the walkthrough."""

_component = st.components.v2.component("jsma_keeping", js=join(Path(__file__).with_name("keeping.js")))


def keep(choice: Choice) -> None:
    """Keep what this session has of its own in the browser; a new session takes up what is there.

    choice: the requested one, which may wait for what is there.
    """
    _component(key="keeping", data=message(choice), on_kept_change=_take_up, on_stored_change=_note_stored)


def wait_for(choice: Choice) -> None:
    """End the run where the browser is still asked for a digit or network of one's own that `choice` names."""
    if _is_missing(choice) and "kept_taken_up" not in st.session_state and st.context.url:
        st.caption("Looking for what this browser keeps …")
        st.stop()


def _is_missing(choice: Choice) -> bool:
    """Return whether `choice` names a digit or network of one's own that this session does not have."""
    return (choice.data == OWN and own_digits.digits() is None) or (
        choice.model == OWN and "own_network" not in st.session_state
    )


def forget() -> None:
    """Forget all that was kept, in this session and in the browser."""
    state = st.session_state
    for name in [name for name in state if str(name).startswith(FORGOTTEN)]:
        del state[name]
    state.kept_taken_up = state.walkthrough_taken_up = True  # what the browser still holds is not to come back
    state.kept_forgotten = state.get("kept_forgotten", 0) + 1
    choice, usual = session.requested(), Choice()
    data = usual.data if choice.data == OWN else choice.data
    session.request(replace(choice, data=data, model=usual.model if choice.model == OWN else choice.model))


def _note_stored() -> None:
    """Note which network the browser has stored, for the whole session: a component's own state ends with its page."""
    st.session_state.own_network_stored = st.session_state["keeping"].stored


def message(choice: Choice) -> bytes:
    """Return what the browser is told: a line of JSON, then the weights, until it says that it has them."""
    state, own = st.session_state, st.session_state.get("own_network")
    digits = own_digits.digits()
    nothing_yet = own is None and digits is None and "kept_taken_up" not in state
    head = {
        "ask": nothing_yet,
        "awaited": nothing_yet and _is_missing(choice),
        "forgotten": state.get("kept_forgotten", 0),
        "digits": None if digits is None else digits_as_text(digits),
        "network": None if own is None else network_facts(own),
    }
    weights = b"" if own is None or own.key == state.get("own_network_stored") else weights_as_bytes(own)
    return json.dumps(head).encode() + b"\n" + weights


def _take_up() -> None:
    state = st.session_state
    if "kept_taken_up" in state:
        return
    state.kept_taken_up = True
    text = state["keeping"].kept
    kept = read(json.loads, text) if isinstance(text, str) and len(text) <= MOST else None
    if not isinstance(kept, dict):
        return
    digits, network = read(digits_from_text, kept.get("digits")), read(network_from, kept.get("network"))
    if digits is not None and own_digits.digits() is None:
        state.own_digits = digits
    if network is not None and "own_network" not in state:
        networks.keep_own(network)


def read(reader: Callable[[Any], Any], value: object) -> Any:
    """Return what `reader` makes of `value`; None where it is not what this version of the app has written."""
    try:
        return reader(value)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, RuntimeError):
        return None


def digits_as_text(digits: Digits) -> str:
    """Return digits as JSON: their labels, and their pixels as raw numbers."""
    pixels = b64encode(digits.images.numpy().astype("<f4").tobytes()).decode()
    return json.dumps({"version": VERSION, "labels": digits.labels.tolist(), "pixels": pixels})


def digits_from_text(text: str) -> Digits:
    """Return the digits in `text`; ValueError and its like where these are not at most twelve, labelled, in [0, 1]."""
    kept = json.loads(text)
    labels, values = kept["labels"], _numbers(kept["pixels"])
    if kept["version"] != VERSION or not 1 <= len(labels) <= own_digits.MOST:
        raise ValueError("of another version, or not so many")
    if not all(type(label) is int and 0 <= label < 10 for label in labels) or not ((values >= 0) & (values <= 1)).all():
        raise ValueError("no digits")
    return Digits(own_digits.NAME, values.reshape(len(labels), 1, SIDE, SIDE), torch.tensor(labels))


def network_facts(own: Network) -> dict[str, Any]:
    """Return what belongs to the weights of `own`, fit for JSON."""
    names = ("key", "architecture", "trained_on")
    return {
        "version": VERSION,
        "accuracy": dict(own.accuracy),
        **{name: getattr(own, name) for name in names},
    }


def weights_as_bytes(own: Network) -> bytes:
    """Return all weights of `own`, one after another, as raw float32."""
    return b"".join(value.numpy().astype("<f4").tobytes() for value in own.module.state_dict().values())


def network_from(kept: dict[str, Any]) -> Network:
    """Return the network that `kept` describes; ValueError and its like where shapes or numbers do not fit."""
    if kept["version"] != VERSION or kept["architecture"] not in NETWORKS or kept["trained_on"] not in ("", *DATA_SETS):
        raise ValueError("of another version, or unknown")
    accuracy = {name: float(share) for name, share in kept["accuracy"].items() if name in DATA_SETS}
    if not all(0 <= share <= 1 for share in accuracy.values()):
        raise ValueError("no share")
    module, values = build(kept["architecture"]), _numbers(kept["weights"])
    state = module.state_dict()
    parts = values.split([value.numel() for value in state.values()])  # RuntimeError where the sum is another
    module.load_state_dict({name: part.reshape(state[name].shape) for name, part in zip(state, parts, strict=True)})
    own = networks.own(kept["architecture"], module.eval(), accuracy, kept["trained_on"])
    networks.check_finite(own.module)
    return own


def _numbers(text: str) -> torch.Tensor:
    values = torch.from_numpy(np.frombuffer(b64decode(text, validate=True), "<f4").astype(np.float32))
    if not values.isfinite().all():
        raise ValueError("not finite")
    return values
