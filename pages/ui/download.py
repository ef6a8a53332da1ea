"""Files to download: made when asked for, sent once to the page that asked, and stored nowhere.

Streamlit's own download button puts a file where anyone who knows its address can fetch it. Here the bytes go to the
browser as data of a component, which saves them.
"""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import streamlit as st

from jsma.stage.modules import join
from pages.ui.scheduling import carried_out

HERE = Path(__file__).parent

_html = (HERE / "download.html").read_text(encoding="utf-8")
_component = st.components.v2.component("jsma_download", html=_html, js=join(HERE / "download.js"))


def download(label: str, name: str, kind: str, make: Callable[[], bytes | str], key: str) -> None:
    """Draw a button called `label` that saves what `make` returns as the file `name`, of the media type `kind`.

    To be drawn in a fragment: a click runs it again.
    """
    head, content = {"label": label, "name": name, "kind": kind}, b""
    if st.session_state.pop(f"{key}-asked", False):
        try:
            made = carried_out(("file", uuid4()), lambda proceed: make(), "Making the file …")
            content = made.encode() if isinstance(made, str) else made
            head["number"] = uuid4().hex  # tells the browser that it has not saved this one yet
        except Exception:
            logging.getLogger(__name__).exception("%s could not be made", name)
            head["problem"] = "This file could not be made. Try again, or with another attack."

    def asked() -> None:
        st.session_state[f"{key}-asked"] = True

    _component(key=key, data=json.dumps(head).encode() + b"\n" + content, on_asked_change=asked, width="content")
