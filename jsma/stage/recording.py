"""One attack, computed once and packed for the browser.

The payload is a little-endian uint32, the length of the header; the header, JSON padded with
spaces so that both together are a multiple of 8 bytes; then, one after the other, for every step

    target_gradient  float32  (steps, n)            a of every pixel
    others_gradient  float32  (steps, n)            b of every pixel
    jacobian         int16    (steps, classes, n)   in units of the step's "jacobian_unit"
    image            uint16   (steps, n)            65535 is white
    domain           uint8    (steps, n)            1 where the pixel may be changed

All numbers shown are computed here; the browser adds only those of pairs one points at.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import torch
from torch import Tensor, nn

from ..attack import Attack, Step
from ..convolution import FasterGradients
from ..jacobian import Output, jacobian
from ..saliency import Direction, all_pairs, contenders, skyband
from .page import frame, page

RUNNERS_UP = 5
"""How many of the best pairs are listed, the winner among them."""

JACOBIANS_AT_ONCE = 8
"""How many are computed between two looks at whether the recording is still wanted: about a tenth of a second."""


@dataclass(frozen=True)
class Recording:
    """A whole attack: `payload` for the browser (see above), `facts` (its header) for Python's words.

    facts["steps"][k] holds what was known at iteration k; see `_facts_of_step`.
    """

    facts: dict
    payload: bytes

    @property
    def name(self) -> str:
        """A fingerprint of the payload, by which the browser knows whether it has it already."""
        return self.facts["name"]

    @property
    def iterations(self) -> int:
        """How many pairs were changed; also the number of the last step."""
        return len(self.facts["steps"]) - 1

    def image(self, step: int) -> Tensor:
        """Return the image (1, H, W) as it stood at `step`, unpacked from the payload: to 1 / 65535."""
        shape = (len(self.facts["steps"]), 1, self.facts["height"], self.facts["width"])
        values = math.prod(shape)
        packed = np.frombuffer(self.payload, "<u2", values, len(self.payload) - 3 * values)  # the domain is last
        return torch.from_numpy(packed.reshape(shape)[step] / np.float32(65535))

    def to_html(self) -> str:
        """Return the recording as one HTML page that needs neither server nor network; see page.page."""
        return page(self)

    def _repr_html_(self) -> str:
        """Show the recording in a notebook."""
        return frame(self)


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
    arrays = _arrays(steps, jacobians)
    facts = {
        "height": image.shape[1],
        "width": image.shape[2],
        "classes": len(steps[0].outputs),
        "label": label,
        "target": target,
        "rule": attack.rule.value,
        "output": attack.output.value,
        "direction": attack.direction.value,
        "theta": attack.theta,
        "gamma": attack.gamma,
        "budget": 2 * attack.iterations(image.numel()),
        "jacobian_limit": _limits(jacobians.reshape(1, -1))[0],
        "steps": [_facts_of_step(*now, target, attack) for now in zip_longest(steps, jacobians, steps[1:])],
    }
    facts["name"] = hashlib.sha256(json.dumps(facts).encode() + arrays).hexdigest()[:16]
    header = json.dumps(facts).encode()
    header += b" " * (-(len(header) + 4) % 8)
    return Recording(facts, len(header).to_bytes(4, "little") + header + arrays)


def _jacobians(model: nn.Module, images: Tensor, output: Output, proceed: Callable[[], object]) -> Tensor:
    """Return the Jacobians of all steps, (steps, classes, C, H, W): some together, in half the time of one by one."""
    parts = []
    with FasterGradients():
        for some in images.split(JACOBIANS_AT_ONCE):
            proceed()
            parts.append(jacobian(model, some, output))
    return torch.cat(parts)


def _arrays(steps: list[Step], jacobians: Tensor) -> bytes:
    def stacked(rows: Iterable[Tensor]) -> np.ndarray:
        return torch.stack(list(rows)).numpy()

    in_order = [
        stacked(step.target_gradient for step in steps).astype("<f4"),
        stacked(step.others_gradient for step in steps).astype("<f4"),
        np.stack([np.rint(each.double().numpy() / _unit(each)).astype("<i2") for each in jacobians]),
        np.rint(stacked(step.image for step in steps) * 65535).astype("<u2"),
        stacked(step.domain for step in steps).astype("u1"),
    ]
    return b"".join(array.tobytes() for array in in_order)


def _facts_of_step(step: Step, derivatives: Tensor, after: Step | None, target: int, attack: Attack) -> dict:
    """Return what is said of one step in words and numbers, ready for JSON."""
    direction = _direction(step, attack)
    return {
        "reads": int(step.outputs.argmax()),
        "outputs": step.outputs.tolist(),
        "probabilities": step.probabilities.tolist(),
        "changed": step.changed,
        "sign": direction.sign,
        "jacobian_unit": _unit(derivatives),
        "jacobian_limit": _limits(derivatives.reshape(1, -1))[0],
        "map_limits": _limits(derivatives.flatten(1)),
        "skyband": _skyband(step, direction),
        "counts": _counts(step, direction),
        "best_pairs": _best_pairs(step, direction),
        "pair": None if step.pair is None else _facts_of_pair(step, derivatives[target], after, target, attack),
        "stop": None if step.stop is None else step.stop.name,
    }


def _facts_of_pair(step: Step, gradient: Tensor, after: Step, target: int, attack: Attack) -> dict:
    """Return the pair, its pixels before and after, and what the target's output was to do and did."""
    pair = step.pair
    chosen = [pair.first, pair.second]
    before, now = step.image.flatten()[chosen], after.image.flatten()[chosen]
    output = "outputs" if attack.output is Output.LOGITS else "probabilities"
    return {
        "first": pair.first,
        "second": pair.second,
        "alpha": pair.alpha,
        "beta": pair.beta,
        "score": pair.score,
        "before": before.tolist(),
        "after": now.tolist(),
        "forecast": float((gradient.flatten()[chosen] * (now - before)).sum()),
        "happened": float(getattr(after, output)[target] - getattr(step, output)[target]),
    }


