"""What a class has answered, as teacher and students see it: computed once for all who look."""

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from jsma.stage.recording import Recording
from pages.ui.classroom import drawing
from pages.ui.classroom.picks import Pair, Ranking, group, histogram
from pages.ui.formatting import percent
from pages.ui.shared.classroom.activities import Question, said
from pages.ui.shared.classroom.once import once_for_all
from pages.ui.shared.classroom.store import Answer
from pages.ui.shared.classroom.subject import Subject


class Picked(NamedTuple):
    """All picks of a class, as a heat map in a data URL; their ranks; the best pair; how many pairs are admissible."""

    heat_map: str
    ranks: dict[Pair, int | None]
    histogram: dict[str, int]
    best: Pair | None
    admissible: int


@once_for_all(8)
def _picked(recording: Recording, step: int, pairs: tuple[Pair, ...]) -> Picked:
    ranking = Ranking(recording, step)
    ranks = {pair: ranking.of(pair) for pair in pairs}
    counts = histogram(ranks[pair] for pair in pairs)
    return Picked(drawing.picks(recording, step, pairs), ranks, counts, ranking.best, ranking.admissible)


def picked(subject: Subject, answers: Sequence[Answer]) -> Picked:
    """Return what a class has picked."""
    return _picked(subject.recording, subject.step, tuple((each.first, each.second) for each in answers))


def predictions(subject: Subject, answers: Sequence[Answer], own: Pair | None, best: bool) -> None:
    """Show all picks, own ones framed; best: also the pair that the attack changes, and where each pick stands."""
    found = picked(subject, answers)
    marked = {"own": own} if own else {}
    if best and found.best:
        marked["best"] = found.best
    left, right = st.columns([1, 1], gap="large")
    with left:
        words = f"The picture with the picks of {len(answers)} participants."
        st.html(drawing.board(found.heat_map, (subject.recording.height, subject.recording.width), marked, words))
        st.caption("Blue: picked; the lighter, the more often. Violet: changed before." + _legend(marked))
    with right:
        if not best:
            st.markdown(f"**{_picks(len(answers))}.** Where do you agree, and why?")
            return
        st.markdown(_share(found, answers))
        if own:
            st.markdown(_own(found, own))
        st.html(drawing.bars(found.histogram, right=next(iter(found.histogram)), own=own and group(found.ranks[own])))
        st.caption(f"Ranks of the picks among the {found.admissible:,} admissible pairs, by their scores −α × β.")


def _legend(marked: dict[str, Pair]) -> str:
    names = {"own": " Dashed frame: your pick.", "best": " Solid frame: the pair that the attack changes."}
    return "".join(names[name] for name in marked)


def _picks(count: int) -> str:
    return f"{count} pick{'' if count == 1 else 's'}"


def _share(found: Picked, answers: Sequence[Answer]) -> str:
    if not answers:
        return "Nobody has picked a pair. The frame shows the one that the attack changes."
    best = sum((each.first, each.second) == found.best for each in answers)
    return f"**{best} of {len(answers)}** found the best pair: {percent(best / len(answers))}."


def _own(found: Picked, own: Pair) -> str:
    rank = found.ranks[own]
    if rank is None:
        return "Your pair is **not admissible**: it does not both raise the target and lower the others."
    return f"Your pair has **rank {rank:,}** of {found.admissible:,}."


def answers_to(question: Question, answers: Sequence[Answer], own: int | None, explained: bool) -> None:
    """Show how many chose each option; explained: also which is right, and why."""
    counts = {option.text: count for option, count in zip(question.options, said(answers, question), strict=True)}
    right = next(option for option in question.options if option.right)
    mine = None if own is None else question.options[own].text
    st.html(drawing.bars(counts, right.text if explained else None, mine))
    if not explained:
        return
    right_ones = counts[right.text]
    if answers:
        st.markdown(f"**{right_ones} of {len(answers)}** right: {percent(right_ones / len(answers))}.")
    st.success(f"**{right.text}** {right.why}", icon=":material/check:")
    others = question.options if own is None else [question.options[own]]
    for option in others:
        if not option.right:
            st.markdown(f"**{option.text}** {option.why}")
