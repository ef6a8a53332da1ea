"""What a class has predicted: which pixels were picked, and where each pair stands among all."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from jsma.saliency import all_pairs
from jsma.stage.recording import Recording

Pair = tuple[int, int]

RANKS = ((1, "the best pair"), (10, "2 to 10"), (100, "11 to 100"), (1000, "101 to 1,000"))
"""The groups of a histogram of ranks: the last rank of each, and what it is called."""

BEYOND, NOT_ADMISSIBLE = "beyond 1,000", "not admissible"


class Ranking:
    """All admissible pairs of a step, by their scores."""

    def __init__(self, recording: Recording, step: int) -> None:
        self._step, self._pair = recording.as_step(step), recording.steps[step].pair
        self._direction = recording.steps[step].direction

    @property
    def best(self) -> Pair | None:
        """The pair that the attack changes, first < second; None on the last step."""
        return (self._pair.first, self._pair.second) if self._pair else None

    @cached_property
    def _scores(self) -> tuple[np.ndarray, list[float]]:
        """The scores of all pairs, (n, n), 0 where not admissible; those of the admissible ones, negated, sorted."""
        step = self._step
        score, admissible = all_pairs(step.target_gradient, step.others_gradient, step.domain, self._direction)
        return score.numpy(), np.sort(-score[admissible].numpy()).tolist()

    @property
    def admissible(self) -> int:
        """The number of admissible pairs."""
        return len(self._scores[1])

    def of(self, pair: Pair) -> int | None:
        """Return the rank of a pair, first < second, from 1; None if not admissible. Equal scores share a rank."""
        if pair == self.best:
            return 1  # chosen in float32, where it may tie with one that is better in float64
        table, scores = self._scores
        return bisect_left(scores, -float(table[pair])) + 1 if table[pair] > 0 else None


def group(rank: int | None) -> str:
    """Return in which group of a histogram a rank is."""
    if rank is None:
        return NOT_ADMISSIBLE
    return next((name for last, name in RANKS if rank <= last), BEYOND)


def histogram(ranks: Iterable[int | None]) -> dict[str, int]:
    """Return how many ranks there are in each group, the best first."""
    counts = Counter(map(group, ranks))
    return {name: counts[name] for name in (*(name for _, name in RANKS), BEYOND, NOT_ADMISSIBLE)}


def heat(pairs: Sequence[Pair], height: int, width: int) -> np.ndarray:
    """Return how many times each pixel was picked, (height, width)."""
    counts = np.bincount(np.array(pairs, int).flatten(), minlength=height * width)
    return counts.reshape(height, width)
