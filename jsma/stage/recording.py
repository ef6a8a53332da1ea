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
from ..jacobian import Output, jacobian
from ..network import Model
from ..saliency import Direction, all_pairs, skyband, top_pair_candidates
from ..trace import Trace, advance
from .codec import stored_once
from .facts import WHITE, Counts, PairFacts, Recording, StepFacts

__all__ = ["Counts", "PairFacts", "Recording", "StepFacts", "record", "record_trace"]

RUNNERS_UP = 5
"""The number of best pairs that are listed, the chosen one included."""

JACOBIANS_AT_ONCE = 32
"""The number computed between two calls of `proceed`: about 0.15 seconds. In eights each takes half as long again."""


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
    trace = Trace(attack, model, image, target)
    while not trace.ended:
        proceed()
        advance([trace])
    return record_trace(trace, label, proceed)


def record_trace(trace: Trace, label: int, proceed: Callable[[], object] = lambda: None) -> Recording:
    """Return the same as `record` for an attack that has ended."""
    steps, image, target, attack = trace.steps, trace.image, trace.target, trace.attack
    jacobians = _jacobians(trace.model, torch.stack([step.image for step in steps]), attack.output, proceed)
    proceed()
    recording = Recording(
        height=image.shape[1],
        width=image.shape[2],
        classes=len(steps[0].outputs),
        label=label,
        target=target,
        attack=attack,
        budget=2 * attack.iterations(image.numel()),
        jacobian_limit=float(_limits(jacobians.reshape(1, -1))[0]),
        steps=_facts(steps, jacobians, target, attack),
        target_gradient=_rows(step.target_gradient for step in steps).numpy(),
        others_gradient=_rows(step.others_gradient for step in steps).numpy(),
        jacobian_codes=np.stack([_codes(each) for each in jacobians]),
        image_codes=np.rint(_rows(step.image for step in steps).numpy() * WHITE).astype(np.uint16),
        domain=_rows(step.domain for step in steps).numpy(),
    )
    return stored_once(recording)


def _jacobians(model: Model, images: Tensor, output: Output, proceed: Callable[[], object]) -> Tensor:
    """Return the Jacobians of all steps, (steps, classes, C, H, W). In batches, which takes half the time."""
    parts = []
    for batch in images.split(JACOBIANS_AT_ONCE):
        proceed()
        parts.append(jacobian(model, batch, output))
    return torch.cat(parts)


def _rows(rows: Iterable[Tensor]) -> Tensor:
    """Return tensors of n elements each as one, (steps, n)."""
    return torch.stack([row.flatten() for row in rows])


def _codes(derivatives: Tensor) -> np.ndarray:
    """Return the derivatives (classes, 1, H, W) as int16 (classes, n), in units of `_unit`."""
    return np.rint(derivatives.flatten(1).double().numpy() / _unit(derivatives)).astype(np.int16)


def _facts(steps: list[Step], jacobians: Tensor, target: int, attack: Attack) -> tuple[StepFacts, ...]:
    """Return the facts of all steps: what costs most in one batch, with the signs that brightening would have."""
    signs = torch.tensor([_direction(step, attack).sign for step in steps])
    a = signs[:, None] * _rows(step.target_gradient for step in steps)  # (steps, n)
    b = signs[:, None] * _rows(step.others_gradient for step in steps)
    domain = _rows(step.domain for step in steps)
    skybands = skyband(a, b, domain, Direction.INCREASE)
    candidates = top_pair_candidates(a, b, domain, Direction.INCREASE, RUNNERS_UP)
    limits, map_limits = _limits(jacobians.flatten(1)), _limits(jacobians.flatten(2))
    return tuple(
        StepFacts(
            reads=int(step.outputs.argmax()),
            outputs=tuple(step.outputs.tolist()),
            probabilities=tuple(step.probabilities.tolist()),
            changed=step.changed,
            sign=int(signs[k]),
            jacobian_unit=_unit(jacobians[k]),
            jacobian_limit=float(limits[k]),
            map_limits=tuple(map_limits[k].tolist()),
            skyband=_indices(skybands[k]),
            counts=_counts(a[k], b[k], domain[k]),
            best_pairs=_best_pairs(step, a[k], b[k], domain[k], candidates[k]),
            pair=None if after is None else _facts_of_pair(step, after, jacobians[k, target], target, attack),
            stop=step.stop,
            reason=step.reason,
        )
        for k, (step, after) in enumerate(zip_longest(steps, steps[1:]))
    )


