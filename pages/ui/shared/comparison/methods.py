"""The methods that can be compared (a rule or a baseline, with its direction), and the trace of an attack by one."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle

import torch

from jsma import Attack, Direction, Output, Rule, Step, Stop
from jsma.analysis import Analysis, analyse, refused
from jsma.baselines import Baseline, BaselineStep, baseline_steps
from jsma.rules import compared
from pages.ui import resources
from pages.ui.cache import computed
from pages.ui.choice import OWN
from pages.ui.networks import Network
from pages.ui.outside import cut
from pages.ui.scheduling import Proceed

WAYS = {Direction.INCREASE: "", Direction.DECREASE: ", darken", Direction.BOTH: ", both"}
"""What a label adds for each direction; brightening is the default and adds nothing."""

DASHES = dict(zip(WAYS, [(), (6, 3), (2, 2)], strict=True))
"""The dash pattern of the line in charts, for each direction."""


def rules_and_baselines() -> dict[str, tuple[Rule, Output] | Baseline]:
    """Return all rules, once for each output they are compared on, and all baselines, by the names that are shown."""
    rules = {variant.subject: (variant.rule, variant.output) for variant in compared()}
    return rules | {baseline.label: baseline for baseline in Baseline}


COLOURS = ("#c88200", "#008cfa", "#006e64", "#be78be", "#96966e", "#b43c28")
"""Colours of lines that can be read on white and on black and told apart by the colour-blind."""

MARKS = (
    "M-1,0A1,1,0,1,1,1,0A1,1,0,1,1,-1,0Z",
    "M-0.9,-0.9L0.9,-0.9L0.9,0.9L-0.9,0.9Z",
    "M0,-1L1,0.9L-1,0.9Z",
    "M0,-1.2L1,0L0,1.2L-1,0Z",
    "M-0.4,-1L0.4,-1L0.4,-0.4L1,-0.4L1,0.4L0.4,0.4L0.4,1L-0.4,1L-0.4,0.4L-1,0.4L-1,-0.4L-0.4,-0.4Z",
    "M0,1L1,-0.9L-1,-0.9Z",
    "M-1,-0.5L1,-0.5L1,0.5L-1,0.5Z",
)
"""Marks on lines, as SVG paths from -1 to 1: disc, square, triangle, diamond, cross, wedge, bar."""


def looks(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return a colour and a mark for each name; no two of the first 42 have both in common."""
    return dict(zip(names, zip(cycle(COLOURS), cycle(MARKS), strict=False), strict=False))


LOOKS = looks(rules_and_baselines())
"""The colour and the mark of each rule and baseline, the same for all directions."""


