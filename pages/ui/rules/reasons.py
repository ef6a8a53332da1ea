"""Why the rules differ, in words with the numbers of the attacks at hand."""

from statistics import fmean

from jsma import Direction
from jsma.analysis import NEGLIGIBLE_PROBABILITY, Analysis, BaselineAnalysis, negligible_share
from pages.ui.formatting import percent
from pages.ui.shared.comparison.contenders import Trace

GENERAL = {
    "JSMA on logits": "β adds up nine classes as if all of them mattered.",
    "JSMA on probabilities": "The ten probabilities add up to 1, so their derivatives by a pixel add up to 0. So "
    "β = −α and the score is α²: the search for a pair is one for the two pixels that move the target's probability "
    "most.",
    "WJSMA": "Every other class counts by its probability, so β is about the classes that are still in the running.",
    "TJSMA": "A derivative says what a pixel does per unit of brightness; one that is nearly at its end can do little "
    "of it. TJSMA weighs classes as WJSMA does, and multiplies by the room left, so that pixels that can move far come "
    "first.",
    "Top two": "It takes the two pixels that pull most on the target's logit and never looks at the other classes.",
    "One pixel at a time": "It looks for the best single pixel, so that none can make up for what another lacks, and "
    "asks the network again after every one.",
}
"""What holds for every attack by a rule; said once, however many directions are shown."""


def reasons(traces: list[Trace]) -> list[str]:
    """Return a paragraph in Markdown on every trace that changed pixels, in their order.

    Rules are compared with others of the same direction, where those are among `traces`.
    """
    paragraphs, said = [], set()
    for trace in (each for each in traces if each.analyses):
        name = trace.contender.name
        live = _LIVE[name](trace.analyses, trace, traces)
        paragraphs.append(f"**{trace.contender.label}.** " + (live if name in said else f"{GENERAL[name]} {live}"))
        said.add(name)
    return paragraphs


def _beside(trace: Trace, name: str, traces: list[Trace]) -> Trace | None:
    """Return the trace of the contender `name` in the same direction, if it is there and changed pixels."""
    same = (each for each in traces if each.contender.direction is trace.contender.direction)
    return next((each for each in same if each.contender.name == name and each.analyses), None)


def _of_steps(which: list[bool]) -> str:
    return f"**{sum(which)} of {len(which)}** step{'' if len(which) == 1 else 's'}"


def _share(told: list[Analysis]) -> str:
    return percent(negligible_share(told))


def _on_logits(told: list[Analysis], trace: Trace, traces: list[Trace]) -> str:
    text = (
        f"Taken without signs, **{_share(told)}** of what it added up for the chosen pairs came from classes that "
        f"the network gave less than {percent(NEGLIGIBLE_PROBABILITY)}: nobody was going to read those. In "
        f"{_of_steps([step.raises_rival for step in told])} the pair raised the logit of the leading rival."
    )
    cured = _beside(trace, "WJSMA", traces)
    if cured:
        theirs = cured.analyses
        rises = _of_steps([step.raises_rival for step in theirs])
        text += f" With WJSMA, which weighs each class by its probability, it was {_share(theirs)}, and {rises}."
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
    other = _beside(trace, "WJSMA", traces)
    if other:
        text += f" Those of WJSMA had {fmean(step.room for step in other.analyses):.2f}."
    if trace.contender.direction is Direction.BOTH:
        darkened = [step.direction is Direction.DECREASE for step in told]
        text += f" Free to go both ways, it darkened the pair in {_of_steps(darkened)}."
    return text


def _top_two(told: list[BaselineAnalysis], *_: object) -> str:
    return (
        f"In {_of_steps([step.refused for step in told])} the other classes, added up, were not to fall: JSMA would "
        "have refused those two pixels."
    )


def _one_pixel(told: list[BaselineAnalysis], trace: Trace, traces: list[Trace]) -> str:
    text = f"It asked for derivatives **{len(told)}** times to change {pixels(trace.end.changed)}."
    pairs = _beside(trace, "JSMA on logits", traces)
    if pairs:
        theirs = pairs.analyses
        text += (
            f" JSMA on logits, in pairs, asked {len(theirs)} times for {pixels(pairs.end.changed)}. In "
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


_LIVE = {
    "JSMA on logits": _on_logits,
    "JSMA on probabilities": _on_probabilities,
    "WJSMA": _weighted,
    "TJSMA": _with_room,
    "Top two": _top_two,
    "One pixel at a time": _one_pixel,
}
