"""The Jacobian of a network: the derivative of every output with respect to every pixel."""

from enum import Enum

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.modules.instancenorm import _InstanceNorm

from .features import UNIT, Bounds, like_parameters, shapes_explained

MIN_VALUES_FOR_CHANNELS_LAST = 1 << 14
"""For batches of at least this many values channels-last is faster; measured: 1 to 24 images of 28 x 28, by network."""

MIN_IMAGES_FOR_CLASS_LOOP = 8
"""For at least this many images, one backward pass per class is faster than one pass over copies for all classes."""


class Output(Enum):
    """Which outputs of the network are differentiated."""

    LOGITS = "logits"
    """The scores before softmax: the paper's choice."""

    PROBABILITIES = "probabilities"
    """The values after softmax; they sum to one, so their derivatives sum to zero."""

    def of(self, logits: Tensor) -> Tensor:
        """Return this output, (N, classes), computed from logits (N, classes), with its autograd graph."""
        with torch.enable_grad():
            return logits if self is Output.LOGITS else logits.softmax(dim=1)


def jacobian(
    model: nn.Module,
    images: Tensor,
    output: Output = Output.LOGITS,
    *,
    bounds: Bounds = UNIT,
    changeable: Tensor | None = None,
) -> Tensor:
    """Return d outputs / d pixels, shape (N, classes, C, H, W), for images (N, C, H, W) in [0, 1].

    model: maps images to logits (N, classes), each image independently of the others; it is used in its
    current mode and not changed. output: which outputs are differentiated. Samples of any shape (N, *shape) are
    allowed; bounds and changeable say which values are valid, see `Attack.run`. Raises ValueError for invalid
    images or outputs (see `like_parameters` and `forward`). Source: the "forward derivative" of Papernot et
    al. 2016.
    """
    images = like_parameters(images, model, bounds, changeable)
    with shapes_explained(images):
        if len(images) >= MIN_IMAGES_FOR_CLASS_LOOP:
            return _class_by_class(model, images, output)
        return jacobian_of_classes(model, images, output, classes=forward(model, images[:1])[1].shape[1])


def jacobian_of_classes(model: nn.Module, images: Tensor, output: Output, classes: int) -> Tensor:
    """Return the same as `jacobian`, (N, classes, C, H, W), for images that `like_parameters` has returned.

    Each image is repeated once per class, and each copy is differentiated for its class: one backward pass.
    """
    copies, logits = forward(model, images.repeat_interleave(classes, dim=0))  # (N * classes, ...)
    one_hots = torch.eye(classes, device=logits.device, dtype=logits.dtype).repeat(len(images), 1)
    rows = vector_jacobian(output.of(logits), copies, one_hots)  # (N * classes, C, H, W)
    return rows.view(len(images), classes, *images.shape[1:])


def _class_by_class(model: nn.Module, images: Tensor, output: Output) -> Tensor:
    """Return the same as `jacobian`, (N, classes, C, H, W): one forward pass, and one backward pass per class."""
    leaf, logits = forward(model, images)
    outputs = output.of(logits)
    one_hots = torch.eye(outputs.shape[1], device=outputs.device, dtype=outputs.dtype)  # (classes, classes)
    rows = [vector_jacobian(outputs, leaf, one_hot.expand_as(outputs)) for one_hot in one_hots]
    return torch.stack(rows, dim=1)  # classes times (N, C, H, W) to (N, classes, C, H, W)


def vector_jacobian(outputs: Tensor, images: Tensor, weights: Tensor) -> Tensor:
    """Return d (weights · outputs) / d pixels, (N, C, H, W), in one backward pass for all classes.

    outputs, weights: (N, classes); `outputs` must be computed from `images`, (N, C, H, W), with their autograd graph.
    """
    with torch.enable_grad():
        weighted = (weights * outputs).sum()  # the same as grad_outputs=weights, which would import sympy (slow)
    (gradient,) = torch.autograd.grad(weighted, images, retain_graph=True)
    return gradient


def forward(model: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return a new leaf tensor with the values of `images`, (N, C, H, W), and the model's logits for it, (N, classes).

    images: as `like_parameters` returns them. Raises ValueError for a model in training mode with layers that
    behave differently in this mode, and for logits that are not finite or not of the shape (N, classes).
    """
    _check_mode(model)
    # On a CPU, float32 convolutions are up to 1.4 times faster in channels-last. They take the memory format of their
    # input, so the model is not changed. But the weights are converted at each call, which only pays for large batches.
    large = images.ndim == 4 and images.numel() >= MIN_VALUES_FOR_CHANNELS_LAST
    faster = images.device.type == "cpu" and images.dtype == torch.float32 and large
    layout = torch.channels_last if faster else torch.preserve_format
    leaf = torch.empty_like(images, memory_format=layout).copy_(images.detach()).requires_grad_()
    with torch.enable_grad():
        logits = model(leaf.clone())  # a copy, since the first layer may work in place
    if logits.ndim != 2 or len(logits) != len(images) or logits.shape[1] < 2:
        raise ValueError(
            f"The model returned outputs of shape {tuple(logits.shape)} for {len(images)} images; "
            f"expected ({len(images)}, classes) with at least 2 classes."
        )
    if not logits.isfinite().all():
        raise ValueError("The model returned outputs that are not finite (NaN or infinity); check its weights.")
    return leaf, logits


def _check_mode(model: nn.Module) -> None:
    """Raise ValueError if a layer in training mode makes outputs random, mixes images or changes the model."""
    for layer in model.modules():
        updates_statistics = isinstance(layer, _InstanceNorm) and layer.track_running_stats
        if layer.training and (updates_statistics or isinstance(layer, (_BatchNorm, _DropoutNd, nn.RReLU))):
            raise ValueError(
                f"The model is in training mode, where {type(layer).__name__} makes its outputs depend on "
                "more than the image. Call model.eval() first."
            )
