"""Defences at the input: filters in front of a network, attacks through them, and detection by them.

Source: feature squeezing, Xu et al. 2018, arXiv 1704.01155. An attacker who knows the filter attacks both together, which
needs derivatives of the filter:

    MedianFilter  has its own: a median passes the derivative on to the pixel that is the median
    BitDepth      has none that help, since it is constant between its steps: it passes derivatives on unchanged, as
                  if it were not there (the straight-through estimator of Bengio et al. 2013, arXiv 1308.3432; against
                  defences: BPDA, Athalye et al. 2018, arXiv 1802.00420)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, unfold

FALSE_ALARMS = 0.05
"""The share of untouched images that a detector may take for attacks, as in Xu et al. 2018."""


class MedianFilter(nn.Module):
    """Replaces every pixel by the median of the 3 × 3 pixels around it; beyond the edge the edge is repeated.

    (N, C, H, W) to the same shape, each channel by itself. The derivative is that of the chosen pixel.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Return the filtered images."""
        count, channels, height, width = images.shape
        windows = unfold(pad(images, (1, 1, 1, 1), mode="replicate"), kernel_size=3)  # (N, 9 C, H * W)
        medians = windows.view(count, channels, 9, height * width).median(dim=2).values
        return medians.view(count, channels, height, width)


class BitDepth(nn.Module):
    """Rounds values in [0, 1] to the nearest of 2 ** bits equidistant ones; derivatives pass unchanged."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        if bits < 1:
            raise ValueError(f"bits is {bits}; it must be at least 1.")
        self.bits = bits

    def forward(self, images: Tensor) -> Tensor:
        """Return the rounded images."""
        rounded: Tensor = _Rounded.apply(images, 2**self.bits - 1)  # type: ignore[no-untyped-call]
        return rounded


class _Rounded(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, images: Tensor, steps: int) -> Tensor:
        return (images * steps).round() / steps

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


@dataclass(frozen=True)
class InputDefence:
    """A filter in front of a network: its name on screen, what it does, and a function that builds it."""

    label: str
    meaning: str
    layer: Callable[[], nn.Module]

    def before(self, model: nn.Module) -> nn.Sequential:
        """Return `model`, which is not changed, behind this filter; it is in eval mode if the model is."""
        return nn.Sequential(self.layer(), model).train(model.training)


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
        lambda: BitDepth(1),
    ),
}
"""The table of all defences at the input, by the names that files use."""


@torch.no_grad()
def disagreement(model: nn.Module, layer: nn.Module, images: Tensor) -> Tensor:
    """Return how far the probabilities move when `layer` filters the images (N, C, H, W): from 0 to 2, (N,).

    It is the sum of the absolute differences over all classes. Source: Xu et al. 2018.
    """
    plain, filtered = (model(each).softmax(dim=1) for each in (images, layer(images)))
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
