"""What users of a keyboard or screen reader need and Streamlit's elements lack: roles, states, and the focus.

Streamlit takes no aria-* for its elements, and a button that goes away leaves the focus nowhere. Small
scripts in the page see to both; what they need to know is said here.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from jsma.stage.modules import join

HERE = Path(__file__).parent

_marks = st.components.v2.component("jsma_marks", js=join(HERE / "marks.js"), isolate_styles=False)
_focus = st.components.v2.component("jsma_focus", js=join(HERE / "focus.js"))
_translated = st.components.v2.component("jsma_translated", js=join(HERE / "translated.js"))


def group(key: str, name: str, pressed: int | None = None, unavailable: Sequence[int] | None = None) -> None:
    """Make the container `key`, in which this is called, a group called `name`.

    pressed: which of its buttons is the chosen one, counted from 0; for a group that is no choice None.
    unavailable: buttons that do nothing now, but keep the focus, which `disabled` would take from them.
    """
    _mark(key, role="group", name=name, pressed=pressed, unavailable=unavailable)


def navigation(key: str, name: str, current: int) -> None:
    """Make the container `key`, in which this is called, a navigation called `name`; number `current` is open."""
    _mark(key, role="navigation", name=name, current=current)


def _mark(key: str, **data: object) -> None:
    # In a list: a dictionary's values are looked through for tables, for which Streamlit imports pandas.
    _marks(key=f"marks-{key}", data=[{"container": _css_class(key), **data}])


def focus_on(key: str, part: str = "") -> None:
    """Move the focus, in the next run, to the element or container `key`, or to its `part`, a CSS selector."""
    turn = st.session_state.get("focus_wish", {}).get("turn", 0) + 1
    st.session_state.focus_wish = {"turn": turn, "place": f".{_css_class(key)} {part}"}


def watch_focus() -> None:
    """Keep the focus on this page, and move it where `focus_on` has asked."""
    _focus(key="focus", data=st.session_state.get("focus_wish"))


def show_changes_when_translated() -> None:
    """Let what changes on this page be seen where the browser translates it."""
    _translated(key="translated")


def _css_class(key: str) -> str:
    """Return the class that Streamlit gives to the element or container `key`."""
    return "st-key-" + re.sub(r"[^a-zA-Z0-9_-]", "-", key)
