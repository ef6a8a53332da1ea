"""Why the rules differ, in words with the numbers of the attacks at hand."""

from collections.abc import Callable
from statistics import fmean

from jsma import Direction, Output
from jsma.analysis import NEGLIGIBLE_PROBABILITY, Analysis, negligible_share
from pages.ui.formatting import percent
from pages.ui.shared.comparison.methods import Method, Trace


def reasons(traces: list[Trace]) -> list[str]:
    """Return a paragraph in Markdown on every trace that changed pixels, in their order.

    Rules are compared with others of the same direction, where those are among `traces`.
    """
    paragraphs, said = [], set()
    for trace in (each for each in traces if each.end.iteration):
        name = trace.method.name
        explanation = _explanation(trace.method)(trace.analyses, trace, traces)
        general = "" if name in said else f"{trace.method.character} "
        paragraphs.append(f"**{trace.method.label}.** {general}{explanation}")
        said.add(name)
    return paragraphs


def _beside(trace: Trace, traces: list[Trace], by_probability: bool) -> Trace | None:
    """Return the trace of a rule in the same direction, on logits and not weighed by room, if it changed pixels.

    by_probability: whether it is to be a rule that weighs by probability.
    """

    def fits(other: Method) -> bool:
        rule = other.rule
        if other.baseline or rule.weighs_by_room or other.output is not Output.LOGITS:
            return False
        return rule.weighs_by_probability is by_probability and other.direction is trace.method.direction

    return next((each for each in traces if fits(each.method) and each.end.iteration), None)


def _of_steps(which: list[bool]) -> str:
    return f"**{sum(which)} of {len(which)}** step{'' if len(which) == 1 else 's'}"


def _share(told: list[Analysis]) -> str:
    return percent(negligible_share(told))


def _on_logits(told: list[Analysis], trace: Trace, traces: list[Trace]) -> str:
    text = (
        f"Taken without signs, **{_share(told)}** of what it added up for the chosen pairs came from classes with a "
        f"probability of less than {percent(NEGLIGIBLE_PROBABILITY)}. In "
        f"{_of_steps([step.raises_rival for step in told])} the pair raised the logit of the leading rival."
    )
    weighted = _beside(trace, traces, by_probability=True)
    if weighted:
        theirs = weighted.analyses
        rises = _of_steps([step.raises_rival for step in theirs])
        text += f" With {weighted.method.name}, which weighs each class by its probability, it was {_share(theirs)}, "
        text += f"and {rises}."
    return text


def _on_probabilities(told: list[Analysis], *_: object) -> str:
    return (
        f"(For the pixels chosen here the sum was 0 to within {_power(max(step.column_sum for step in told))}: "
        f"rounding.) In {_of_steps([step.two_strongest for step in told])} the pair was just those two."
    )


def _weighted(told: list[Analysis], *_: object) -> str:
    return (
        f"For the chosen pairs, **{_share(told)}** of what it added up came from classes below "
        f"{percent(NEGLIGIBLE_PROBABILITY)}, and in {_of_steps([step.raises_rival for step in told])} the pair raised "
        "the logit of the leading rival."
    )


def _with_room(told: list[Analysis], trace: Trace, traces: list[Trace]) -> str:
    text = f"The chosen pixels had **{fmean(step.room for step in told):.2f}** of the range left on average."
    other = _beside(trace, traces, by_probability=True)
    if other:
        text += f" Those of {other.method.name} had {fmean(step.room for step in other.analyses):.2f}."
    if trace.method.direction is Direction.BOTH:
        darkened = [step.direction is Direction.DECREASE for step in told]
        text += f" It may change pixels both ways; it darkened the pair in {_of_steps(darkened)}."
    return text


def _top_two(_: object, trace: Trace, *__: object) -> str:
    refused = _of_steps([step.refused for step in trace.moments[:-1]])
    return f"In {refused} the other classes, added up, would not fall: for JSMA such a pair is not admissible."


def _one_pixel(_: object, trace: Trace, traces: list[Trace]) -> str:
    text = f"It computed the derivatives **{trace.end.iteration}** times to change {pixels(trace.end.changed)}."
    pairs = _beside(trace, traces, by_probability=False)
    if pairs:
        theirs = pairs.analyses
        text += (
            f" {pairs.method.name}, in pairs, computed them {len(theirs)} times for {pixels(pairs.end.changed)}. In "
            f"{_of_steps([step.good_alone == 2 for step in theirs])} both pixels of its pair were admissible by "
            "themselves."
        )
    return text


def pixels(count: int) -> str:
    """Return "1 pixel", "2 pixels"."""
    return f"{count} pixel{'' if count == 1 else 's'}"


def _power(value: float) -> str:
    """Return a small number as 6·10⁻⁸, and 0 as 0."""
    digit, _, exponent = f"{value:.0e}".partition("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digit}·10{raised}" if value else "0"


def _explanation(method: Method) -> Callable[..., str]:
    """Return the function that explains this method with the numbers of an attack."""
    if method.baseline:
        return _one_pixel if method.baseline.entry.looks_at_others else _top_two
    if method.rule.weighs_by_room:
        return _with_room
    if method.rule.weighs_by_probability:
        return _weighted
    return _on_probabilities if method.output is Output.PROBABILITIES else _on_logits
