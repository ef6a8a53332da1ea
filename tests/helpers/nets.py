"""A small network and images for it, on which every choice of an attack can be checked against a slow reference."""

import math

import torch
from torch import nn

SHAPE, CLASSES = (2, 2, 3), 4
"""Two channels of 2 x 3."""


def net(seed: int) -> nn.Sequential:
    """Return a network from (N, *SHAPE) to (N, CLASSES), in float64, sure of itself in places."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = nn.Flatten(), nn.Linear(math.prod(SHAPE), 8), nn.Tanh(), nn.Linear(8, CLASSES)
    model = nn.Sequential(*layers).double().eval()
    with torch.no_grad():
        model[3].weight *= 6
    return model


def pictures(count: int, seed: int) -> torch.Tensor:
    """Return random images, (count, *SHAPE) float64; a fifth of their features are 0."""
    random = torch.Generator().manual_seed(seed)
    images = torch.rand(count, *SHAPE, generator=random, dtype=torch.float64)
    return images.masked_fill(torch.rand(count, *SHAPE, generator=random) < 0.2, 0)
