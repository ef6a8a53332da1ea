"""Training of a digit classifier, with progress after every batch."""

import copy
import math
from collections.abc import Generator
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import torch
from torch import Tensor, nn

from .data import Digits
from .models import build
from .training_methods import TrainingMethod

BATCH_SIZE = 128

_GENERATOR_LOCK = Lock()
"""Held while PyTorch's global random generator is used, since several threads may train at the same time."""


@dataclass(frozen=True)
class Progress:
    """The progress of a training: batch `batch` of `batches` in epoch `epoch` of `epochs`, both from 1; the loss."""

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float


def train(
    model: nn.Module,
    digits: Digits,
    epochs: int,
    seed: int,
    learning_rate: float = 1e-3,
    method: TrainingMethod = TrainingMethod.PLAIN,
) -> Generator[Progress]:
    """Train `model` in place with Adam on shuffled batches of 128, and yield the progress after each.

    The learning rate decreases to zero (cosine annealing). A method with a teacher takes twice as many epochs: `model`
    is trained as the teacher first, then begins again from its initial weights. At a temperature T above 1 the last
    layer begins T times as large and learns T times as fast, so that training takes no longer than at 1.
    Training is deterministic: the same initial weights, digits, seed and number of threads give the same weights. The
    caller may stop the iteration early. The model is in training mode until the last batch, then in eval mode. Raises
    ValueError for less than one epoch.
    """
    if epochs < 1:
        raise ValueError(f"epochs is {epochs}; it must be at least 1.")
    labels, before, whole = digits.labels, 0, method.value.epochs(epochs)
    if method.value.temperature != 1:
        _scale_last_layer(model, method.value.temperature)
    if method.value.with_teacher:
        initial = copy.deepcopy(model.state_dict())
        for progress in _passes(model, digits.images, labels, epochs, seed, learning_rate, method):
            yield replace(progress, epochs=whole)
        labels, before = probabilities_at(method.value.temperature, model, digits.images), epochs
        model.load_state_dict(initial)
    for progress in _passes(model, digits.images, labels, epochs, seed, learning_rate, method):
        yield replace(progress, epoch=before + progress.epoch, epochs=whole)


def _passes(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    epochs: int,
    seed: int,
    learning_rate: float,
    method: TrainingMethod,
) -> Generator[Progress]:
    """Train `model` for some epochs on images (N, C, H, W) and labels, (N,) or (N, classes); yield the progress."""
    shuffle = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(_groups(model, learning_rate, method.value.temperature))
    batches = math.ceil(len(images) / BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs * batches)
    model.train()
    for epoch in range(1, epochs + 1):
        order = torch.randperm(len(images), generator=shuffle)
        for batch, chosen in enumerate(order.split(BATCH_SIZE), start=1):
            loss = method.value.loss(model, images[chosen], labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            yield Progress(epoch, epochs, batch, batches, loss.item())
    model.zero_grad()
    model.eval()


@torch.no_grad()
def _scale_last_layer(model: nn.Module, temperature: float) -> None:
    """Multiply the weights of the last layer, and so the logits, so that at this temperature it begins as at 1."""
    for weights in _last_layer(model).parameters():
        weights.mul_(temperature)


def _groups(model: nn.Module, learning_rate: float, temperature: float) -> list[dict[str, Any]]:
    """Return the parameters with their learning rates: the last layer's, whose weights are larger, is larger, too."""
    if temperature == 1:
        return [{"params": list(model.parameters()), "lr": learning_rate}]
    last = list(_last_layer(model).parameters())
    body = [weights for weights in model.parameters() if not any(weights is each for each in last)]
    return [{"params": body, "lr": learning_rate}, {"params": last, "lr": temperature * learning_rate}]


def _last_layer(model: nn.Module) -> nn.Module:
    return list(model.children())[-1]


@torch.no_grad()
def probabilities_at(temperature: float, model: nn.Module, images: Tensor) -> Tensor:
    """Return softmax of the logits of images (N, C, H, W) divided by `temperature`, (N, classes)."""
    return torch.cat([(model(batch) / temperature).softmax(dim=1) for batch in images.split(1000)])


def initialised(name: str, seed: int) -> nn.Module:
    """Return the network `name` with random weights that depend only on `seed`."""
    with _GENERATOR_LOCK, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build(name)
