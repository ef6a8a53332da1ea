"""The figures that the later chapters compute from recorded attacks: tempting pairs, the least budget, the cost.

Nothing is drawn here: functions of a recording or a Jacobian that return numbers.
"""

import random
from typing import NamedTuple

import torch
from torch import Tensor, nn

from jsma import Attack, Digits, Direction, Stop, best_pair
from jsma.analysis import Analysis, analyse
from jsma.features import prepare
from jsma.saliency import all_pairs
from jsma.stage.recording import Recording

# --- Pairs -----------------------------------------------------------------------------------------


class Marked(NamedTuple):
    """A pair that is shown to a reader: two flat indices, its numbers, and whether the attack takes it."""

    first: int
    second: int
    alpha: float
    beta: float
    score: float
    wins: bool


def tempting_pairs(recording: Recording, step: int) -> list[Marked]:
    """Return the winner of `step` and two admissible losers that look tempting, in an order that gives nothing away.

    The losers: of all admissible pairs without a pixel of the others, the one that moves the target
    most (the largest |α|), then the one that moves the rest most (the largest |β|). Empty where no
    pair is chosen at `step`, shorter where there are not so many pairs. The order is always the same.
    """
    now = recording.steps[step]
    if now.pair is None:
        return []
    a, b = (torch.tensor(rows[step]).double() for rows in (recording.target_gradient, recording.others_gradient))
    score, free = all_pairs(a, b, torch.tensor(recording.domain[step]), now.direction)
    pairs, places = [], [(now.pair.first, now.pair.second)]
    for size in ((a[:, None] + a).abs(), (b[:, None] + b).abs()):
        free[list(places[-1])] = False
        free[:, list(places[-1])] = False
        if free.any():
            places.append(divmod(int(size.where(free, -1).argmax()), len(a)))
    for first, second in places:
        numbers = float(a[first] + a[second]), float(b[first] + b[second]), float(score[first, second])
        pairs.append(Marked(first, second, *numbers, wins=(first, second) == places[0]))
    random.Random(f"{recording.name} {step}").shuffle(pairs)
    return pairs


def analyses(recording: Recording) -> list[Analysis]:
    """Return the analysis of every step that changed pixels."""
    told = (analyse(recording.as_step(k), recording.target, recording.attack.rule) for k in range(recording.iterations))
    return [each for each in told if each is not None]


def largest_remainder(jacobian: Tensor, target: int) -> float:
    """Return the largest |α + β| of all pairs, for a Jacobian (classes, C, H, W), each sum rounded in its type."""
    a = jacobian[target].flatten()
    b = torch.cat([jacobian[:target], jacobian[target + 1 :]]).sum(dim=0).flatten()
    left = (a + b).sort().values.double()
    return max(abs(float(left[-1] + left[-2])), abs(float(left[0] + left[1])))


# --- Cost ------------------------------------------------------------------------------------------


def smallest_gamma(recording: Recording) -> float | None:
    """Return the smallest γ with which this attack still succeeds; None if it failed, 0.0 if nothing was to be done.

    Read off the one recording: with less budget the attack makes the same choices and ends earlier.
    """
    return 2 * recording.iterations / recording.pixels if recording.stop is Stop.REACHED_TARGET else None


def most_chosen(recording: Recording) -> tuple[int, list[float]]:
    """Return the pixel that was chosen most often (the first of equals), and its values before, between and after."""
    values: dict[int, list[float]] = {}
    for pair in recording.pairs:
        for pixel, before, after in zip(pair.pixels, pair.before, pair.after, strict=True):
            values.setdefault(pixel, [before]).append(after)
    return max(values.items(), key=lambda item: len(item[1])) if values else (0, [])


def compare_cost(one: Recording, other: Recording) -> str:
    """Compare the pixels that two attacks need: "fewer", "as many" or "more" for `other` than for `one`.

    "fails" if `other` fails; "fewer" if only `one` does.
    """
    if other.stop is not Stop.REACHED_TARGET:
        return "fails"
    if one.stop is not Stop.REACHED_TARGET or other.end.changed < one.end.changed:
        return "fewer"
    return "more" if other.end.changed > one.end.changed else "as many"


class Once(NamedTuple):
    """Attacks that computed their maps once: success (N,) bool; changed (N,), how many pixels each changed."""

    success: Tensor
    changed: Tensor


@torch.no_grad()
def with_the_first_map(module: nn.Module, images: Tensor, targets: Tensor, a: Tensor, b: Tensor) -> Once:
    """Carry out the paper's attack, always with the same a and b (N, n): those of the untouched images (N, 1, H, W).

    targets: (N,) int64.
    """
    original, features = prepare(images, module)
    now, brighter = original, torch.ones(len(original))
    reached = module(now).argmax(dim=1) == targets
    for _ in range(Attack().iterations(a.shape[1])):
        domain = features.domain(original, now, Direction.INCREASE).flatten(1) & ~reached[:, None]
        pairs = best_pair(a, b, domain, Direction.INCREASE)
        if not pairs.found.any():
            break
        now = features.moved(now, torch.stack([pairs.first, pairs.second], dim=1), brighter)
        reached |= module(now).argmax(dim=1) == targets
    return Once(reached, (now != original).flatten(1).sum(dim=1))


# --- Many attacks ----------------------------------------------------------------------------------


def some_of_each(digits: Digits, samples: int) -> tuple[Digits, list[tuple[int, int]]]:
    """Return the first `samples` digits of every class, in turns, and which (class, sample) each is."""
    named = [
        (label, sample, int(digits.of_class(label)[sample]))
        for sample in range(samples)
        for label in range(10)
        if sample < len(digits.of_class(label))
    ]
    positions = [position for _, _, position in named]
    chosen = Digits(digits.name, digits.images[positions], digits.labels[positions])
    return chosen, [(label, sample) for label, sample, _ in named]
