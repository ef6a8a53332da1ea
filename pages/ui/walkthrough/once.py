"""A part of chapter 3: the attack with one map throughout, beside that with a new map at every step."""

from typing import NamedTuple

import streamlit as st
import torch
from torch import Tensor

from jsma import Attack, jacobian
from jsma.stage.recording import Recording
from pages.ui.cache import computed
from pages.ui.formatting import percent
from pages.ui.networks import Network
from pages.ui.scheduling import Proceed
from pages.ui.walkthrough import findings, tasks
from pages.ui.walkthrough.lesson import Lesson

TASK = "once-or-every-time"

ONCE = {
    "as good": "It reaches the target with as many pixels, or fewer",
    "more": "It reaches the target, but needs more pixels",
    "fails": "It does not reach the target",
}


def show(lesson: Lesson) -> None:
    """Let the reader predict what one map achieves on their digit; then show it, and offer the same on many digits."""
    st.subheader("Once or every time?", anchor=False)
    recording = lesson.recording()
    if not recording.iterations:
        st.markdown("This attack changes no pixel. Choose another target to compare two ways to attack.")
        return
    locked = tasks.predict_one(
        TASK,
        lesson.subject,
        f"The attack of chapter 2 computed its maps {recording.iterations} times and changed {recording.end.changed} "
        f"pixels ({recording.stop.value}). Now compute the maps once, on the untouched digit, and change their best "
        "pairs one after another, with the same budget. What will happen?",
        ONCE,
        lambda: outcome(*with_one_map(lesson), recording),
    )
    if locked is None:
        return
    success, changed = with_one_map(lesson)
    reached = "reached the target" if success else "did not reach the target"
    st.markdown(
        f"{tasks.verdict(*locked, ONCE)}\n\nWith the first maps only, the attack {reached}, with **{changed}** pixels "
        f"changed. With new maps at every step: {recording.stop.value}, **{recording.end.changed}** pixels. After each "
        "change the slopes are different, so the first maps are out of date."
    )
    _over_many(lesson)


def with_one_map(lesson: Lesson) -> tuple[bool, int]:
    """Return whether the attack on the chosen digit reaches its target with one map, and how many pixels it changes."""
    recording = lesson.recording()
    a, b = (torch.tensor(rows[:1]) for rows in (recording.target_gradient, recording.others_gradient))
    targets = torch.tensor([recording.target])
    found = findings.with_the_first_map(lesson.network.module, recording.image(0)[None], targets, a, b)
    return bool(found.success), int(found.changed)


def outcome(success: bool, changed: int, recording: Recording) -> str:
    """Return which of ONCE is true."""
    if not success:
        return "fails"
    return "more" if recording.stop.success and changed > recording.end.changed else "as good"


class Both(NamedTuple):
    """Of the attacks on one digit towards all other classes: how many there are, and reach their target each way."""

    attacks: int
    once: int
    every_time: int


def both_ways(attacked: Network, image: Tensor, label: int, proceed: Proceed = lambda: None) -> Both:
    """Attack image (1, H, W) towards all classes except `label`, with its first maps only and with new ones."""
    slopes = jacobian(attacked.module, image[None])[0].flatten(1)  # (classes, n)
    targets = torch.tensor([target for target in range(len(slopes)) if target != label])
    images, a = image.expand(len(targets), *image.shape), slopes[targets]
    once = findings.with_the_first_map(attacked.module, images, targets, a, slopes.sum(dim=0) - a)
    every_time = Attack().run(attacked.module, images, targets, progress=lambda *_: proceed())
    return Both(len(targets), int(once.success.sum()), int(every_time.success.sum()))


def _over_many(lesson: Lesson) -> None:
    """Offer both ways on a digit of every class, and show how often each succeeds."""
    digits, _ = findings.some_of_each(lesson.digits, 1)
    st.markdown("One digit proves little. Try both ways on more digits, each towards all nine other classes.")
    wish = (lesson.network.key, lesson.choice.data)
    if st.button(f"Run {len(digits)} digits × 9, both ways", icon=":material/play_arrow:", key="once-run"):
        st.session_state.walkthrough_once = wish
    place = st.empty()  # always, so that what follows keeps its place
    if st.session_state.get("walkthrough_once") != wish:
        return
    found: list[Both] = []
    for image, of_class in zip(digits.images, digits.labels.tolist(), strict=True):
        place.progress(len(found) / len(digits), f"{len(found)} of {len(digits)} digits attacked")
        found.append(computed(both_ways, lesson.network, image, of_class))
    place.markdown(table(Both(*map(sum, zip(*found, strict=True)))))


def table(both: Both) -> str:
    """Return how often each way succeeds, as Markdown."""
    rows = {"once, on the untouched digit": both.once, "at every step": both.every_time}
    return "\n".join(
        ["| The maps are computed | attacks that reach the target |", "| --- | ---: |"]
        + [f"| {name} | {count} of {both.attacks}, {percent(count / both.attacks)} |" for name, count in rows.items()]
    )
