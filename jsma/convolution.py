"""A faster gradient of a convolution over one channel, the first layer of a network that reads grey images.

What torch uses on a processor, oneDNN, is made for many channels: for one, seen here, its gradient by
the image takes two to four times as long as one matrix product whose patches are added up.
"""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, fold
from torch.overrides import TorchFunctionMode


class GreyConvolutions(TorchFunctionMode):
    """While this context is entered, convolutions of grey images on a processor have the faster gradient.

    For derivatives by the image only: the layer's own parameters get none. Outputs are unchanged to
    the bit, gradients up to rounding. Holds for the thread that enters it.
    """

    def __torch_function__(self, function, types, arguments=(), options=None):
        options = options or {}
        if function is conv2d and _over_one_channel(*arguments, **options):
            return _OverOneChannel.apply(*_in_order(*arguments, **options))
        return function(*arguments, **options)


def _over_one_channel(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1) -> bool:
    grey = input.ndim == 4 and input.shape[1] == 1
    return grey and input.requires_grad and input.device.type == "cpu" and not isinstance(padding, str)


def _in_order(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1) -> tuple:
    return input, weight, bias, stride, padding, dilation


class _OverOneChannel(torch.autograd.Function):
    @staticmethod
    def forward(context, images: Tensor, weight: Tensor, bias: Tensor | None, stride, padding, dilation) -> Tensor:
        context.save_for_backward(weight)
        context.place = {"output_size": images.shape[2:], "stride": stride, "padding": padding, "dilation": dilation}
        return conv2d(images, weight, bias, stride, padding, dilation)

    @staticmethod
    def backward(context, gradient: Tensor) -> tuple:
        (weight,) = context.saved_tensors
        weights = weight.flatten(1).T.expand(len(gradient), -1, -1)
        patches = weights.bmm(gradient.flatten(2))  # (N, K * K, places of the kernel)
        return fold(patches, kernel_size=weight.shape[2:], **context.place), *[None] * 5
