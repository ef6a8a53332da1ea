"""Training of a digit classifier, with progress after every batch."""

import math
from collections.abc import Generator
from dataclasses import dataclass
from threading import Lock

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from .data import Digits
from .models import build

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


def train(model: nn.Module, digits: Digits, epochs: int, seed: int, learning_rate: float = 1e-3) -> Generator[Progress]:
    """Train `model` in place with Adam on shuffled batches of 128, and yield the progress after each.

    The learning rate decreases to zero (cosine annealing). Training is deterministic: the same initial weights,
    digits, seed and number of threads give the same weights. The caller may stop the iteration early. The model
    is in training mode until the last batch, then in eval mode. Raises ValueError for less than one epoch.
    """
    if epochs < 1:
        raise ValueError(f"epochs is {epochs}; it must be at least 1.")
    shuffle = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    batches = math.ceil(len(digits) / BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs * batches)
    model.train()
    for epoch in range(1, epochs + 1):
        order = torch.randperm(len(digits), generator=shuffle)
        for batch, chosen in enumerate(order.split(BATCH_SIZE), start=1):
            loss = cross_entropy(model(digits.images[chosen]), digits.labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            yield Progress(epoch, epochs, batch, batches, loss.item())
    model.zero_grad()
    model.eval()


def initialised(name: str, seed: int) -> nn.Module:
    """Return the network `name` with random weights that depend only on `seed`."""
    with _GENERATOR_LOCK, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build(name)