def _facts_of_pair(step: Step, after: Step, gradient: Tensor, target: int, attack: Attack) -> PairFacts:
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


def _counts(target_gradient: Tensor, others_gradient: Tensor, domain: Tensor) -> Counts:
    """Return the counts of one step; all tensors (n,), with the signs of brightening."""
    a, b = (values[domain].numpy() for values in (target_gradient, -others_gradient))
    alpha_passes = a[:, None] > -a  # (m, m) for m pixels; the same as a[:, None] + a > 0, but faster
    both_pass = alpha_passes & (b[:, None] > -b)
    passed, admissible = (_pairs_in(table) for table in (alpha_passes, both_pass))
    compared = len(a) * (len(a) - 1) // 2
    return Counts(len(a), compared, admissible, alpha_fails=compared - passed, only_beta_fails=passed - admissible)


def _pairs_in(table: np.ndarray) -> int:
    """Return the number of pairs i < j that are True in a symmetric table (m, m)."""
    return int(np.count_nonzero(table) - np.count_nonzero(table.diagonal())) // 2


def _best_pairs(
    step: Step, target_gradient: Tensor, others_gradient: Tensor, domain: Tensor, candidates: Tensor
) -> tuple[tuple[int, int, float], ...]:
    """Return (first, second, score) of the best pairs: the chosen one, then by score, ties by lowest indices.

    The gradients (n,) with the signs of brightening; domain and candidates, from `top_pair_candidates`, (n,) bool.
    """
    pixels = candidates.nonzero().flatten()
    score, admissible = all_pairs(target_gradient[pixels], others_gradient[pixels], domain[pixels], Direction.INCREASE)
    count = min(RUNNERS_UP + 1, score.numel())
    best = admissible & (score >= score.flatten().topk(count).values.amin()) if count else admissible
    first, second = best.nonzero(as_tuple=True)  # few, so that the sort is short
    values, order = score[first, second].sort(descending=True, stable=True)
    order = order[: RUNNERS_UP + 1]
    ranked = list(zip(pixels[first[order]].tolist(), pixels[second[order]].tolist(), values.tolist(), strict=False))
    if pair := step.pair:  # chosen in float32, where it may tie with a pair that is better in float64
        chosen = pair.first, pair.second
        ranked.sort(key=lambda each: each[:2] != chosen)
    return tuple(ranked[:RUNNERS_UP])


def _indices(mask: Tensor) -> tuple[int, ...]:
    return tuple(mask.nonzero().flatten().tolist())


def _direction(step: Step, attack: Attack) -> Direction:
    """Return the direction that the step's gradients and domain belong to."""
    if step.pair is not None:
        return step.pair.direction
    return Direction.INCREASE if attack.direction is Direction.BOTH else attack.direction


def _limits(derivatives: Tensor) -> np.ndarray:
    """Return the end of the colour scale of rows (..., n), (...): the 99th percentile of |derivative|.

    It clips outliers.
    """
    k = math.ceil(0.99 * derivatives.shape[-1]) - 1
    return np.partition(derivatives.abs().numpy(), k)[..., k]


def _unit(derivatives: Tensor) -> float:
    """Return the unit in which the largest |derivative| is 32767, the largest int16."""
    return max(float(derivatives.abs().max()), 1e-300) / 32767
