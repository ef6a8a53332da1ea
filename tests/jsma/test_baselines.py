"""The baselines against their formulas, written out in numpy, on networks whose derivatives are known by hand."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

import jsma
from jsma import Attack, Direction, Output, Stop
from jsma.baselines import Baseline, baseline_steps

WAYS = {Direction.INCREASE: [1], Direction.DECREASE: [-1], Direction.BOTH: [1, -1]}


class Linear:
    """Logits W x + c."""

    def __init__(self, weights, biases):
        self.weights, self.biases = np.asarray(weights, dtype=float), np.asarray(biases, dtype=float)

    def logits(self, x):
        return self.weights @ x + self.biases

    def derivatives(self, x):
        return self.weights

    def module(self):
        return as_module((self.weights, self.biases))


class Bent:
    """Logits V tanh(W x + c) + d, at random."""

    def __init__(self, seed, pixels=9, hidden=6, classes=4):
        draw = np.random.default_rng(seed).normal
        self.w, self.c = draw(size=(hidden, pixels)), draw(size=hidden)
        self.v, self.d = draw(size=(classes, hidden)), draw(size=classes)

    def logits(self, x):
        return self.v @ np.tanh(self.w @ x + self.c) + self.d

    def derivatives(self, x):
        return self.v @ np.diag(1 - np.tanh(self.w @ x + self.c) ** 2) @ self.w

    def module(self):
        return as_module((self.w, self.c), (self.v, self.d))


def as_module(*layers):
    parts = [nn.Flatten()]
    for weights, biases in layers:
        layer = nn.Linear(weights.shape[1], weights.shape[0]).double()
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weights))
            layer.bias.copy_(torch.from_numpy(biases))
        parts += [layer, nn.Tanh()]
    return nn.Sequential(*parts[:-1]).eval()


def by_hand(baseline, net, image, target, attack):
    """Return (x, pixels, stop) of every step, going over the pixels one by one."""
    x, start = image.copy(), image.copy()
    budget, at_once = 2 * attack.iterations(len(x)), 2 if baseline is Baseline.TOP_TWO else 1
    steps, spent = [], 0
    while True:
        logits, rows = net.logits(x), net.derivatives(x)
        if attack.output is Output.PROBABILITIES:
            p = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
            rows = (np.diag(p) - np.outer(p, p)) @ rows
        a, b = rows[target], np.delete(rows, target, axis=0).sum(axis=0)
        most_left, best = 0, []
        for sign in WAYS[attack.direction]:
            movable = [
                i for i in range(len(x)) if (x[i] < 1 and x[i] >= start[i] if sign > 0 else 0 < x[i] <= start[i])
            ]
            most_left = max(most_left, len(movable))
            if baseline is Baseline.TOP_TWO:
                ranked = sorted((-sign * a[i], i) for i in movable if sign * a[i] > 0)
            else:
                ranked = sorted((a[i] * b[i], i) for i in movable if sign * a[i] > 0 and sign * b[i] < 0)
            if len(ranked) >= at_once:
                chosen = ranked[:at_once]
                best.append((sum(score for score, _ in chosen), -sign, [i for _, i in chosen]))
        if logits.argmax() == target:
            stop = Stop.REACHED_TARGET
        elif spent + at_once > budget:
            stop = Stop.BUDGET_SPENT
        elif most_left < at_once:
            stop = Stop.DOMAIN_EMPTY
        else:
            stop = None if best else Stop.NO_ADMISSIBLE_PAIR
        if stop:
            steps.append((x.copy(), [], stop))
            return steps
        _, minus_sign, pixels = min(best)
        steps.append((x.copy(), pixels, None))
        for i in pixels:
            x[i] = round(min(1, max(0, x[i] - minus_sign * attack.theta)), 12)
        spent += at_once


def agrees(baseline, net, image, target, attack):
    """Check every step against `by_hand` and return why it stopped."""
    expected = by_hand(baseline, net, image, target, attack)
    steps = list(baseline_steps(baseline, net.module(), torch.from_numpy(image).view(1, 3, -1), target, attack))
    assert [list(step.pixels) for step in steps] == [pixels for _, pixels, _ in expected]
    assert [step.stop for step in steps] == [stop for _, _, stop in expected]
    assert [step.iteration for step in steps] == list(range(len(expected)))
    for step, (x, pixels, _) in zip(steps, expected, strict=True):
        np.testing.assert_allclose(step.image.flatten().numpy(), x, atol=1e-9)
        np.testing.assert_allclose(step.outputs.numpy(), net.logits(x), atol=1e-9)
        assert step.changed == (np.abs(x - image) > 1e-6).sum()
        assert step.probabilities.sum().item() == pytest.approx(1)
        if pixels and attack.output is Output.LOGITS:
            rows = net.derivatives(x)[:, pixels].sum(axis=1)
            assert step.alpha == pytest.approx(rows[target])
            assert step.beta == pytest.approx(rows.sum() - rows[target], abs=1e-9)
    return steps[-1].stop


@pytest.mark.parametrize("baseline", Baseline)
@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("output", Output)
@pytest.mark.parametrize("theta", [1.0, 0.3])
def test_every_step_is_the_one_of_the_formula(baseline, direction, output, theta):
    ends = set()
    for seed in range(12):
        image = np.random.default_rng(100 + seed).random(9).round(3)
        net = Bent(seed)
        target = int(net.logits(image).argsort()[seed % 3])
        attack = Attack(output=output, direction=direction, theta=theta, gamma=0.9)
        ends.add(agrees(baseline, net, image, target, attack))
    assert len(ends) > 1


GREY = np.full(6, 0.5)
PULLS = [3, 2, 2, 1, -1, -2]


@pytest.mark.parametrize(
    ("direction", "pixels"), [(Direction.INCREASE, (0, 1)), (Direction.DECREASE, (5, 4)), (Direction.BOTH, (0, 1))]
)
def test_top_two_takes_the_strongest_pulls_and_the_lowest_index_among_equals(direction, pixels):
    net = Linear([PULLS, [9] * 6, [0] * 6], [-50, 50, 0])  # the others rise with every pixel: JSMA would refuse all
    assert agrees(Baseline.TOP_TWO, net, GREY, 0, Attack(direction=direction, gamma=1.0)) is not Stop.REACHED_TARGET
    attack = Attack(direction=direction, gamma=1.0)
    first = next(baseline_steps(Baseline.TOP_TWO, net.module(), torch.full((1, 2, 3), 0.5), 0, attack))
    assert first.pixels == pixels


def test_one_pixel_needs_both_signs():
    net = Linear([[5, 4, 1, 1], [1, -4, -9, 0], [0, 0, 0, 0]], [-50, 50, 0])
    image = torch.full((1, 2, 2), 0.5)
    steps = list(baseline_steps(Baseline.ONE_PIXEL, net.module(), image, 0, Attack(gamma=1.0)))
    assert [step.pixels for step in steps] == [(1,), (2,), ()]  # scores 16 and 9; 0 raises the others, 3 leaves them
    assert steps[-1].stop is Stop.NO_ADMISSIBLE_PAIR
    darker = list(
        baseline_steps(Baseline.ONE_PIXEL, net.module(), image, 0, Attack(direction=Direction.DECREASE, gamma=1.0))
    )
    assert [step.stop for step in darker] == [Stop.NO_ADMISSIBLE_PAIR]


@pytest.mark.parametrize("baseline", Baseline)
def test_every_way_to_stop_is_reached(baseline):
    never = Linear([[1] * 6, [-1] * 6, [0] * 6], [-50, 50, 0])
    assert agrees(baseline, never, GREY, 0, Attack(gamma=0.7)) is Stop.BUDGET_SPENT
    assert agrees(baseline, never, np.ones(6), 0, Attack(gamma=1.0)) is Stop.DOMAIN_EMPTY
    assert agrees(baseline, never, GREY, 0, Attack(direction=Direction.DECREASE, gamma=1.0)) is Stop.NO_ADMISSIBLE_PAIR
    assert agrees(baseline, never, GREY, 1, Attack(gamma=1.0)) is Stop.REACHED_TARGET  # read already
    assert len(by_hand(baseline, never, GREY, 1, Attack(gamma=1.0))) == 1


def test_a_pixel_short_of_a_pair_is_not_an_empty_domain():
    net = Linear([[1, -1, -1, -1], [-1, 1, 1, 1], [0] * 4], [-50, 50, 0])
    image = torch.full((1, 2, 2), 0.5)
    (only,) = baseline_steps(Baseline.TOP_TWO, net.module(), image, 0, Attack(gamma=1.0))
    assert only.stop is Stop.NO_ADMISSIBLE_PAIR
    assert next(baseline_steps(Baseline.ONE_PIXEL, net.module(), image, 0, Attack(gamma=1.0))).pixels == (0,)
    image[0, 0, 1:] = 1
    image[0, 1] = 1
    (only,) = baseline_steps(Baseline.TOP_TWO, net.module(), image, 0, Attack(gamma=1.0))
    assert only.stop is Stop.DOMAIN_EMPTY


@pytest.mark.parametrize("baseline", Baseline)
def test_both_baselines_have_the_budget_of_the_pairs(baseline):
    never = Linear([[1] * 50, [-1] * 50, [0] * 50], [-500, 500, 0])
    attack = Attack(gamma=0.29)
    *_, last = baseline_steps(baseline, never.module(), torch.zeros(1, 5, 10), 0, attack)
    assert last.stop is Stop.BUDGET_SPENT
    assert last.changed == 2 * attack.iterations(50) == 14


@pytest.mark.parametrize("baseline", Baseline)
def test_on_the_shipped_network_the_first_choice_is_the_whole_jacobians(baseline, uci, unaltered):
    model, image, target = jsma.load_model(), uci.images[0], 2
    with unaltered(model):
        steps = list(baseline_steps(baseline, model, image, target, Attack()))
    rows = jsma.jacobian(model, image[None])[0].flatten(1).double().numpy()
    a, b = rows[target], rows.sum(axis=0) - rows[target]
    open_ = image.flatten().numpy() < 1
    score = (
        np.where(open_, a, -np.inf)
        if baseline is Baseline.TOP_TWO
        else np.where(open_ & (a > 0) & (b < 0), -a * b, -np.inf)
    )
    assert steps[0].pixels == tuple(np.argsort(-score, kind="stable")[: baseline.pixels_at_once])
    assert torch.equal(steps[0].image, image)
    assert all(now.changed - before.changed == len(before.pixels) for before, now in pairwise(steps))


def test_what_makes_no_sense_is_refused():
    module = Bent(0).module()
    image = torch.full((1, 3, 3), 0.5)
    for wrong in ((image + 1, 0), (image, 7), (image, None)):
        with pytest.raises(ValueError, match=r"class|\[0, 1\]"):
            list(baseline_steps(Baseline.TOP_TWO, module, *wrong, Attack()))
