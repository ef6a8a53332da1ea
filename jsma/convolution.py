"""A faster gradient of a convolution over one channel, the first layer of a network that reads grey images.

What torch uses on a processor, oneDNN, is made for many channels: for one, seen here, its gradient by
the image takes two to four times as long as one matrix product whose parts are added up.
"""

from itertools import product

import torch
from torch import Tensor
from torch.nn.functional import conv2d
from torch.nn.modules.utils import _pair
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
        context.size, context.place = images.shape[2:], (_pair(stride), _pair(padding), _pair(dilation))
        return conv2d(images, weight, bias, stride, padding, dilation)

    @staticmethod
    def backward(context, gradient: Tensor) -> tuple:
        (weight,) = context.saved_tensors
        (height, width), (stride, padding, dilation) = context.size, context.place
        count, _, down, across = gradient.shape
        # What each place of the kernel gets of each place of the outputs, and where in the image it belongs.
        shares = (weight.flatten(1).T @ gradient.transpose(0, 1).flatten(1)).view(-1, count, down, across)
        padded = gradient.new_zeros(count, height + 2 * padding[0], width + 2 * padding[1])
        for share, (row, column) in zip(shares, product(*map(range, weight.shape[2:])), strict=True):
            rows = slice(row * dilation[0], row * dilation[0] + stride[0] * (down - 1) + 1, stride[0])
            columns = slice(column * dilation[1], column * dilation[1] + stride[1] * (across - 1) + 1, stride[1])
            padded[:, rows, columns] += share
        images = padded[:, None, padding[0] : padding[0] + height, padding[1] : padding[1] + width]
        return images, *[None] * 5
