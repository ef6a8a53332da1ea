"""What is said beside the stop where no pair is admissible for a reason that the derivatives show."""

import warnings

import pytest
import torch

from jsma import Attack, Direction, Output, Rule, Stop, Untargeted, load_model
from jsma.__main__ import main
from jsma.stage import record

IMAGES = torch.rand(4, 3, 2, 2, generator=torch.Generator().manual_seed(0)) * 0.5


def one_constant(images):
    """Return two logits of which the first is constant; brightening raises the second."""
    y = images.flatten(1).sum(1, keepdim=True) - 9
    return torch.cat((0 * y, y), dim=1)


def constant_target(images):
    """Return two logits of which the second is constant; brightening lowers the first."""
    return -one_constant(images).flip(1)


def channel_means(images):
    """Return three logits, each of which depends on the pixels of one channel."""
    return images.mean(dim=(2, 3)) * torch.tensor([1.0, 5, 5]) + torch.tensor([3.0, 0, 0])


def rounded(images):
    """Return what a model computes in eight bits."""
    return (one_constant(images) * 255).round() / 255


def flat(images):
    """Return logits that do not depend on the image."""
    return images.flatten(1)[:, :2] * 0 + torch.tensor([1.0, 0])


CASES = [
    (one_constant, r"β is 0.*Output\.PROBABILITIES"),
    (constant_target, r"α is 0.*Output\.PROBABILITIES"),
    (channel_means, r"β is 0.*Output\.PROBABILITIES"),
    (rounded, r"All derivatives are 0.*rounds"),
    (flat, "All derivatives are 0"),
]


@pytest.mark.parametrize(("model", "says"), CASES, ids=[model.__name__ for model, _ in CASES])
def test_the_reason_for_no_admissible_pair_is_said_by_step_and_by_run(model, says):
    attack, targets = Attack(gamma=1.0), torch.ones(4, dtype=torch.int64)
    with pytest.warns(UserWarning, match=says) as told:
        result = attack.run(model, IMAGES, targets)
    (only,) = attack.steps(model, IMAGES[0], 1)
    assert result.stop == [only.stop] * 4 == [Stop.NO_ADMISSIBLE_PAIR] * 4
    assert only.reason in str(told[0].message)


@pytest.mark.parametrize("model", [one_constant, constant_target, channel_means])
def test_the_advised_probabilities_reach_the_target(model):
    attack, targets = Attack(output=Output.PROBABILITIES, gamma=1.0), torch.ones(4, dtype=torch.int64)
    assert attack.run(model, IMAGES, targets).success.all()


def test_softmax_that_is_saturated_is_advised_to_use_logits():
    def sure(images):
        return one_constant(images) * 1e4

    (only,) = Attack(output=Output.PROBABILITIES, gamma=1.0).steps(sure, IMAGES[0], 1)
    assert (only.stop, "Output.LOGITS" in only.reason) == (Stop.NO_ADMISSIBLE_PAIR, True)


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("target", [1, *Untargeted])
def test_a_rounding_model_is_named_with_every_rule_direction_and_goal(rule, direction, target):
    (only,) = Attack(rule=rule, direction=direction, gamma=1.0).steps(rounded, IMAGES[0], target)
    assert (only.stop, "rounds" in only.reason) == (Stop.NO_ADMISSIBLE_PAIR, True)


def test_an_ordinary_stop_has_no_reason_beside_it_and_no_warning():
    def pulls_apart(images):
        y = images.flatten(1).sum(1, keepdim=True)
        return torch.cat((y, -y), dim=1)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (only,) = Attack(gamma=1.0).steps(pulls_apart, IMAGES[0], 1)
        Attack(gamma=1.0).run(pulls_apart, IMAGES, torch.ones(4, dtype=torch.int64))
        (reached,) = Attack(gamma=1.0).steps(pulls_apart, IMAGES[0], 0)
    assert (only.stop, only.reason) == (Stop.NO_ADMISSIBLE_PAIR, None)
    assert (reached.stop, reached.reason) == (Stop.REACHED_TARGET, None)


def test_a_recording_keeps_the_reason():
    recording = record(rounded, IMAGES[0, :1], 0, 1, Attack(gamma=1.0))
    assert "rounds" in recording.end.reason
    assert recording.as_step(0).reason == recording.end.reason


def test_the_command_line_prints_the_reason(monkeypatch, capsys):
    model = load_model()
    monkeypatch.setattr("jsma.__main__.load_model", lambda *_: lambda images: (model(images) * 9).round() / 9)
    assert main(["attack", "--target", "3", "--data", "uci"]) == 0
    assert "no admissible pair: 0 of 784 pixels changed (0.00%)\nAll derivatives are 0" in capsys.readouterr().out
