"""The frame of every page: style, navigation, help, and what is attacked."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from jsma import Digits, palette
from jsma.glossary import TERMS
from jsma.stage.modules import join
from pages.ui import access, callbacks, controls, forgetting, keeping, navigation, resources, scheduling, session
from pages.ui.choice import OWN, Choice, all_data_labels
from pages.ui.formatting import percent
from pages.ui.navigation import PAGES
from pages.ui.networks import network

APP = "JSMA, step by step"
"""What the app is called everywhere."""

HERE = Path(__file__).parent
STYLE = "\n".join((HERE / f"{name}.css").read_text(encoding="utf-8") for name in ("frame", "print"))

_reconnected, _scrollers, _drawer, _printing = (
    st.components.v2.component(f"jsma_{name}", js=join(HERE / f"{name}.js"))
    for name in ("reconnected", "scrollers", "drawer", "printing")
)

callbacks.carry_out_whole()


def begin(
    title: str, window: Callable[[], str] | None = None, controls_for: Callable[[], bool] = lambda: True
) -> tuple[Choice, Digits]:
    """Set up the page called `title` and draw the sidebar; return the effective choice and its digits.

    The effective choice is what is shown; it differs from the requested one (`session.requested`) where that asks for
    what is not here. window: returns what the window is called, where that says more than `title`;
    controls_for: returns whether this visitor gets the page's controls.
    """
    scheduling.admit()
    again = _reconnected(key="reconnected", on_again_change=lambda: None).again
    if again:
        session.read_address(again)
    requested, page = session.current(title), PAGES[title]
    keeping.keep(requested)
    name = window() if window else title
    st.set_page_config(f"{name} · {APP}", page_icon=str(HERE / "favicon.png"), layout="wide", initial_sidebar_state=300)
    st.html(f"<style>{palette.variables()}\n{STYLE}\n@page {{ size: A4 {page.paper}; }}</style>")
    _scrollers(key="scrollers")
    _drawer(key="drawer")
    _printing(key="printing", data=[{"paper": page.paper, "whole": page.one_sheet}])
    access.watch_focus()
    access.show_changes_when_translated()
    resources.few_threads()
    forgetting.note_visitor()
    with st.sidebar:
        with st.container(key="app-name"):
            st.markdown(f"**{APP}**")
        navigation.links(page)
        with st.container(key="help", horizontal=True):
            with st.popover("Help", icon=":material/help:"):
                st.markdown(f"**{title}.** {page.help}")
                st.markdown(
                    "Your answers, predictions, own digits and own network are kept in this browser, and only there."
                )
                st.button("Forget all of it", key="forget-all", on_click=keeping.forget)
            with st.popover("Glossary", icon=":material/menu_book:"):
                st.markdown("\n\n".join(f"**{name}** {meaning}" for name, meaning in TERMS.items()))
    keeping.wait_for(requested)
    return controls.choose(requested, page.controls if controls_for() else (), page.own_digits)


def heading(title: str, choice: Choice) -> None:
    """Write the page's title, what is attacked, and the notices about the link and the data."""
    st.title(title, anchor=False)
    st.caption(subject(choice))
    session.show_notices()


def unseen_heading(text: str) -> None:
    """Write a heading for screen readers only, above a part that needs no visible heading."""
    with st.container(key=f"unseen-{text.lower().replace(' ', '-')}"):
        st.header(text, anchor=False)


def subject(choice: Choice) -> str:
    """Return one line on the data and the network, in Markdown."""
    attacked = network(choice.model)
    share = attacked.accuracy.get(choice.data)
    them = "those it was not trained on" if choice.model == OWN else "them"
    reads = f", which reads {percent(share)} of {them} right" if share is not None else ""
    return f"Data: **{all_data_labels()[choice.data]}** · Network: **{attacked.label}**{reads}"
