"""The same digit and target on every defended model, stepping together."""

from dataclasses import replace

import streamlit as st
from torch import Tensor

from jsma.defences import DEFENCES, subjects
from jsma.models import NETWORKS
from pages.ui import navigation
from pages.ui.choice import OWN, Choice
from pages.ui.formatting import an
from pages.ui.shared import defended
from pages.ui.shared.comparison import show_comparison
from pages.ui.shared.defended import Defended
from pages.ui.shared.predicting import guess

KNOWS = {True: "Knows the defence", False: "Does not know it"}


def show(choice: Choice, image: Tensor) -> None:
    """Let the visitor choose what the attacker knows and predict, then show the attacks."""
    st.header("The same attack on each", anchor=False)
    _defences()
    knows = st.segmented_control(
        "The attacker",
        KNOWS,
        default=True,
        format_func=KNOWS.__getitem__,
        required=True,
        key="defend-knows",
        persist_state="session",
        help="Who **knows the defence** attacks the defended model itself, through the filter where there is one. Who "
        "**does not know it** attacks the undefended network; you see what each model reads of that at every step.",
    )
    labels = subjects()
    guessed = guess(
        "how-many-fooled",
        f"{choice.data}-{choice.digit}-{choice.sample}-{choice.target}-{choice.attack}-{knows}",
        f"The attack tries to make each of these {len(labels)} models read this {choice.digit} as "
        f"{an(choice.target, '**')}. How many will read {an(choice.target)} in the end?",
        [str(count) for count in range(len(labels) + 1)],
    )
    if guessed is not None:
        own = choice.data == OWN
        traces = [defended.attacked(name, image, choice.target, choice.attack, knows, own) for name in labels]
        st.markdown(verdict(traces, guessed.value))
        show_comparison(image, traces)
        for sentence in reasons(traces):
            st.caption(sentence)
        _links(choice)


def _defences() -> None:
    trained = {name: entry for name, entry in NETWORKS.items() if entry.method.value.is_defence}
    meanings = {entry.label: entry.origin for entry in trained.values()}
    meanings |= {entry.label: f"In front of the undefended network. {entry.meaning}" for entry in DEFENCES.values()}
    with st.expander("What each defence does"):
        for label, meaning in meanings.items():
            st.markdown(f"**{label}.** {meaning}")


def verdict(traces: list[Defended], said: str | None) -> str:
    """Return in Markdown how many models read the target in the end, whether that was said, and which resist."""
    fooled = [each for each in traces if each.success]
    judged = "" if said is None else "You are right. " if said == str(len(fooled)) else f"You said: {said}. "
    text = f"{judged}**{len(fooled)} of {len(traces)}** read the target in the end."
    resist = [each.method.label for each in traces if not each.success]
    if resist and fooled:
        text += f" Not: {', '.join(resist)}."
    return text


def reasons(traces: list[Defended]) -> list[str]:
    """Return what the derivatives tell of attacks that found no pair, with the model's name."""
    return [f"**{each.method.label}.** {each.reason}" for each in traces if each.reason]


def _links(choice: Choice) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="on-screen-lab"):
        st.caption("Step through one in the lab:", width="content")
        for name in subjects():
            if name in NETWORKS and st.button(NETWORKS[name].label, key=f"lab-{name}"):
                navigation.open_in_lab(replace(choice, model=name))
