"""What the visitor requests, in step with the address bar across reruns and pages."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import streamlit as st

from pages.ui.choice import Choice, from_url
from pages.ui.outside import plain

OURS = {field.name for field in fields(Choice)}


def current(page: str) -> Choice:
    """Return the choice requested on `page`: the link's when the address has changed, else the one before.

    An address that says nothing, as after a click on another page's name, changes nothing.
    """
    state = st.session_state
    address = {name: value for name, value in st.query_params.items() if name in OURS}
    if "choice" not in state or (address and address != state.address):
        choice, notices = from_url(address)
        _begin(choice, notices)
    elif page != state.page:
        _begin(state.choice, [])
    state.page, state.address = page, address
    return state.choice


def requested() -> Choice:
    """Return the requested choice, after `current` was called; the effective one is that of controls.choose."""
    return st.session_state.choice


def request(choice: Choice) -> None:
    """Make `choice` the requested one; another attack begins at its first step."""
    if replace(choice, step=0) != replace(st.session_state.choice, step=0):
        _begin(replace(choice, step=0), [])


def correct(choice: Choice) -> None:
    """Replace a requested choice that is not possible by `choice`; the notices about it stay."""
    st.session_state.choice = choice


def _begin(choice: Choice, notices: list[str]) -> None:
    """Make `choice` the requested one, and the stage jump to `choice.step`, even if it shows this attack already."""
    state = st.session_state
    state.choice, state.notices = choice, notices
    state.start, state.visit = choice.step, state.get("visit", 0) + 1


def start_within(iterations: int) -> tuple[int, int]:
    """Return the step at which the stage begins, at most `iterations`, and the number of this beginning."""
    if st.session_state.start > iterations:
        notify(
            f"The link asks for step {st.session_state.start}, but this attack ends at step {iterations}. Showing that."
        )
        st.session_state.start = iterations
    return st.session_state.start, st.session_state.visit


def settle(step: int) -> None:
    """Remember the step the viewer has settled on, and bring the address bar up to date."""
    st.session_state.choice = replace(st.session_state.choice, step=step)
    publish()


def publish() -> None:
    """Bring the address bar up to date, so that it is a link to what is shown."""
    address = st.session_state.choice.to_url()
    if address != st.session_state.address:
        st.session_state.address = address
        st.query_params.update(address)


def notify(sentence: str) -> None:
    """Add a sentence, plain text, to be shown to the visitor above the page, until the choice changes."""
    if sentence not in st.session_state.notices:
        st.session_state.notices.append(sentence)


def check_link(name: str, default: Any, problem: Callable[[list[str], Any], str]) -> None:
    """Say so where the address asks the widget `name`, bound to it, for what Streamlit would silently drop.

    To be called before that widget is drawn. problem: given all that is asked for, and what is shown where that makes
    no sense, returns a sentence, empty where all is well.
    """
    asked = st.query_params.get_all(name)
    if asked and (sentence := problem(asked, st.session_state.get(name, default))):
        notify(sentence)


def dismiss_notices() -> None:
    """Drop the notices about the link, since the visitor has made another choice."""
    st.session_state.notices = []


def show_notices() -> None:
    """Show the notices about the link and the data."""
    for sentence in st.session_state.notices:
        st.warning(plain(sentence), icon=":material/info:")
