"""A part of chapter 1: ten pictures, clean and attacked mixed; what the reader reads, beside what the network reads."""

import random
from typing import NamedTuple

import streamlit as st
import torch
from torch import Tensor

from jsma import Attack
from pages.ui import resources
from pages.ui.cache import computed
from pages.ui.networks import Network
from pages.ui.scheduling import Proceed
from pages.ui.tiles import data_url
from pages.ui.walkthrough import findings, shown, tasks
from pages.ui.walkthrough.lesson import Lesson

TASK = "blind-test"
EACH = 5
"""How many clean and how many attacked pictures there are."""


class Picture(NamedTuple):
    """A picture (1, H, W), its label, what the network reads, and whether it was attacked."""

    image: Tensor
    label: int
    reads: int
    attacked: bool


def pictures(attacked: Network, proceed: Proceed = lambda: None) -> list[Picture]:
    """Return built-in digits in a mixed order: EACH that the network reads right, EACH on which an attack succeeded.

    Fewer attacked ones, if the network resists.
    """
    digits, _ = findings.some_of_each(resources.digits("uci"), 2)
    module, targets = attacked.module, (digits.labels + 3) % 10
    with torch.no_grad():
        right = (module(digits.images).argmax(1) == digits.labels).tolist()
    found = Attack().run(module, digits.images, targets, progress=lambda *_: proceed())
    mixed = random.Random("blind test")
    order = list(range(len(digits.labels)))
    mixed.shuffle(order)
    fooled = [k for k in order if right[k] and found.success[k]][:EACH]
    clean = [k for k in order if right[k] and k not in fooled][:EACH]
    labels = digits.labels.tolist()
    chosen = [Picture(digits.images[k], labels[k], labels[k], attacked=False) for k in clean]
    chosen += [Picture(found.images[k], labels[k], int(targets[k]), attacked=True) for k in fooled]
    mixed.shuffle(chosen)
    return chosen


def show(lesson: Lesson) -> None:
    """Ask for every picture which digit it is; then compare reader, label and network."""
    st.subheader("A blind test", anchor=False)
    st.markdown(
        "Ten pictures, some untouched, some attacked. **Which digit do you read?** Answer as you read it, and do not "
        "look for signs of an attack. At the end your answers stand beside the network's."
    )
    some = computed(pictures, lesson.network)
    answers = tasks.answers_to(f"{TASK}|{lesson.network.key}")
    del answers[len(some) :]

    @st.fragment
    def draw() -> None:
        if len(answers) < len(some):
            _ask(some[len(answers)], len(answers), len(some), answers)
        else:
            tasks.note_first(TASK, *first_answer(some, answers))
            if not tasks.is_done(TASK):
                tasks.mark_done(TASK)
                st.rerun()
            _compare(some, answers)

    draw()


def _ask(picture: Picture, place: int, count: int, answers: list[int]) -> None:
    drawn = shown.grey(picture.image).repeat(6, axis=0).repeat(6, axis=1)
    st.image(data_url(drawn), f"Picture {place + 1} of {count}", width=168, alt=f"Picture {place + 1}, a digit")
    with st.container(key="grid-blind"):
        for digit in range(10):
            st.button(f"{digit}", key=f"blind-{digit}", on_click=answers.append, args=(digit,))


def first_answer(some: list[Picture], answers: list[int]) -> tuple[str, str]:
    """Return in words how many attacked pictures the reader read as their label, and how many there are."""
    attacked = [said == each.label for each, said in zip(some, answers, strict=True) if each.attacked]
    words = "{} of {} attacked pictures read as what they are"
    return words.format(sum(attacked), len(attacked)), words.format(len(attacked), len(attacked))


def _compare(some: list[Picture], answers: list[int]) -> None:
    rows = []
    for name, attacked in (("untouched", False), ("attacked", True)):
        group = [(each, said) for each, said in zip(some, answers, strict=True) if each.attacked is attacked]
        yours = sum(said == each.label for each, said in group)
        theirs = sum(each.reads == each.label for each, _ in group)
        rows.append(f"| {name} | {yours} of {len(group)} | {theirs} of {len(group)} |")
    st.markdown(
        "\n".join(["| Read as what they are | by you | by the network |", "| --- | ---: | ---: |", *rows])
        + "\n\nThat is what makes an **adversarial example**: a person still reads the same, and the network does not. "
        f"It is also why there is a bound on the changed pixels: with γ = {100 * Attack().gamma:g} % at most. With "
        "enough white pixels you would read another digit, too, and then the picture is no adversarial example."
    )
    st.button("Take the test again", key="blind-again", on_click=answers.clear, type="tertiary")
