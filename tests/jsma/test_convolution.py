"""The faster gradients of convolutions, against torch's own."""

import pytest
import torch
from torch import nn

from jsma import Attack
from jsma.convolution import (
    MAX_IMAGES_TO_FOLD,
    FasterGradients,
    _by_covering_kernel,
    _by_folding,
    _by_kernel_elements,
    _Convolution,
)

LAYERS = {
    "the tutorial's first": (1, {"kernel_size": 8, "stride": 2, "padding": 3}),
    "as large as the image": (32, {"kernel_size": (13, 14)}),
    "as large as the padded image": (32, {"kernel_size": (15, 18), "padding": (1, 2)}),
    "as large as the grey image": (1, {"kernel_size": (13, 14), "stride": 2}),
    "LeNet's first": (1, {"kernel_size": 5}),
    "uneven, grey": (1, {"kernel_size": (3, 5), "stride": (2, 1), "padding": (1, 2)}),
    "uneven, in colour": (3, {"kernel_size": (5, 3), "stride": (1, 2), "padding": (1, 2)}),
    "no multiple of its step": (4, {"kernel_size": 7, "stride": 3, "padding": 3}),
    "without a bias": (1, {"kernel_size": 3, "bias": False}),
    "larger steps than it is, grey": (1, {"kernel_size": 3, "stride": 4}),  # some pixels count for nothing
    "larger steps than it is": (2, {"kernel_size": 1, "stride": (2, 3)}),
    "left to torch: LeNet's second": (20, {"kernel_size": 5}),
    "left to torch: the tutorial's second": (64, {"kernel_size": 6, "stride": 2}),
    "left to torch: same": (1, {"kernel_size": 3, "padding": "same"}),
    "left to torch: dilated": (1, {"kernel_size": 3, "dilation": (2, 1)}),
    "left to torch: in groups": (32, {"kernel_size": 3, "stride": 2, "groups": 2}),
}


@pytest.fixture
def used(monkeypatch):
    """Which of the faster gradients were used."""
    used, apply = [], _Convolution.apply
    monkeypatch.setattr(_Convolution, "apply", lambda *given: used.append(given[0]) or apply(*given))
    return used


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=["rows", "channels last"])
@pytest.mark.parametrize("count", [3, MAX_IMAGES_TO_FOLD + 1])
@pytest.mark.parametrize("name", LAYERS)
def test_outputs_are_the_same_and_gradients_agree(name, count, layout, used):
    torch.manual_seed(0)
    channels, settings = LAYERS[name]
    model = nn.Conv2d(channels, 6, **settings, dtype=torch.float64)
    images = torch.rand(count, channels, 13, 14, dtype=torch.float64).to(memory_format=layout).requires_grad_()
    plain = model(images)
    weights = torch.randn_like(plain)
    (expected,) = torch.autograd.grad(plain, images, weights)
    with FasterGradients():
        outputs = model(images)
    by_scatter_add = _by_folding if count == 3 else _by_kernel_elements
    ours = _by_covering_kernel if name.startswith("as large as") else by_scatter_add
    assert used == ([] if "left to torch" in name else [ours])
    assert torch.equal(outputs, plain)
    for _ in range(2):  # two products from one forward pass, as the attack takes them
        (gradient,) = torch.autograd.grad(outputs, images, weights, retain_graph=True)
        torch.testing.assert_close(gradient, expected)


@pytest.mark.parametrize(("count", "first"), [(1, _by_folding), (9, _by_kernel_elements)])
def test_an_attack_uses_them_in_every_iteration(used, count, first):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 16, 3), nn.Conv2d(16, 4, 6), nn.Flatten(), nn.Linear(4, 10))
    images = torch.rand(count, 1, 8, 8)
    turns = []
    Attack(theta=0.1, gamma=0.13).run(model, images, model(images).argmin(dim=1), progress=lambda *_: turns.append(1))
    assert used[-2 * len(turns) :] == [first, _by_covering_kernel] * len(turns)
