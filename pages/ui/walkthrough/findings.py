"""What the later chapters find out about recorded attacks and reports: kinds of pairs, effort, the least budget.

No page, no widget: a recording, a Jacobian or a report goes in, a number or a few come out.
"""

import random
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from jsma import Digits, Report, Stop
from jsma.saliency import all_pairs
from jsma.stage.recording import Recording

HOPELESS = 0.001
"""A class with a smaller probability is called hopeless: nothing is won by pushing it down further."""


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


def good_alone(recording: Recording) -> list[int]:
    """Return for every pair the attack changed how many of its two pixels are good alone: 0, 1 or 2.

    Such a pixel pulls the target up and pushes the others down all by itself. With 1, it covers for
    the other; with 0, one pulls and the other pushes.
    """
    counts = []
    for step, a, b in zip(recording.steps[:-1], recording.target_gradient, recording.others_gradient, strict=False):
        good = (step.sign * a[step.pair.pixels] > 0) & (step.sign * b[step.pair.pixels] < 0)
        counts.append(int(good.sum()))
    return counts


def two_best_alone(recording: Recording) -> int:
    """Return in how many steps the pair is that of the two pixels with the largest a (for darkening, the smallest)."""
    count = 0
    for step, a, domain in zip(recording.steps[:-1], recording.target_gradient, recording.domain, strict=False):
        pull = step.sign * a
        count += np.array_equal(np.sort(pull[domain])[-2:], np.sort(pull[step.pair.pixels]))
    return count


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
    return 2 * recording.iterations / recording.pixels if recording.end.stop is Stop.REACHED_TARGET else None


def most_chosen(recording: Recording) -> tuple[int, list[float]]:
    """Return the pixel that was chosen most often (the first of equals), and its values before, between and after."""
    values: dict[int, list[float]] = {}
    for pair in (step.pair for step in recording.steps[:-1]):
        for pixel, before, after in zip(pair.pixels, pair.before, pair.after, strict=True):
            values.setdefault(pixel, [before]).append(after)
    return max(values.items(), key=lambda item: len(item[1])) if values else (0, [])


def compare_cost(one: Recording, other: Recording) -> str:
    """Say what `other` needs beside `one`: "fails", "fewer", "as many" or "more" pixels; fewer if only `one` fails."""
    if other.end.stop is not Stop.REACHED_TARGET:
        return "fails"
    if one.end.stop is not Stop.REACHED_TARGET or other.end.changed < one.end.changed:
        return "fewer"
    return "more" if other.end.changed > one.end.changed else "as many"


# --- Effort ----------------------------------------------------------------------------------------


def shares_of_beta(recording: Recording) -> np.ndarray:
    """Return (steps, classes): what each class adds to the β of the pair that is chosen; 0 for the target.

    Weighed as the attack's rule does it, so that each row adds up to the pair's β.
    """
    rule, shares = recording.attack.rule, np.zeros((recording.iterations, recording.classes))
    for k, step in enumerate(recording.steps[:-1]):
        derivatives = recording.jacobian(k).flatten(1).numpy()[:, step.pair.pixels]
        if rule.weighs_by_probability:
            derivatives = derivatives * np.array(step.probabilities)[:, None]
        if rule.weighs_by_room:
            value = np.array(step.pair.before)
            derivatives = derivatives * (1 - value if step.sign > 0 else value)
        shares[k] = derivatives.sum(axis=1)
    shares[:, recording.target] = 0
    return shares


def hopeless_share(recording: Recording) -> float:
    """Return which part of all that adds up to β, counted by size, comes from classes less probable than HOPELESS.

    Over all steps of the attack; NaN for one without steps.
    """
    sizes = np.abs(shares_of_beta(recording))
    probabilities = np.array([step.probabilities for step in recording.steps[:-1]]).reshape(sizes.shape)
    return float(sizes[probabilities < HOPELESS].sum() / sizes.sum()) if sizes.any() else float("nan")


def rival_lifted(recording: Recording) -> int:
    """Return in how many steps the chosen pair, by the Jacobian, lifts the leading rival of the target.

    The leading rival is the most probable class that is not the target.
    """
    count = 0
    for k, step in enumerate(recording.steps[:-1]):
        others = [label for label in range(recording.classes) if label != recording.target]
        rival = max(others, key=step.probabilities.__getitem__)
        lift = recording.jacobian(k)[rival].flatten()[step.pair.pixels].sum()
        count += bool(step.sign * lift > 0)
    return count


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


def hardest(report: Report) -> int:
    """Return the place of the hardest attack: of the pair of classes that resists most, the costliest.

    Pairs of classes are compared by success first, then by mean distortion. Not by hardness, which
    is 0 where no attack succeeds.
    """
    success, distortion = report.success_by_source_and_target, report.distortion_by_source_and_target

    def resistance(place: int) -> tuple[float, float, bool, int]:
        cell = int(report.sources[place]), int(report.targets[place])
        failed = not report.result.success[place]
        return -float(success[cell]), float(distortion[cell]), failed, int(report.result.changed[place])

    return max(range(len(report.targets)), key=resistance)


def success_by_gamma(report: Report) -> list[tuple[float, float]]:
    """Return (γ, share of attacks that succeed with that budget), from no budget at all to the attack's."""
    limits = [replace(report.attack, gamma=gamma).iterations(report.features) for gamma in report.gammas]
    return [
        (gamma, float((report.result.success & (report.result.iterations <= limit)).double().mean()))
        for gamma, limit in zip((0.0, *report.gammas), (0, *limits), strict=True)
    ]
