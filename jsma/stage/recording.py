"""One attack, carried out once, with all that is said of it: computed here, so that all who read it say the same.

The browser adds only the numbers of pairs one points at.
"""

import math
from collections.abc import Callable, Iterable
from itertools import zip_longest

import numpy as np
import torch
from torch import Tensor, nn

from ..attack import Attack, Step
from ..convolution import FasterGradients
from ..jacobian import Output, jacobian
from ..saliency import Direction, all_pairs, skyband, top_pair_candidates
from .codec import decode, encode
from .facts import WHITE, Counts, PairFacts, Recording, StepFacts

__all__ = ["Counts", "PairFacts", "Recording", "StepFacts", "record"]

RUNNERS_UP = 5
"""How many of the best pairs are listed, the winner among them."""

JACOBIANS_AT_ONCE = 8
"""How many are computed between two looks at whether the recording is still wanted: about a tenth of a second."""


def record(
    model: nn.Module,
    image: Tensor,
    label: int,
    target: int,
    attack: Attack,
    proceed: Callable[[], object] = lambda: None,
) -> Recording:
    """Attack `image` (1, H, W), a digit labelled `label`, towards `target`, and record every step.

    proceed: called at every step; what it raises ends the recording.
    """
    steps = []
    for step in attack.steps(model, image, target):
        proceed()
        steps.append(step)
    jacobians = _jacobians(model, torch.stack([step.image for step in steps]), attack.output, proceed)
    made = Recording(
        height=image.shape[1],
        width=image.shape[2],
        classes=len(steps[0].outputs),
        label=label,
        target=target,
        attack=attack,
        budget=2 * attack.iterations(image.numel()),
        jacobian_limit=_limits(jacobians.reshape(1, -1))[0],
        steps=tuple(_facts_of_step(*now, target, attack) for now in zip_longest(steps, jacobians, steps[1:])),
        target_gradient=_rows(step.target_gradient for step in steps),
        others_gradient=_rows(step.others_gradient for step in steps),
        jacobian_codes=np.stack([_codes(each) for each in jacobians]),
        image_codes=np.rint(_rows(step.image for step in steps) * WHITE).astype(np.uint16),
        domain=_rows(step.domain for step in steps),
    )
    return decode(encode(made))  # in one piece: the arrays are views into the payload


def _jacobians(model: nn.Module, images: Tensor, output: Output, proceed: Callable[[], object]) -> Tensor:
    """Return the Jacobians of all steps, (steps, classes, C, H, W): some together, in half the time of one by one."""
    parts = []
    with FasterGradients():
        for some in images.split(JACOBIANS_AT_ONCE):
            proceed()
            parts.append(jacobian(model, some, output))
    return torch.cat(parts)


def _rows(rows: Iterable[Tensor]) -> np.ndarray:
    """Return tensors of n values each as one array (steps, n)."""
    return torch.stack([row.flatten() for row in rows]).numpy()


def _codes(derivatives: Tensor) -> np.ndarray:
    """Return the derivatives (classes, 1, H, W) as int16 (classes, n), in units of `_unit`."""
    return np.rint(derivatives.flatten(1).double().numpy() / _unit(derivatives)).astype(np.int16)


def _facts_of_step(step: Step, derivatives: Tensor, after: Step | None, target: int, attack: Attack) -> StepFacts:
    direction = _direction(step, attack)
    return StepFacts(
        reads=int(step.outputs.argmax()),
        outputs=tuple(step.outputs.tolist()),
        probabilities=tuple(step.probabilities.tolist()),
        changed=step.changed,
        sign=direction.sign,
        jacobian_unit=_unit(derivatives),
        jacobian_limit=_limits(derivatives.reshape(1, -1))[0],
        map_limits=tuple(_limits(derivatives.flatten(1))),
        skyband=_skyband(step, direction),
        counts=_counts(step, direction),
        best_pairs=_best_pairs(step, direction),
        pair=None if after is None else _facts_of_pair(step, derivatives[target], after, target, attack),
        stop=step.stop,
    )


def _facts_of_pair(step: Step, gradient: Tensor, after: Step, target: int, attack: Attack) -> PairFacts:
    pair = step.chosen
    chosen = [pair.first, pair.second]
    before, now = step.image.flatten()[chosen], after.image.flatten()[chosen]
    output = "outputs" if attack.output is Output.LOGITS else "probabilities"
    return PairFacts(
        first=pair.first,
        second=pair.second,
        alpha=pair.alpha,
        beta=pair.beta,
        score=pair.score,
        before=tuple(before.tolist()),
        after=tuple(now.tolist()),
        forecast=float((gradient.flatten()[chosen] * (now - before)).sum()),
        happened=float(getattr(after, output)[target] - getattr(step, output)[target]),
    )


def _counts(step: Step, direction: Direction) -> Counts:
    a, b = (values[step.domain].numpy() for values in (step.target_gradient, -step.others_gradient))
    a, b = direction.sign * a, direction.sign * b
    alpha_passes = a[:, None] > -a  # as a sum is above 0, but quicker
    both_pass = alpha_passes & (b[:, None] > -b)
    passed, admissible = (_pairs_in(table) for table in (alpha_passes, both_pass))
    compared = len(a) * (len(a) - 1) // 2
    return Counts(len(a), compared, admissible, alpha_fails=compared - passed, only_beta_fails=passed - admissible)


def _pairs_in(table: np.ndarray) -> int:
    """Return how many pairs are marked in a table (n, n) of all with all, where each comes twice."""
    return int(np.count_nonzero(table) - np.count_nonzero(table.diagonal())) // 2


def _best_pairs(step: Step, direction: Direction) -> tuple[tuple[int, int, float], ...]:
    """Return (first, second, score) of the best pairs, best first, ties by lowest indices, the chosen one leading."""
    a, b, domain = step.target_gradient, step.others_gradient, step.domain
    pixels = top_pair_candidates(a[None], b[None], domain[None], direction, RUNNERS_UP)[0].nonzero().flatten()
    score, admissible = all_pairs(a[pixels], b[pixels], domain[pixels], direction)
    first, second = admissible.nonzero(as_tuple=True)
    values, order = score[first, second].sort(descending=True, stable=True)
    order = order[: RUNNERS_UP + 1]
    ranked = list(zip(pixels[first[order]].tolist(), pixels[second[order]].tolist(), values.tolist(), strict=False))
    if pair := step.pair:  # in float32 it may tie with one that is ahead in float64
        chosen = pair.first, pair.second
        ranked.sort(key=lambda each: each[:2] != chosen)
    return tuple(ranked[:RUNNERS_UP])


def _skyband(step: Step, direction: Direction) -> tuple[int, ...]:
    rows = (step.target_gradient[None], step.others_gradient[None], step.domain[None])
    return tuple(skyband(*rows, direction)[0].nonzero().flatten().tolist())


def _direction(step: Step, attack: Attack) -> Direction:
    """Return the direction that the step's gradients and domain belong to."""
    if step.pair is not None:
        return step.pair.direction
    return Direction.INCREASE if attack.direction is Direction.BOTH else attack.direction


def _limits(derivatives: Tensor) -> list[float]:
    """Return where the colours of each row end: the 99th percentile of |derivative|, lest a few wash out the rest."""
    place = math.ceil(0.99 * derivatives.shape[1])
    return derivatives.abs().kthvalue(place, dim=1).values.tolist()


def _unit(derivatives: Tensor) -> float:
    return max(float(derivatives.abs().max()), 1e-300) / 32767
