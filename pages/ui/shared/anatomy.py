"""A network taken apart: its layers, what each gives for one digit, and how its parameters are counted."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pages.ui.formatting import size


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer, the `number`-th that the digit passes: what it does, its parameters, and its `output` for the digit.

    output: without the batch, (C, H, W) or (n,). counted: how the number of parameters comes about.
    """

    number: int
    kind: str
    does: str
    counted: str
    parameters: int
    output: Tensor

    @property
    def shape(self) -> str:
        """The shape of the output in words that stay on one line, such as 64 × 14 × 14."""
        return size(self.output.shape)


@torch.no_grad()
def dissect(module: nn.Module, image: Tensor) -> list[Layer]:
    """Return the layers that image (1, H, W) passes on its way through `module`, in order.

    A copy of the network is watched, so that `module`, which others use at the same time, stays as it is.
    """
    watched, layers = copy.deepcopy(module), list[Layer]()

    def note(layer: nn.Module, _, output: Tensor) -> None:
        kind, does, counted = _describe(layer)
        parameters = sum(values.numel() for values in layer.parameters())
        layers.append(Layer(len(layers) + 1, kind, does, counted, parameters, output[0].clone()))

    for layer in watched.modules():
        if not list(layer.children()):
            layer.register_forward_hook(note)
    watched(image[None])
    return layers


def filters(module: nn.Module) -> Tensor:
    """Return the weights of the first convolution over grey pixels, (filters, height, width)."""
    first = next(layer for layer in module.modules() if isinstance(layer, nn.Conv2d))
    return first.weight.detach()[:, 0]


def as_maps(output: Tensor) -> Tensor:
    """Return an output as maps (K, H, W); a plain row of values becomes maps of one pixel each."""
    return output if output.ndim == 3 else output.reshape(-1, 1, 1)


def _describe(layer: nn.Module) -> tuple[str, str, str]:
    describe = _DESCRIPTIONS.get(type(layer))
    return describe(layer) if describe else (type(layer).__name__, "", "")


def _convolution(layer: nn.Conv2d) -> tuple[str, str, str]:
    height, width = layer.kernel_size
    step = f", moved in steps of {layer.stride[0]}" if layer.stride[0] > 1 else ""
    edge = f", with {layer.padding[0]} rows of black around the picture" if layer.padding[0] else ""
    does = f"{layer.out_channels} filters of {height} × {width} look at every place{step}{edge}"
    return "Convolution", does, f"{layer.out_channels} × ({layer.in_channels} × {height} × {width} + 1)"


def _linear(layer: nn.Linear) -> tuple[str, str, str]:
    does = f"{layer.out_features} weighted sums of all {layer.in_features} values"
    return "Fully connected", does, f"{layer.out_features} × ({layer.in_features} + 1)"


def _pooling(layer: nn.MaxPool2d) -> tuple[str, str, str]:
    return "Max pooling", f"of every {layer.kernel_size} × {layer.kernel_size} values keeps the largest", ""


_DESCRIPTIONS: dict[type, Callable] = {
    nn.Conv2d: _convolution,
    nn.Linear: _linear,
    nn.MaxPool2d: _pooling,
    nn.ReLU: lambda _: ("ReLU", "keeps what is above 0, turns the rest into 0", ""),
    nn.Flatten: lambda _: ("Flatten", "puts all values into one row", ""),
}
