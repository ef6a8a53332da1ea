"""One attack, computed once and packed for the browser.

The payload is a little-endian uint32, the length of the header; the header, JSON padded with
spaces to a multiple of 8 bytes; then, one after the other, for every step

    target_gradient  float32  (steps, n)            a of every pixel
    others_gradient  float32  (steps, n)            b of every pixel
    jacobian         int16    (steps, classes, n)   in units of the step's "jacobian_unit"
    image            uint16   (steps, n)            65535 is white
    domain           uint8    (steps, n)            1 where the pixel may be changed

All numbers shown are computed here; the browser adds only those of pairs one points at.
"""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from jsma import Attack, Direction, Output, Step, skyband
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


def record(model: nn.Module, image: torch.Tensor, label: int, target: int, attack: Attack) -> Recording:
    """Attack `image` (1, H, W), a digit labelled `label`, towards `target`, and record every step."""
    steps = list(attack.steps(model, image, target))
    arrays = [
        _stack(step.target_gradient for step in steps).astype("<f4"),
        _stack(step.others_gradient for step in steps).astype("<f4"),
        np.stack([_as_int16(step.jacobian) for step in steps]),
        np.rint(_stack(step.image.flatten() for step in steps) * 65535).astype("<u2"),
        _stack(step.domain for step in steps).astype("u1"),
    ]
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
        "jacobian_limit": _limit(torch.stack([step.jacobian for step in steps])),
        "steps": [_facts_of_step(step, after, target, attack) for step, after in zip(steps, [*steps[1:], None])],
    }
    facts["name"] = hashlib.sha256(json.dumps(facts).encode() + arrays[3].tobytes()).hexdigest()[:16]
    header = json.dumps(facts).encode()
    header += b" " * (-(len(header) + 4) % 8)
    payload = len(header).to_bytes(4, "little") + header + b"".join(array.tobytes() for array in arrays)
    return Recording(facts, payload)


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
        "jacobian_limit": _limit(step.jacobian),
        "map_limits": [_limit(row) for row in step.jacobian],
        "skyband": _skyband(step, direction),
        "counts": _counts(step, admissible, direction),
        "best_pairs": _best_pairs(score),
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
    pixels = int(step.domain.sum())
    both = (step.domain[:, None] & step.domain).triu(diagonal=1)
    alpha = direction.sign * (step.target_gradient[:, None] + step.target_gradient)
    alpha_fails = both & (alpha <= 0)
    compared, passed = pixels * (pixels - 1) // 2, int(admissible.sum())
    wrong_alpha = int(alpha_fails.sum())
    return {
        "pixels": pixels,
        "compared": compared,
        "admissible": passed,
        "alpha_fails": wrong_alpha,
        "only_beta_fails": compared - passed - wrong_alpha,
    }


def _best_pairs(score: torch.Tensor) -> list[list]:
    """Return [first, second, score] of the best pairs, best first, ties by lowest indices."""
    by_row, rows = score.amax(dim=1).topk(RUNNERS_UP)  # the best five pairs lie in the best five rows
    rows = rows[by_row > 0].sort().values
    if not len(rows):
        return []
    values, places = score[rows].flatten().sort(descending=True, stable=True)
    kept = range(min(RUNNERS_UP, int((values > 0).sum())))
    width = score.shape[1]
    return [[int(rows[places[i] // width]), int(places[i] % width), float(values[i])] for i in kept]


def _skyband(step: Step, direction: Direction) -> list[int]:
    rows = (step.target_gradient[None], step.others_gradient[None], step.domain[None])
    return skyband(*rows, direction)[0].nonzero().flatten().tolist()


def _direction(step: Step, attack: Attack) -> Direction:
    """Return the direction that the step's gradients and domain belong to."""
    if step.pair is not None:
        return step.pair.direction
    return Direction.INCREASE if attack.direction is Direction.BOTH else attack.direction


def _limit(derivatives: torch.Tensor) -> float:
    """Return where the colours end: the 99th percentile of |derivative|, so that a few do not wash out the rest."""
    return float(torch.quantile(derivatives.abs().flatten()[:: 1 + derivatives.numel() // 1_000_000], 0.99))


def _unit(derivatives: torch.Tensor) -> float:
    return max(float(derivatives.abs().max()), 1e-300) / 32767


def _as_int16(jacobian: torch.Tensor) -> np.ndarray:
    return np.rint(jacobian.double().numpy() / _unit(jacobian)).astype("<i2")


def _stack(rows) -> np.ndarray:
    return torch.stack(list(rows)).numpy()
