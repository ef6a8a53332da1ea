"""The model under attack: any function from images to logits, checked once, and called in a layout that suits it."""

import warnings
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.modules.instancenorm import _InstanceNorm

from .convolution import FasterGradients

Model = nn.Module | Callable[[Tensor], Any]
"""Maps images (N, C, H, W) to logits (N, classes), each image independently of the others."""

MIN_VALUES_FOR_CHANNELS_LAST = 1 << 14
"""For batches of at least this many values channels-last is faster; measured: 1 to 24 images of 28 x 28, by network."""

ROUNDING_OF_LAYOUTS = 0.01
"""The largest relative difference between both layouts that counts as rounding; a wrong order of values gives 1."""

MAX_COPIES, MAX_VALUES_IN_COPIES = 64, 1 << 12
"""How often `Network.check` shows the model the same image: often if it is small, so that the check stays cheap."""


class Network(nn.Module):
    """A model as the attack calls it: whatever form the outputs have, it returns the logits, (N, classes).

    It is made anew for every attack, and remembers whether the model has been checked and which layout suits it.
    """

    model: Model

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model
        self.is_checked = False
        self.suits_channels_last: bool | None = None

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits (N, classes). Raises ValueError for other shapes and for values that are not finite."""
        with FasterGradients():
            answer = self.model(images)
        logits = _logits_in(answer)
        if logits.ndim != 2 or len(logits) != len(images) or logits.shape[1] < 2:
            raise ValueError(
                f"The model returned outputs of shape {tuple(logits.shape)} for {len(images)} images; "
                f"expected ({len(images)}, classes) with at least 2 classes."
            )
        if not logits.isfinite().all():
            raise ValueError("The model returned outputs that are not finite (NaN or infinity); check its weights.")
        return logits

    def check(self, images: Tensor) -> None:
        """Raise ValueError if an image has different outputs at different calls; warn if they are probabilities.

        The first of `images` (N, C, H, W) is shown with others and as many copies; later calls do nothing.
        """
        if self.is_checked or not len(images):
            return
        check_mode(self)
        copies = max(2, min(MAX_COPIES, MAX_VALUES_IN_COPIES // max(1, images[0].numel())))
        several = images[: min(copies, 8)]
        with torch.inference_mode(False):
            together = self(several.clone()).detach()
            alone = self(images[:1].repeat(copies, *[1] * (images.ndim - 1))).detach()
        difference = (alone - together[:1]).abs().max().item()
        if difference > torch.finfo(together.dtype).eps ** 0.5 * together[0].abs().max().item():
            raise ValueError(
                f"The model gives the same image different outputs: they differ by {difference:.2g}. Turn off what is "
                "random (such as dropout) or mixes the images of a batch (such as batch normalisation in training "
                "mode), usually by model.eval()."
            )
        self.is_checked = True
        if _are_probabilities(together):
            warnings.warn(
                "The model's outputs already are probabilities, and softmax will be applied to them once more: pass "
                "the model without its softmax layer, so that it returns logits.",
                stacklevel=2,
            )

    def fits_channels_last(self, images: Tensor) -> bool:
        """Return whether channels-last is faster for images like these, and leaves the model's results as they are.

        On a CPU, float32 convolutions are up to 1.4 times faster in channels-last. They take the memory format of their
        input, so the model is not changed. But the weights are converted at each call, which only pays for large
        batches; and a model may rely on the usual layout, as `view` does, which is tried once, on noise.
        """
        grid = images.ndim == 4 and images.device.type == "cpu" and images.dtype == torch.float32
        if not grid or images.numel() < MIN_VALUES_FOR_CHANNELS_LAST:
            return False
        if self.suits_channels_last is None:
            self.suits_channels_last = self._agrees_in_both_layouts(images)
        return self.suits_channels_last

    def _agrees_in_both_layouts(self, images: Tensor) -> bool:
        low, high = images.min(), images.max()
        shape, random = (2, *images.shape[1:]), torch.Generator().manual_seed(0)
        noise = low + (high - low if high > low else 1) * torch.rand(shape, generator=random, dtype=images.dtype)
        try:
            usual, other = (
                self._logits_and_gradient(noise, layout) for layout in (torch.contiguous_format, torch.channels_last)
            )
        except Exception:  # the model needs the usual layout, or other images than noise
            return False
        return all((a - b).norm() <= ROUNDING_OF_LAYOUTS * a.norm() for a, b in zip(usual, other, strict=True))

    def _logits_and_gradient(self, images: Tensor, layout: torch.memory_format) -> tuple[Tensor, Tensor]:
        """Return the logits and the gradient of a sum of them in which each class has another weight."""
        leaf, logits = self.call(images, layout)
        weights = torch.arange(1, logits.shape[1] + 1, dtype=logits.dtype)
        (gradient,) = torch.autograd.grad((weights * logits).sum(), leaf)
        return logits.detach(), gradient

    def call(self, images: Tensor, layout: torch.memory_format) -> tuple[Tensor, Tensor]:
        """Return a new leaf tensor with the values of `images` in this layout, and its logits with their graph."""
        with torch.inference_mode(False):
            leaf = torch.empty_like(images, memory_format=layout).copy_(images.detach()).requires_grad_()
            return leaf, self(leaf.clone())  # a copy, since the first layer may work in place


def network_of(model: Model) -> Network:
    """Return `model` as a Network; ValueError if it cannot be called, or not be differentiated."""
    if isinstance(model, Network):
        return model
    if not callable(model) or isinstance(model, type):
        found = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise ValueError(
            f"The model is {found}; it must be a torch.nn.Module or a function from images (N, C, H, W) to "
            "logits (N, classes)."
        )
    if isinstance(model, nn.Module) and any(t.is_inference() for t in chain(model.parameters(), model.buffers())):
        raise ValueError(
            "The model's weights were made inside torch.inference_mode(), so that it cannot be differentiated. "
            "Build or load the model outside of it."
        )
    return Network(model)


def forward(model: Model, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return a new leaf tensor with the values of `images`, (N, C, H, W), and the model's logits for it, (N, classes).

    images: as `like_parameters` returns them. Raises ValueError for a model in training mode with layers that
    behave differently in this mode, and for logits that are not finite or not of the shape (N, classes).
    """
    network = network_of(model)
    check_mode(network)
    if network.fits_channels_last(images):
        try:
            return network.call(images, torch.channels_last)
        except RuntimeError:  # at this batch size it needs the usual layout; else its own error is raised below
            network.suits_channels_last = False
    return network.call(images, torch.contiguous_format)


