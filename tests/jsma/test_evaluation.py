"""The figures of an evaluation against counts by hand."""

import math

import pytest
import torch

from jsma import Attack, Digits, Report, Result, Stop, accuracy, adversarial_distance, evaluate, evaluate_in_parts


def report(success: list[bool], changed: list[int], stop: list[Stop], pixels: int = 20) -> Report:
    count = len(success)
    result = Result(
        torch.zeros(count, 1, 1, pixels), torch.tensor(success), stop, torch.zeros(count), torch.tensor(changed)
    )
    return Report(Attack(), torch.zeros(count).long(), torch.ones(count).long(), result)


def test_the_figures_of_five_attacks_counted_by_hand():
    five = report(
        success=[True, False, True, False, True],
        changed=[2, 8, 4, 0, 0],
        stop=[
            Stop.REACHED_TARGET,
            Stop.BUDGET_SPENT,
            Stop.REACHED_TARGET,
            Stop.NO_ADMISSIBLE_PAIR,
            Stop.REACHED_TARGET,
        ],
    )
    assert five.success_rate == pytest.approx(3 / 5)
    assert five.distortion.tolist() == pytest.approx([0.1, 0.4, 0.2, 0, 0])
    assert five.mean_distortion == pytest.approx(14 / 20 / 5)
    assert five.mean_distortion_of_successful == pytest.approx(6 / 20 / 3)
    assert five.stops == {
        Stop.REACHED_TARGET: 3,
        Stop.BUDGET_SPENT: 1,
        Stop.NO_ADMISSIBLE_PAIR: 1,
        Stop.DOMAIN_EMPTY: 0,
    }


def test_the_mean_over_no_successful_attack_is_no_number():
    failures = report([False, False], [2, 4], [Stop.BUDGET_SPENT, Stop.DOMAIN_EMPTY])
    assert failures.success_rate == 0
    assert failures.mean_distortion == pytest.approx(0.15)
    assert math.isnan(failures.mean_distortion_of_successful)


def test_a_million_attacks_are_averaged_without_loss():
    """In float32 the sum of a million thirds would be off in the fourth digit."""
    many = report([True] * 1_000_000, [1] * 1_000_000, [Stop.REACHED_TARGET] * 1_000_000, pixels=3)
    assert many.mean_distortion == pytest.approx(1 / 3, rel=1e-9)


def few_digits(labels: list[int]) -> Digits:
    """Return 2 x 2 images; image k is black but for its pixel `label`, which is white."""
    images = torch.zeros(len(labels), 1, 2, 2)
    images.view(-1, 4)[range(len(labels)), labels] = 1
    return Digits("made up", images, torch.tensor(labels))


@pytest.fixture
def brightest(linear):
    """A model of three classes, each the brightness of its pixel; the fourth pixel speaks for class 2 as well."""
    return linear([[4, 0, 0, 0], [0, 4, 0, 0], [0, 0, 3, 2]], [0, 0, 0])


def test_every_digit_is_attacked_towards_every_other_class_once(brightest):
    attacked = evaluate(brightest, few_digits([2, 0, 0, 1]), Attack(gamma=1.0), classes=3)
    assert attacked.sources.tolist() == [2, 2, 0, 0, 0, 0, 1, 1]
    pairs = list(zip(attacked.sources.tolist(), attacked.targets.tolist(), strict=True))
    assert sorted(pairs) == [(0, 1), (0, 1), (0, 2), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]
    assert (attacked.targets.dtype, attacked.attack) == (torch.int64, Attack(gamma=1.0))


def test_an_evaluation_is_that_of_its_single_attacks(linear):
    model = linear([[3, 1, -1, 2], [-1, 3, 2, 1], [1, -2, 3, -2]], [0, 0, 0])
    digits, attack = few_digits([2, 0, 1, 0]), Attack(gamma=1.0)
    attacked = evaluate(model, digits, attack, classes=3)
    ends = [
        list(attack.steps(model, digits.images[k // 2], target))[-1]
        for k, target in enumerate(attacked.targets.tolist())
    ]
    reached = [end for end in ends if end.stop is Stop.REACHED_TARGET]
    assert {end.stop for end in ends} == {Stop.REACHED_TARGET, Stop.DOMAIN_EMPTY, Stop.NO_ADMISSIBLE_PAIR}
    assert len(ends) == 8
    assert attacked.result.stop == [end.stop for end in ends]
    assert attacked.success_rate == pytest.approx(len(reached) / 8)
    assert attacked.mean_distortion == pytest.approx(sum(end.changed for end in ends) / 4 / 8)
    of_successful = sum(end.changed for end in reached) / 4 / len(reached)
    assert attacked.mean_distortion_of_successful == pytest.approx(of_successful)
    assert sum(attacked.stops.values()) == 8


@pytest.mark.parametrize("classes", [2, 3, 11])
def test_the_classes_are_those_of_the_model(linear, classes):
    model = linear(torch.eye(classes).tolist(), [0] * classes)
    digits = Digits("made up", torch.rand(2, 1, 1, classes) / 2, torch.tensor([0, classes - 1]))
    attacked = evaluate(model, digits, Attack(gamma=1.0))
    assert attacked.sources.tolist() == [0] * (classes - 1) + [classes - 1] * (classes - 1)
    assert sorted(attacked.targets[: classes - 1].tolist()) == list(range(1, classes))
    (*_, last) = evaluate_in_parts(model, digits, Attack(gamma=1.0), digits_a_part=1)
    assert last.summary() == attacked.summary()


def test_a_label_that_is_no_class_of_the_model_is_refused(brightest):
    with pytest.raises(ValueError, match="Label 3 is not a class; the classes are 0 to 2"):
        evaluate(brightest, Digits("made up", torch.zeros(2, 1, 2, 2), torch.tensor([0, 3])), Attack(gamma=1.0))


def test_an_evaluation_of_no_digits_is_refused(brightest):
    with pytest.raises(ValueError, match="no digits"):
        evaluate(brightest, few_digits([0, 1]).first(0), Attack())


@pytest.mark.parametrize("batch_size", [1, 2, 3, 1000])
def test_accuracy_is_the_share_read_as_labelled(brightest, batch_size):
    digits = few_digits([0, 1, 2, 3, 0, 1, 2])
    labelled = Digits("made up", digits.images, torch.tensor([0, 1, 2, 2, 1, 1, 0]))  # the last but two read 0, then 2
    assert accuracy(brightest, labelled, batch_size) == pytest.approx(5 / 7)


def test_accuracy_leaves_the_model_as_it_was(brightest, unaltered):
    with unaltered(brightest):
        accuracy(brightest, few_digits([0, 1, 2]))


@pytest.mark.parametrize("targets", [[7], [-1], [0, 1], [0.5]])
def test_an_adversarial_distance_towards_what_is_no_class_is_refused(brightest, targets):
    with pytest.raises(ValueError, match=r"[Tt]arget"):
        adversarial_distance(brightest, few_digits([0]).images, torch.tensor(targets))
