"""Faster gradients of convolutions by their images, where a processor's library is slow.

What torch uses there, oneDNN, takes longer than matrix products whose parts are added up where they
go, by far if the images are grey or the kernel covers the whole image, in most runs a little if it
moves in steps: `python -m benchmarks.cost` compares them, layer by layer.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad
from torch.nn.modules.utils import _pair
from torch.overrides import TorchFunctionMode

Two = tuple[int, int]
ByImages = Callable[[Tensor, Tensor, Two, Two, Two], Tensor]
"""Returns the gradient by the images from that by the outputs, the weight, the images' size, stride and padding."""

MANY_CHANNELS = 16
"""From how many channels on the products are wide enough to pay."""


class FasterGradients(TorchFunctionMode):
    """While this context is entered, convolutions on a processor have a faster gradient where there is one.

    For derivatives by the image only: the layer's own parameters get none. Outputs are unchanged to
    the bit, gradients up to rounding. Holds for the thread that enters it.
    """

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: object,
        arguments: Sequence[Any] = (),
        options: Mapping[str, Any] | None = None,
    ) -> Any:
        options = options or {}
        if function is conv2d:
            in_order = _in_order(*arguments, **options)
            gradient = _faster(*in_order)
            if gradient:
                return _Convolution.apply(gradient, *in_order[:-1])  # type: ignore[no-untyped-call]
        return function(*arguments, **options)


def _in_order(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Two = 1,
    padding: int | Two | str = 0,
    dilation: int | Two = 1,
    groups: int = 1,
) -> tuple[Any, ...]:
    """Return the arguments of a convolution, each of them, in torch's order."""
    padding = padding if isinstance(padding, str) else _pair(padding)
    return input, weight, bias, _pair(stride), padding, _pair(dilation), groups


def _faster(
    images: Tensor, weight: Tensor, bias: Tensor | None, stride: Two, padding: Two | str, dilation: Two, groups: int
) -> ByImages | None:
    """Return the faster gradient for this convolution, or None: then torch's own is as good."""
    here = images.ndim == 4 and images.requires_grad and images.device.type == "cpu"
    if not here or isinstance(padding, str) or dilation != (1, 1) or groups > 1:
        return None
    if images.shape[1] == 1:
        return _by_grey_images
    in_steps = stride[1] > 1
    covers = all(
        kernel >= size + 2 * edge
        for kernel, size, edge in zip(weight.shape[2:], images.shape[2:], padding, strict=True)
    )
    pays = images.shape[1] >= MANY_CHANNELS and (in_steps or covers)
    return _by_many_channels if pays else None


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,
        by_images: ByImages,
        images: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        stride: Two,
        padding: Two,
        dilation: Two,
    ) -> Tensor:
        context.save_for_backward(weight)
        context.by_images, context.size, context.place = by_images, images.shape[2:], (stride, padding)
        return conv2d(images, weight, bias, stride, padding, dilation)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (weight,) = context.saved_tensors
        return None, context.by_images(gradient, weight, context.size, *context.place), *[None] * 5


def _by_grey_images(gradient: Tensor, weight: Tensor, size: Two, stride: Two, padding: Two) -> Tensor:
    """Return the gradient (N, 1, *size): one product for all places of the kernel, its parts added up where they go."""
    (height, width), (count, _, down, across) = size, gradient.shape
    shares = (weight.flatten(1).T @ gradient.transpose(0, 1).flatten(1)).view(-1, count, down, across)
    padded = gradient.new_zeros(count, height + 2 * padding[0], width + 2 * padding[1])
    # In one call: threads that share a run wait for each other whenever they come back to Python.
    torch._foreach_add_(_windows(padded, (weight.shape[2], weight.shape[3]), stride, across), list(shares.unbind()))
    return padded[:, None, padding[0] : padding[0] + height, padding[1] : padding[1] + width]


def _by_many_channels(gradient: Tensor, weight: Tensor, size: Two, stride: Two, padding: Two) -> Tensor:
    """Return the gradient (N, C, *size): one product for each row of the kernel and each step along it.

    The columns of image and kernel are taken in groups as wide as a step, so that neighbouring outputs
    find theirs side by side.
    """
    (height, width), (count, outputs, _, across) = size, gradient.shape
    channels, step = weight.shape[1], stride[1] if across > 1 else weight.shape[3]
    in_kernel, in_image = -(-weight.shape[3] // step), -(-(width + 2 * padding[1]) // step)
    kernel = pad(weight, (0, in_kernel * step - weight.shape[3])).unflatten(3, (in_kernel, step))
    kernels = kernel.permute(2, 3, 0, 4, 1).flatten(3).flatten(0, 1)
    padded = gradient.new_zeros(count, height + 2 * padding[0], in_image, step * channels)
    by_place = gradient.permute(0, 2, 3, 1).reshape(-1, outputs)
    windows = _windows(padded, (weight.shape[2], in_kernel), (stride[0], 1), across)
    for window, part in zip(windows, kernels, strict=True):
        window.add_((by_place @ part).view(window.shape))
    images = padded.view(count, height + 2 * padding[0], in_image * step, channels).permute(0, 3, 1, 2)
    return images[:, :, padding[0] : padding[0] + height, padding[1] : padding[1] + width]


def _windows(images: Tensor, kernel: Two, stride: Two, across: int) -> list[Tensor]:
    """Return for each place of the kernel a view (N, down, across, ...) of what it sees of images (N, H, W, ...)."""
    places = images.unfold(1, kernel[0], stride[0]).unfold(2, kernel[1], stride[1])[:, :, :across]
    return [window for row in places.unbind(-2) for window in row.unbind(-1)]
