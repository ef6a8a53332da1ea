"""Defences at the input: filters in front of a network, attacks through them, and detection by them.

Source: feature squeezing, Xu et al. 2018, arXiv 1704.01155. An attacker who knows the filter attacks both together,
which needs derivatives of the filter. Its exact ones may be of little use: those of rounding are 0. So the attacker may
keep the filter's values and take the derivatives of something similar instead: backward pass differentiable
approximation (BPDA), Athalye et al. 2018, arXiv 1802.00420. For rounding these are the derivatives of not rounding,
the straight-through estimator of Bengio et al. 2013, arXiv 1308.3432.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad, unfold

from .models import NETWORKS, load_model

FALSE_ALARMS = 0.05
"""The share of untouched images that a detector may take for attacks, as in Xu et al. 2018."""


class Derivative(Enum):
    """Which derivatives of a filter an attacker uses."""

    EXACT = "exact"
    """The filter's own."""

    SIMILAR = "similar"
    """Those of a similar smooth function, with the values of the filter (BPDA)."""


class Filter(nn.Module):
    """A filter of images (N, C, H, W) in [0, 1], to the same shape, with the derivatives that are asked for."""

    def __init__(self, derivative: Derivative = Derivative.SIMILAR) -> None:
        super().__init__()
        self.derivative = derivative

    def forward(self, images: Tensor) -> Tensor:
        """Return the filtered images."""
        if self.derivative is Derivative.EXACT:
            return self.filtered(images)
        return with_derivatives_of(self.similar(images), self.filtered(images.detach()))

    def filtered(self, images: Tensor) -> Tensor:
        """Return the filtered images, with the exact derivatives."""
        raise NotImplementedError

    def similar(self, images: Tensor) -> Tensor:
        """Return the similar smooth function of the images."""
        raise NotImplementedError


def with_derivatives_of(similar: Tensor, values: Tensor) -> Tensor:
    """Return `values`, with the derivatives of `similar`, of the same shape."""
    replaced: Tensor = _Replaced.apply(values, similar)  # type: ignore[no-untyped-call]
    return replaced


class _Replaced(torch.autograd.Function):
    """The first argument as a value, the second as the source of derivatives."""

    @staticmethod
    def forward(context: Any, values: Tensor, similar: Tensor) -> Tensor:
        return values.clone()

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[None, Tensor]:
        return None, gradient


class MedianFilter(Filter):
    """Replaces every pixel by the median of the 3 × 3 pixels around it; beyond the edge the edge is repeated.

    The exact derivative is 1 for the pixel that is the median, of equal ones the first, and 0 for the other eight; the
    similar function is the mean of the nine.
    """

    def filtered(self, images: Tensor) -> Tensor:
        """Return the median around every pixel, each channel by itself."""
        count, channels, height, width = images.shape
        windows = unfold(_with_edges(images), kernel_size=3).view(count, channels, 9, height * width)
        medians: Tensor = windows.median(dim=2).values
        return medians.view(count, channels, height, width)

    def similar(self, images: Tensor) -> Tensor:
        """Return the mean around every pixel, each channel by itself."""
        return avg_pool2d(_with_edges(images), kernel_size=3, stride=1)


def _with_edges(images: Tensor) -> Tensor:
    padded: Tensor = pad(images, (1, 1, 1, 1), mode="replicate")
    return padded


class BitDepth(Filter):
    """Rounds every value to the nearest of 2 ** bits equidistant ones from 0 to 1.

    The exact derivative is 0; the similar function is to leave the values as they are.
    """

    def __init__(self, bits: int, derivative: Derivative = Derivative.SIMILAR) -> None:
        super().__init__(derivative)
        if bits < 1:
            raise ValueError(f"bits is {bits}; it must be at least 1.")
        self.steps = 2**bits - 1

    def filtered(self, images: Tensor) -> Tensor:
        """Return the rounded images."""
        rounded: Tensor = (images * self.steps).round() / self.steps
        return rounded

    def similar(self, images: Tensor) -> Tensor:
        """Return the images."""
        return images


@dataclass(frozen=True)
class InputDefence:
    """A filter in front of a network: its name on screen, what it does, and a function that builds it."""

    label: str
    meaning: str
    layer: Callable[[Derivative], Filter]

    def before(self, model: nn.Module, derivative: Derivative = Derivative.SIMILAR) -> nn.Sequential:
        """Return `model`, which is not changed, behind this filter; it is in eval mode if the model is."""
        return nn.Sequential(self.layer(derivative), model).train(model.training)


DEFENCES = {
    "median": InputDefence(
        "Median filter 3 × 3",
        "Every pixel is replaced by the median of the 3 × 3 pixels around it, so that single bright or dark pixels "
        "vanish.",
        MedianFilter,
    ),
    "bits": InputDefence(
        "Bit depth 1",
        "Every pixel is rounded to black or white, so that small changes vanish. A pixel that the attack turned white "
        "stays white.",
        lambda derivative: BitDepth(1, derivative),
    ),
}
"""The table of all defences at the input, by the names that files use."""

PROTECTED = "lenet"
"""The network that all defences protect, so that they can be compared."""


def subjects() -> dict[str, str]:
    """Return what can be compared, by name: the undefended network, those trained to resist, and it behind each filter.

    The values are the names on screen.
    """
    trained = {name: entry.label for name, entry in NETWORKS.items() if entry.method.value.is_defence}
    behind = {f"{PROTECTED}-{name}": entry.label for name, entry in DEFENCES.items()}
    return {PROTECTED: "No defence"} | trained | behind


def load_subject(name: str, derivative: Derivative = Derivative.SIMILAR) -> nn.Sequential:
    """Return the model `name`, one of `subjects` or of `NETWORKS`, in eval mode. Raises what `load_model` raises."""
    behind = name.removeprefix(f"{PROTECTED}-")
    return DEFENCES[behind].before(load_model(PROTECTED), derivative) if behind in DEFENCES else load_model(name)


@torch.no_grad()
def disagreement(model: nn.Module, defended: nn.Module, images: Tensor) -> Tensor:
    """Return how far the probabilities of `model` and of `defended` differ for images (N, C, H, W): from 0 to 2, (N,).

    It is the sum of the absolute differences over all classes. Source: Xu et al. 2018.
    """
    plain, filtered = (each(images).softmax(dim=1) for each in (model, defended))
    distance: Tensor = (plain - filtered).abs().sum(dim=1)
    return distance


def threshold(untouched: Tensor, false_alarms: float = FALSE_ALARMS) -> float:
    """Return the smallest of `untouched` (N,), or 0, that at most a share `false_alarms` of them exceeds.

    untouched: the disagreements of images that nobody has attacked. An image is taken for an attack if its disagreement
    exceeds the threshold. Raises ValueError if there are no images.
    """
    if not len(untouched):
        raise ValueError("There are no untouched images to find the threshold from.")
    allowed = int(false_alarms * len(untouched) + 1e-9)
    return untouched.sort(descending=True).values[allowed].item() if allowed < len(untouched) else 0.0


def alarms(disagreements: Tensor, limit: float) -> float:
    """Return the share of `disagreements` (N,) that exceed the threshold `limit`; NaN if there are none."""
    return (disagreements > limit).double().mean().item()
