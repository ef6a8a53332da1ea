"""The frame every page stands in: look, navigation, help, and what is under attack."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from jsma.glossary import TERMS
from jsma.stage.modules import join
from pages.ui import access, forgetting, resources, scheduling, session
from pages.ui.choice import ALL_DATA, Choice
from pages.ui.formatting import percent
from pages.ui.networks import OWN, network

HERE = Path(__file__).parent
STYLE = (HERE / "frame.css").read_text(encoding="utf-8")

_reconnected, _scrollers = (
    st.components.v2.component(f"jsma_{name}", js=join(HERE / f"{name}.js")) for name in ("reconnected", "scrollers")
)

PAGES = {
    "The lab": (
        "app.py",
        "Pick a digit and a target in the sidebar, then step through the attack with the buttons, the slider or the "
        "arrow keys. Point at a pixel to follow it through every picture; click it to see whom it would pair best "
        "with. *Predict first* hides the next pair until you have guessed it.",
    ),
    "Walkthrough": (
        "pages/1_Walkthrough.py",
        "Six chapters, half an hour. Each has something to do on a live digit, something to predict before it is "
        "shown, and a question or two. Your answers stay while this window is open; take the chapters in any order.",
    ),
    "Model": (
        "pages/2_Model.py",
        "What the network under attack is made of and how well it reads. Below, train one of your own: it then stands "
        "in for the shipped ones on every page, for you alone, while this window is open.",
    ),
    "Grid": (
        "pages/3_Grid.py",
        "One digit of every class, attacked towards every other class. The digits themselves are on the diagonal. "
        "Click a cell to open that attack in the lab.",
    ),
    "Rules": (
        "pages/4_Rules.py",
        "The same digit and target under several saliency rules, stepping together: how many pixels does each need?",
    ),
    "Evaluation": (
        "pages/5_Evaluation.py",
        "Attack many digits towards all nine other classes and judge the result: how often it succeeds and what it "
        "costs. Stop when you have seen enough: what is done stays.",
    ),
    "Your digit": (
        "pages/6_Your_digit.py",
        "Draw a digit, or send a picture or a photo of one. You see how it is brought to the form the network knows, "
        "and what the network reads. Then attack it: it is yours alone, and gone when you close this window.",
    ),
}
"""Every page by its title: its file, and what its help says."""


def begin(title: str, window: Callable[[], str] | None = None) -> Choice:
    """Set up the page called `title`, draw the navigation and the help, and return the choice in force.

    window: returns what the window is called, where that says more than `title`.
    """
    scheduling.admit()
    choice = session.current(title)
    name = window() if window else title
    st.set_page_config(f"{name} · JSMA", page_icon=str(HERE / "favicon.png"), layout="wide", initial_sidebar_state=300)
    st.html(f"<style>{STYLE}</style>")
    _reconnected(key="reconnected", on_again_change=lambda: None)
    _scrollers(key="scrollers")
    access.watch_focus()
    resources.few_threads()
    forgetting.note_visitor()
    with st.sidebar:
        with st.container(key="app-name"):
            st.markdown("**Saliency map attack**")
        with st.container(key="pages"):
            for name, (file, _) in PAGES.items():
                st.page_link(file, label=name)
            access.navigation("pages", "Pages", list(PAGES).index(title))
        with st.container(key="help", horizontal=True):
            with st.popover("Help", icon=":material/help:"):
                st.markdown(f"**{title}.** {PAGES[title][1]}")
            with st.popover("Glossary", icon=":material/menu_book:"):
                st.markdown("\n\n".join(f"**{name}** {meaning}" for name, meaning in TERMS.items()))
    return choice


def heading(title: str, choice: Choice) -> None:
    """Write the page's title, what is under attack, and what has to be said about the link or the data."""
    st.title(title, anchor=False)
    st.caption(subject(choice))
    session.show_notices()


def unseen_heading(text: str) -> None:
    """Write a heading for those who hear the page, above a part that says to those who see it what it is."""
    with st.container(key=f"unseen-{text.lower().replace(' ', '-')}"):
        st.header(text, anchor=False)


def subject(choice: Choice) -> str:
    """Return one line on the data and the network, in Markdown."""
    attacked = network(choice.model)
    share = attacked.accuracy.get(choice.data)
    them = "those it was not trained on" if choice.model == OWN else "them"
    reads = f", which reads {percent(share)} of {them} right" if share is not None else ""
    return f"Data: **{ALL_DATA[choice.data]}** · Network: **{attacked.label}**{reads}"
