"""What a network makes of a whole data set, read once and remembered."""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from jsma import Digits
from pages.ui import resources
from pages.ui.cache import computed
from pages.ui.networks import Network
from pages.ui.scheduling import Proceed

PART = 250
"""How many digits are read before it is checked whether the visitor still waits."""

SECONDS_BETWEEN_REPORTS = 0.2


def outputs(data: str, network: Network, progress: Callable[[float], object] = lambda share: None) -> Tensor:
    """Return the logits of every digit of `data`, (N, 10).

    progress: called with the share that is read, now and then, only while it takes time. What has been
    read is remembered in parts, so that an interrupted reading continues from there.
    """
    digits = resources.digits(data)
    count = len(digits)
    reported, parts = time.monotonic(), []
    for start in range(0, count, PART):
        parts.append(computed(_part, digits, network, start, note="Reading the digits …"))
        if time.monotonic() - reported > SECONDS_BETWEEN_REPORTS:
            reported = time.monotonic()
            progress(min(start + PART, count) / count)
    return torch.from_numpy(np.concatenate(parts))


def confusion(labels: Tensor, reads: Tensor) -> Tensor:
    """Return how many digits of each class are read as each class, (10, 10) int64, a row a true class."""
    return (labels * 10 + reads).bincount(minlength=100).view(10, 10)


def largest_mistake(table: Tensor) -> tuple[int, int]:
    """Return the true and the read class that are mixed up most often in a confusion table."""
    return divmod(int(table.where(~torch.eye(10, dtype=torch.bool), -1).argmax()), 10)


def _part(digits: Digits, network: Network, start: int, _: Proceed) -> np.ndarray:
    images = digits.images[start : start + PART]
    with torch.no_grad():
        return network.module(images.to(memory_format=torch.channels_last)).numpy()  # quicker in this layout
