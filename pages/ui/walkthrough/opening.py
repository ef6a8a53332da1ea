"""The opening of the course, above chapter 1: the question that carries it, and the attack played by hand."""

import streamlit as st
import torch

from pages.ui.formatting import an, percent
from pages.ui.shared import picker
from pages.ui.tiles import data_url
from pages.ui.walkthrough import shown, tasks
from pages.ui.walkthrough.lesson import Lesson

BY_HAND = 8
"""How many pixels the reader may turn white."""


def show(lesson: Lesson) -> None:
    """Show the question with before and after of the chosen digit, and let the reader play the attacker."""
    st.markdown(
        "**Do.** In the sidebar, pick a digit, one of its samples, and a target: the wrong digit that you would like "
        "it to be read as. All chapters use this choice."
    )
    recording = lesson.recording()
    st.subheader(question(lesson), anchor=False)
    before, after, _ = st.columns([1, 1, 1], gap="medium")
    with before:
        shown.plain(recording, f"Before: the network reads {an(recording.steps[0].reads)}.", 0)
    with after:
        shown.plain(recording, f"After {recording.end.changed} pixels: it reads {an(recording.end.reads)}.")
    st.markdown("That is the question of this course. First, try it yourself.")
    _by_hand(lesson)


def question(lesson: Lesson) -> str:
    """Return the question that carries the course, for the digit at hand."""
    recording, digit = lesson.recording(), lesson.choice.digit
    target = an(recording.target)
    if not recording.stop.success:
        return (
            f"Why does changing {recording.end.changed} pixels not make the network read this {digit} as {target}? "
            "Other targets are easier: try one."
        )
    if not recording.end.changed:
        return f"Why does the network read this {digit} as {target} before any pixel is changed?"
    return (
        f"Why does changing {recording.end.changed} pixels make a network read this {digit} as {target}, when you "
        f"still read {digit}?"
    )


def _by_hand(lesson: Lesson) -> None:
    target = lesson.choice.target
    st.subheader("You are the attacker", anchor=False)
    st.markdown(
        f"Turn up to {BY_HAND} pixels white, to make the network read {an(target)}. Click a pixel to pick it, and "
        "click it again to undo that. With the keyboard, the arrow keys move and Enter picks."
    )

    @st.fragment
    def draw() -> None:
        picture, words = st.columns([2, 3], gap="medium")
        with picture:
            height, width = lesson.image.shape[1:]
            url = data_url(shown.grey(lesson.image))
            chosen = picker.pick({"Your picture": url}, (height, width), BY_HAND, lesson.subject, "by-hand")
        with words:
            _reading(lesson, chosen)

    draw()


@torch.no_grad()
def read_with(lesson: Lesson, chosen: list[int]) -> torch.Tensor:
    """Return the probabilities (classes,) of the digit with the pixels `chosen` turned white."""
    image = lesson.image.clone()
    image.view(-1)[chosen] = 1
    return lesson.network.module(image[None])[0].softmax(0)


def _reading(lesson: Lesson, chosen: list[int]) -> None:
    shares, target = read_with(lesson, chosen), lesson.choice.target
    reads = int(shares.argmax())
    st.markdown(
        f"**{len(chosen)} of {BY_HAND}** pixels are picked. The network reads {an(reads, '**')}, "
        f"{percent(shares[reads].item())} sure. The probability of {target} is {percent(shares[target].item())}."
    )
    if chosen:
        tasks.mark_done("by-hand")
        st.markdown(
            "You did it." if reads == target else "The next chapters show how the algorithm finds pixels that do it."
        )
