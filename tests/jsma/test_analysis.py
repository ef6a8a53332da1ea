"""What a step tells about its rule, against plain loops over the attack's own steps."""

import math

import pytest
import torch

from jsma import Attack, Direction, Output, Rule, load_model
from jsma.analysis import analyse, negligible_share, parts_of_beta, refused
from jsma.baselines import Baseline, baseline_steps
from jsma.stage import record

SHORT = 0.013
"""A budget of five pairs."""

ATTACKS = {
    "logits": Attack(),
    "probabilities": Attack(output=Output.PROBABILITIES, gamma=SHORT),
    "darken": Attack(direction=Direction.DECREASE, gamma=SHORT),
    "weighted": Attack(rule=Rule.WJSMA, gamma=SHORT),
    "both": Attack(rule=Rule.TJSMA, direction=Direction.BOTH, theta=0.4, gamma=SHORT),
}
INDEX, TARGET = 22, 3
OTHERS = sorted(set(range(10)) - {TARGET})


class Subject:
    """An attack: its settings, all its steps that choose a pair, and what is told of them."""

    def __init__(self, name: str, uci) -> None:
        self.attack, self.model, self.image = ATTACKS[name], load_model("tutorial"), uci.images[INDEX]
        *self.steps, self.last = self.attack.steps(self.model, self.image, TARGET)
        self.told = [analyse(step, TARGET, self.attack.rule) for step in self.steps]
        assert len(self.steps) > 3


@pytest.fixture(scope="module", params=ATTACKS)
def subject(request, uci) -> Subject:
    return Subject(request.param, uci)


def chosen(step) -> tuple[int, int]:
    return step.pair.first, step.pair.second


def derivative(step, label: int, pixel: int) -> float:
    return step.jacobian.flatten(1)[label, pixel].item()


def part(step, label: int, rule: Rule) -> float:
    """Return what a class adds to the pair's β: the formulas of `Rule`, one product at a time."""
    added = 0.0
    for pixel in chosen(step):
        value = step.image.flatten()[pixel].item()
        room = 1 - value if step.pair.direction is Direction.INCREASE else value
        probability = step.probabilities[label].item()
        weight = {Rule.JSMA: 1, Rule.WJSMA: probability, Rule.TJSMA: probability * room}[rule]
        added += weight * derivative(step, label, pixel)
    return added


def test_the_parts_of_beta_are_those_of_the_rule_and_add_up(subject):
    for step in subject.steps:
        parts, size = parts_of_beta(step, TARGET, subject.attack.rule), float(step.jacobian.abs().max())
        expected = [0 if label == TARGET else part(step, label, subject.attack.rule) for label in range(10)]
        assert parts.tolist() == pytest.approx(expected, abs=1e-6 * size)
        assert parts.sum().item() == pytest.approx(step.pair.beta, rel=1e-3, abs=max(1e-4 * size, 1e-6))


def share(steps: list, rule: Rule) -> float:
    """Return which part of all |parts| of β of all steps is of classes less probable than 0.1 %."""
    sizes = [(abs(part(step, label, rule)), step.probabilities[label] < 0.001) for step in steps for label in OTHERS]
    return sum(size for size, negligible in sizes if negligible) / sum(size for size, _ in sizes)


def test_the_share_of_negligible_classes_is_of_all_parts_of_all_steps(subject):
    assert negligible_share(subject.told) == pytest.approx(share(subject.steps, subject.attack.rule), rel=1e-5)


def test_a_step_that_adds_up_more_counts_for_more(uci):
    told = Subject("logits", uci).told
    mean_of_shares = sum(negligible_share([each]) for each in told) / len(told)
    assert abs(negligible_share(told) - mean_of_shares) > 0.001
    assert math.isnan(negligible_share([]))


def test_steps_that_raise_the_leading_rival_are_told(subject):
    for step, told in zip(subject.steps, subject.told, strict=True):
        _, rival = max((step.probabilities[label].item(), label) for label in OTHERS)
        lift = sum(derivative(step, rival, pixel) for pixel in chosen(step))
        assert told.raises_rival == (step.pair.direction.sign * lift > 0)


