"""Figures about the pair of one step that explain the rule's choice; each is defined once, here, for all pages.

The input is a `Step`, from `Attack.steps` or from a recording (`Recording.as_step`). Definition: with sign +1
for brightening and -1 for darkening, a pixel is "good alone" if sign * a > 0 and sign * b < 0, that is, if it
raises the target and lowers the other classes without a partner.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from .attack import Step
from .baselines import BaselineStep
from .rules import Rule
from .saliency import Direction

NEGLIGIBLE_PROBABILITY = 0.001
"""A class with a smaller probability is negligible: it cannot become the prediction, so lowering it has no use."""


class Analysis(NamedTuple):
    """The figures of one step's pair.

    beta: the sum of |part| over the parts of β, one per class (`parts_of_beta`); negligible_beta: the part of that
    sum that comes from classes below NEGLIGIBLE_PROBABILITY; raises_rival: whether the pair, by
    its Jacobian, raises the rival, the class other than the target with the largest output; good_alone: how many of
    the two pixels are good alone, 0 to 2; two_strongest: whether they are the two pixels of the domain with the
    largest sign * a; room: how far the two can move, on average; direction: in which they are changed; column_sum:
    the larger |sum over all classes| of a pixel's derivatives, which is 0 on probabilities except for rounding.
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
    """Return the figures for `step` of an attack by `rule` towards `target`; None for a step without a pair."""
    if step.pair is None:
        return None
    chosen, sign = [step.pair.first, step.pair.second], step.pair.direction.sign
    columns = step.jacobian.flatten(1)[:, chosen].double()  # (classes, 2)
    sizes = parts_of_beta(step, target, rule).abs()  # (classes,)
    rival = step.outputs.index_fill(0, torch.tensor(target), -torch.inf).argmax()
    pull, push = sign * step.target_gradient, -sign * step.others_gradient  # (n,) each; both > 0 is good alone
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
    """Return whether β of the pixels that a baseline chose has the wrong sign, so that JSMA would not admit them."""
    return step.direction is not None and step.direction.sign * step.beta >= 0


def parts_of_beta(step: Step, target: int, rule: Rule) -> Tensor:
    """Return the part of the pair's β that comes from each class, weighted by `rule`: (classes,) float64, target 0."""
    columns = step.jacobian.flatten(1)[:, [step.chosen.first, step.chosen.second]].double()
    if rule.weighs_by_room:
        columns = columns * _room(step)
    parts = columns.sum(dim=1)
    if rule.weighs_by_probability:
        parts = parts * step.probabilities
    return parts.index_fill(0, torch.tensor(target), 0)


def negligible_share(analyses: Iterable[Analysis]) -> float:
    """Return the share of β that comes from negligible classes, over all steps: 0 to 1, NaN if there are no steps.

    It is sum(negligible_beta) / sum(beta), not the mean of the steps' shares.
    """
    analyses = list(analyses)
    total = sum(each.beta for each in analyses)
    return sum(each.negligible_beta for each in analyses) / total if total else float("nan")


def _room(step: Step) -> Tensor:
    """Return how far each pixel of the pair can move, (2,)."""
    values = step.image.flatten()[[step.chosen.first, step.chosen.second]]
    return 1 - values if step.chosen.direction is Direction.INCREASE else values
