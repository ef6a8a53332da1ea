"""The Jacobian of a network: the derivative of every output with respect to every pixel."""

from enum import Enum

import torch
from torch import Tensor

from .features import UNIT, Bounds, like_parameters, shapes_explained
from .network import Model, forward, network_of

MIN_IMAGES_FOR_CLASS_LOOP = 8
"""For at least this many images, one backward pass per class is faster than one pass over copies for all classes."""

MAX_VALUES_IN_COPIES, MAX_VALUES_IN_BATCH = 1 << 16, 1 << 17
"""More values in copies for all classes, or in one pass, would need more memory than the Jacobian itself."""


class Output(Enum):
    """Which outputs of the network are differentiated."""

    LOGITS = "logits"
    """The scores before softmax: the paper's choice."""

    PROBABILITIES = "probabilities"
    """The values after softmax; they sum to one, so their derivatives sum to zero."""

    def of(self, logits: Tensor) -> Tensor:
        """Return this output, (N, classes), computed from logits (N, classes), with its autograd graph."""
        with torch.inference_mode(False):  # which also enables gradients
            return logits if self is Output.LOGITS else logits.softmax(dim=1)


def jacobian(
    model: Model,
    images: Tensor,
    output: Output = Output.LOGITS,
    *,
    bounds: Bounds = UNIT,
    changeable: Tensor | None = None,
) -> Tensor:
    """Return d outputs / d pixels, shape (N, classes, C, H, W), for images (N, C, H, W) in [0, 1].

    model: maps images to logits (N, classes), each image independently of the others; it is used in its
    current mode and not changed. output: which outputs are differentiated. Samples of any shape (N, *shape) are
    allowed; bounds and changeable say which values are valid, see `Attack.run`. Besides the result, it needs the memory
    of one pass over MAX_VALUES_IN_BATCH values, or one image. Raises ValueError for images and models as `Attack.run`
    does, and for a model that cannot be differentiated. Source: the "forward derivative" of Papernot et al. 2016.
    """
    model = network_of(model)
    images = like_parameters(images, model, bounds, changeable)
    with shapes_explained(images):
        model.check(images)
        return jacobian_of(model, images, output, classes=forward(model, images[:1])[1].shape[1])


def jacobian_of(model: Model, images: Tensor, output: Output, classes: int) -> Tensor:
    """Return the same as `jacobian`, (N, classes, C, H, W), for images that `like_parameters` has returned."""
    if len(images) < MIN_IMAGES_FOR_CLASS_LOOP and images.numel() * classes <= MAX_VALUES_IN_COPIES:
        return jacobian_of_classes(model, images, output, classes)
    result = images.new_empty(len(images), classes, *images.shape[1:])
    at_once = max(1, MAX_VALUES_IN_BATCH // max(1, images[0].numel()))
    for batch, rows in zip(images.split(at_once), result.split(at_once), strict=True):
        _class_by_class(model, batch, output, rows)
    return result


def jacobian_of_classes(model: Model, images: Tensor, output: Output, classes: int) -> Tensor:
    """Return the Jacobian (N, classes, C, H, W) of few and small images in one backward pass.

    Each image is repeated once per class, and each copy is differentiated for its class.
    """
    copies, logits = forward(model, images.repeat_interleave(classes, dim=0))  # (N * classes, ...)
    one_hots = torch.eye(classes, device=logits.device, dtype=logits.dtype).repeat(len(images), 1)
    rows = vector_jacobian(output.of(logits), copies, one_hots)  # (N * classes, C, H, W)
    return rows.view(len(images), classes, *images.shape[1:])


def _class_by_class(model: Model, images: Tensor, output: Output, result: Tensor) -> None:
    """Write the Jacobian into `result`, (N, classes, C, H, W): one forward pass, and one backward pass per class."""
    leaf, logits = forward(model, images)
    outputs = output.of(logits)
    one_hots = torch.eye(outputs.shape[1], device=outputs.device, dtype=outputs.dtype)  # (classes, classes)
    for k, one_hot in enumerate(one_hots):
        result[:, k] = vector_jacobian(outputs, leaf, one_hot.expand_as(outputs))


def vector_jacobian(outputs: Tensor, images: Tensor, weights: Tensor) -> Tensor:
    """Return d (weights · outputs) / d pixels, (N, C, H, W), in one backward pass for all classes.

    outputs, weights: (N, classes); `outputs` must be computed from `images`, (N, C, H, W), with their autograd graph.
    Raises ValueError if they were not computed by differentiable operations.
    """
    gradient = None
    if outputs.requires_grad:
        with torch.inference_mode(False):  # which also enables gradients
            weights = weights.clone() if weights.is_inference() else weights
            weighted = (weights * outputs).sum()  # the same as grad_outputs=weights, which would import sympy (slow)
            (gradient,) = torch.autograd.grad(weighted, images, retain_graph=True, allow_unused=True)
    if gradient is None:
        raise ValueError(
            "The model cannot be differentiated by its input; remove torch.no_grad(), detach() or comparisons such as "
            "images > 0.5 from it."
        )
    return gradient