def _counts(step: Step, direction: Direction) -> dict:
    """Count the pairs of pixels that may be changed: all, the admissible, and those a sign rules out."""
    a, b = (values[step.domain].numpy() for values in (step.target_gradient, -step.others_gradient))
    a, b = direction.sign * a, direction.sign * b
    alpha_passes = a[:, None] > -a  # as a sum is above 0, but quicker
    both_pass = alpha_passes & (b[:, None] > -b)
    passed, admissible = (_pairs_in(table) for table in (alpha_passes, both_pass))
    compared = len(a) * (len(a) - 1) // 2
    return {
        "pixels": len(a),
        "compared": compared,
        "admissible": admissible,
        "alpha_fails": compared - passed,
        "only_beta_fails": passed - admissible,
    }


def _pairs_in(table: np.ndarray) -> int:
    """Return how many pairs are marked in a table (n, n) of all with all, where each comes twice."""
    return int(np.count_nonzero(table) - np.count_nonzero(table.diagonal())) // 2


def _best_pairs(step: Step, direction: Direction) -> list[list]:
    """Return [first, second, score] of the best pairs, best first, ties by lowest indices, the chosen one leading."""
    rows = (step.target_gradient, step.others_gradient, step.domain)
    pixels = contenders(*(row[None] for row in rows), direction, RUNNERS_UP)[0].nonzero().flatten()
    score, admissible = all_pairs(*(row[pixels] for row in rows), direction)
    first, second = admissible.nonzero(as_tuple=True)
    values, order = score[first, second].sort(descending=True, stable=True)
    order = order[: RUNNERS_UP + 1]
    ranked = list(zip(pixels[first[order]].tolist(), pixels[second[order]].tolist(), values.tolist(), strict=False))
    if step.pair is not None:  # in float32 the chosen pair may tie with one that is ahead in float64
        ranked.sort(key=lambda each: each[:2] != (step.pair.first, step.pair.second))
    return [list(each) for each in ranked[:RUNNERS_UP]]


def _skyband(step: Step, direction: Direction) -> list[int]:
    rows = (step.target_gradient[None], step.others_gradient[None], step.domain[None])
    return skyband(*rows, direction)[0].nonzero().flatten().tolist()


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
