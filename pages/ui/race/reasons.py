"""Why the rules differ, in words with the numbers of the attacks at hand."""

from statistics import fmean

from jsma import Direction
from pages.ui.race import percent
from pages.ui.race.contenders import Trace
from pages.ui.race.insight import HOPELESS


def reasons(traces: list[Trace]) -> list[str]:
    """Return a paragraph in Markdown on every trace that has something to tell, in their order.

    Rules are compared with others of the same direction, where those are among `traces`.
    """
    told = (trace for trace in traces if insights(trace))
    return [f"**{trace.contender.label}.** {_TELLS[trace.contender.name](trace, traces)}" for trace in told]


def insights(trace: Trace) -> list:
    """Return what every step that changed pixels tells."""
    return [moment.insight for moment in trace.moments if moment.insight is not None]


def beside(trace: Trace, name: str, traces: list[Trace]) -> Trace | None:
    """Return the trace of the contender `name` in the same direction, if it is there and has steps."""
    found = (t for t in traces if t.contender.name == name and t.contender.direction is trace.contender.direction)
    return next((t for t in found if insights(t)), None)


def of_steps(count: int, steps: int) -> str:
    """Return "3 of 7 steps", in bold where it matters."""
    return f"**{count} of {steps}** step{'' if steps == 1 else 's'}"


def _on_logits(trace: Trace, traces: list[Trace]) -> str:
    told = insights(trace)
    text = (
        f"β adds up nine classes as if all of them mattered. Taken without its sign, "
        f"**{percent(fmean(step.hopeless for step in told))}** of what it added up in these steps came from classes "
        f"that the network gave less than {percent(HOPELESS)}: nobody was going to read those. In "
        f"{of_steps(sum(step.feeds_rival for step in told), len(told))} the pair raised the logit of the leading rival."
    )
    cured = beside(trace, "WJSMA", traces)
    return f"{text} {_compared(cured)}" if cured else text


def _compared(trace: Trace) -> str:
    told = insights(trace)
    return (
        f"With WJSMA, which weighs each class by its probability, it is "
        f"{percent(fmean(step.hopeless for step in told))} and "
        f"{of_steps(sum(step.feeds_rival for step in told), len(told))}."
    )


def _on_probabilities(trace: Trace, _: list[Trace]) -> str:
    told = insights(trace)
    return (
        "The ten probabilities add up to 1, so their derivatives by a pixel add up to 0 (for the pixels chosen here to "
        f"within {max(step.column_sum for step in told):.0e}; the rest is rounding). So β = −α and the score is α²: "
        "the search for a pair is a search for the two pixels that move the target's probability most. In "
        f"{of_steps(sum(step.strongest for step in told), len(told))} the pair was just those two."
    )


def _weighted(trace: Trace, _: list[Trace]) -> str:
    told = insights(trace)
    return (
        "Every other class counts by its probability, so β is about the classes that are still in the running: "
        f"{percent(fmean(step.hopeless for step in told))} of what it added up came from classes below "
        f"{percent(HOPELESS)}, and in {of_steps(sum(step.feeds_rival for step in told), len(told))} the pair raised "
        "the logit of the leading rival."
    )


def _with_room(trace: Trace, traces: list[Trace]) -> str:
    told = insights(trace)
    text = (
        "A derivative says what a pixel does per unit of brightness; a pixel that is nearly at its end can do little "
        "of it. Multiplied by the room left, pixels that can move far come first: the chosen ones had "
        f"**{fmean(step.room for step in told):.2f}** of the range left on average."
    )
    other = beside(trace, "WJSMA", traces)
    if other:
        text += f" Those of WJSMA had {fmean(step.room for step in insights(other)):.2f}."
    if trace.contender.direction is Direction.BOTH:
        darkened = sum(step.darkens for step in told)
        text += f" Free to go both ways, it darkened the pair in {of_steps(darkened, len(told))}."
    return text


def _top_two(trace: Trace, _: list[Trace]) -> str:
    told = insights(trace)
    return (
        "It takes the two pixels that pull most on the target's logit and never looks at the other classes. In "
        f"{of_steps(sum(step.refused for step in told), len(told))} its pixels did not lower the others, added up: "
        "JSMA would have refused that pair."
    )


def _one_pixel(trace: Trace, traces: list[Trace]) -> str:
    told = insights(trace)
    text = (
        f"It asked the network for derivatives **{len(told)}** times to change {trace.end.changed} "
        f"pixel{'' if trace.end.changed == 1 else 's'}."
    )
    pairs = beside(trace, "JSMA on logits", traces)
    if not pairs:
        return text
    alone = insights(pairs)
    return (
        f"{text} JSMA on logits, in pairs, asked {len(alone)} times for {pairs.end.changed}. In "
        f"{of_steps(sum(step.alone for step in alone), len(alone))} of JSMA both pixels of the pair were admissible by "
        "themselves: the pair rarely needs one pixel to make up for the other."
    )


_TELLS = {
    "JSMA on logits": _on_logits,
    "JSMA on probabilities": _on_probabilities,
    "WJSMA": _weighted,
    "TJSMA": _with_room,
    "Top two": _top_two,
    "One pixel at a time": _one_pixel,
}