def test_pixels_that_are_good_alone_are_counted(subject):
    for step, told in zip(subject.steps, subject.told, strict=True):
        sign = step.pair.direction.sign
        good = [sign * step.target_gradient[i] > 0 > sign * step.others_gradient[i] for i in chosen(step)]
        assert told.good_alone == sum(map(bool, good))


def test_steps_that_take_the_two_strongest_pixels_are_told(subject):
    for step, told in zip(subject.steps, subject.told, strict=True):
        pull = (step.pair.direction.sign * step.target_gradient).tolist()
        ranked = sorted((pull[i] for i in range(784) if step.domain[i]), reverse=True)
        assert told.two_strongest == (sorted((pull[i] for i in chosen(step)), reverse=True) == ranked[:2])
    if subject.attack.output is Output.PROBABILITIES:
        assert all(told.two_strongest for told in subject.told)


def test_of_pixels_that_tie_for_the_second_place_two_are_not_the_strongest(linear):
    w = torch.tensor([3.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    push = torch.tensor([0.1, 9.0, 9.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    step = next(Attack(gamma=0.3).steps(linear(torch.stack([-push, w]), [99.0, 0.0]), torch.zeros(1, 3, 3), 1))
    assert chosen(step) == (1, 2)
    assert not analyse(step, 1, Rule.JSMA).two_strongest


def test_room_and_direction_are_those_of_the_pair(subject):
    for step, told in zip(subject.steps, subject.told, strict=True):
        values = [step.image.flatten()[i].item() for i in chosen(step)]
        room = values if step.pair.direction is Direction.DECREASE else [1 - value for value in values]
        assert told.room == pytest.approx(sum(room) / 2, abs=1e-6)
        assert told.direction is step.pair.direction


def test_the_largest_sum_of_a_column_is_that_of_the_chosen_pixels(subject):
    for step, told in zip(subject.steps, subject.told, strict=True):
        columns = [sum(derivative(step, label, pixel) for label in range(10)) for pixel in chosen(step)]
        assert told.column_sum == pytest.approx(max(map(abs, columns)), rel=1e-6, abs=1e-12)
    if subject.attack.output is Output.PROBABILITIES:
        assert max(told.column_sum for told in subject.told) < 1e-6


def test_a_step_without_a_pair_tells_nothing(subject):
    assert analyse(subject.last, TARGET, subject.attack.rule) is None


def test_a_recording_tells_the_same_as_exactly_as_it_is_kept(subject):
    recording = record(subject.model, subject.image, 2, TARGET, subject.attack)
    told = [analyse(recording.as_step(k), TARGET, subject.attack.rule) for k in range(recording.iterations)]
    assert negligible_share(told) == pytest.approx(negligible_share(subject.told), abs=2e-3)
    for mine, exact in zip(told, subject.told, strict=True):
        assert (mine.good_alone, mine.two_strongest) == (exact.good_alone, exact.two_strongest)
        assert (mine.room, mine.beta) == pytest.approx((exact.room, exact.beta), rel=1e-2, abs=1e-4)


def test_a_baseline_is_refused_where_the_others_would_not_fall(uci):
    model, image = load_model("tutorial"), uci.images[4]
    *steps, last = baseline_steps(Baseline.TOP_TWO, model, image, 9, Attack(gamma=0.05))
    for step in steps:
        columns = jacobian_of(model, step.image)[:, list(step.pixels)].sum(dim=1)
        beta = float(columns.sum() - columns[9])
        assert refused(step) == (beta >= 0)
    assert not refused(last)


def jacobian_of(model, image: torch.Tensor) -> torch.Tensor:
    """Return the Jacobian of the logits, (classes, n), a class at a time."""
    rows = []
    for label in range(10):
        leaf = image[None].clone().requires_grad_()
        (row,) = torch.autograd.grad(model(leaf)[0, label], leaf)
        rows.append(row.flatten())
    return torch.stack(rows)
