"""Chapter 2: the whole loop on the chosen digit, and the three ways it can end."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import streamlit as st
import torch

from jsma import Attack, Digits, Direction, Stop
from jsma.export import picture
from jsma.glossary import explained
from jsma.stage.recording import Recording
from pages.ui import resources
from pages.ui.cache import computed
from pages.ui.formatting import an, percent
from pages.ui.networks import Network, network
from pages.ui.scheduling import Proceed
from pages.ui.stage import stage
from pages.ui.tiles import data_url
from pages.ui.walkthrough import excerpt, tasks
from pages.ui.walkthrough.lesson import Lesson
from pages.ui.walkthrough.tasks import Answer

TITLE = "The attack in one minute"
QUESTION = "How few pixels does it take?"

SCALE = 5
"""How many dots wide a pixel of a small picture is drawn."""


@dataclass(frozen=True)
class Run:
    """An attack whose ending the reader has to name: on the UCI digit at `position` and the tutorial's CNN."""

    position: int
    target: int
    attack: Attack


class End(NamedTuple):
    """How a run ended: stop says why, pairs how many were changed, drawn the picture at the end."""

    stop: Stop
    label: int
    reads: int
    pairs: int
    drawn: np.ndarray


def end_of(run: Run, digits: Digits, attacked: Network, proceed: Proceed = lambda: None) -> End:
    """Carry a run out and return how it ended."""
    image, module = digits.images[run.position], attacked.module
    aim = torch.tensor([run.target])
    result = run.attack.run(module, image[None], aim, progress=lambda *_: proceed())
    with torch.no_grad():
        reads = module(result.images).argmax().item()
    (stop,) = result.stop
    assert stop is not None, "nobody ended this run early"
    drawn = picture(result.images[0], image, scale=SCALE)
    return End(stop, int(digits.labels[run.position]), reads, int(result.iterations[0]), drawn)


RUNS = {
    "ending-1": Run(4, 8, Attack(direction=Direction.DECREASE)),
    "ending-2": Run(8, 5, Attack()),
    "ending-3": Run(9, 6, Attack(gamma=0.05)),
}

TASKS = ("how-many-pixels", *RUNS)


def show(lesson: Lesson) -> None:
    """Show the chapter on the digit of `lesson`."""
    recording = lesson.recording()
    budget, pixels = recording.budget, lesson.image.numel()
    st.markdown(
        "The attack asks the network, finds two pixels, changes them, and asks again. It turns two pixels white at a "
        f"time, until your {lesson.choice.digit} is read as {an(lesson.choice.target)}, or until {budget} of the "
        f"{pixels} pixels are changed.",
        help=explained("target class", "γ", "θ"),
    )
    said = tasks.predict(
        "how-many-pixels",
        lesson.subject,
        f"How many of the {pixels} pixels will it have changed when it ends?",
        lambda key: st.number_input(
            "Pixels", 0, budget, value=None, step=2, key=key, placeholder=f"0 to {budget}", width=220
        ),
        range(budget + 1),
    )
    if said is not None:
        _watch(lesson, recording)
        _compare(said, recording)
        with st.expander("The same loop in the library"):
            excerpt.show(Attack.steps, "for iteration in", "images = turn")
    _endings()
    tasks.summary("ask, find two pixels, change, ask again.")


@st.fragment
def _watch(lesson: Lesson, recording: Recording) -> None:
    st.markdown(
        "**Do.** Step on with → or the button: each line lights up while it runs. Then play to the end, and drag the "
        "slider back to any iteration. Choose *Slow*, beside the buttons, to see one line after the other."
    )
    stage(recording, views=("picture", "reading", "loop"), key="stage-loop", level=3)


def _compare(said: int, recording: Recording) -> None:
    end = recording.end
    changed, share = end.changed, percent(end.changed / recording.pixels)
    pairs = f"{changed} pixels in {recording.iterations} pairs, {share} of the picture"
    if end.stop is not Stop.REACHED_TARGET:
        outcome = f"It ended without success after {pairs}: the network reads {an(end.reads)}."
    elif changed:
        sure = percent(end.probabilities[end.reads])
        outcome = f"It took {pairs}: the network reads {an(end.reads)}, {sure} sure."
    else:
        outcome = "It took none: the network reads this digit as the target already."
    off = abs(said - changed)
    tasks.note_first("how-many-pixels", f"{said} pixels", f"{changed} pixels")
    st.markdown(f"**You said {said}.** {outcome} {'Exactly right.' if not off else f'The difference is {off}.'}")


def _endings() -> None:
    st.subheader("Four ways to end", anchor=False)
    st.markdown(
        "The loop ends in one of four ways: "
        + "; ".join(f"**{stop.value}**: {stop.meaning}" for stop in Stop)
        + ". Below you see how three other attacks ended. Why did each of them end?",
        help=explained("γ", "admissible"),
    )
    for column, (task, run) in zip(st.columns(len(RUNS), gap="medium"), RUNS.items(), strict=True):
        with column:
            _ended(task, run, computed(end_of, run, resources.digits("uci"), network("tutorial")))


def _ended(task: str, run: Run, end: End) -> None:
    """Show how a run ended, and ask why."""
    kind = {Direction.INCREASE: "brightening", Direction.DECREASE: "darkening"}[run.attack.direction]
    budget = run.attack.iterations(end.drawn[..., 0].size // SCALE**2)
    st.image(
        data_url(end.drawn),
        f"{an(end.label).capitalize()}, to be read as {an(run.target)}, {kind}",
        alt=f"The picture at the end: {an(end.label)} with {end.pairs} pairs of pixels changed",
    )
    st.markdown(f"- It used {end.pairs} of {budget} pairs.\n- The network reads {an(end.reads)} at the end.")
    wrong = f"It used {end.pairs} of {budget} pairs, and the network reads {an(end.reads)}. Try again."
    right = {
        Stop.REACHED_TARGET: "The network reads the target, so the attack has succeeded. The rest of the budget "
        "is not needed.",
        Stop.BUDGET_SPENT: f"All {end.pairs} pairs are used, and the network still does not read {an(run.target)}.",
        Stop.NO_ADMISSIBLE_PAIR: "The network does not read the target, and budget is left: the attack ended because "
        "no pair is left that raises the target and lowers the sum of the others.",
    }
    answers = [Answer(stop.title, right[stop] if stop is end.stop else wrong, stop is end.stop) for stop in Stop]
    tasks.question(task, "Why did it end?", answers)
