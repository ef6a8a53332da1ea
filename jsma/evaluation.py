"""How often the attack succeeds, and what it costs."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .attack import Attack, Result
from .convolution import FasterGradients
from .data import Digits
from .jacobian import Output, forward, like_parameters
from .report import Report, settings_of
from .rules import Rule, weighted_gradients
from .sharing import in_chunks
from .stop import Stop

IMAGES_IN_A_CHUNK = 25
"""What a killed evaluation may lose: some seconds; 225 attacks are more than a working batch, so that none waits."""

GRID = 10
"""Into how many equal parts the attack's gamma is cut for `Report.hardness`."""


@torch.no_grad()
def accuracy(model: nn.Module, digits: Digits, batch_size: int = 1000) -> float:
    """Return the share of `digits` that `model` reads as their label, from 0 to 1."""
    batches = zip(digits.images.split(batch_size), digits.labels.split(batch_size), strict=True)
    answers = ((model(like_parameters(images, model)).argmax(1).cpu(), labels) for images, labels in batches)
    return sum(int((answer == labels).sum()) for answer, labels in answers) / len(digits)


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

    folder: where finished chunks of 25 digits are kept; called again with the same arguments after
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
    records = in_chunks(len(starts), compute, None if folder is None else Path(folder), identity)
    if not records:
        raise ValueError("The evaluation was ended before its first chunk was done.")
    return _report(attack, gammas, digits, records)


def evaluate_in_parts(
    model: nn.Module,
    digits: Digits,
    attack: Attack,
    classes: int = 10,
    gammas: tuple[float, ...] | None = None,
    digits_a_part: int = 10,
    progress: Callable[[int, int], object] | None = None,
) -> Iterator[Report]:
    """Do as `evaluate`, and yield the Report of all that is done so far after every part; the last is the whole.

    For those who look on: whoever stops asking keeps the last report. digits_a_part: how many digits
    are attacked between two reports; parts are small, so that the whole takes longer than by
    `evaluate`. progress: called often, with how many attacks of the part are done and how many it has;
    returning False ends all. Raises ValueError as `evaluate` does.
    """
    if not len(digits):
        raise ValueError("There are no digits to attack.")
    gammas, records = _grid(attack, gammas), []
    for images, labels in zip(digits.images.split(digits_a_part), digits.labels.split(digits_a_part), strict=True):
        record = _chunk(model, images, labels, attack, classes, gammas, progress)
        if record is None:
            return
        records.append(record)
        yield _report(attack, gammas, digits, records)


def _report(attack: Attack, gammas: tuple[float, ...], digits: Digits, records: list[dict[str, Tensor]]) -> Report:
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
        with FasterGradients():
            leaf, logits = forward(model, batch)
        ((a, b),) = weighted_gradients(Rule.JSMA, Output.LOGITS, None, leaf, logits, labels)
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
    reasons = [reason for reason in result.stop if reason is not None]
    if len(reasons) < len(result.stop) or result.pairs is None:
        return None
    limits = [replace(attack, gamma=gamma).iterations(images[0].numel()) for gamma in gammas]
    return {
        "sources": sources,
        "targets": targets,
        "stop": torch.tensor([list(Stop).index(reason) for reason in reasons], dtype=torch.int8),
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


def _identity(
    model: nn.Module, digits: Digits, attack: Attack, classes: int, gammas: tuple[float, ...]
) -> dict[str, Any]:
    return {
        "attack": settings_of(attack),
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
