"""Attack by a map: pixels are changed in its order; how many until the network reads the target, or anything else?"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
import streamlit as st
from torch import Tensor

from jsma.explanations import MAPS, Change
from jsma.glossary import TERMS
from jsma.measures import MapAttack
from pages.ui import access
from pages.ui.formatting import an, percent
from pages.ui.saliency_maps import computing
from pages.ui.saliency_maps.computing import Subject
from pages.ui.saliency_maps.looks import LABELS, line_sign
from pages.ui.shared.comparison import show_comparison
from pages.ui.shared.comparison.methods import Moment
from pages.ui.shared.predicting import guess

CHANGES = {Change.WHITE: "To white", Change.FAR_END: "To the far end"}
ORDERS = {False: "Once", True: "After every pixel"}
NONE = "None of them"


@dataclass(frozen=True)
class Runner:
    """The map that an attack follows, as the comparison names it."""

    label: str
    sign: str


@dataclass(frozen=True)
class Run:
    """An attack by a map as the comparison shows it: an iteration a pixel."""

    method: Runner
    target: int
    moments: tuple[Moment, ...]
    success: bool
    ending: str

    @property
    def end(self) -> Moment:
        """The last iteration."""
        return self.moments[-1]


def show(subject: Subject, found: dict[str, Tensor]) -> None:
    """Ask for a prediction, then let all maps attack."""
    st.header("Attack by each map", anchor=False, help=TERMS["saliency map"])
    st.markdown(
        "Use each map as an attack: change the pixel with the largest value, then the next, as long as the map has a "
        f"value above 0, at most {subject.limit} pixels. How many does it take until the network reads "
        f"{an(subject.target, '**')}, or anything but {an(subject.explained)}?"
    )
    if subject.explained == subject.target:
        st.info(
            f"The network reads this digit as the target {subject.target} already, so there is nothing to attack. "
            "Choose another target in the sidebar.",
            icon=":material/info:",
        )
        return
    guessed = guess(
        "fewest-pixels",
        subject.name,
        f"Which map needs the fewest pixels until the network reads {an(subject.target)}?",
        [*(LABELS[name] for name in found), NONE],
    )
    if guessed is None:
        return
    change, again = _settings()
    runs = _runs(subject, [name for name in found if MAPS[name].quick or not again], change, again)
    st.markdown(verdict(runs, subject.target, guessed.value))
    st.dataframe(table(runs), hide_index=True, width="stretch")
    show_comparison(subject.image, [as_shown(name, ran, subject, change) for name, ran in runs.items()])


def _settings() -> tuple[Change, bool]:
    with st.container(horizontal=True, gap="medium", key="race-settings"):
        change = st.segmented_control(
            "A chosen pixel moves",
            CHANGES,
            default=Change.WHITE,
            format_func=CHANGES.__getitem__,
            required=True,
            key="race-change",
            persist_state="session",
            help="**To white**, as in the attack with θ = 1. **To the far end**: a dark pixel turns white and a bright "
            "one black, which also gives a chance to maps with large values on ink.",
        )
        again = st.segmented_control(
            "The map is computed",
            ORDERS,
            default=False,
            format_func=ORDERS.__getitem__,
            required=True,
            key="race-again",
            persist_state="session",
            help="**Once**, on the untouched digit. **After every pixel**, as the attack does: only for the maps that "
            "take a few milliseconds.",
        )
    return change, again


def _runs(subject: Subject, names: list[str], change: Change, again: bool) -> dict[str, MapAttack]:
    """Return the attack of every map; while they are computed again and again, with progress and a Stop."""
    place, runs = st.empty(), dict[str, MapAttack]()
    for at, name in enumerate(names):
        if again:
            with place.container(horizontal=True, vertical_alignment="center"):
                st.progress(at / len(names), f"{LABELS[name]}: {at} of {len(names)} maps done")
                st.button("Stop", icon=":material/stop:", key=f"race-stop-{at}", on_click=_only_once)
        runs[name] = computing.race(subject, name, change, again)
    place.empty()
    return runs


def _only_once() -> None:
    st.session_state["race-again"] = False
    access.focus_on("race-again", "button")


def verdict(runs: dict[str, MapAttack], target: int, said: str | None) -> str:
    """Return in Markdown which maps need the fewest pixels, and whether that was said."""
    needed = {name: ran.until_target for name, ran in runs.items() if ran.until_target is not None}
    best = [name for name, pixels in needed.items() if pixels == min(needed.values())]
    right = [LABELS[name] for name in best] or [NONE]
    judged = "" if said is None else "You are right. " if said in right else f"You said: {said}. "
    if not best:
        return f"{judged}**None of them** makes the network read {an(target)} in this way."
    labels = " and ".join(LABELS[name] for name in best)
    rest = (
        f" {len(needed)} of {len(runs)} maps reach the target."
        if len(needed) > 1
        else " No other map reaches the target."
    )
    return f"{judged}**{labels}** needs the fewest: **{needed[best[0]]} pixels**.{rest}"


def table(runs: dict[str, MapAttack]) -> pd.DataFrame:
    """Return a line for each map, best first."""

    def cost(item: tuple[str, MapAttack]) -> tuple[float, float]:
        ran = item[1]
        target, other = (math.inf if each is None else each for each in (ran.until_target, ran.until_other))
        return target, other

    def words(count: int | None) -> str:
        return "not reached" if count is None else str(count)

    return pd.DataFrame(
        {
            "Map": LABELS[name],
            "Pixels until the target": words(ran.until_target),
            "Pixels until anything else": words(ran.until_other),
            "Pixels changed": len(ran.pixels),
            "Reads at the end": ran.reads[-1],
            "Target's probability": percent(float(ran.logits[-1].softmax(dim=0)[ran.target])),
            "How it ended": ending(ran),
        }
        for name, ran in sorted(runs.items(), key=cost)
    )


def ending(ran: MapAttack) -> str:
    """Return why an attack ended, in a few words."""
    if ran.until_target is not None:
        return "Reached target"
    return "Map names no more pixels" if ran.ended_by_map else "Budget spent"


def as_shown(name: str, ran: MapAttack, subject: Subject, change: Change) -> Run:
    """Return an attack in the form that the comparison draws."""
    runner = Runner(LABELS[name], line_sign(name))
    end = change.of(subject.image).flatten()
    return Run(runner, ran.target, tuple(_moments(ran, end)), ran.until_target is not None, ending(ran))


def _moments(ran: MapAttack, end: Tensor) -> Iterator[Moment]:
    probabilities = ran.logits.softmax(dim=1)
    for count, reads in enumerate(ran.reads):
        yield Moment(
            iteration=count,
            reads=reads,
            sure=float(probabilities[count, reads]),
            probability=float(probabilities[count, ran.target]),
            logit=float(ran.logits[count, ran.target]),
            changed=count,
            moves=tuple((pixel, float(end[pixel])) for pixel in ran.pixels[count - 1 : count] if count),
            analysis=None,
            refused=False,
        )
