"""Recording of an attack: all figures that the stage shows are computed here, once, so that every page shows the same.

The browser computes only the figures of the pair under the pointer.
"""

import math
from collections.abc import Callable, Iterable
from itertools import zip_longest

import numpy as np
import torch
from torch import Tensor

from ..attack import Attack, Step
from ..convolution import FasterGradients
from ..jacobian import Output, jacobian
from ..network import Model, network_of
from ..saliency import Direction, all_pairs, skyband, top_pair_candidates
from .codec import decode, encode
from .facts import WHITE, Counts, PairFacts, Recording, StepFacts

__all__ = ["Counts", "PairFacts", "Recording", "StepFacts", "record"]

RUNNERS_UP = 5
"""The number of best pairs that are listed, the chosen one included."""

JACOBIANS_AT_ONCE = 8
"""The number computed between two calls of `proceed`: about 0.1 seconds."""


def record(
    model: Model,
    image: Tensor,
    label: int,
    target: int,
    attack: Attack,
    proceed: Callable[[], object] = lambda: None,
) -> Recording:
    """Attack `image` (1, H, W) in [0, 1], a digit labelled `label`, towards `target`, and record every step.

    proceed: called at every step; it may raise to cancel. Raises ValueError as `Attack.run` does, and for samples that
    are no image.
    """
    if getattr(image, "ndim", 3) != 3:
        raise ValueError(f"Only an image (1, H, W) can be recorded; found the shape {tuple(image.shape)}.")
    model = network_of(model)  # checked once for all steps
    steps = []
    for step in attack.steps(model, image, target):
        proceed()
        steps.append(step)
    jacobians = _jacobians(model, torch.stack([step.image for step in steps]), attack.output, proceed)
    recording = Recording(
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
    return decode(encode(recording))  # so that the arrays are views into the payload, and stored once


def _jacobians(model: Model, images: Tensor, output: Output, proceed: Callable[[], object]) -> Tensor:
    """Return the Jacobians of all steps, (steps, classes, C, H, W). In batches, which takes half the time."""
    parts = []
    with FasterGradients():
        for batch in images.split(JACOBIANS_AT_ONCE):
            proceed()
            parts.append(jacobian(model, batch, output))
    return torch.cat(parts)


def _rows(rows: Iterable[Tensor]) -> np.ndarray:
    """Return tensors of n elements each as one array (steps, n)."""
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
        reason=step.reason,
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
    alpha_passes = a[:, None] > -a  # (m, m) for m pixels; the same as a[:, None] + a > 0, but faster
    both_pass = alpha_passes & (b[:, None] > -b)
    passed, admissible = (_pairs_in(table) for table in (alpha_passes, both_pass))
    compared = len(a) * (len(a) - 1) // 2
    return Counts(len(a), compared, admissible, alpha_fails=compared - passed, only_beta_fails=passed - admissible)


def _pairs_in(table: np.ndarray) -> int:
    """Return the number of pairs i < j that are True in a symmetric table (m, m)."""
    return int(np.count_nonzero(table) - np.count_nonzero(table.diagonal())) // 2


def _best_pairs(step: Step, direction: Direction) -> tuple[tuple[int, int, float], ...]:
    """Return (first, second, score) of the best pairs: the chosen one, then by score, ties by lowest indices."""
    a, b, domain = step.target_gradient, step.others_gradient, step.domain
    pixels = top_pair_candidates(a[None], b[None], domain[None], direction, RUNNERS_UP)[0].nonzero().flatten()
    score, admissible = all_pairs(a[pixels], b[pixels], domain[pixels], direction)
    first, second = admissible.nonzero(as_tuple=True)
    values, order = score[first, second].sort(descending=True, stable=True)
    order = order[: RUNNERS_UP + 1]
    ranked = list(zip(pixels[first[order]].tolist(), pixels[second[order]].tolist(), values.tolist(), strict=False))
    if pair := step.pair:  # chosen in float32, where it may tie with a pair that is better in float64
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
    """Return the end of the colour scale of each row: the 99th percentile of |derivative|, which clips outliers."""
    k = math.ceil(0.99 * derivatives.shape[1])
    return derivatives.abs().kthvalue(k, dim=1).values.tolist()


def _unit(derivatives: Tensor) -> float:
    """Return the unit in which the largest |derivative| is 32767, the largest int16."""
    return max(float(derivatives.abs().max()), 1e-300) / 32767
