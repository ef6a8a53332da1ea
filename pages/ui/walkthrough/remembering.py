"""Answers that last: kept in the reader's browser, checked when they come back."""

import json
from typing import Any

import streamlit as st

from pages.ui.kept_text import keep_text
from pages.ui.walkthrough import tasks

MOST = 60_000
"""The longest text that is taken from a browser; a whole course is a sixth of it."""


def remember(names: set[str]) -> None:
    """Keep this session's answers in the browser; a new session takes up those that are there. names: all tasks."""
    fresh = "walkthrough_taken_up" not in st.session_state and not tasks.first_answers()

    def take_up(text: object) -> None:
        if "walkthrough_taken_up" not in st.session_state:
            st.session_state.walkthrough_taken_up = True
            kept = checked(text, names)
            st.session_state.update(kept)
            for name, value in kept.get("walkthrough_given", {}).items():
                if f"question-{name}" in st.session_state:  # drawn already, without it
                    st.session_state[f"question-{name}"] = value

    keep_text("course", as_text(), fresh, take_up)


def as_text() -> str:
    """Return the answers of this session as JSON."""
    state = st.session_state
    return json.dumps(
        {
            "given": state.get("walkthrough_given", {}),
            "first": state.get("walkthrough_first", {}),
            "done": sorted(state.get("walkthrough_done", ())),
        }
    )


def checked(text: object, names: set[str]) -> dict[str, Any]:
    """Return the session's entries that `text`, from a browser, stands for; without all that cannot be an answer."""
    try:
        kept = json.loads(text) if isinstance(text, str) and len(text) <= MOST else {}
    except (ValueError, RecursionError):
        kept = {}
    if not isinstance(kept, dict):
        return {}
    given, first, done = (kept.get(name) for name in ("given", "first", "done"))
    return {
        "walkthrough_given": {
            name: value
            for name, value in (given.items() if isinstance(given, dict) else ())
            if name.partition("|")[0] in names and _is_given(value)
        },
        "walkthrough_first": {
            name: tasks.First(*value)
            for name, value in (first.items() if isinstance(first, dict) else ())
            if name in names and _is_first(value)
        },
        "walkthrough_done": {
            name for name in (done if isinstance(done, list) else ()) if isinstance(name, str) and name in names
        },
    }


def _is_given(value: object) -> bool:
    """Return whether `value` can be an answer; which answers a task has, it checks itself."""
    if isinstance(value, list):
        return len(value) <= 10 and all(type(each) is int and 0 <= each < 10 for each in value)
    return type(value) is int or (isinstance(value, str) and len(value) < 100)


def _is_first(value: object) -> bool:
    match value:
        case [str(said), str(true), bool()]:
            return len(said) < 200 and len(true) < 200
    return False