def sign(colour: str, mark: str, dashes: Iterable[int] = ()) -> str:
    """Return a line with a mark as a small SVG."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-14 -6 28 12" width="28" height="12" aria-hidden="true">'
        f'<path d="M-14,0H14" stroke="{colour}" stroke-width="2" stroke-dasharray="{" ".join(map(str, dashes))}"/>'
        f'<path d="{mark}" transform="scale(4.5)" fill="{colour}"/></svg>'
    )


@dataclass(frozen=True)
class Method:
    """A rule or a baseline, by its name in `rules_and_baselines`, and the direction in which it changes pixels."""

    name: str
    direction: Direction

    @property
    def label(self) -> str:
        """The name that is shown, which says the direction, too."""
        return self.name + WAYS[self.direction]

    @property
    def baseline(self) -> Baseline | None:
        """The baseline; None for a rule."""
        entry = rules_and_baselines()[self.name]
        return entry if isinstance(entry, Baseline) else None

    @property
    def rule(self) -> Rule:
        """The rule; for a baseline the rule whose a and b it uses."""
        entry = rules_and_baselines()[self.name]
        return Attack.rule if isinstance(entry, Baseline) else entry[0]

    @property
    def output(self) -> Output:
        """The outputs that are differentiated."""
        entry = rules_and_baselines()[self.name]
        return Output.LOGITS if isinstance(entry, Baseline) else entry[1]

    @property
    def character(self) -> str:
        """What it does in every attack, in a sentence or two."""
        if self.baseline:
            return self.baseline.entry.character
        if self.output is Output.PROBABILITIES and not self.rule.weighs_by_probability:
            return (
                "The ten probabilities add up to 1, so their derivatives by a pixel add up to 0. So β = −α and the "
                "score is α²: the search for a pair is one for the two pixels that move the target's probability most."
            )
        return self.rule.entry.character

    @property
    def sign(self) -> str:
        """Its line and mark as a small SVG: colour and mark say which rule, dashes which direction."""
        return sign(*LOOKS[self.name], DASHES[self.direction])

    def attack(self, theta: float, gamma: float) -> Attack:
        """Return the settings of its attack; a baseline uses all of them but the rule."""
        return Attack(self.rule, self.output, self.direction, theta, gamma)


METHODS = {each.label: each for name in rules_and_baselines() for each in (Method(name, way) for way in WAYS)}
"""All methods, by their labels."""

MEASURED = {variant.file_name: variant.subject + WAYS[variant.direction] for variant in compared()}
"""The labels of the methods that benchmarks/table.py measures, by the names of the files with their results."""

AT_FIRST = [*MEASURED.values(), next(iter(Baseline)).label]
"""The labels of the methods that are chosen at first."""

MOST = 8
"""How many methods can be compared at a time."""


def problem_with_rules(asked: list[str], otherwise: list[str]) -> str:
    """Return a sentence if not all methods that the address names can be used: the known ones are, or else `otherwise`.

    asked: the labels in the address. Returns "" if all can be used.
    """
    asked = [label for label in asked if label]  # an empty label stands for no method at all, which is allowed
    known = list(dict.fromkeys(label for label in asked if label in METHODS))[:MOST]
    if known == asked:
        return ""
    return (
        f"The link asks for rules “{cut('; '.join(asked), 60)}”, but it must be at most {MOST} different names from "
        f"the list. Using {'; '.join(known or otherwise) or 'none'}."
    )


@dataclass(frozen=True)
class Moment:
    """One iteration (0 is the untouched image): the outputs of the network, and what has been changed.

    sure: the probability of the class it reads; probability and logit: the target's; moves: each
    pixel (flat index) that differs from the iteration before, with its value now; analysis: of the
    pair to be changed next, None on the last iteration and for a baseline; refused: whether JSMA would
    refuse the pixels that a baseline changes next.
    """

    iteration: int
    reads: int
    sure: float
    probability: float
    logit: float
    changed: int
    moves: tuple[tuple[int, float], ...]
    analysis: Analysis | None
    refused: bool


@dataclass(frozen=True)
class Trace:
    """A whole attack by one method: every iteration, and why it ended."""

    method: Method
    target: int
    moments: tuple[Moment, ...]
    stop: Stop

    @property
    def success(self) -> bool:
        """Whether the network reads the target at the end."""
        return self.stop.success

    @property
    def ending(self) -> str:
        """Why it ended, in a few words."""
        return self.stop.title

    @property
    def end(self) -> Moment:
        """The last iteration."""
        return self.moments[-1]

    @property
    def analyses(self) -> list[Analysis]:
        """The analysis of every step that changed pixels; empty for a baseline."""
        return [moment.analysis for moment in self.moments if moment.analysis is not None]

    def at(self, iteration: int) -> Moment:
        """Return the state at an iteration; after the last one, the state at the end."""
        return self.moments[min(iteration, len(self.moments) - 1)]


def trace(data: str, network: Network, index: int, target: int, label: str, theta: float, gamma: float) -> Trace:
    """Return the attack on digit `index` of `data` towards `target` by the method with this label."""
    image = resources.digits(data).images[index]
    return computed(_trace, network, image, target, label, theta, gamma, own=data == OWN)


def _trace(
    network: Network, image: torch.Tensor, target: int, label: str, theta: float, gamma: float, proceed: Proceed
) -> Trace:
    method = METHODS[label]
    attack = method.attack(theta, gamma)
    if method.baseline:
        steps = _while_wanted(baseline_steps(method.baseline, network.module, image, target, attack), proceed)
    else:
        steps = _while_wanted(attack.steps(network.module, image, target), proceed)
    images = [step.image.flatten() for step in steps]
    moments = [
        _moment(step, before, now, target, attack.rule)
        for step, before, now in zip(_while_wanted(steps, proceed), [images[0], *images], images, strict=False)
    ]
    return Trace(method, target, tuple(moments), steps[-1].stop)


def _while_wanted(steps: Iterable, proceed: Proceed) -> list:
    """Return the steps; `proceed` is called before each and may raise, which ends the attack."""
    taken = []
    for step in steps:
        proceed()
        taken.append(step)
    return taken


def _moment(
    step: Step | BaselineStep,
    before: torch.Tensor,
    now: torch.Tensor,
    target: int,
    rule: Rule,
) -> Moment:
    pixels = (now != before).nonzero().flatten().tolist()
    reads = int(step.outputs.argmax())
    return Moment(
        iteration=step.iteration,
        reads=reads,
        sure=step.probabilities[reads].item(),
        probability=step.probabilities[target].item(),
        logit=step.outputs[target].item(),
        changed=step.changed,
        moves=tuple((pixel, now[pixel].item()) for pixel in pixels),
        analysis=analyse(step, target, rule) if isinstance(step, Step) else None,
        refused=isinstance(step, BaselineStep) and refused(step),
    )
