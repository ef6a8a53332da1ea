"""How often the attack succeeds, and what it costs."""

from collections import Counter
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .attack import Attack, Result, Stop
from .data import Digits
from .jacobian import like_parameters


@torch.no_grad()
def accuracy(model: nn.Module, digits: Digits, batch_size: int = 1000) -> float:
    """Return the share of `digits` that `model` reads as their label, from 0 to 1."""
    batches = zip(digits.images.split(batch_size), digits.labels.split(batch_size), strict=True)
    return sum(
        (model(like_parameters(images, model)).argmax(1).cpu() == labels).sum().item() for images, labels in batches
    ) / len(digits)


@dataclass(frozen=True, eq=False)
class Report:
    """What came of attacking every digit towards every other class.

    sources and targets: (N,) int64, label and target of each attack; result: how each ended.
    Distortion is the share of features changed, from 0 to 1; every mean divides by the number of
    attacks it names.
    """

    attack: Attack
    sources: Tensor
    targets: Tensor
    result: Result

    @property
    def success_rate(self) -> float:
        """The share of all attacks that reached their target."""
        return self.result.success.double().mean().item()

    @property
    def distortion(self) -> Tensor:
        """The share of features that each attack changed, (N,) float64."""
        return self.result.changed.double() / self.result.images[0].numel()

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


def evaluate(model: nn.Module, digits: Digits, attack: Attack, classes: int = 10) -> Report:
    """Attack every digit towards every class but its label, and return a Report of (classes - 1) * N attacks.

    Raises ValueError when there are no digits, and as `Attack.run` does.
    """
    if not len(digits):
        raise ValueError("There are no digits to attack.")
    sources = digits.labels.repeat_interleave(classes - 1)
    step_away = torch.arange(1, classes).repeat(len(digits))
    targets = (sources + step_away) % classes
    images = digits.images.repeat_interleave(classes - 1, dim=0)
    return Report(attack, sources, targets, attack.run(model, images, targets))
