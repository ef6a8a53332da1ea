"""What the pair of one step tells about the rule that chose it: each figure defined once, for every page.

All is over `Step`, which `Attack.steps` yields and a recording gives back (`Recording.as_step`). With sign
+1 for brightening and -1 for darkening, a pixel with sign * a > 0 and sign * b < 0 is good alone: it
raises the target and lowers the others without a partner.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from .attack import Step
from .baselines import BaselineStep
from .rules import Rule, room
from .saliency import Direction

NEGLIGIBLE_PROBABILITY = 0.001
"""A class that the network gives less is negligible: it is not going to be the answer, so lowering it wins nothing."""


class Analysis(NamedTuple):
    """What the chosen pair of one step tells.

    beta: the sum of the sizes |part| of what the classes add to β, see `parts_of_beta`; negligible_beta: how
    much of it comes from classes below NEGLIGIBLE_PROBABILITY; raises_rival: whether, by the Jacobian, the
    pair raises the leading rival, the other class with the largest output; good_alone: how many of the two pixels are
    good alone, 0 to 2; two_strongest: whether no two pixels of the domain pull more on the target; room: how
    far the two can move, on average; direction: which way they go; column_sum: the largest |sum over all classes| of a
    chosen pixel's derivatives, which is 0 on probabilities but for rounding.
    """

    beta: float
    negligible_beta: float
    raises_rival: bool
    good_alone: int
    two_strongest: bool
    room: float
    direction: Direction
    column_sum: float


def analyse(step: Step, target: int, rule: Rule) -> Analysis | None:
    """Return what `step` of an attack towards the class `target` by `rule` tells; None where it chooses no pair."""
    if step.pair is None:
        return None
    chosen, sign = [step.pair.first, step.pair.second], step.pair.direction.sign
    columns = step.jacobian.flatten(1)[:, chosen].double()  # (classes, 2)
    sizes = parts_of_beta(step, target, rule).abs()
    rival = step.outputs.index_fill(0, torch.tensor(target), -torch.inf).argmax()
    pull, push = sign * step.target_gradient, -sign * step.others_gradient
    strongest = pull[step.domain].topk(2).values
    return Analysis(
        beta=sizes.sum().item(),
        negligible_beta=sizes[step.probabilities < NEGLIGIBLE_PROBABILITY].sum().item(),
        raises_rival=bool(sign * columns[rival].sum() > 0),
        good_alone=int(((pull[chosen] > 0) & (push[chosen] > 0)).sum()),
        two_strongest=torch.equal(pull[chosen].sort(descending=True).values, strongest),
        room=_room(step).mean().item(),
        direction=step.pair.direction,
        column_sum=columns.sum(dim=0).abs().max().item(),
    )


def refused(step: BaselineStep) -> bool:
    """Return whether the pixels that a baseline chose have a β of the wrong sign, so that JSMA would refuse them."""
    return step.direction is not None and step.direction.sign * step.beta >= 0


def parts_of_beta(step: Step, target: int, rule: Rule) -> Tensor:
    """Return what each class adds to the β of the pair as `rule` weighs it, (classes,) float64; the target adds 0."""
    columns = step.jacobian.flatten(1)[:, [step.chosen.first, step.chosen.second]].double()
    if rule.weighs_by_room:
        columns = columns * _room(step)
    parts = columns.sum(dim=1)
    if rule.weighs_by_probability:
        parts = parts * step.probabilities
    return parts.index_fill(0, torch.tensor(target), 0)


def negligible_share(analyses: Iterable[Analysis]) -> float:
    """Return which part of all that the steps add up to β, by size, comes from negligible classes; NaN for no step.

    The sums over all steps are divided once: a step that adds up more counts for more.
    """
    analyses = list(analyses)
    whole = sum(each.beta for each in analyses)
    return sum(each.negligible_beta for each in analyses) / whole if whole else float("nan")


def _room(step: Step) -> Tensor:
    """Return how far each pixel of the pair can move, (2,)."""
    return room(step.image.flatten()[[step.chosen.first, step.chosen.second]], step.chosen.direction)
