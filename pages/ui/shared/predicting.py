"""Predictions: a guess is locked in before the answer is shown, or left out."""

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from pages.ui import access


class Guess(NamedTuple):
    """A locked guess; value: None if the visitor wanted to see without guessing; subject: what it was about."""

    value: str | None
    subject: str


def guess(task: str, subject: str, text: str, options: Sequence[str], lasting: bool = False) -> Guess | None:
    """Ask `text`; return what was locked in for `subject`, or with `lasting` for any subject; None until then."""
    given: dict[str, Guess] = st.session_state.setdefault("guesses", {})
    st.markdown(f"**Predict.** {text}")
    before = given.get(task)

    def forget() -> None:
        given.pop(task, None)

    if before and (lasting or before.subject == subject):
        st.button("Predict again", key=f"again-{task}", on_click=forget, type="tertiary")
        return before
    key = f"guess-{task}-{subject}"
    with st.container(key=f"options-{task}"):
        value = st.radio(
            text, options, index=None, key=key, horizontal=True, label_visibility="collapsed", width="stretch"
        )

    def lock(chosen: str | None) -> None:
        given[task] = Guess(chosen, subject)
        access.focus_on(f"again-{task}", "button")

    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Lock in and see", key=f"lock-{task}", on_click=lock, args=(value,), disabled=not value, type="primary"
        )
        st.button("Show without a guess", key=f"skip-{task}", on_click=lock, args=(None,), type="tertiary")
    return None
