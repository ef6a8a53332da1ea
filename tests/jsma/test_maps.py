"""The saliency map of single pixels and of pixels with their best partner, against loops in exact fractions."""

from fractions import Fraction

import numpy as np
import pytest
import torch

import jsma
from jsma import Attack, Direction, best_pair, saliency_map
from tests.jsma.test_saliency import KINDS, gradients

DIRECTIONS = (Direction.INCREASE, Direction.DECREASE)
CASES = 70  # of each kind, size and direction: 9 * 9 * 2 * 70 = 11,340 in all


def score(alpha: float, beta: float, direction: Direction) -> float:
    """Return -alpha * beta where the signs are those of the direction, else 0."""
    if direction is Direction.DECREASE:
        alpha, beta = -alpha, -beta
    return -alpha * beta if alpha > 0 and beta < 0 else 0.0


def by_loops(a, b, domain, direction: Direction, partners: bool) -> np.ndarray:
    """Return the map of one image, (n,), by a loop over its pixels, and over all partners of each."""
    n, found = len(a), np.zeros(len(a))
    for i in range(n):
        if not partners:
            found[i] = score(a[i], b[i], direction) * domain[i]
            continue
        others = [j for j in range(n) if j != i and domain[i] and domain[j]]
        found[i] = max((score(a[i] + a[j], b[i] + b[j], direction) for j in others), default=0.0)
    return found


@pytest.mark.parametrize("partners", [False, True], ids=["single", "partners"])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_what_loops_find(kind, direction, partners):
    for n in (1, 2, 3, 5, 7, 8, 9, 12, 16):
        a, b, domain = gradients(kind, CASES, n, seed=n)
        found = saliency_map(*map(torch.from_numpy, (a, b, domain)), direction, partners)
        for image in range(CASES):
            np.testing.assert_array_equal(
                found[image], by_loops(a[image], b[image], domain[image], direction, partners)
            )


def test_by_hand_in_exact_fractions():
    a, b = torch.tensor([[3.0, 1, -1, 2]]), torch.tensor([[-0.5, 2, -4, -1]])
    domain = torch.ones_like(a, dtype=torch.bool)
    assert saliency_map(a, b, domain, Direction.INCREASE).tolist() == [[1.5, 0, 0, 2]]
    exact = {(0, 1): 0, (0, 2): 2 * Fraction(9, 2), (0, 3): 5 * Fraction(3, 2), (1, 2): 0, (1, 3): 0, (2, 3): 1 * 5}
    best = [max(float(value) for pair, value in exact.items() if i in pair) for i in range(4)]
    assert saliency_map(a, b, domain, Direction.INCREASE, partners=True).tolist() == [best]


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_in_every_step_of_an_attack_the_largest_value_is_the_score_of_the_best_pair_and_stands_at_both(uci, direction):
    image = uci.images[int(uci.of_class(7)[0])]
    steps = [step for step in Attack(direction=direction).steps(jsma.load_model(), image, 3) if step.pair]
    assert steps
    for step in steps:
        arguments = step.target_gradient[None], step.others_gradient[None], step.domain[None], direction
        values, pair = saliency_map(*arguments, partners=True)[0], best_pair(*arguments)
        assert values.max() == pytest.approx(float(pair.score), rel=1e-6)
        assert values[step.pair.first] == values[step.pair.second] == values.max()
        assert not values[~step.domain].any()


def test_tiny_derivatives_keep_their_values():
    a, b = torch.tensor([[2e-30, 1e-30]]), torch.tensor([[-3e-30, -1e-30]])  # float32, whose products underflow
    for partners, values in ((False, [6e-60, 1e-60]), (True, [12e-60, 12e-60])):
        found = saliency_map(a, b, a > 0, Direction.INCREASE, partners)
        np.testing.assert_allclose(found[0], values, rtol=1e-6)


def test_images_without_a_dominated_pixel_need_little_memory():
    a = torch.arange(1.0, 5001).repeat(2, 1)  # all of them are on the skyband: 50 million pairs in parts
    found = saliency_map(a, a - 5001, torch.ones_like(a, dtype=torch.bool), Direction.INCREASE, partners=True)
    i = torch.arange(1.0, 5001).double()
    middle = (5001 - i).clamp(1, 5000)  # a_j that makes alpha = 5001 = -beta, the largest product of the two
    other = torch.where(middle == i, middle + 1, middle)
    expected = (i + other) * (10002 - i - other)
    torch.testing.assert_close(found[0], expected)


@pytest.mark.parametrize(
    ("a", "direction", "says"),
    [
        (torch.zeros(3), Direction.INCREASE, "shape"),
        (torch.full((1, 3), torch.nan), Direction.INCREASE, "not finite"),
        (torch.zeros(1, 3), Direction.BOTH, "two signs"),
    ],
)
def test_what_cannot_be_is_told(a, direction, says):
    with pytest.raises(ValueError, match=says):
        saliency_map(a, a, torch.ones_like(a, dtype=torch.bool), direction)
