"""Faster gradients of convolutions with respect to their input, for the cases where PyTorch is slow on a CPU.

PyTorch uses oneDNN there. A matrix product followed by a scatter-add (as in col2im) is much faster for
grey images and for kernels that cover the whole image, and usually a little faster for strides above 1.
`python -m benchmarks.cost` compares both for every layer.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad
from torch.nn.modules.utils import _pair
from torch.overrides import TorchFunctionMode

Two = tuple[int, int]
InputGradient = Callable[[Tensor, Tensor, Two, Two, Two], Tensor]
"""Returns the gradient by the input, given the gradient by the output, the weight, input size, stride and padding."""

MIN_CHANNELS = 16
"""With fewer input channels the matrix products are too narrow to be faster."""


class FasterGradients(TorchFunctionMode):
    """A context in which convolutions on a CPU use the faster gradient, if this module has one for them.

    Only derivatives with respect to the input are computed; weight and bias get none. Outputs are identical to
    the bit, gradients differ by rounding. It applies to the current thread.
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
            positional = _positional(*arguments, **options)
            gradient = _faster(*positional)
            if gradient:
                return _Convolution.apply(gradient, *positional[:-1])  # type: ignore[no-untyped-call]
        return function(*arguments, **options)


def _positional(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Two = 1,
    padding: int | Two | str = 0,
    dilation: int | Two = 1,
    groups: int = 1,
) -> tuple[Any, ...]:
    """Return all arguments of conv2d as a tuple, in PyTorch's order, with sizes as pairs."""
    padding = padding if isinstance(padding, str) else _pair(padding)
    return input, weight, bias, _pair(stride), padding, _pair(dilation), groups


def _faster(
    images: Tensor, weight: Tensor, bias: Tensor | None, stride: Two, padding: Two | str, dilation: Two, groups: int
) -> InputGradient | None:
    """Return the faster gradient for this convolution, or None if PyTorch's own is as fast."""
    applies = images.ndim == 4 and images.requires_grad and images.device.type == "cpu"
    if not applies or isinstance(padding, str) or dilation != (1, 1) or groups > 1:
        return None
    if images.shape[1] == 1:
        return _by_grey_images
    strided = stride[1] > 1
    covers = all(
        kernel >= size + 2 * edge
        for kernel, size, edge in zip(weight.shape[2:], images.shape[2:], padding, strict=True)
    )
    faster = images.shape[1] >= MIN_CHANNELS and (strided or covers)
    return _by_many_channels if faster else None


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,
        input_gradient: InputGradient,
        images: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        stride: Two,
        padding: Two,
        dilation: Two,
    ) -> Tensor:
        context.save_for_backward(weight)
        context.input_gradient, context.size, context.geometry = input_gradient, images.shape[2:], (stride, padding)
        return conv2d(images, weight, bias, stride, padding, dilation)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (weight,) = context.saved_tensors
        return None, context.input_gradient(gradient, weight, context.size, *context.geometry), *[None] * 5


def _by_grey_images(gradient: Tensor, weight: Tensor, size: Two, stride: Two, padding: Two) -> Tensor:
    """Return the gradient by the input, (N, 1, *size): one matrix product, then a scatter-add per kernel element."""
    (height, width), (count, _, down, across) = size, gradient.shape
    products = weight.flatten(1).T @ gradient.transpose(0, 1).flatten(1)  # (kernel elements, N * down * across)
    padded = gradient.new_zeros(count, height + 2 * padding[0], width + 2 * padding[1])
    windows = _windows(padded, (weight.shape[2], weight.shape[3]), stride, across)
    # One call for all kernel elements: each return to Python waits for the GIL, which the threads of a run share.
    torch._foreach_add_(windows, list(products.view(-1, count, down, across).unbind()))
    return padded[:, None, padding[0] : padding[0] + height, padding[1] : padding[1] + width]


def _by_many_channels(gradient: Tensor, weight: Tensor, size: Two, stride: Two, padding: Two) -> Tensor:
    """Return the gradient by the input, (N, C, *size): one matrix product per kernel row and group of kernel columns.

    A group is as many adjacent columns as the stride, so that the inputs of neighbouring outputs are contiguous.
    """
    (height, width), (count, outputs, _, across) = size, gradient.shape
    channels, group = weight.shape[1], stride[1] if across > 1 else weight.shape[3]
    in_kernel, in_image = -(-weight.shape[3] // group), -(-(width + 2 * padding[1]) // group)  # groups, rounded up
    kernel = pad(weight, (0, in_kernel * group - weight.shape[3])).unflatten(3, (in_kernel, group))
    kernels = kernel.permute(2, 3, 0, 4, 1).flatten(3).flatten(0, 1)
    padded = gradient.new_zeros(count, height + 2 * padding[0], in_image, group * channels)
    by_position = gradient.permute(0, 2, 3, 1).reshape(-1, outputs)  # (N * down * across, outputs)
    windows = _windows(padded, (weight.shape[2], in_kernel), (stride[0], 1), across)
    for window, part in zip(windows, kernels, strict=True):
        window.add_((by_position @ part).view(window.shape))
    images = padded.view(count, height + 2 * padding[0], in_image * group, channels).permute(0, 3, 1, 2)
    return images[:, :, padding[0] : padding[0] + height, padding[1] : padding[1] + width]


def _windows(images: Tensor, kernel: Two, stride: Two, across: int) -> list[Tensor]:
    """Return one view (N, down, across, ...) per kernel element: the values of images (N, H, W, ...) it multiplies."""
    windows = images.unfold(1, kernel[0], stride[0]).unfold(2, kernel[1], stride[1])[:, :, :across]
    return [window for row in windows.unbind(-2) for window in row.unbind(-1)]
