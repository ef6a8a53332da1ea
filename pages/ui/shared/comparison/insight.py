"""What one step of an attack gives away about its rule, in numbers."""

from typing import NamedTuple

import torch
from torch import Tensor

from jsma import Attack, Direction, Rule, Step
from jsma.baselines import BaselineStep

HOPELESS = 0.001
"""A class that the network gives less than this is nobody's answer."""


class Insight(NamedTuple):
    """What the chosen pair of a rule tells.

    hopeless: of the parts that β adds up, one a class and taken without sign, the share that comes from
    classes below HOPELESS; feeds_rival: whether the pair raises the leading rival's output; alone: whether both
    pixels are admissible by themselves; strongest: whether they are the two with the largest pull on
    the target; room: how far the two can move, on average; darkens: which way they go;
    column_sum: the largest |sum over all classes of a chosen pixel's derivatives|.
    """

    hopeless: float
    feeds_rival: bool
    alone: bool
    strongest: bool
    room: float
    darkens: bool
    column_sum: float


class BaselineInsight(NamedTuple):
    """What the chosen pixels of a baseline tell; refused: whether β has the wrong sign, so that JSMA refuses them."""

    refused: bool


def insight(step: Step, target: int, attack: Attack) -> Insight | None:
    """Return what `step` of `attack` towards `target` tells, None where it chooses no pair."""
    if step.pair is None:
        return None
    chosen, sign = [step.pair.first, step.pair.second], step.pair.direction.sign
    darkens = step.pair.direction is Direction.DECREASE
    values = step.image.flatten()[chosen]
    columns = step.jacobian.flatten(1)[:, chosen]
    parts = beta_parts(step, target, attack)
    hopeless = parts[step.probabilities < HOPELESS].abs().sum() / parts.abs().sum()
    rival = step.outputs.index_fill(0, torch.tensor(target), -torch.inf).argmax()
    pull, push = sign * step.target_gradient, -sign * step.others_gradient
    second = pull[step.domain].topk(2).values[1]
    return Insight(
        hopeless=hopeless.item(),
        feeds_rival=bool(sign * columns[rival].sum() > 0),
        alone=bool((pull[chosen] > 0).all() and (push[chosen] > 0).all()),
        strongest=bool((pull[chosen] >= second).all()),
        room=(values if darkens else 1 - values).mean().item(),
        darkens=darkens,
        column_sum=columns.double().sum(dim=0).abs().max().item(),
    )


def beta_parts(step: Step, target: int, attack: Attack) -> Tensor:
    """Return what every class brings to the pair's β under the rule, (classes,); the target brings 0."""
    chosen = [step.pair.first, step.pair.second]
    columns = step.jacobian.flatten(1)[:, chosen].double()
    if attack.rule is Rule.TJSMA:
        values = step.image.flatten()[chosen]
        columns = columns * (values if step.pair.direction is Direction.DECREASE else 1 - values)
    parts = columns.sum(dim=1)
    if attack.rule is not Rule.JSMA:
        parts = parts * step.probabilities
    return parts.index_fill(0, torch.tensor(target), 0)


def insight_of_baseline(step: BaselineStep) -> BaselineInsight | None:
    """Return what a baseline's step tells, None where it chooses no pixel."""
    return BaselineInsight(step.direction.sign * step.beta >= 0) if step.pixels else None
