"""The results of many attacks: figures, tables by source and target, and files."""

import csv
import io
import json
import math
from collections import Counter
from dataclasses import asdict, dataclass, replace
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .attack import Attack, Result
from .jacobian import Output
from .rules import Rule
from .saliency import Direction
from .stop import Stop
from .writing import ending, write_whole

_INTEGERS = ("source", "target", "iterations", "changed")
_OPTIONAL_INTEGERS = {"changeable": "changeable", "predictions": "prediction"}
"""The columns of saved attacks; the optional ones by the names that they have in a Result."""


COMPARABLE_SUCCESS = 0.95
"""Where fewer attacks succeed, `Report.hardness` is mostly a lower bound, and is shown with a mark."""


class AtBudget(NamedTuple):
    """The figures for the budget gamma; iterations: the maximum number it allows; the others as in `Report`."""

    gamma: float
    iterations: int
    success_rate: float
    mean_distortion: float
    mean_distortion_of_successful: float


@dataclass(frozen=True, eq=False)
class Report:
    """The results of attacks on every digit towards every other class.

    sources and targets: (N,) int64, label and target of each attack; result: how each ended, with empty images
    (0, *shape). changed_at: (N, K) int64, the number of features changed when the budget gammas[k] was spent;
    adversarial_distance: (N,), see `jsma.adversarial_distance`. Distortion is the share of all features that were
    changed, 0 to 1; beside it, distortion of changeable is the share of those that could change (`Result.changeable`).
    The name of every mean says over which attacks it is; it is NaN if there are none.
    """

    attack: Attack
    sources: Tensor
    targets: Tensor
    result: Result
    gammas: tuple[float, ...] = ()
    changed_at: Tensor | None = None
    adversarial_distance: Tensor | None = None

    @property
    def features(self) -> int:
        """The number of features of an image."""
        return math.prod(self.result.images.shape[1:])

    @property
    def classes(self) -> int:
        """The number of classes in the tables by source and target."""
        return int(torch.cat([self.sources, self.targets]).max()) + 1 if len(self.targets) else 0

    @property
    def success_rate(self) -> float:
        """The share of attacks that succeeded, over all attacks."""
        return _mean(self.result.success)

    @property
    def adversarial_accuracy(self) -> float:
        """The share of adversarial images that the network still reads as their label, over all attacks.

        Failed attacks are included. It is not 1 - success_rate: a failed attack may end at a third class. Raises
        ValueError for a report without predictions, which an older version has saved.
        """
        if self.result.predictions is None:
            raise ValueError("This report has no predictions: an older version saved it. Evaluate again.")
        return _mean(self.result.predictions == self.sources)

    @property
    def untouched_accuracy(self) -> float:
        """The share of the same digits that the network reads as their label before any change, over the digits.

        A misread digit has one target that is reached without a change: the class that it is read as. Every class of
        the network must be a target.
        """
        misread = self.result.success & (self.result.iterations == 0)
        return 1 - _mean(misread) * (self.classes - 1)

    @property
    def distortion(self) -> Tensor:
        """The share of features changed by each attack, (N,) float64."""
        return self.result.distortion

    @property
    def distortion_of_changeable(self) -> Tensor:
        """The share of the features that could change which each attack changed, (N,) float64."""
        return self.result.distortion_of_changeable

    @property
    def mean_distortion(self) -> float:
        """The mean distortion over all attacks, failed ones included."""
        return _mean(self.distortion)

    @property
    def mean_distortion_of_successful(self) -> float:
        """The mean distortion over the attacks that succeeded; NaN if none did."""
        return _mean(self.distortion[self.result.success])

    @property
    def mean_distortion_of_changeable(self) -> float:
        """The mean distortion of changeable features over all attacks, failed ones included."""
        return _mean(self.distortion_of_changeable)

    @property
    def mean_distortion_of_changeable_of_successful(self) -> float:
        """The mean distortion of changeable features over the attacks that succeeded; NaN if none did."""
        return _mean(self.distortion_of_changeable[self.result.success])

    @property
    def stops(self) -> dict[Stop, int]:
        """The number of attacks that ended for each reason."""
        counted = Counter(self.result.stop)
        return {reason: counted[reason] for reason in Stop}

    def by_source_and_target(self, values: Tensor) -> Tensor:
        """Return the means of values (N,) by source and target, (classes, classes) float64; NaN without attacks."""
        cell = self.sources * self.classes + self.targets
        sums, counts = torch.zeros(2, self.classes**2, dtype=torch.float64).unbind()
        sums.index_add_(0, cell, values.double())
        counts.index_add_(0, cell, torch.ones_like(values, dtype=torch.float64))
        return (sums / counts).view(self.classes, self.classes)

    @property
    def success_by_source_and_target(self) -> Tensor:
        """The success rates, (classes, classes)."""
        return self.by_source_and_target(self.result.success)

    @property
    def distortion_by_source_and_target(self) -> Tensor:
        """The mean distortions over all attacks, (classes, classes)."""
        return self.by_source_and_target(self.distortion)

    @property
    def hardness(self) -> Tensor:
        """H(s, t), (classes, classes): the area under mean distortion as a function of success rate, from 0 to 1.

        It is computed by the trapezoidal rule from the points at gamma = 0 and at each of `gammas`, over all
        attacks. One run gives all points, since an attack with a smaller budget makes the same choices and ends
        earlier. Beyond the success rate that was reached, the mean distortion is not known: there it counts as the
        one at the largest budget, where each failed attack counts with that whole budget. So H is a lower bound where
        attacks failed, and failing never makes a pair of classes easy. Source: Papernot et al. 2016; the part beyond
        the success rate that was reached is ours.
        """
        curve = self._results_at_budgets()
        area = torch.zeros(self.classes, self.classes, dtype=torch.float64)
        ends = [tuple(map(self.by_source_and_target, values)) for _, _, *values in curve]
        for (success_before, distortion_before), (success, distortion) in pairwise(ends):
            area += (success - success_before) * (distortion + distortion_before) / 2
        _, limit, reached, distortion = curve[-1]
        spent = distortion.where(reached, 2 * limit / self.features)
        return area + (1 - ends[-1][0]) * self.by_source_and_target(spent)

    @property
    def hardest_classes(self) -> tuple[int, int]:
        """The source and target with the largest hardness; of equal ones the first."""
        return divmod(int(self.hardness.nan_to_num(nan=-1).argmax()), self.classes)

    @property
    def at_budgets(self) -> list[AtBudget]:
        """The figures for gamma = 0 and for each of `gammas`, all from the same run."""
        return [
            AtBudget(gamma, limit, _mean(reached), _mean(distortion), _mean(distortion[reached]))
            for gamma, limit, reached, distortion in self._results_at_budgets()
        ]

    def _results_at_budgets(self) -> list[tuple[float, int, Tensor, Tensor]]:
        """Return for each budget: gamma, maximum iterations, successes, (N,) bool, and distortions, (N,)."""
        if self.changed_at is None:
            raise ValueError("This report has no changed_at; hardness and at_budgets need it.")
        reached = self.result.success & (self.result.iterations == 0)
        ends = [(0.0, 0, reached, torch.zeros_like(self.distortion))]
        for gamma, changed in zip(self.gammas, self.changed_at.T, strict=True):
            limit = replace(self.attack, gamma=gamma).iterations(self.features)
            reached = self.result.success & (self.result.iterations <= limit)
            ends.append((gamma, limit, reached, changed.double() / self.features))
        return ends

    @property
    def costliest_first(self) -> Tensor:
        """The indices of the attacks, those that cost the attacker most first, (N,) int64.

        Sorted by: failed before successful; then the success rate of the attack's source and target, lowest first;
        then their mean distortion, largest first; then the number of changed pixels, largest first. The figures of
        source and target come before those of the attack because most failed attacks have spent the whole budget
        and tie. `hardness`, which ranks pairs of classes alike, is not used because it needs `changed_at`.
        """
        order = torch.arange(len(self.targets))
        for values in (-self.result.changed, -self._of_cell(self.distortion), self._of_cell(self.result.success)):
            order = order[values[order].argsort(stable=True)]  # the last sort decides first
        return order[self.result.success[order].int().argsort(stable=True)]

    def _of_cell(self, values: Tensor) -> Tensor:
        """Return for each attack the mean of values (N,) over all attacks with its source and target, (N,)."""
        return self.by_source_and_target(values)[self.sources, self.targets]

    @property
    def robustness(self) -> float:
        """The smallest adversarial distance over all attacks. Source: Papernot et al. 2016."""
        if self.adversarial_distance is None:
            raise ValueError("This report has no adversarial distances.")
        return self.adversarial_distance.min().item()

    def summary(self) -> dict[str, Any]:
        """Return the settings, all figures and the tables by source and target, serialisable as JSON (NaN as None)."""
        of_changeable = ("mean_distortion_of_changeable", "mean_distortion_of_changeable_of_successful")
        of_mask = {name: _plain(getattr(self, name)) for name in of_changeable if self.result.changeable is not None}
        return {
            "attack": settings_of(self.attack),
            "image_shape": list(self.result.images.shape[1:]),
            "attacks": len(self.targets),
            "success_rate": _plain(self.success_rate),
            "adversarial_accuracy": None if self.result.predictions is None else _plain(self.adversarial_accuracy),
            "mean_distortion": _plain(self.mean_distortion),
            "mean_distortion_of_successful": _plain(self.mean_distortion_of_successful),
            **of_mask,
            "stops": {reason.name: count for reason, count in self.stops.items()},
            "success_by_source_and_target": _plain(self.success_by_source_and_target.tolist()),
            "distortion_by_source_and_target": _plain(self.distortion_by_source_and_target.tolist()),
            "hardness": _plain(self.hardness.tolist()) if self.gammas else None,
            "robustness": self.robustness if self.adversarial_distance is not None and len(self.targets) else None,
        }

    def save(self, path: str | Path) -> None:
        """Write the report to `path`, atomically, as JSON that `load` reads: its `summary` and every attack.

        With the extension .csv it writes only the attacks, one line each. Raises ValueError for an extension other than
        .json and .csv, in upper or lower case, and OSError if it cannot be written.
        """
        formats = {".json": self.to_json, ".csv": self.to_csv}
        write_whole(path, formats[ending(path, formats)]().encode())

    def to_json(self) -> str:
        """Return the text that `save` writes as JSON."""
        changed_at = None if self.changed_at is None else self.changed_at.tolist()
        content = {**self.summary(), "gammas": self.gammas, "changed_at": changed_at, "each": self._columns()}
        return json.dumps(content) + "\n"

    def to_csv(self) -> str:
        """Return the text that `save` writes as CSV."""
        text, columns = io.StringIO(), self._columns()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([columns, *zip(*columns.values(), strict=True)])
        return text.getvalue()

    @staticmethod
    def load(path: str | Path) -> "Report":
        """Return the report that `save` wrote as JSON. Raises ValueError for any other file."""
        content = Path(path).read_bytes()
        try:
            whole = json.loads(content)
            settings, each = whole["attack"], whole["each"]
            kinds: dict[str, Any] = {"rule": Rule, "output": Output, "direction": Direction}
            attack = Attack(**{name: kinds.get(name, float)(value) for name, value in settings.items()})
            integers = {name: torch.tensor(each[name], dtype=torch.int64) for name in _INTEGERS}
            stop: list[Stop | None] = [Stop[name] for name in each["stop"]]
            success = torch.tensor([reason is Stop.REACHED_TARGET for reason in stop], dtype=torch.bool)
            images = torch.empty(0, *whole["image_shape"])
            optional = {
                name: torch.tensor(each[column], dtype=torch.int64)
                for name, column in _OPTIONAL_INTEGERS.items()
                if column in each
            }
            result = Result(images, success, stop, integers["iterations"], integers["changed"], **optional)
            changed_at = None if whole["changed_at"] is None else torch.tensor(whole["changed_at"], dtype=torch.int64)
            distance = each.get("adversarial_distance")
            distance = None if distance is None else torch.tensor(distance, dtype=torch.float64)
            gammas = tuple(map(float, whole["gammas"]))
        except Exception as damage:  # the type depends on where the file is damaged
            raise ValueError(f"{path} is not a report of an evaluation ({damage!r}).") from damage
        return Report(attack, integers["source"], integers["target"], result, gammas, changed_at, distance)

    def _columns(self) -> dict[str, list[Any]]:
        columns = {
            "source": self.sources.tolist(),
            "target": self.targets.tolist(),
            "stop": [reason.name for reason in self.result.stop if reason],
            "iterations": self.result.iterations.tolist(),
            "changed": self.result.changed.tolist(),
        }
        for name, column in _OPTIONAL_INTEGERS.items():
            values = getattr(self.result, name)
            if values is not None:
                columns[column] = values.tolist()
        if self.adversarial_distance is not None:
            columns["adversarial_distance"] = self.adversarial_distance.tolist()
        return columns


def settings_of(attack: Attack) -> dict[str, Any]:
    """Return the settings of an attack, serialisable as JSON."""
    return {name: value.value if isinstance(value, Enum) else value for name, value in asdict(attack).items()}


def _mean(values: Tensor) -> float:
    return values.double().mean().item()


def _plain(value: object) -> object:
    """Return a value or nested list with None in place of NaN, which JSON does not have."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
