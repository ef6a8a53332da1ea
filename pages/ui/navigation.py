"""The table of pages, and the ways from one to another."""

from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import streamlit as st

from pages.ui import access, session
from pages.ui.choice import CONTROLS, Choice


@dataclass(frozen=True)
class Page:
    """A page: its title, its file, its group in the sidebar, and what its help says, in Markdown.

    controls: the controls of the sidebar that it uses, names in CONTROLS; own_digits: whether it can show the few
    digits that a visitor has brought; paper: on what it is printed; one_sheet: whether all of it goes on one sheet.
    """

    title: str
    file: str
    group: str
    help: str
    controls: tuple[str, ...] = tuple(CONTROLS)
    own_digits: bool = False
    paper: Literal["portrait", "landscape"] = "portrait"
    one_sheet: bool = False


_SETTINGS = ("theta", "gamma", "rule", "output", "direction")

PAGES = {
    page.title: page
    for page in (
        Page(
            "The lab",
            "app.py",
            "Explore",
            "Pick a digit and a target in the sidebar, then step through the attack with the buttons, the slider or "
            "the arrow keys. Point at a pixel to follow it through every picture; click it to see its best partner "
            "pixel. *Predict first* hides the next pair until you have made your own choice.",
            own_digits=True,
            paper="landscape",
            one_sheet=True,
        ),
        Page(
            "Grid",
            "pages/3_Grid.py",
            "Explore",
            "One digit of every class, attacked towards every other class. The digits themselves are on the diagonal. "
            "Click a cell to open that attack in the lab. *Show them to* another network to see which attacks fool it, "
            "too.",
            ("data", "model", *_SETTINGS),
            one_sheet=True,
        ),
        Page(
            "Rules",
            "pages/4_Rules.py",
            "Explore",
            "The same digit and target under several saliency rules, stepping together: how many pixels does each "
            "need?",
            ("data", "digit", "sample", "target", "model", "theta", "gamma"),
            own_digits=True,
        ),
        Page(
            "Your digit",
            "pages/6_Your_digit.py",
            "Explore",
            "Draw a digit, or send a picture or a photo of one. You see how it is prepared for the network, and what "
            "the network reads. Then attack it. Only you can see it; this browser keeps it until you "
            "choose *Forget all of it* below.",
            ("model",),
            own_digits=True,
        ),
        Page(
            "Walkthrough",
            "pages/1_Walkthrough.py",
            "Learn",
            "Seven chapters, about an hour. Each has something to do on a live digit, something to predict before it "
            "is shown, and questions; after the last come a quiz, a summary to print and exercises. Your answers stay "
            "in this browser; take the chapters in any order.",
            ("data", "digit", "sample", "target", "model"),
        ),
        Page(
            "Saliency maps",
            "pages/7_Saliency_maps.py",
            "Learn",
            "Maps that explain why the network reads a digit as it does, beside the map that attacks it. Guess which "
            "one attacks. Then test the maps: do they agree, can they be used to attack, do they find the pixels that "
            "the network needs, and do they change when its weights are random?",
            ("data", "digit", "sample", "target", "model"),
            own_digits=True,
        ),
        Page(
            "Defend",
            "pages/9_Defend.py",
            "Learn",
            "Can one defend a network against this attack? The same digit and target on a network without a defence, "
            "on two that were trained to resist, and behind two filters, by an attacker who knows the defence or does "
            "not. Predict first, then see; below, what each defence is worth over many digits.",
            ("data", "digit", "sample", "target", "theta", "gamma", "rule", "output", "direction"),
            own_digits=True,
        ),
        Page(
            "Model",
            "pages/2_Model.py",
            "Measure",
            "The layers of the network under attack, and how well it reads. Below you can train one of your own and "
            "use it on every page in place of the shipped ones. It is there for you alone; this browser keeps it.",
            ("data", "model", "digit", "sample"),
        ),
        Page(
            "Evaluation",
            "pages/5_Evaluation.py",
            "Measure",
            "Attack many digits towards all nine other classes and judge the result: how often it succeeds and what "
            "it costs. You can stop at any time and keep the attacks that are done.",
            ("data", "model", *_SETTINGS),
        ),
        Page(
            "Class",
            "pages/8_Class.py",
            "Teach",
            "A class together. The teacher opens one and shows its code; students join without names or accounts. "
            "Then all follow the teacher's attack, predict the next pair on their own screens, answer a question, or "
            "explore alone. What all have chosen is shown at once. Everything is deleted a day after the last use.",
        ),
    )
}
"""The table of all pages by their titles, in the order of the sidebar, those of a group together."""


def links(current: Page) -> None:
    """Draw the links to all pages in their groups, `current` marked as the open one."""
    with st.container(key="pages"):
        for group, pages in groupby(PAGES.values(), key=lambda page: page.group):
            st.caption(group)
            for page in pages:
                st.page_link(page.file, label=page.title)
        access.navigation("pages", "Pages", list(PAGES).index(current.title))


def open_in_lab(choice: Choice) -> None:
    """Leave this page for the lab and show the attack `choice` there; the browser's Back then leads here again."""
    session.request(choice)
    # With the address as it is: another one would be an entry of its own before the page changes.
    st.switch_page(PAGES["The lab"].file, query_params=session.address())


def link_to_lab(label: str, icon: str) -> None:
    """Draw a link to the lab that shows the requested attack there; the browser's Back then leads here again."""
    # The address goes along: written by the lab itself, it would be one more entry of the browser's history.
    st.page_link(PAGES["The lab"].file, label=label, icon=icon, query_params=session.requested().to_url())


def link_to(title: str, label: str, icon: str) -> None:
    """Draw a link to the page called `title`."""
    st.page_link(PAGES[title].file, label=label, icon=icon)
