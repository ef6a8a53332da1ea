"""Defences at the input: filters against scipy, derivatives against differences, detection on made cases."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import median_filter, uniform_filter
from torch import nn

from jsma import Attack, Output, Stop, evaluate, jacobian, load_model
from jsma.defences import DEFENCES, BitDepth, Derivative, MedianFilter, alarms, disagreement, threshold


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("shape", [(3, 1, 28, 28), (2, 3, 5, 7)])
def test_the_median_filter_is_that_of_scipy(shape):
    images = noise(*shape)
    expected = median_filter(images.numpy(), size=(1, 1, 3, 3))
    assert MedianFilter()(images).numpy() == pytest.approx(expected, abs=0)


def test_the_median_filter_removes_a_single_white_pixel_and_keeps_a_wide_stroke():
    image = torch.zeros(1, 1, 9, 9)
    image[..., 2:5, :] = 1
    stroke = image.clone()
    image[..., 7, 4] = 1
    assert torch.equal(MedianFilter()(image), stroke)


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_bit_depth_leaves_the_nearest_of_so_many_values(bits):
    images = noise(2, 1, 6, 6)
    allowed = np.linspace(0, 1, 2**bits)
    nearest = allowed[np.abs(images.numpy()[..., None] - allowed).argmin(axis=-1)]
    assert BitDepth(bits)(images).numpy() == pytest.approx(nearest)


def test_no_bits_are_refused():
    with pytest.raises(ValueError, match="bits is 0; it must be at least 1"):
        BitDepth(0)


def test_the_exact_derivative_through_the_median_filter_is_the_difference_of_its_values():
    torch.manual_seed(0)
    model = nn.Sequential(MedianFilter(Derivative.EXACT), nn.Flatten(), nn.Linear(16, 3)).double()
    assert torch.autograd.gradcheck(model, noise(1, 1, 4, 4).requires_grad_())  # all values differ, so no ties


def test_the_similar_derivative_through_the_median_filter_is_the_difference_of_the_mean_of_nine():
    image = noise(1, 1, 5, 5)
    (through,) = torch.autograd.grad(MedianFilter()(image.requires_grad_())[0, 0, 0, 1], image)
    moved = image.detach() + 1e-3 * torch.eye(25, dtype=torch.float64).view(25, 1, 5, 5)
    means = uniform_filter(torch.cat([image.detach(), moved]).numpy(), size=(1, 1, 3, 3), mode="nearest")[:, 0, 0, 1]
    assert through.flatten().tolist() == pytest.approx(((means[1:] - means[0]) / 1e-3).tolist())


def test_bit_depth_passes_derivatives_on_as_if_it_were_not_there_and_its_exact_ones_are_0():
    torch.manual_seed(0)
    linear, images = nn.Sequential(nn.Flatten(), nn.Linear(16, 1)).double(), noise(1, 1, 4, 4).requires_grad_()
    similar, exact = (
        torch.autograd.grad(linear(BitDepth(1, derivative)(images)).sum(), images)[0]
        for derivative in (Derivative.SIMILAR, Derivative.EXACT)
    )
    assert torch.equal(similar, linear[1].weight.view(1, 1, 4, 4))
    assert not exact.any()


@pytest.mark.parametrize("name", DEFENCES)
def test_an_attack_through_a_filter_ends_where_network_and_filter_read_the_target(name, uci):
    model = load_model("lenet")
    defended = DEFENCES[name].before(model)
    (*_, end) = Attack(gamma=0.02).steps(defended, uci.images[3], 8)
    seen = model(DEFENCES[name].layer(Derivative.EXACT)(end.image[None]))[0]
    assert end.outputs.tolist() == pytest.approx(seen.tolist(), abs=1e-4)
    assert not defended.training


def test_the_disagreement_is_the_sum_of_the_moves_of_all_probabilities():
    class Shares(nn.Module):
        def forward(self, images):
            return images.flatten(1).log()

    class Flipped(Shares):
        def forward(self, images):
            return super().forward(images.flip(-1))

    images = torch.tensor([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1]]).view(2, 1, 1, 3)
    assert disagreement(Shares(), Flipped(), images).tolist() == pytest.approx([1.2, 1.0])


@pytest.mark.parametrize(
    ("untouched", "false_alarms", "expected"),
    [
        ([0.1, 0.2, 0.3, 0.4], 0.25, 0.3),  # one of four may exceed it
        ([0.4, 0.1, 0.3, 0.2], 0.0, 0.4),
        ([0.4, 0.4, 0.1, 0.1], 0.25, 0.4),  # a tie: no alarm is fewer than one in four, two would be more
        ([i / 100 for i in range(100)], 0.05, 0.94),
        ([0.5], 1.0, 0.0),
    ],
)
def test_the_threshold_is_the_lowest_with_no_more_false_alarms_than_allowed(untouched, false_alarms, expected):
    limit = threshold(torch.tensor(untouched, dtype=torch.float64), false_alarms)
    assert limit == pytest.approx(expected)
    assert alarms(torch.tensor(untouched, dtype=torch.float64), limit) <= false_alarms


def test_the_rate_of_alarms_is_a_share_and_is_not_known_of_nothing():
    assert alarms(torch.tensor([0.1, 0.5, 0.9, 2.0]), 0.5) == 0.5
    assert math.isnan(alarms(torch.empty(0), 0.5))
    with pytest.raises(ValueError, match="no untouched images"):
        threshold(torch.empty(0))


# --- masked derivatives --------------------------------------------------------------------------


def test_derivatives_of_a_sure_networks_probabilities_underflow_and_the_attack_on_them_ends_at_step_0():
    class Scaled(nn.Sequential):
        def forward(self, images):
            return 100 * super().forward(images)  # as after distillation at T = 100: the logits are too large by T

    torch.manual_seed(0)
    plain = nn.Sequential(nn.Flatten(), nn.Linear(9, 3, bias=False))
    with torch.no_grad():
        plain[1].weight.copy_(torch.eye(3, 9) * 2)
        plain[1].weight[0, 3] = -1  # a pixel that lowers class 0
    image = torch.zeros(1, 3, 3)
    image[0, 0, 0] = 1.0  # its logits are 2, 0, 0; scaled 200, 0, 0, and exp(-200) is 0 in float32
    scaled = Scaled(*plain)
    masked = jacobian(scaled, image[None], Output.PROBABILITIES)
    assert not masked.any()
    assert jacobian(plain, image[None], Output.PROBABILITIES).any()
    attack = Attack(output=Output.PROBABILITIES, gamma=0.5)
    (*_, able), (*_, stuck) = (attack.steps(model, image, 1) for model in (plain, scaled))
    assert able.changed > 0
    assert (stuck.iteration, stuck.changed, stuck.stop) == (0, 0, Stop.NO_ADMISSIBLE_PAIR)
    (*_, end) = Attack(gamma=0.5).steps(scaled, image, 1)
    assert end.changed > 0  # on the logits, which are not masked


@pytest.mark.slow
def test_distillation_stops_the_attack_on_probabilities_and_not_that_on_logits(mnist):
    model, few = load_model("lenet-distilled"), mnist.first(10)
    ends = {output: evaluate(model, few, Attack(output=output)) for output in Output}
    assert ends[Output.PROBABILITIES].success_rate < 0.1
    assert ends[Output.PROBABILITIES].stops[Stop.NO_ADMISSIBLE_PAIR] > 75
    assert ends[Output.LOGITS].success_rate > 0.5
