"""Evaluations that are computed part by part while the visitor watches, started and stopped by buttons."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock
from time import perf_counter
from typing import NamedTuple

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from jsma import Attack, Digits, Report, evaluate_in_parts
from pages.ui import access, session
from pages.ui.cache import computed
from pages.ui.networks import Network
from pages.ui.outside import cut, plain
from pages.ui.scheduling import Proceed, held
from pages.ui.turns import turns

FIRST_LOOK = 10
"""How many digits are attacked at once when the page opens, one of each class."""

PART = 5
"""How many digits are attacked for each report."""

MOST = 200
"""How many digits a visitor may choose at most; at some hundred attacks a second they take half a minute."""

TARGETS = 9
"""How many attacks there are on each digit."""

KEPT = 8
"""How many evaluations are kept for a visitor who goes back to earlier settings."""


class Subject(NamedTuple):
    """What is evaluated. Numbers are shown only under the subject that they belong to."""

    data: str
    network: str
    attack: Attack
    count: int  # type: ignore[assignment]  # no method of a tuple here


@dataclass(eq=False)
class Evaluation:
    """An evaluation that is continued by one part at each call of `advance`, and keeps its report so far.

    A visitor's next script may begin while the one before still computes a part; the lock lets it wait.
    """

    attacks: int
    parts: Iterator[Report]
    report: Report | None = None
    seconds: float = 0.0
    problem: str = ""
    lock: Lock = field(default_factory=Lock)

    @property
    def done(self) -> int:
        """How many attacks are done."""
        return len(self.report.targets) if self.report else 0

    @property
    def ended(self) -> bool:
        """Whether all attacks are done, or an error has ended the evaluation."""
        return bool(self.problem) or self.done == self.attacks

    @property
    def seconds_left(self) -> float:
        """How many seconds the rest takes at the speed so far."""
        return self.seconds / max(1, self.done) * (self.attacks - self.done)

    def advance(self) -> None:
        """Compute one more part, if there is one."""
        with held(self.lock):
            begun = perf_counter()
            try:
                self.report = next(self.parts, self.report)
            except ValueError as problem:  # for example from a trained network whose outputs are NaN
                self.problem = str(problem)
            self.seconds += perf_counter() - begun
            if self.ended:
                self.parts = iter(())  # the digits need not be kept any longer


def evenly(digits: Digits, count: int) -> Tensor:
    """Return the positions of `count` digits, (count,) int64: the first of every class, then the second, and so on."""
    rank = torch.zeros_like(digits.labels)
    for label in digits.labels.unique():
        mine = digits.of_class(int(label))
        rank[mine] = torch.arange(len(mine))
    return (rank * (digits.labels.max() + 1) + digits.labels).argsort()[:count]


def first_look(digits: Digits, network: Network, attack: Attack, proceed: Proceed = lambda: None) -> Report:
    """Return the report on the first digit of each class."""
    *_, report = _parts(digits, network, attack, FIRST_LOOK, proceed)
    return report


def _parts(
    digits: Digits, network: Network, attack: Attack, count: int, proceed: Proceed | None = None
) -> Iterator[Report]:
    chosen = evenly(digits, count)
    few = Digits(digits.name, digits.images[chosen], digits.labels[chosen])
    progress = None if proceed is None else (lambda *_: proceed())
    return evaluate_in_parts(network.module, few, attack, digits_a_part=PART, progress=progress)


def check_link() -> None:
    """Say so where the address asks for a number of images that cannot be had; before `how_many` is asked."""
    session.check_link("images", FIRST_LOOK, problem_with_images)


def problem_with_images(asked: list[str], otherwise: int) -> str:
    """Return a sentence if the slider does not show what the address asks it for, but `otherwise`."""
    try:
        (number,) = map(float, asked)
    except ValueError:  # no number, or several
        number = math.nan
    used = int(number) if FIRST_LOOK <= number <= MOST else otherwise
    if used == number:
        return ""
    return (
        f"The link asks for images “{cut(', '.join(asked))}”, but it must be a whole number from {FIRST_LOOK} to "
        f"{MOST}. Using {used}."
    )


def how_many() -> int:
    """Let the visitor say how many digits are to be attacked."""
    return st.slider(
        "Number of images",
        FIRST_LOOK,
        MOST,
        step=FIRST_LOOK,
        key="images",
        bind="query-params",
        persist_state="session",
        on_change=session.note_bound_choice,
        help="Taken evenly: the first ones of each class, in the order of the data set.",
    )


def watch(
    status: DeltaGenerator, waiting: DeltaGenerator, digits: Digits, network: Network, subject: Subject
) -> Iterator[Report]:
    """Yield the report so far; then, as long as the visitor wants it, one after every further part.

    status: where progress and buttons are shown; waiting: where the queue is. Each part ends with calls of
    Streamlit, which may end the script there; the report is in the visitor's session by then.
    """
    going = st.session_state.get("evaluating") == _wish(subject)
    st.session_state.evaluating = _wish(subject) if going else None
    evaluations = st.session_state.setdefault("evaluations", {})
    if going and subject not in evaluations:
        attacks = TARGETS * min(subject.count, len(digits))
        evaluations[subject] = Evaluation(attacks, _parts(digits, network, subject.attack, subject.count))
        for oldest in list(evaluations)[:-KEPT]:
            del evaluations[oldest]
    evaluation = evaluations.get(subject)
    with status.container():
        bar = _progress(evaluation) if going and not evaluation.ended else None
    shown = evaluation and evaluation.report
    try:
        note = "Attacking the first digit of each class …"
        yield shown or computed(first_look, digits, network, subject.attack, note=note)
    except ValueError as problem:
        status.error(f"This network cannot be attacked: {plain(problem)}", icon=":material/error:")
        return
    if bar is not None:
        for _ in turns(waiting, lambda: not evaluation.ended):
            evaluation.advance()
            bar.progress(evaluation.done / evaluation.attacks, _pace(evaluation))
            if evaluation.report:
                yield (shown := evaluation.report)
    if evaluation and evaluation.report is not shown:  # a part that was under way when the visitor pressed Stop
        yield evaluation.report
    st.session_state.evaluating = None
    with status.container():
        _standing(evaluation, subject)


def _wish(subject: Subject) -> tuple[Subject, int]:
    """Return what marks an evaluation as wanted; it changes at every visit to the page, which ends the wish."""
    return subject, st.session_state.visit


def _go_on(subject: Subject) -> None:
    st.session_state.evaluating = _wish(subject)
    access.focus_on("evaluation-stop", "button")


def _stop() -> None:
    st.session_state.evaluating = None
    access.focus_on("evaluation-go-on", "button")


def _progress(evaluation: Evaluation) -> DeltaGenerator:
    bar = st.progress(evaluation.done / evaluation.attacks, _pace(evaluation))
    st.button("Stop", icon=":material/stop:", key="evaluation-stop", on_click=_stop)
    return bar


def _pace(evaluation: Evaluation) -> str:
    left = evaluation.seconds_left
    how_long = f"{left:.0f} s" if left < 100 else f"{left / 60:.0f} min"
    return f"{evaluation.done:,} of {evaluation.attacks:,} attacks done" + (
        f", about {how_long} left" if evaluation.done else ""
    )


def _standing(evaluation: Evaluation | None, subject: Subject) -> None:
    """Say how much of the evaluation is done, and offer to start or continue it."""
    attacks = TARGETS * subject.count
    if evaluation is None and subject.count == FIRST_LOOK:
        st.markdown(f"**A first look:** the first digit of each class × 9 targets = {attacks} attacks.")
        st.caption("One attack for each cell is too few for a conclusion. Choose more images for reliable numbers.")
    elif evaluation is None:
        offer = f"Attack {subject.count} digits"
        st.markdown(
            f"**Still the first look** at {FIRST_LOOK} digits. {offer}: {attacks:,} attacks, which you can stop."
        )
        st.button(offer, type="primary", key="evaluation-start", on_click=_go_on, args=(subject,))
    elif evaluation.problem:
        st.error(f"The evaluation cannot continue: {plain(evaluation.problem)}", icon=":material/error:")
    elif evaluation.ended:
        st.markdown(f"**Done:** {evaluation.attacks // TARGETS} digits × 9 targets = {evaluation.attacks:,} attacks.")
        st.caption(f"Computed in {evaluation.seconds:.1f} s. The digits are the first ones of each class.")
    else:
        kept = "What is done is shown below." if evaluation.done else "Nothing is lost: below is still the first look."
        st.markdown(f"**Stopped** after {evaluation.done:,} of {evaluation.attacks:,} attacks. {kept}")
        st.button("Go on", type="primary", key="evaluation-go-on", on_click=_go_on, args=(subject,))
