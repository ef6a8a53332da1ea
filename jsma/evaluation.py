"""Accuracy of a network, and success and distortion of the attack on whole data sets."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .attack import Attack, Result, resolve_targets
from .data import Digits
from .features import UNIT, Bounds, check_kind, ends, like_parameters, mask_for, shapes_explained
from .jacobian import Output
from .network import Model, Network, forward, network_of
from .report import Report, settings_of
from .rules import Rule, weighted_gradients
from .sharing import in_chunks
from .stop import Stop

IMAGES_IN_A_CHUNK = 25
"""A killed evaluation loses at most one chunk, some seconds. Its 225 attacks fill a batch of `Attack.run`."""

BUDGETS = 10
"""The default number of equidistant budgets, up to the attack's gamma, for `Report.hardness`."""


@torch.no_grad()
def accuracy(
    model: Model,
    digits: Digits,
    batch_size: int = 1000,
    *,
    bounds: Bounds = UNIT,
    changeable: Tensor | None = None,
) -> float:
    """Return the share of `digits` for which `model` predicts the label, 0 to 1.

    batch_size: the number of samples in one pass. bounds and changeable say which values are valid, see `Attack.run`.
    Raises ValueError if there are no digits, and as `Attack.run` does for images and models.
    """
    network = network_of(model)
    bounds, mask = _checked(digits, bounds, changeable)
    right = 0
    for rows in torch.arange(len(digits.labels)).split(batch_size):
        images = like_parameters(digits.images[rows], network, bounds, None if mask is None else mask[rows])
        with shapes_explained(images):
            network.check(images)
            predictions = network(images).argmax(dim=1).cpu()
        right += int((predictions == digits.labels[rows]).sum())
    return right / len(digits.labels)


def evaluate(
    model: Model,
    digits: Digits,
    attack: Attack,
    classes: int | None = None,
    folder: str | Path | None = None,
    gammas: tuple[float, ...] | None = None,
    progress: Callable[[int, int], object] | None = None,
    *,
    bounds: Bounds = UNIT,
    changeable: Tensor | None = None,
) -> Report:
    """Attack N digits towards every class except their label, and return a Report of (classes - 1) * N attacks.

    digits may hold any samples (N, *shape), such as the rows of a table: Digits("iris", rows, labels), with rows (N, F)
    floating-point and labels (N,) int64. bounds and changeable: see `Attack.run`; changeable broadcasts to the samples.
    classes: how many classes there are, from class 0 (None: as many as the model has).
    folder: where finished chunks of 25 digits are saved; after an interruption, even SIGKILL, a call with the same
    arguments resumes from there. gammas: the budgets for `Report.hardness`, ascending (None: ten, equidistant up to
    the attack's gamma). progress: called with the number of finished attacks and of all attacks; returning False
    cancels, and the report covers the finished chunks.
    With torch.distributed initialised, the chunks are distributed among the ranks, and every rank returns the whole
    report. Raises ValueError if there are no digits, for labels that are not classes, for a gamma above the
    attack's, for a folder of another evaluation, for a folder and a model without weights, and as `Attack.run` does.
    """
    bounds, mask = _checked(digits, bounds, changeable)
    network, classes = _prepared(model, digits, classes, bounds, mask)
    gammas = _budgets(attack, gammas)
    starts = range(0, len(digits.labels), IMAGES_IN_A_CHUNK)
    total = len(digits.labels) * (classes - 1)

    def compute(k: int) -> dict[str, Tensor] | None:
        rows = slice(starts[k], starts[k] + IMAGES_IN_A_CHUNK)
        before = starts[k] * (classes - 1)
        report = progress and (lambda done, _: progress(before + done, total))
        part = None if mask is None else mask[rows]
        return _chunk(network, digits.images[rows], digits.labels[rows], attack, classes, gammas, report, bounds, part)

    identity = {} if folder is None else _identity(network, digits, attack, classes, gammas, bounds, mask)
    records = in_chunks(len(starts), compute, None if folder is None else Path(folder), identity)
    if not records:
        raise ValueError("The evaluation was cancelled before its first chunk was finished.")
    return _report(attack, gammas, digits, records)


