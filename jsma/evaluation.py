"""How often the attack succeeds, and what it costs."""

import csv
import hashlib
import io
import json
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

import torch
from torch import Tensor, nn

from .attack import Attack, Result, Stop
from .data import Digits
from .jacobian import Output, forward, like_parameters
from .rules import Rule, weighed
from .saliency import Direction
from .sharing import in_chunks, write_whole

IMAGES_IN_A_CHUNK = 250
"""What a killed evaluation may lose; far more than a working batch, so that its draining costs little."""

GRID = 10
"""Into how many equal parts the attack's gamma is cut for `Report.hardness`."""


@torch.no_grad()
def accuracy(model: nn.Module, digits: Digits, batch_size: int = 1000) -> float:
    """Return the share of `digits` that `model` reads as their label, from 0 to 1."""
    batches = zip(digits.images.split(batch_size), digits.labels.split(batch_size), strict=True)
    answers = ((model(like_parameters(images, model)).argmax(1).cpu(), labels) for images, labels in batches)
    return sum((answer == labels).sum().item() for answer, labels in answers) / len(digits)


@dataclass(frozen=True, eq=False)
class Report:
    """What came of attacking every digit towards every other class.

    sources and targets: (N,) int64, label and target of each attack; result: how each ended, without
    the images, of which only the shape is kept. changed_at: (N, K) int64, how many features had been
    changed when the budget of gammas[k] would have been spent; adversarial_distance: (N,), see the
    function of that name. Distortion is the share of features changed, from 0 to 1; every mean
    divides by the number of attacks it names, and is NaN where that is 0.
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
        """How many values an image has."""
        return math.prod(self.result.images.shape[1:])

    @property
    def classes(self) -> int:
        """How many classes the tables by source and target have."""
        return int(torch.cat([self.sources, self.targets]).max()) + 1 if len(self.targets) else 0

    @property
    def success_rate(self) -> float:
        """The share of all attacks that reached their target."""
        return self.result.success.double().mean().item()

    @property
    def distortion(self) -> Tensor:
        """The share of features that each attack changed, (N,) float64."""
        return self.result.changed.double() / self.features

    @property
    def mean_distortion(self) -> float:
        """The mean distortion over all attacks, failed ones included."""
        return self.distortion.mean().item()

    @property
    def mean_distortion_of_successful(self) -> float:
        """The mean distortion over the attacks that reached their target; NaN if none did."""
        return self.distortion[self.result.success].mean().item()

    @property
    def stops(self) -> dict[Stop, int]:
        """How many attacks ended for each reason."""
        counted = Counter(self.result.stop)
        return {reason: counted[reason] for reason in Stop}

    def by_source_and_target(self, values: Tensor) -> Tensor:
        """Return the means of values (N,) as (classes, classes) float64, a row a source; NaN where there are none."""
        cell = self.sources * self.classes + self.targets
        sums, counts = torch.zeros(2, self.classes**2, dtype=torch.float64)
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
        """H(s, t), (classes, classes): the area under mean distortion as a function of success rate.

        Both are taken at no budget and at the budgets of `gammas`, over all attacks, and joined by
        straight lines. All budgets come from the one run: an attack with a smaller budget makes the
        same choices and ends earlier. Source: Papernot et al. 2016.
        """
        if self.changed_at is None:
            raise ValueError("This report was made without a grid of gammas.")
        area = torch.zeros(self.classes, self.classes, dtype=torch.float64)
        success_before = self.by_source_and_target(self.result.success & (self.result.iterations == 0))
        distortion_before = torch.zeros_like(area)
        for gamma, changed in zip(self.gammas, self.changed_at.T, strict=True):
            limit = _with_gamma(self.attack, gamma).iterations(self.features)
            success = self.by_source_and_target(self.result.success & (self.result.iterations <= limit))
            distortion = self.by_source_and_target(changed.double() / self.features)
            area += (success - success_before) * (distortion + distortion_before) / 2
            success_before, distortion_before = success, distortion
        return area

    @property
    def robustness(self) -> float:
        """The smallest adversarial distance of all attacks. Source: Papernot et al. 2016."""
        if self.adversarial_distance is None:
            raise ValueError("This report was made without adversarial distances.")
        return self.adversarial_distance.min().item()

    def summary(self) -> dict:
        """Return the settings, all figures and the tables by source and target, ready for JSON (NaN as None)."""
        return {
            "attack": _settings(self.attack),
            "image_shape": list(self.result.images.shape[1:]),
            "attacks": len(self.targets),
            "success_rate": _plain(self.success_rate),
            "mean_distortion": _plain(self.mean_distortion),
            "mean_distortion_of_successful": _plain(self.mean_distortion_of_successful),
            "stops": {reason.name: count for reason, count in self.stops.items()},
            "success_by_source_and_target": _plain(self.success_by_source_and_target.tolist()),
            "distortion_by_source_and_target": _plain(self.distortion_by_source_and_target.tolist()),
            "hardness": _plain(self.hardness.tolist()) if self.gammas else None,
            "robustness": self.robustness if self.adversarial_distance is not None and len(self.targets) else None,
        }

    def save(self, path: str | Path) -> None:
        """Write the report to `path`, whole or not at all: its `summary`, then every attack; `load` reads it again.

        A name that ends in .csv gives the attacks alone, a line each; any other JSON.
        """
        path = Path(path)
        columns = self._columns()
        if path.suffix == ".csv":
            text = io.StringIO()
            lines = csv.writer(text, lineterminator="\n")
            lines.writerows([columns, *zip(*columns.values(), strict=True)])
            write_whole(path, text.getvalue().encode())
            return
        changed_at = None if self.changed_at is None else self.changed_at.tolist()
        whole = {**self.summary(), "gammas": self.gammas, "changed_at": changed_at, "each": columns}
        write_whole(path, (json.dumps(whole) + "\n").encode())

    @staticmethod
    def load(path: str | Path) -> "Report":
        """Return the report that `save` wrote as JSON. Raises ValueError for a file that is none."""
        try:
            whole = json.loads(Path(path).read_text())
            settings, each = whole["attack"], whole["each"]
            kinds = {"rule": Rule, "output": Output, "direction": Direction}
            attack = Attack(**{name: kinds.get(name, float)(value) for name, value in settings.items()})
            integers = {name: torch.tensor(each[name], dtype=torch.int64) for name in _INTEGERS}
            stop = [Stop[name] for name in each["stop"]]
            success = torch.tensor([reason is Stop.REACHED_TARGET for reason in stop], dtype=torch.bool)
            images = torch.empty(0, *whole["image_shape"])
            result = Result(images, success, stop, integers["iterations"], integers["changed"])
            changed_at = None if whole["changed_at"] is None else torch.tensor(whole["changed_at"], dtype=torch.int64)
            distance = each.get("adversarial_distance")
            distance = None if distance is None else torch.tensor(distance, dtype=torch.float64)
        except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as damage:
            raise ValueError(f"{path} is no report of an evaluation ({damage!r}).") from damage
        gammas = tuple(whole["gammas"])
        return Report(attack, integers["source"], integers["target"], result, gammas, changed_at, distance)

    def _columns(self) -> dict[str, list]:
        columns = {
            "source": self.sources.tolist(),
            "target": self.targets.tolist(),
            "stop": [reason.name for reason in self.result.stop],
            "iterations": self.result.iterations.tolist(),
            "changed": self.result.changed.tolist(),
        }
        if self.adversarial_distance is not None:
            columns["adversarial_distance"] = self.adversarial_distance.tolist()
        return columns


_INTEGERS = ("source", "target", "iterations", "changed")


def evaluate(
    model: nn.Module,
    digits: Digits,
    attack: Attack,
    classes: int = 10,
    folder: str | Path | None = None,
    gammas: tuple[float, ...] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Report:
    """Attack every digit towards every class but its label, and return a Report of (classes - 1) * N attacks.

    folder: where finished chunks of 250 digits are kept; called again with the same arguments after
    it was cut off, even by SIGKILL, the evaluation goes on from there. gammas: the budgets at which
    `Report.hardness` looks (None: ten equal parts of the attack's). progress: called with how many
    attacks are done and how many there are; returning False ends it with the finished chunks.
    With torch.distributed initialised the chunks are shared among the ranks, and every rank returns
    the whole report. Raises ValueError when there are no digits, for a gamma above the attack's, for
    a folder of another evaluation, and as `Attack.run` does.
    """
    if not len(digits):
        raise ValueError("There are no digits to attack.")
    gammas = _grid(attack, gammas)
    starts = range(0, len(digits), IMAGES_IN_A_CHUNK)
    total = len(digits) * (classes - 1)

    def compute(k: int) -> dict[str, Tensor] | None:
        part = slice(starts[k], starts[k] + IMAGES_IN_A_CHUNK)
        before = starts[k] * (classes - 1)
        report = progress and (lambda done, _: progress(before + done, total))
        return _chunk(model, digits.images[part], digits.labels[part], attack, classes, gammas, report)

    identity = {} if folder is None else _identity(model, digits, attack, classes, gammas)
    records = in_chunks(len(starts), compute, folder and Path(folder), identity)
    if not records:
        raise ValueError("The evaluation was ended before its first chunk was done.")
    whole = {name: torch.cat([record[name] for record in records]) for name in records[0]}
    stop = [list(Stop)[number] for number in whole["stop"].tolist()]
    images = digits.images.new_empty(0, *digits.images.shape[1:])
    success = whole["stop"] == list(Stop).index(Stop.REACHED_TARGET)
    result = Result(images, success, stop, whole["iterations"], whole["changed"])
    return Report(
        attack, whole["sources"], whole["targets"], result, gammas, whole["changed_at"], whole["adversarial_distance"]
    )


def adversarial_distance(model: nn.Module, images: Tensor, targets: Tensor, batch_size: int = 64) -> Tensor:
    """Return A(X, t) = 1 - the share of pixels that alone pull X towards t, (N,) float64 in [0, 1].

    Such a pixel has dZ_t/dx > 0 and the sum of the others' derivatives < 0, on logits Z. images:
    (N, C, H, W) in [0, 1]; targets: (N,) int64. Raises ValueError as `Attack.run` does for images.
    Source: Papernot et al. 2016.
    """
    images = like_parameters(images, model)
    distances = []
    for batch, labels in zip(images.split(batch_size), targets.to(images.device).split(batch_size), strict=True):
        leaf, logits = forward(model, batch)
        ((a, b),) = weighed(Rule.JSMA, Output.LOGITS, None, leaf, logits, labels)
        distances.append(1 - ((a > 0) & (b < 0)).double().mean(dim=1))
    return torch.cat(distances).cpu()


def _chunk(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    attack: Attack,
    classes: int,
    gammas: tuple[float, ...],
    progress: Callable[[int, int], object] | None,
) -> dict[str, Tensor] | None:
    """Return the record of one chunk, a tensor a column; None if progress ended it before it was whole."""
    sources = labels.repeat_interleave(classes - 1)
    targets = (sources + torch.arange(1, classes).repeat(len(labels))) % classes
    images = images.repeat_interleave(classes - 1, dim=0)
    result = attack.run(model, images, targets, progress=progress)
    if None in result.stop:
        return None
    limits = [_with_gamma(attack, gamma).iterations(images[0].numel()) for gamma in gammas]
    return {
        "sources": sources,
        "targets": targets,
        "stop": torch.tensor([list(Stop).index(reason) for reason in result.stop], dtype=torch.int8),
        "iterations": result.iterations,
        "changed": result.changed,
        "changed_at": torch.stack([_changed_after(result.pairs, limit) for limit in limits], dim=1),
        "adversarial_distance": adversarial_distance(model, images, targets),
    }


def _changed_after(pairs: Tensor, iterations: int) -> Tensor:
    """Return how many different features the first so many pairs (N, L, 2) touch, (N,); -1 is none."""
    touched = pairs[:, :iterations].flatten(1).sort(dim=1).values
    new = torch.ones_like(touched, dtype=torch.bool)
    new[:, 1:] = touched[:, 1:] != touched[:, :-1]
    return (new & (touched >= 0)).sum(dim=1)


def _grid(attack: Attack, gammas: tuple[float, ...] | None) -> tuple[float, ...]:
    if gammas is None:
        return tuple(attack.gamma * k / GRID for k in range(1, GRID + 1))
    if any(gamma > attack.gamma for gamma in gammas) or list(gammas) != sorted(gammas):
        raise ValueError(f"gammas is {gammas}; it must rise and not go above the attack's gamma, {attack.gamma}.")
    return tuple(gammas)


def _with_gamma(attack: Attack, gamma: float) -> Attack:
    return Attack(attack.rule, attack.output, attack.direction, attack.theta, gamma)


def _settings(attack: Attack) -> dict:
    return {name: value.value if isinstance(value, Enum) else value for name, value in asdict(attack).items()}


def _identity(model: nn.Module, digits: Digits, attack: Attack, classes: int, gammas: tuple[float, ...]) -> dict:
    return {
        "attack": _settings(attack),
        "classes": classes,
        "digits": fingerprint([digits.images, digits.labels]),
        "gammas": gammas,
        "model": fingerprint([value for _, value in sorted(model.state_dict().items())]),
        "images_in_a_chunk": IMAGES_IN_A_CHUNK,
        "torch": torch.__version__,
    }


def fingerprint(tensors: list[Tensor]) -> str:
    """Return a SHA-256 of the tensors' values."""
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _plain(value: object) -> object:
    """Return numbers and lists of them with None for NaN, which JSON does not have."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
