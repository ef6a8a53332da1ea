"""The current step in sentences, and how some numbers of reports are written."""

from collections.abc import Iterable

from jsma import Direction, Output
from jsma.report import COMPARABLE_SUCCESS
from jsma.stage.recording import PairFacts, Recording, StepFacts
from jsma.wording import SPACE, an, number, percent

__all__ = ["SPACE", "an", "bounded", "number", "percent", "size", "spent", "step_in_words"]


def step_in_words(recording: Recording, step: int, hidden: bool = False) -> str:
    """Return Markdown that says where the attack stands at `step`, why this pair, and what happens next.

    hidden: keep the pair to ourselves, since the viewer is to predict it.
    """
    now, target = recording.steps[step], recording.target
    reading = (
        f"**Iteration {step} of {recording.iterations}.** The network reads {an(now.reads, '**')} "
        f"({percent(now.probabilities[now.reads])} sure); the target {target} gets "
        f"{percent(now.probabilities[target])}. {spent(recording, step)}{_misread(recording, step)}"
    )
    if hidden:
        return f"{reading}\n\n**Your turn.** Which two pixels would you change? Pick them, then ask for the best pair."
    return f"{reading}\n\n{_what_next(recording, now, now.pair) if now.pair else _why_ended(recording, now)}"


def spent(recording: Recording, step: int) -> str:
    """Return a sentence on how much of the budget is spent at `step`: in pixels, or, where they differ, in iterations.

    With θ below 1 a pixel may be changed again. The budget counts every change, the distortion each pixel once.
    """
    changed = recording.steps[step].changed
    if recording.attack.theta == 1:
        return f"{changed} of {recording.budget} allowed pixels are changed."
    plural = "pixel is" if changed == 1 else "pixels are"
    return f"{step} of {recording.budget // 2} allowed iterations are spent, and {changed} {plural} changed."


def _misread(recording: Recording, step: int) -> str:
    """Return a sentence on the class that has to be beaten, if the network misreads the digit before any change."""
    first = recording.steps[0].reads
    if step or first in (recording.label, recording.target):
        return ""
    return f" It misreads this {recording.label}: the class to beat is {first}."


def _what_next(recording: Recording, now: StepFacts, pair: PairFacts) -> str:
    width, rule = recording.width, recording.attack.rule
    where = " and ".join(f"row {pixel // width}, column {pixel % width}" for pixel in pair.pixels)
    brighter = now.direction is Direction.INCREASE
    kind = "logit" if recording.attack.output is Output.LOGITS else "probability"
    per = "by moving all the way" if rule.weighs_by_room else "per unit of brightness"
    return (
        f"**Next: the pixels at {where} get {'brighter' if brighter else 'darker'}.** Together they move the target's "
        f"{kind} by α = {number(pair.alpha)} and all others, {rule.entry.beta_words}, by "
        f"β = {number(pair.beta)}, {per}. "
        f"{'α > 0 and β < 0' if brighter else 'α < 0 and β > 0'}, so the pair is admissible, and "
        f"no other scores higher than its −αβ = −({number(pair.alpha)}) × ({number(pair.beta)}) = "
        f"**{number(pair.score)}**. To first order the target's {kind} should change by "
        f"{number(pair.forecast, sign=True)}; it will change by {number(pair.happened, sign=True)}."
    )


def _why_ended(recording: Recording, end: StepFacts) -> str:
    assert end.stop is not None, "a step without a pair is the last, which says why"
    share = percent(end.changed / recording.pixels)
    cost = f"The cost: {end.changed} changed pixels, a distortion of {share}."
    if end.stop.success and not end.changed:
        return "**Nothing to do.** The network reads this digit as the target already, before any change."
    return " ".join(filter(None, ["**Stopped.**", end.stop.sentence, end.reason, cost]))


def bounded(number: str, success_rate: float) -> str:
    """Return the text of a hardness, with ≥ where so few attacks succeeded that it is mostly a lower bound."""
    return f"≥{number}" if success_rate < COMPARABLE_SUCCESS else number


def size(lengths: Iterable[int]) -> str:
    """Return the lengths of a table's sides, on one line: 64 × 14 × 14."""
    return f"{SPACE}×{SPACE}".join(map(str, lengths))
