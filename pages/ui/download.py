"""Files to download: made when asked for, sent to the page that asked until it has them, and stored nowhere.

Streamlit's own download button puts a file where anyone who knows its address can fetch it. Here the bytes go to the
browser as data of a component, which saves them.
"""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import NamedTuple
from uuid import uuid4

import streamlit as st

from jsma.stage.modules import join
from pages.ui.scheduling import carried_out

HERE = Path(__file__).parent

PATIENCE_SECONDS = 15
"""So long a click counts: who leaves meanwhile and comes back later gets no file, and another click asks again."""


class Wish(NamedTuple):
    """A click that asks for a file: when, and a number by which the browser knows whether it has the file.

    It holds until the browser says so: where it asks for something else at the same moment, the making of the file is
    cut off, or what the next request draws takes the place of the file on its way.
    """

    since: float
    number: str


def wish() -> Wish:
    """Return a new wish."""
    return Wish(monotonic(), uuid4().hex)


_html = (HERE / "download.html").read_text(encoding="utf-8")
_component = st.components.v2.component("jsma_download", html=_html, js=join(HERE / "download.js"))


def download(label: str, name: str, kind: str, make: Callable[[], bytes | str], key: str) -> None:
    """Draw a button called `label` that saves what `make` returns as the file `name`, of the media type `kind`.

    To be drawn in a fragment: a click runs it again.
    """
    head, content = {"label": label, "name": name, "kind": kind, "patience": PATIENCE_SECONDS}, b""
    wished = st.session_state.get(f"{key}-asked")
    if wished and monotonic() - wished.since < PATIENCE_SECONDS:
        try:
            made = carried_out(("file", uuid4()), lambda proceed: make(), "Making the file …")
            content = made.encode() if isinstance(made, str) else made
            head["number"] = wished.number
        except Exception:
            logging.getLogger(__name__).exception("%s could not be made", name)
            head["problem"] = "This file could not be made. Try again, or with another attack."
            del st.session_state[f"{key}-asked"]

    def asked() -> None:
        st.session_state[f"{key}-asked"] = wish()

    def saved() -> None:
        st.session_state.pop(f"{key}-asked", None)

    data = json.dumps(head).encode() + b"\n" + content
    _component(key=key, data=data, on_asked_change=asked, on_saved_change=saved, width="content")
