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
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import torch
from torch import nn

from jsma import Attack, Direction, Output, Pair, Step, skyband
from jsma.saliency import all_pairs

RUNNERS_UP = 5
"""How many of the best pairs are listed, the winner among them."""


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

    def image(self, step: int) -> torch.Tensor:
        """Return the image (1, H, W) as it stood at `step`, unpacked from the payload: to 1 / 65535."""
        shape = (len(self.facts["steps"]), 1, self.facts["height"], self.facts["width"])
        values = math.prod(shape)
        packed = np.frombuffer(self.payload, "<u2", values, len(self.payload) - 3 * values)  # the domain is last
        return torch.from_numpy(packed.reshape(shape)[step] / np.float32(65535))


def record(model: nn.Module, image: torch.Tensor, label: int, target: int, attack: Attack) -> Recording:
    """Attack `image` (1, H, W), a digit labelled `label`, towards `target`, and record every step."""
    steps = list(attack.steps(model, image, target))
    arrays = _arrays(steps)
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
        "jacobian_limit": _limits(torch.stack([step.jacobian for step in steps]).reshape(1, -1))[0],
        "steps": [_facts_of_step(*pair, target, attack) for pair in zip_longest(steps, steps[1:])],
    }
    facts["name"] = hashlib.sha256(json.dumps(facts).encode() + arrays).hexdigest()[:16]
    header = json.dumps(facts).encode()
    header += b" " * (-(len(header) + 4) % 8)
    return Recording(facts, len(header).to_bytes(4, "little") + header + arrays)


def _arrays(steps: list[Step]) -> bytes:
    def stacked(rows: Iterable[torch.Tensor]) -> np.ndarray:
        return torch.stack(list(rows)).numpy()

    in_order = [
        stacked(step.target_gradient for step in steps).astype("<f4"),
        stacked(step.others_gradient for step in steps).astype("<f4"),
        np.stack([np.rint(step.jacobian.double().numpy() / _unit(step.jacobian)).astype("<i2") for step in steps]),
        np.rint(stacked(step.image for step in steps) * 65535).astype("<u2"),
        stacked(step.domain for step in steps).astype("u1"),
    ]
    return b"".join(array.tobytes() for array in in_order)


def _facts_of_step(step: Step, after: Step | None, target: int, attack: Attack) -> dict:
    """Return what is said of one step in words and numbers, ready for JSON."""
    direction = _direction(step, attack)
    score, admissible = all_pairs(step.target_gradient, step.others_gradient, step.domain, direction)
    return {
        "reads": int(step.outputs.argmax()),
        "outputs": step.outputs.tolist(),
        "probabilities": step.probabilities.tolist(),
        "changed": step.changed,
        "sign": direction.sign,
        "jacobian_unit": _unit(step.jacobian),
        "jacobian_limit": _limits(step.jacobian.reshape(1, -1))[0],
        "map_limits": _limits(step.jacobian.flatten(1)),
        "skyband": _skyband(step, direction),
        "counts": _counts(step, admissible, direction),
        "best_pairs": _best_pairs(score, admissible, step.pair),
        "pair": None if step.pair is None else _facts_of_pair(step, after, target, attack),
        "stop": None if step.stop is None else step.stop.name,
    }


def _facts_of_pair(step: Step, after: Step, target: int, attack: Attack) -> dict:
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
        "forecast": float((step.jacobian[target].flatten()[chosen] * (now - before)).sum()),
        "happened": float(getattr(after, output)[target] - getattr(step, output)[target]),
    }


def _counts(step: Step, admissible: torch.Tensor, direction: Direction) -> dict:
    """Count the pairs of pixels that may be changed: all, the admissible, and those a sign rules out."""
    a = (direction.sign * step.target_gradient[step.domain]).sort().values
    pixels = len(a)
    compared, passed = pixels * (pixels - 1) // 2, int(admissible.sum())
    partners = pixels - torch.searchsorted(a, -a, right=True)  # how many a_q lie above -a_p, so that alpha > 0
    alpha_passes = int(partners.sum() - (a > 0).sum()) // 2  # less each pixel with itself; each pair came twice
    return {
        "pixels": pixels,
        "compared": compared,
        "admissible": passed,
        "alpha_fails": compared - alpha_passes,
        "only_beta_fails": alpha_passes - passed,
    }


def _best_pairs(score: torch.Tensor, admissible: torch.Tensor, pair: Pair | None) -> list[list]:
    """Return [first, second, score] of the best pairs, best first, ties by lowest indices, the chosen one leading."""
    score = score.where(admissible, -1)
    by_row = score.amax(dim=1).sort(descending=True, stable=True)
    rows = by_row.indices[:RUNNERS_UP].sort().values  # the best five pairs lie in the five rows with the best ones
    values, places = score[rows].flatten().sort(descending=True, stable=True)
    found = [divmod(place, len(score)) for place in places[: RUNNERS_UP + 1].tolist()]
    ranked = [
        (int(rows[row]), column, float(value)) for (row, column), value in zip(found, values, strict=False) if value > 0
    ]
    if pair is not None:  # in float32 the chosen pair may tie with one that is ahead in float64
        ranked.sort(key=lambda each: each[:2] != (pair.first, pair.second))
    return [list(each) for each in ranked[:RUNNERS_UP]]


def _skyband(step: Step, direction: Direction) -> list[int]:
    rows = (step.target_gradient[None], step.others_gradient[None], step.domain[None])
    return skyband(*rows, direction)[0].nonzero().flatten().tolist()


def _direction(step: Step, attack: Attack) -> Direction:
    """Return the direction that the step's gradients and domain belong to."""
    if step.pair is not None:
        return step.pair.direction
    return Direction.INCREASE if attack.direction is Direction.BOTH else attack.direction


def _limits(derivatives: torch.Tensor) -> list[float]:
    """Return where the colours of each row end: the 99th percentile of |derivative|, lest a few wash out the rest."""
    place = math.ceil(0.99 * derivatives.shape[1])
    return derivatives.abs().kthvalue(place, dim=1).values.tolist()


def _unit(derivatives: torch.Tensor) -> float:
    return max(float(derivatives.abs().max()), 1e-300) / 32767
