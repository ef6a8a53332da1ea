"""Faster gradients of convolutions with respect to their input, for the cases where PyTorch is slow on a CPU.

PyTorch uses oneDNN there. A matrix product is much faster for kernels that cover the whole image, and one followed
by a scatter-add (as in col2im) for images of few channels, as in most first layers. `python -m benchmarks.cost`
compares both for every layer.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, fold
from torch.nn.modules.utils import _pair
from torch.overrides import TorchFunctionMode

Two = tuple[int, int]
InputGradient = Callable[[Tensor, Tensor, Two, Two, Two], Tensor]
"""Returns the gradient by the input, given the gradient by the output, the weight, input size, stride and padding."""

MAX_CHANNELS = 4
"""The most input channels, those of grey and colour images, with which the scatter-add is faster."""

MAX_IMAGES_TO_FOLD = 8
"""Up to so many images torch's own scatter-add, `fold`, is faster than one for each kernel element."""


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
    covers = all(
        kernel == size + 2 * edge
        for kernel, size, edge in zip(weight.shape[2:], images.shape[2:], padding, strict=True)
    )
    if covers:
        return _by_covering_kernel
    if images.shape[1] > MAX_CHANNELS:
        return None
    return _by_folding if len(images) <= MAX_IMAGES_TO_FOLD else _by_kernel_elements


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


def _by_covering_kernel(gradient: Tensor, weight: Tensor, size: Two, stride: Two, padding: Two) -> Tensor:
    """Return the gradient by the input, (N, C, *size), for a kernel as large as the padded image: a linear layer."""
    (height, width), (down, across) = size, padding
    padded = (gradient.flatten(1) @ weight.flatten(1)).view(len(gradient), *weight.shape[1:])
    return padded[:, :, down : down + height, across : across + width]


def _by_folding(gradient: Tensor, weight: Tensor, size: Two, stride: Two, padding: Two) -> Tensor:
    """Return the gradient by the input, (N, C, *size): one matrix product per image, then a scatter-add."""
    kernels = weight.flatten(1).T.expand(len(gradient), -1, -1)  # (N, C * kernel elements, outputs)
    windows = kernels.bmm(gradient.flatten(2))  # (N, C * kernel elements, down * across)
    return fold(windows, size, weight.shape[2:], padding=padding, stride=stride)


def _by_kernel_elements(gradient: Tensor, weight: Tensor, size: Two, stride: Two, padding: Two) -> Tensor:
    """Return the gradient by the input, (N, C, *size): one matrix product, then a scatter-add per kernel element."""
    (height, width), (count, _, down, across), (_, channels, *kernel) = size, gradient.shape, weight.shape
    products = weight.flatten(1).T @ gradient.transpose(0, 1).flatten(1)  # (C * kernel elements, N * down * across)
    padded = gradient.new_zeros(count, channels, height + 2 * padding[0], width + 2 * padding[1])
    windows = padded.transpose(0, 1).unfold(2, kernel[0], stride[0]).unfold(3, kernel[1], stride[1])
    by_element = [window for row in windows.unbind(4) for window in row.unbind(4)]  # (C, N, down, across) each
    # One call for all kernel elements: each return to Python waits for the GIL, which the threads of a run share.
    torch._foreach_add_(by_element, products.view(channels, -1, count, down, across).unbind(1))
    return padded[:, :, padding[0] : padding[0] + height, padding[1] : padding[1] + width]
