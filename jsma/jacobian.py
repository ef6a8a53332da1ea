"""The forward derivative: how every output of a network moves with every pixel."""

from enum import Enum

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.modules.instancenorm import _InstanceNorm

WORTH_RELAYING = 1 << 14
"""From how many values in a batch on channels-last pays: seen at 1 to 24 images of 28 x 28, by network."""

MANY = 8
"""From how many images on a backward pass for all of them repays the call."""


class Output(Enum):
    """The layer whose outputs are differentiated."""

    LOGITS = "logits"
    """The scores before softmax: the paper's choice."""

    PROBABILITIES = "probabilities"
    """The shares of certainty after softmax; they add up to one, so their derivatives to zero."""

    def of(self, logits: Tensor) -> Tensor:
        """Return this output, (N, classes), computed from logits of the same shape and differentiable as they are."""
        with torch.enable_grad():
            return logits if self is Output.LOGITS else logits.softmax(dim=1)


def jacobian(model: nn.Module, images: Tensor, output: Output = Output.LOGITS) -> Tensor:
    """Return d outputs / d pixels, shape (N, classes, C, H, W), for images (N, C, H, W) in [0, 1].

    `model` maps images to logits (N, classes), one image independently of the others; it is used
    in the mode it is in and left as it was. Raises ValueError for images or outputs that do not
    fit (see `like_parameters` and `forward`). Source: the forward derivative of Papernot et al. 2016.
    """
    images = like_parameters(images, model)
    if len(images) >= MANY:
        return _class_by_class(model, images, output)
    return jacobian_of_classes(model, images, output, classes=forward(model, images[:1])[1].shape[1])


def jacobian_of_classes(model: nn.Module, images: Tensor, output: Output, classes: int) -> Tensor:
    """Return what `jacobian` does, for images as from `like_parameters` and a model known to have so many classes.

    One copy of each image a class, each differentiated for its own class: one backward pass in all.
    """
    copies, logits = forward(model, images.repeat_interleave(classes, dim=0))
    one_hots = torch.eye(classes, device=logits.device, dtype=logits.dtype).repeat(len(images), 1)
    rows = vector_jacobian(output.of(logits), copies, one_hots)
    return rows.view(len(images), classes, *images.shape[1:])


def _class_by_class(model: nn.Module, images: Tensor, output: Output) -> Tensor:
    """Return what `jacobian` does: each image goes through the network once, and back once a class."""
    leaf, logits = forward(model, images)
    outputs = output.of(logits)
    one_hots = torch.eye(outputs.shape[1], device=outputs.device, dtype=outputs.dtype)
    rows = [vector_jacobian(outputs, leaf, one_hot.expand_as(outputs)) for one_hot in one_hots]
    return torch.stack(rows, dim=1)


def vector_jacobian(outputs: Tensor, images: Tensor, weights: Tensor) -> Tensor:
    """Return d (weights · outputs) / d pixels, shaped like `images`: one backward pass, not one a class.

    outputs and weights: (N, classes); `outputs` must come from `images` with its graph kept.
    """
    with torch.enable_grad():
        weighted = (weights * outputs).sum()  # grad_outputs=weights is the same, but would import sympy, which is slow
    (gradient,) = torch.autograd.grad(weighted, images, retain_graph=True)
    return gradient


def forward(model: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return a fresh leaf holding `images` and the logits (N, classes) that `model` computes from it.

    images: as from `like_parameters`. Raises ValueError for a model in training mode whose layers
    then act otherwise, and for logits that are not (N, classes) or not finite.
    """
    _check_mode(model)
    # Convolutions in float32 run up to 1.4 times as fast on a processor when the channels lie innermost, and take
    # their layout from the image, so that the model need not be altered; but laying out the weights takes a while.
    pays = images.device.type == "cpu" and images.dtype == torch.float32 and images.numel() >= WORTH_RELAYING
    layout = torch.channels_last if pays else torch.preserve_format
    leaf = torch.empty_like(images, memory_format=layout).copy_(images.detach()).requires_grad_()
    with torch.enable_grad():
        logits = model(leaf.clone())  # a copy, since a first layer may work in place
    if logits.ndim != 2 or len(logits) != len(images) or logits.shape[1] < 2:
        raise ValueError(
            f"The model returned outputs of shape {tuple(logits.shape)} for {len(images)} images; "
            f"expected ({len(images)}, classes) with at least 2 classes."
        )
    if not logits.isfinite().all():
        raise ValueError("The model returned outputs that are not finite (NaN or infinity); check its weights.")
    return leaf, logits


def like_parameters(images: Tensor, model: nn.Module) -> Tensor:
    """Return `images` on the device and in the type of the model's parameters; see `check_images` for errors."""
    check_images(images)
    like = next(model.parameters(), images)
    return images.detach().to(device=like.device, dtype=like.dtype)


def check_images(images: Tensor) -> None:
    """Raise ValueError unless `images` is a floating-point (N, C, H, W) with values in [0, 1]."""
    if not isinstance(images, Tensor) or images.ndim != 4 or not images.is_floating_point():
        found = f"{images.dtype} {tuple(images.shape)}" if isinstance(images, Tensor) else type(images).__name__
        raise ValueError(f"images must be a floating-point tensor (N, C, H, W); found {found}.")
    if images.numel() and not (images.min() >= 0 and images.max() <= 1):  # also catches NaN
        raise ValueError(f"images must lie in [0, 1]; found {images.min():.4g} to {images.max():.4g}.")


def _check_mode(model: nn.Module) -> None:
    """Refuse a training mode that would make outputs random, mix the images or change the model."""
    for layer in model.modules():
        counts = isinstance(layer, _InstanceNorm) and layer.track_running_stats
        if layer.training and (counts or isinstance(layer, (_BatchNorm, _DropoutNd, nn.RReLU))):
            raise ValueError(
                f"The model is in training mode, where {type(layer).__name__} makes its outputs depend on "
                "more than the image. Call model.eval() first."
            )