@torch.no_grad()
def logits_only(network: Network, images: Tensor) -> Tensor:
    """Return the logits (N, classes) for images (N, C, H, W), without their graph; errors as in `forward`."""
    if network.fits_channels_last(images):
        try:
            images_last = torch.empty_like(images, memory_format=torch.channels_last).copy_(images)
            return network.forward(images_last)
        except RuntimeError:  # as in forward
            network.suits_channels_last = False
    return network.forward(images)


def check_mode(model: nn.Module) -> None:
    """Raise ValueError if a layer in training mode makes outputs random, mixes images or changes the model."""
    for layer in model.modules():
        updates_statistics = isinstance(layer, _InstanceNorm) and layer.track_running_stats
        if layer.training and (updates_statistics or isinstance(layer, (_BatchNorm, _DropoutNd, nn.RReLU))):
            raise ValueError(
                f"The model is in training mode, where {type(layer).__name__} makes its outputs depend on "
                "more than the image. Call model.eval() first."
            )


def _logits_in(answer: object) -> Tensor:
    """Return the logits in what a model returned: a tensor, or its `logits`, or the only (N, classes) that it holds.

    Raises ValueError, with the code of a remedy, if it is not clear which values are the logits.
    """
    if isinstance(answer, Tensor):
        return answer
    by_name = answer if isinstance(answer, Mapping) else {}
    logits = by_name.get("logits", getattr(answer, "logits", None))
    if isinstance(logits, Tensor):
        return logits
    parts = list(by_name.values()) or (list(answer) if isinstance(answer, (tuple, list)) else [])
    tables = [part for part in parts if isinstance(part, Tensor) and part.ndim == 2]
    if len(tables) == 1:
        return tables[0]
    if by_name:
        found, pick = f"a dictionary of {', '.join(map(repr, by_name))}", f"[{next(iter(by_name))!r}]"
    else:
        found, pick = f"a {type(answer).__name__}", "[0]" if isinstance(answer, (tuple, list)) else ".logits"
    raise ValueError(
        f"The model returned {found}, in which it is not clear what the logits are. Pass a function that returns them "
        f"as one tensor (N, classes), such as lambda images: model(images){pick}."
    )


def _are_probabilities(outputs: Tensor) -> bool:
    """Return whether every row lies in [0, 1] and sums to 1; rows of only 0 and 1 may be logits, too."""
    rounding = torch.finfo(outputs.dtype).eps ** 0.5
    in_range = bool(((outputs >= 0) & (outputs <= 1 + rounding)).all())
    sums_to_one = bool(((outputs.double().sum(dim=1) - 1).abs() < rounding).all())
    return in_range and sums_to_one and not torch.equal(outputs, outputs.round())