def evaluate_in_parts(
    model: Model,
    digits: Digits,
    attack: Attack,
    classes: int | None = None,
    gammas: tuple[float, ...] | None = None,
    digits_a_part: int = 10,
    progress: Callable[[int, int], object] | None = None,
    *,
    bounds: Bounds = UNIT,
    changeable: Tensor | None = None,
) -> Iterator[Report]:
    """Do the same as `evaluate`, but yield after every part a Report of all attacks so far; the last is complete.

    It is for interactive use; the caller may stop the iteration at any time. digits_a_part: the number of digits
    between two reports; with small parts it is slower than `evaluate`. progress: called often, with the number of
    finished attacks of the current part and of all its attacks; returning False cancels. Raises ValueError as
    `evaluate` does.
    """
    bounds, mask = _checked(digits, bounds, changeable)
    network, classes = _prepared(model, digits, classes, bounds, mask)
    gammas, records = _budgets(attack, gammas), []
    for rows in torch.arange(len(digits.labels)).split(digits_a_part):
        images, labels, part = digits.images[rows], digits.labels[rows], None if mask is None else mask[rows]
        record = _chunk(network, images, labels, attack, classes, gammas, progress, bounds, part)
        if record is None:
            return
        records.append(record)
        yield _report(attack, gammas, digits, records)


def _prepared(
    model: Model, digits: Digits, classes: int | None, bounds: Bounds, mask: Tensor | None
) -> tuple[Network, int]:
    """Return the network and the number of classes; ValueError for labels that are not classes."""
    network = network_of(model)
    first = like_parameters(digits.images[:8], network, bounds, None if mask is None else mask[:8])
    with shapes_explained(first):
        network.check(first)
        classes = classes or forward(network, first[:1])[1].shape[1]
    wrong = digits.labels[(digits.labels < 0) | (digits.labels >= classes)].tolist()
    if wrong:
        raise ValueError(f"Label {wrong[0]} is not a class; the classes are 0 to {classes - 1}.")
    return network, classes


def _report(attack: Attack, gammas: tuple[float, ...], digits: Digits, records: list[dict[str, Tensor]]) -> Report:
    """Return the report of the chunks whose `records` are given."""
    common = set.intersection(*map(set, records))  # a part of an older version has no predictions
    columns = {name: torch.cat([record[name] for record in records]) for name in common}
    stop = [list(Stop)[number] for number in columns["stop"].tolist()]
    images = digits.images.new_empty(0, *digits.images.shape[1:])
    success = columns["stop"] == list(Stop).index(Stop.REACHED_TARGET)
    result = Result(
        images,
        success,
        stop,
        columns["iterations"],
        columns["changed"],
        changeable=columns.get("changeable"),
        predictions=columns.get("predictions"),
    )
    return Report(
        attack,
        columns["sources"],
        columns["targets"],
        result,
        gammas,
        columns["changed_at"],
        columns["adversarial_distance"],
    )


def adversarial_distance(
    model: Model,
    images: Tensor,
    targets: Tensor,
    batch_size: int = 64,
    *,
    bounds: Bounds = UNIT,
    changeable: Tensor | None = None,
) -> Tensor:
    """Return A(X, t) = 1 - the share of pixels with dZ_t/dx > 0 and sum over j != t of dZ_j/dx < 0, (N,) float64.

    Z are the logits; A lies in [0, 1]. images: (N, C, H, W) in [0, 1]; bounds and changeable: see
    `Attack.run`; targets: (N,) int64; batch_size: the number of samples in one pass. Raises ValueError as `Attack.run`
    does. Source: Papernot et al. 2016.
    """
    model = network_of(model)
    images = like_parameters(images, model, bounds, changeable)
    with shapes_explained(images):
        model.check(images)
        labels, _ = resolve_targets(model, images, targets)
    distances = []
    for batch, towards in zip(images.split(batch_size), labels.split(batch_size), strict=True):
        leaf, logits = forward(model, batch)
        ((a, b),) = weighted_gradients(Rule.JSMA, Output.LOGITS, None, leaf, logits, towards)
        distances.append(1 - ((a > 0) & (b < 0)).double().mean(dim=1))
    return torch.cat(distances).cpu()


