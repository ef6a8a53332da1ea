"""The gradient of a convolution over one channel, against torch's own."""

import pytest
import torch
from torch import nn

from jsma import Attack
from jsma.convolution import GreyConvolutions, _OverOneChannel

LAYERS = {
    "the tutorial's": {"kernel_size": 8, "stride": 2, "padding": 3},
    "LeNet's": {"kernel_size": 5},
    "uneven": {"kernel_size": (3, 5), "stride": (2, 1), "padding": (1, 2), "dilation": (2, 1)},
    "without a bias": {"kernel_size": 3, "bias": False},
    "same": {"kernel_size": 3, "padding": "same"},  # left to torch
    "larger than its use": {"kernel_size": 3, "stride": 4},  # some pixels count for nothing
}


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_outputs_are_the_same_and_gradients_agree(layer):
    torch.manual_seed(0)
    model = nn.Conv2d(1, 6, **layer, dtype=torch.float64)
    images = torch.rand(3, 1, 13, 14, dtype=torch.float64, requires_grad=True)
    plain = model(images)
    weights = torch.randn_like(plain)
    (expected,) = torch.autograd.grad(plain, images, weights)
    with GreyConvolutions():
        outputs = model(images)
    assert torch.equal(outputs, plain)
    for _ in range(2):  # two products from one forward pass, as the attack takes them
        (gradient,) = torch.autograd.grad(outputs, images, weights, retain_graph=True)
        torch.testing.assert_close(gradient, expected)


@pytest.mark.parametrize(("channels", "expected"), [(1, 5), (3, 0)])
def test_the_attack_uses_it_for_grey_images_alone(monkeypatch, channels, expected):
    used = []
    apply = _OverOneChannel.apply
    monkeypatch.setattr(_OverOneChannel, "apply", lambda *given: used.append(given) or apply(*given))
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(channels, 4, 3), nn.Flatten(), nn.Linear(4 * 36, 10))
    image = torch.rand(channels, 8, 8)
    steps = list(Attack(theta=0.1, gamma=0.13 / channels).steps(model, image, int(model(image[None]).argmin())))
    assert len(steps) == 5
    assert len(used) == expected
