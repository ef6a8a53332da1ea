"""The table of ways to train a network: on the digits as they are, by distillation, and on attacks.

The last two are defences. Sources: distillation, Papernot et al. 2016, arXiv 1511.04508; training on attacks by the
fast gradient sign method (FGSM), Goodfellow et al. 2015, arXiv 1412.6572.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from .convolution import FasterGradients

TEMPERATURE = 100
"""The temperature T of distillation: in training, softmax is applied to the logits divided by T."""

EPSILON = 0.3
"""How far FGSM moves every pixel in training; the value that is usual for MNIST."""


def fgsm(model: nn.Module, images: Tensor, labels: Tensor, epsilon: float) -> Tensor:
    """Return images (N, C, H, W) in [0, 1], each pixel moved by `epsilon` in the direction that raises the loss.

    labels: (N,) int64. The model's parameters get no gradient. Source: Goodfellow et al. 2015, arXiv 1412.6572.
    """
    return (images + epsilon * loss_gradient(model, images, labels).sign()).clamp(0, 1)


def loss_gradient(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return the gradient of the mean loss by images (N, C, H, W), in their shape.

    labels: (N,) int64. The model's parameters get no gradient.
    """
    leaf = images.clone().requires_grad_()
    with FasterGradients():
        loss = cross_entropy(model(leaf), labels)
    (gradient,) = torch.autograd.grad(loss, leaf)
    return gradient


def _plain(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    return cross_entropy(model(images), labels)


def _at_temperature(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    return cross_entropy(model(images) / TEMPERATURE, labels)


def _on_attacks(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return the loss on the images, of which the first half is attacked for the network as it is now."""
    half = len(images) // 2
    attacked = fgsm(model, images[:half], labels[:half], EPSILON)
    return cross_entropy(model(torch.cat([attacked, images[half:]])), labels)


@dataclass(frozen=True)
class MethodEntry:
    """A way to train: its name on screen, what it does, and its loss.

    loss: of a model, images (N, C, H, W) and labels, either (N,) int64 or a probability for each class, (N, classes).
    with_teacher: whether a first network is trained with this loss and then gives the labels, as probabilities;
    is_defence: whether it is meant to make attacks harder; temperature: by what `loss` divides the logits.
    """

    label: str
    meaning: str
    loss: Callable[[nn.Module, Tensor, Tensor], Tensor]
    with_teacher: bool = False
    is_defence: bool = True
    temperature: float = 1

    def epochs(self, each: int) -> int:
        """Return how many epochs a training takes in which each network is trained for `each`."""
        return 2 * each if self.with_teacher else each


class TrainingMethod(Enum):
    """The table of all ways to train."""

    PLAIN = MethodEntry("plain", "On the digits as they are, each with its label.", _plain, is_defence=False)
    DISTILLED = MethodEntry(
        "distilled",
        f"Defensive distillation: a first network learns the labels, with its logits divided by T = {TEMPERATURE} "
        "before softmax. A second one of the same layers learns the probabilities that the first gives, at the same "
        "T. It is used at T = 1, so its logits are very large and its softmax is almost always 0 or 1.",
        _at_temperature,
        with_teacher=True,
        temperature=TEMPERATURE,
    )
    ADVERSARIAL = MethodEntry(
        "adversarial",
        f"Training on attacks: half of the digits of every batch are attacked by FGSM, which moves all pixels by "
        f"{EPSILON:g} in the direction that raises the loss; the network learns their labels all the same.",
        _on_attacks,
    )

    @property
    def label(self) -> str:
        """The name on screen."""
        return self.value.label

    @property
    def meaning(self) -> str:
        """What it does, in a sentence or two."""
        return self.value.meaning