def _chunk(
    model: Network,
    images: Tensor,
    labels: Tensor,
    attack: Attack,
    classes: int,
    gammas: tuple[float, ...],
    progress: Callable[[int, int], object] | None,
    bounds: Bounds,
    changeable: Tensor | None,
) -> dict[str, Tensor] | None:
    """Return the record of one chunk, one tensor per column; None if progress cancelled it."""
    sources = labels.repeat_interleave(classes - 1)
    targets = (sources + torch.arange(1, classes).repeat(len(labels))) % classes
    images = images.repeat_interleave(classes - 1, dim=0)
    if changeable is not None:
        changeable = changeable.repeat_interleave(classes - 1, dim=0)
    result = attack.run(model, images, targets, progress=progress, bounds=bounds, changeable=changeable)
    reasons = [reason for reason in result.stop if reason is not None]
    if len(reasons) < len(result.stop) or result.pairs is None or result.predictions is None:
        return None
    limits = [replace(attack, gamma=gamma).iterations(images[0].numel()) for gamma in gammas]
    of_mask = {} if result.changeable is None else {"changeable": result.changeable}
    return {
        "sources": sources,
        "targets": targets,
        "stop": torch.tensor([list(Stop).index(reason) for reason in reasons], dtype=torch.int8),
        "iterations": result.iterations,
        "changed": result.changed,
        "predictions": result.predictions,
        "changed_at": torch.stack([_changed_after(result.pairs, limit) for limit in limits], dim=1),
        "adversarial_distance": adversarial_distance(model, images, targets, bounds=bounds, changeable=changeable),
        **of_mask,
    }


def _changed_after(pairs: Tensor, iterations: int) -> Tensor:
    """Return the number of different features in the first `iterations` pairs (N, L, 2), (N,); -1 is no feature."""
    features = pairs[:, :iterations].flatten(1).sort(dim=1).values  # (N, 2 * iterations)
    new = torch.ones_like(features, dtype=torch.bool)
    new[:, 1:] = features[:, 1:] != features[:, :-1]
    return (new & (features >= 0)).sum(dim=1)


def _budgets(attack: Attack, gammas: tuple[float, ...] | None) -> tuple[float, ...]:
    """Return the given budgets, or the default ones; ValueError if they do not ascend or exceed the attack's gamma."""
    if gammas is None:
        return tuple(attack.gamma * k / BUDGETS for k in range(1, BUDGETS + 1))
    if any(gamma > attack.gamma for gamma in gammas) or list(gammas) != sorted(gammas):
        raise ValueError(f"gammas is {gammas}; it must ascend and not exceed the attack's gamma, {attack.gamma}.")
    return tuple(gammas)


def _checked(digits: Digits, bounds: Bounds, changeable: Tensor | None) -> tuple[Bounds, Tensor | None]:
    """Return bounds as tensors and the mask (N, *shape), None if all may change; ValueError if anything is wrong."""
    images, labels = check_kind(digits.images), digits.labels
    if not isinstance(labels, Tensor) or labels.dtype != torch.int64 or labels.shape != (len(images),):
        found = f"{labels.dtype} {tuple(labels.shape)}" if isinstance(labels, Tensor) else type(labels).__name__
        raise ValueError(
            f"labels must be an int64 tensor of shape ({len(images)},), one for each image; found {found}: "
            "pass torch.as_tensor(labels).long()."
        )
    if not len(labels):
        raise ValueError("There are no digits.")
    mask = None if changeable is None else mask_for(changeable, images)
    return ends(bounds, mask, images.shape[1:]), None if mask is None else mask.expand_as(images)


def _identity(
    model: Network,
    digits: Digits,
    attack: Attack,
    classes: int,
    gammas: tuple[float, ...],
    bounds: Bounds,
    mask: Tensor | None,
) -> dict[str, Any]:
    """Return everything the chunks depend on, for `in_chunks`; bounds and mask only if they are not those of images.

    Raises ValueError for a model without weights.
    """
    if not model.state_dict():
        raise ValueError("With a folder, the model must be a torch.nn.Module, by whose weights it is recognised.")
    low, high = (torch.as_tensor(end).broadcast_to((1, *digits.images.shape[1:])) for end in bounds)
    features: dict[str, Any] = {}
    if low.any() or not (high == 1).all():
        features["bounds"] = fingerprint([low, high])
    if mask is not None:
        features["changeable"] = fingerprint([mask])
    return {
        **features,
        "attack": settings_of(attack),
        "classes": classes,
        "digits": fingerprint([digits.images, digits.labels]),
        "gammas": gammas,
        "model": fingerprint([value for _, value in sorted(model.state_dict().items())]),
        "images_in_a_chunk": IMAGES_IN_A_CHUNK,
        "torch": torch.__version__,
    }


def fingerprint(tensors: list[Tensor]) -> str:
    """Return the SHA-256 of the tensors' values, in hexadecimal."""
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
