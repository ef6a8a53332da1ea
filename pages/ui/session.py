"""What the visitor requests, in step with the address bar across reruns and pages."""

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from jsma.stage.modules import join
from pages.ui.choice import Choice, from_url
from pages.ui.outside import plain

OURS = [field.name for field in fields(Choice)]

MOST_EARLIER = 30
"""So many earlier choices of a session are remembered: more than there are clicks on their way to the server."""

_address_bar = st.components.v2.component("jsma_address_bar", js=join(Path(__file__).with_name("address_bar.js")))


def current(page: str) -> Choice:
    """Return the choice requested on `page`: the link's where one has led here, else the one before.

    An address that says nothing, as after a click on another page's name, changes nothing. Nor does that of an earlier
    choice, unless it comes by Back or Forward: the browser still has it where the visitor clicks again before the
    answer to the last click has come.
    """
    state = st.session_state
    address = _ours()
    arrives = page != state.get("page") or _by_history()
    if "choice" not in state or (
        address and _differs(address, state.published) and (arrives or _named_by(address) not in state.earlier)
    ):
        choice, notices = from_url(address)
        _begin(choice, notices)
    elif page != state.page:
        _begin(state.choice, [])
        state.chosen = False  # the page itself is the new entry
    state.arrivals = state.get("arrivals", 0) + arrives
    state.page = page
    return state.choice


def _named_by(address: dict[str, str]) -> Choice:
    return replace(from_url(address)[0], step=0)


def _remember(choice: Choice) -> None:
    earlier = st.session_state.get("earlier", [])
    st.session_state.earlier = [each for each in earlier if each != replace(choice, step=0)][-MOST_EARLIER:]
    st.session_state.earlier.append(replace(choice, step=0))


def _by_history() -> bool:
    """Return whether this run comes from the browser's Back or Forward."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def _ours() -> dict[str, str]:
    """Return what the address, as Python knows it, says of the choice."""
    return {name: value for name, value in st.query_params.items() if name in OURS}


def _differs(address: dict[str, str], other: dict[str, str]) -> bool:
    return {**address, "step": ""} != {**other, "step": ""}


def requested() -> Choice:
    """Return the requested choice, after `current` was called; the effective one is that of controls.choose."""
    return st.session_state.choice


def request(choice: Choice) -> None:
    """Make `choice` the requested one; another attack begins at its first step."""
    if replace(choice, step=0) != replace(st.session_state.choice, step=0):
        _begin(replace(choice, step=0), [])
        note_choice()


def note_choice() -> None:
    """Let the next `publish` make an entry in the browser's history, since the visitor has chosen something."""
    st.session_state.chosen = True


def note_bound_choice() -> None:
    """Make what the visitor has chosen in a widget bound to the address an entry of the browser's history.

    Streamlit writes such a choice over the entry there is; Back then undoes it.
    """
    dismiss_notices()
    st.session_state.bound_choices = st.session_state.get("bound_choices", 0) + 1


def correct(choice: Choice) -> None:
    """Replace a requested choice that is not possible by `choice`; the notices about it stay."""
    st.session_state.choice = choice


def _begin(choice: Choice, notices: list[str]) -> None:
    """Make `choice` the requested one, and the stage jump to `choice.step`, even if it shows this attack already."""
    state = st.session_state
    state.choice, state.notices = choice, notices
    state.setdefault("published", {})
    _remember(choice)
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


def publish(**of_page: str) -> None:
    """Bring the address bar up to date, so that it is a link to what is shown.

    What the visitor has chosen is a new entry of the browser's history; all else changes the entry there is.
    of_page: parameters of this page alone.
    """
    state = st.session_state
    wanted, names = state.choice.to_url() | of_page, [*OURS, *of_page]
    state.published = state.choice.to_url()
    _remember(state.choice)
    if state.get("chosen"):
        st.query_params.update(wanted)
        state.chosen = False
    known = {name: value for name, value in st.query_params.items() if name in names}
    wish = {"known": known, "wanted": wanted, "names": names, "entry": state.get("bound_choices", 0)}
    # In a list: a dictionary's values are looked through for tables, for which Streamlit imports pandas.
    _address_bar(key="address-bar", data=[wish], height=0)


def address() -> dict[str, str]:
    """Return what the address bar says of the choice, as far as it was published, in its order."""
    return _ours() | st.session_state.published


def read_address(query: str) -> None:
    """Take the step from the address bar, `query`, into this session, which is new: its server has started again."""
    asked = {name: value for name, value in parse_qsl(query[1:2000]) if name in OURS}
    st.query_params.update(asked)


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
