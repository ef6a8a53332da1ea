"""Attacks on a GPU choose what they choose on the CPU; and how often an iteration waits for its device."""

import copy
from itertools import pairwise

import pytest
import torch

from jsma import Attack, Digits, Direction, Output, Rule, Untargeted, evaluate, jacobian, load_model, refine, sparsest
from tests.helpers.nets import CLASSES, net, pictures
from tests.helpers.round_trips import RoundTrips

DEVICE = "cuda"
on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here.")

COUNT = 30
TARGETS = torch.arange(COUNT) % CLASSES


@pytest.fixture(scope="module")
def models():
    """The same network on the CPU and on the GPU, in float64."""
    model = net(seed=0)
    return model, copy.deepcopy(model).to(DEVICE)


def assert_same(one, two):
    """Check that the results of two runs are the same: exactly in what was chosen, to rounding in the values."""
    assert one.stop == two.stop
    for name in ("success", "iterations", "changed", "predictions", "pairs"):
        mine, theirs = getattr(one, name), getattr(two, name)
        assert (mine is None) == (theirs is None), name
        assert mine is None or torch.equal(mine, theirs), name
    torch.testing.assert_close(one.images, two.images.cpu())


@on_gpu
@pytest.mark.parametrize("targets", [TARGETS, *Untargeted])
@pytest.mark.parametrize("output", Output)
@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("rule", Rule)
def test_a_run_on_the_gpu_chooses_what_one_on_the_cpu_chooses(models, rule, direction, output, targets):
    attack, images = Attack(rule, output, direction, theta=0.6, gamma=1.0), pictures(COUNT, seed=1)
    on_cpu, on_device = (attack.run(model, images, targets) for model in models)
    assert_same(on_cpu, on_device)
    assert on_device.images.device.type == DEVICE


@on_gpu
@pytest.mark.parametrize("direction", Direction)
def test_a_trace_on_the_gpu_is_that_on_the_cpu(models, direction):
    attack, image = Attack(direction=direction, gamma=1.0), pictures(1, seed=2)[0]
    traces = [list(attack.steps(model, image, target=1)) for model in models]
    for one, two in zip(*traces, strict=True):
        assert (one.stop, one.changed, one.domain.tolist()) == (two.stop, two.changed, two.domain.tolist())
        assert (one.pair is None) == (two.pair is None)
        if one.pair and two.pair:
            assert (one.pair.first, one.pair.second) == (two.pair.first, two.pair.second)
        torch.testing.assert_close(one.jacobian, two.jacobian.cpu())


@on_gpu
def test_searches_reports_and_derivatives_on_the_gpu_are_those_on_the_cpu(models):
    images, attack = pictures(COUNT, seed=3), Attack(Rule.TJSMA, direction=Direction.BOTH, gamma=1.0)
    digits = Digits("made up", images, TARGETS)
    for compute in (
        lambda model: sparsest(model, images, TARGETS, width=2),
        lambda model: refine(model, images, TARGETS, attack.run(model, images, TARGETS), exchanges=2),
    ):
        assert_same(*map(compute, models))
    torch.testing.assert_close(*(jacobian(model, images).cpu() for model in models))
    assert len({evaluate(model, digits, attack).to_json() for model in models}) == 1


WAITS = {Direction.INCREASE: {4, 5}, Direction.DECREASE: {4, 5}, Direction.BOTH: {6, 7, 8}}
"""Are the logits finite? Which attacks go on? And for each direction: are the derivatives finite, how many pixels are
left to compare, and, where they are many, how many are in the skyband?"""


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("rule", Rule)
def test_an_iteration_waits_for_its_device_only_so_often(uci, direction, rule):
    model, images, targets = load_model("tutorial"), uci.images[:10], (uci.labels[:10] + 1) % 10
    counts = []
    with RoundTrips() as trips:
        attack = Attack(rule, direction=direction, gamma=0.01)
        attack.run(model, images, targets, progress=lambda *_: counts.append(trips.counted.total()))
    waits = {after - before for before, after in pairwise(counts)}
    assert waits <= WAITS[direction]
