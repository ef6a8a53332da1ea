"""A text that is kept in a visitor's browser, so that it is there after F5, a lost server, and tomorrow."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from jsma.stage.modules import join

_component = st.components.v2.component(
    "jsma_kept_text", html="<span></span>", js=join(Path(__file__).with_suffix(".js"))
)


def keep_text(name: str, text: str, fresh: bool, take_up: Callable[[object], None]) -> None:
    """Keep `text` in the browser under `name`, unless it is empty; if `fresh`, what is there goes to `take_up` instead.

    What comes from a browser may be anything: `take_up` must check it.
    """
    key = f"{name}-memory"
    # In a list: a dictionary's values are looked through for tables, for which Streamlit imports pandas.
    data = [{"name": name, "text": text, "fresh": fresh}]

    def taken_up() -> None:
        take_up(st.session_state[key].kept)

    _component(key=key, data=data, default={"kept": None}, on_kept_change=taken_up, height=0)
