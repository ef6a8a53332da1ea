"""Attacks advanced together are those that each would be alone, whoever joins or leaves meanwhile."""

from itertools import cycle

import pytest
import torch
from torch import nn

from jsma import Attack, Direction, Output, Rule, Step, Stop, Trace, advance
from tests.helpers.nets import CLASSES, net, pictures

SETTINGS = [Attack(*each, 0.4, 0.9) for each in zip(cycle(Rule), cycle(Output), [*Direction, *Direction], strict=False)]
COUNT = 6


def together(attack: Attack, model: nn.Module, images: torch.Tensor) -> list[Trace]:
    """Advance an attack on each image, of which one more joins at every turn, until all have ended."""
    traces, under_way = [], []
    while len(traces) < len(images) or under_way:
        if len(traces) < len(images):
            traces.append(Trace(attack, model, images[len(traces)], len(traces) % CLASSES))
        under_way = [trace for trace in traces if not trace.ended]
        advance(under_way)
    return traces


def chosen(steps: list[Step]) -> list:
    """Return what the attack chose at each step, and how it ended."""
    return [
        (step.iteration, step.changed, step.stop, step.reason, step.pair and (step.pair.first, step.pair.second))
        for step in steps
    ]


@pytest.mark.parametrize("attack", SETTINGS, ids=lambda a: f"{a.rule.name}-{a.output.name}-{a.direction.name}")
def test_in_float64_each_attack_of_a_batch_is_the_one_it_is_alone(attack):
    model, images = net(3), pictures(COUNT, 5)
    for k, trace in enumerate(together(attack, model, images)):
        alone = list(attack.steps(model, images[k], k % CLASSES))
        assert chosen(trace.steps) == chosen(alone)
        for one, other in zip(trace.steps, alone, strict=True):
            assert torch.equal(one.image, other.image)
            assert torch.equal(one.domain, other.domain)
            for name in ("outputs", "probabilities", "target_gradient", "others_gradient"):
                torch.testing.assert_close(getattr(one, name), getattr(other, name), rtol=1e-12, atol=1e-14)


def test_the_attacks_compared_end_in_different_ways_and_turns():
    ends = {
        (trace.steps[-1].stop, len(trace.steps))
        for each in SETTINGS
        for trace in together(each, net(3), pictures(COUNT, 5))
    }
    assert {stop for stop, _ in ends} > {Stop.REACHED_TARGET, Stop.NO_ADMISSIBLE_PAIR}
    assert len({length for _, length in ends}) > 3


def test_one_that_is_alone_in_its_batch_equals_its_steps_to_the_bit():
    model, image = net(1).float(), pictures(1, 2)[0].float()
    trace = Trace(Attack(gamma=0.9), model, image, 2)
    while not trace.ended:
        advance([trace])
    for one, other in zip(trace.steps, Attack(gamma=0.9).steps(model, image, 2), strict=True):
        assert one.pair == other.pair
        assert torch.equal(one.target_gradient, other.target_gradient)


def test_why_no_pair_is_admissible_is_told_of_the_one_attack_that_lacks_it():
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 3)).double().eval()
    with torch.no_grad():
        model[1].bias[:] = torch.tensor([-0.5, -0.5, -0.5])
        model[1].weight[:] = torch.ones(3, 4)
        model[3].weight[:] = torch.eye(3)
        model[3].bias.zero_()
    dark, light = torch.zeros(1, 2, 2).double(), torch.full((1, 2, 2), 0.5).double()
    traces = [Trace(Attack(gamma=1.0), model, image, 1) for image in (dark, light)]
    advance(traces)
    alone = [next(Attack(gamma=1.0).steps(model, image, 1)).reason for image in (dark, light)]
    assert [trace.steps[0].reason for trace in traces] == alone
    assert alone[0]


def test_the_image_that_was_passed_in_may_be_altered_while_the_attack_is_under_way():
    model, image = net(1), pictures(1, 2)[0]
    alone = list(Attack(gamma=0.9).steps(model, image, 2))
    trace = Trace(Attack(gamma=0.9), model, image, 2)
    while not trace.ended:
        advance([trace])
        image.zero_()
    assert torch.equal(trace.steps[0].image, alone[0].image)
    assert chosen(trace.steps) == chosen(alone)


def test_what_cannot_go_together_is_refused_and_nothing_is_advanced():
    model, images = net(1), pictures(2, 2)
    one = Trace(Attack(gamma=0.9), model, images[0], 2)
    for other in (
        Trace(Attack(gamma=0.8), model, images[1], 2),
        Trace(Attack(gamma=0.9), net(1), images[1], 2),
        Trace(
            Attack(gamma=0.9), lambda batch: batch.flatten(1) @ torch.eye(12, 4).double(), images[1].view(1, 3, 4), 2
        ),
    ):
        with pytest.raises(ValueError, match="same settings, model and shape"):
            advance([one, other])
    assert not one.steps
    while not one.ended:
        advance([one])
    with pytest.raises(ValueError, match="has ended"):
        advance([one])
    with pytest.raises(ValueError, match="must be a class"):
        Trace(Attack(gamma=0.9), model, images[0], None).begin()


def test_none_to_advance_is_nothing_to_do():
    advance([])
