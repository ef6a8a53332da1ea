"""Evaluations that grow while their visitor looks on: which digits, and how far, begun and stopped by buttons."""

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

LOOK = 10
"""How many digits are attacked unasked, one of each class."""

PART = 5
"""How many digits are attacked between two reports."""

MOST = 200
"""How many digits a visitor may ask for: at some hundred attacks a second a matter of half a minute."""

TARGETS = 9
"""How many attacks a digit is good for."""

KEPT = 8
"""How many evaluations are kept for a visitor who goes back to earlier settings."""


class Subject(NamedTuple):
    """What is evaluated. Numbers are shown only under the subject that they belong to."""

    data: str
    network: str
    attack: Attack
    count: int  # type: ignore[assignment]  # no method of a tuple here


@dataclass(eq=False)
class Run:
    """An evaluation that goes on by a part whenever it is asked to, and keeps what is done.

    A visitor's next script may begin while the one before is still within a part; the lock lets it wait.
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
        """Whether there is nothing left to do."""
        return bool(self.problem) or self.done == self.attacks

    @property
    def seconds_left(self) -> float:
        """How long the rest takes at the pace so far."""
        return self.seconds / max(1, self.done) * (self.attacks - self.done)

    def advance(self) -> None:
        """Compute one more part, if there is one."""
        with held(self.lock):
            begun = perf_counter()
            try:
                self.report = next(self.parts, self.report)
            except ValueError as problem:  # as for a network of one's own that answers with no numbers
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
    *_, report = _parts(digits, network, attack, LOOK, proceed)
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
    session.check_link("images", LOOK, problem_with_images)


def problem_with_images(asked: list[str], otherwise: int) -> str:
    """Return a sentence if the slider does not show what the address asks it for, but `otherwise`."""
    try:
        (number,) = map(float, asked)
    except ValueError:  # no number, or several
        number = math.nan
    used = int(number) if LOOK <= number <= MOST else otherwise
    if used == number:
        return ""
    return (
        f"The link asks for images “{cut(', '.join(asked))}”, but it must be a whole number from {LOOK} to {MOST}. "
        f"Using {used}."
    )


def how_many() -> int:
    """Let the visitor say how many digits are to be attacked."""
    return st.slider(
        "Number of images",
        LOOK,
        MOST,
        step=LOOK,
        key="images",
        bind="query-params",
        persist_state="session",
        on_change=session.dismiss_notices,
        help="Taken evenly: the first ones of each class, in the order of the data set.",
    )


def watch(
    status: DeltaGenerator, line: DeltaGenerator, digits: Digits, network: Network, subject: Subject
) -> Iterator[Report]:
    """Yield the report there is, then, as long as the visitor wants it, one after every further part.

    status: the place for progress and buttons; line: the one to wait in. Each part ends with calls of
    Streamlit, where it may end the script; what is done is in the visitor's session by then.
    """
    going = st.session_state.get("evaluating") == _wish(subject)
    st.session_state.evaluating = _wish(subject) if going else None
    runs = st.session_state.setdefault("evaluations", {})
    if going and subject not in runs:
        attacks = TARGETS * min(subject.count, len(digits))
        runs[subject] = Run(attacks, _parts(digits, network, subject.attack, subject.count))
        for oldest in list(runs)[:-KEPT]:
            del runs[oldest]
    run = runs.get(subject)
    with status.container():
        bar = _progress(run) if going and not run.ended else None
    shown = run and run.report
    try:
        note = "Attacking the first digit of each class …"
        yield shown or computed(first_look, digits, network, subject.attack, note=note)
    except ValueError as problem:
        status.error(f"This network cannot be attacked: {plain(problem)}", icon=":material/error:")
        return
    if bar is not None:
        for _ in turns(line, lambda: not run.ended):
            run.advance()
            bar.progress(run.done / run.attacks, _pace(run))
            if run.report:
                yield (shown := run.report)
    if run and run.report is not shown:  # a part that was under way when the visitor pressed Stop
        yield run.report
    st.session_state.evaluating = None
    with status.container():
        _standing(run, subject)


def _wish(subject: Subject) -> tuple[Subject, int]:
    """Return the mark of a run that is wanted now; after a visit to another page it has to be asked for again."""
    return subject, st.session_state.visit


def _go_on(subject: Subject) -> None:
    st.session_state.evaluating = _wish(subject)
    access.focus_on("evaluation-stop", "button")


def _stop() -> None:
    st.session_state.evaluating = None
    access.focus_on("evaluation-go-on", "button")


def _progress(run: Run) -> DeltaGenerator:
    bar = st.progress(run.done / run.attacks, _pace(run))
    st.button("Stop", icon=":material/stop:", key="evaluation-stop", on_click=_stop)
    return bar


def _pace(run: Run) -> str:
    left = run.seconds_left
    how_long = f"{left:.0f} s" if left < 100 else f"{left / 60:.0f} min"
    return f"{run.done:,} of {run.attacks:,} attacks done" + (f", about {how_long} left" if run.done else "")


def _standing(run: Run | None, subject: Subject) -> None:
    """Say how far the evaluation has come, and offer to begin it or to go on."""
    attacks = TARGETS * subject.count
    if run is None and subject.count == LOOK:
        st.markdown(f"**A first look:** the first digit of each class × 9 targets = {attacks} attacks.")
        st.caption("One attack a cell says little about the next. Choose more images for numbers to rely on.")
    elif run is None:
        offer = f"Attack {subject.count} digits"
        st.markdown(f"**Still the first look** at {LOOK} digits. {offer}: {attacks:,} attacks, which you can stop.")
        st.button(offer, type="primary", key="evaluation-start", on_click=_go_on, args=(subject,))
    elif run.problem:
        st.error(f"The evaluation cannot go on: {plain(run.problem)}", icon=":material/error:")
    elif run.ended:
        st.markdown(f"**Done:** {run.attacks // TARGETS} digits × 9 targets = {run.attacks:,} attacks.")
        st.caption(f"Computed in {run.seconds:.1f} s. The digits are the first ones of each class.")
    else:
        kept = "What is done is shown below." if run.done else "Nothing is lost: below is still the first look."
        st.markdown(f"**Stopped** after {run.done:,} of {run.attacks:,} attacks. {kept}")
        st.button("Go on", type="primary", key="evaluation-go-on", on_click=_go_on, args=(subject,))
