"""The attack: settings, hand-made runs of every ending, and a plain reference implementation to agree with."""

import itertools
import math
import re
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from jsma import Attack, Digits, Direction, Output, Rule, Stop, evaluate, jacobian, load_model, search_domain
from jsma.baselines import Baseline, baseline_steps

INCREASE, DECREASE, BOTH = Direction
ALL_SETTINGS = list(itertools.product(Rule, Output, Direction))


def smooth_net(shape: tuple = (1, 3, 4), classes: int = 4, seed: int = 0) -> nn.Sequential:
    """Return a small network, sure of itself in places and not in others, from (N, *shape) to (N, classes)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = nn.Flatten(), nn.Linear(math.prod(shape), 8), nn.Tanh(), nn.Linear(8, classes)
    model = nn.Sequential(*layers).double().eval()
    with torch.no_grad():
        model[1].weight *= 2
        model[3].weight *= 4
    return model


def pictures(count: int, shape: tuple = (1, 3, 4), seed: int = 0) -> torch.Tensor:
    """Return random images; a third of their pixels are at an end of the range already."""
    random = torch.Generator().manual_seed(seed)
    images = torch.rand(count, *shape, generator=random, dtype=torch.float64)
    fate = torch.rand(count, *shape, generator=random)
    return images.masked_fill(fate < 0.2, 0).masked_fill(fate > 0.87, 1)


def square(*pixels: float, dtype=torch.float32) -> torch.Tensor:
    """Return a 2 x 2 image."""
    return torch.tensor(pixels, dtype=dtype).view(1, 2, 2)


# --- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["theta", "gamma"])
@pytest.mark.parametrize("value", [0, -0.1, 1.001, math.nan, math.inf, "0.5", None, True, torch.tensor(0.5)])
def test_a_theta_or_gamma_outside_0_to_1_is_refused_by_name_value_and_what_is_allowed(name, value):
    with pytest.raises(ValueError, match=rf"{name} is .*above 0 and at most 1") as refusal:
        Attack(**{name: value})
    assert repr(value) in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("rule", "jsma", "Rule.JSMA, Rule.WJSMA, Rule.TJSMA"),
        ("output", "logits", "Output.LOGITS, Output.PROBABILITIES"),
        ("direction", 1, "Direction.INCREASE, Direction.DECREASE, Direction.BOTH"),
    ],
)
def test_a_choice_that_is_none_is_refused_with_the_choices_there_are(name, value, allowed):
    with pytest.raises(ValueError, match=f"{name} is {value!r}") as refusal:
        Attack(**{name: value})
    assert allowed in str(refusal.value)


@pytest.mark.parametrize("value", [1, 1.0, 0.5, 1e-9])
def test_every_number_above_0_and_at_most_1_is_accepted(value):
    assert Attack(theta=value, gamma=value).theta == value


def test_the_settings_are_a_cache_key():
    assert Attack() == Attack(Rule.JSMA, Output.LOGITS, INCREASE, 1.0, 0.145)
    assert hash(Attack()) == hash(Attack())
    different = {Attack(*choices) for choices in ALL_SETTINGS} | {Attack(theta=0.5), Attack(gamma=0.5)}
    assert len(different) == 20
    with pytest.raises(AttributeError):
        Attack().theta = 0.5


@pytest.mark.parametrize(
    ("features", "gamma", "pairs"),
    [
        (784, 0.145, 56),
        (784, 0.1, 39),
        (784, 1.0, 392),
        (100, 0.58, 29),
        (100, 0.145, 7),
        (3072, 0.145, 222),
        (5, 1, 2),
    ],
)
def test_the_budget_pays_for_half_of_gamma_times_the_features_rounded_down(features, gamma, pairs):
    assert Attack(gamma=gamma).iterations(features) == pairs


def test_the_budget_is_that_of_exact_decimal_arithmetic():
    for thousandths, features in itertools.product(range(1, 1001), (4, 100, 784, 3072)):
        exact = math.floor(features * Fraction(thousandths, 1000) / 2)
        assert Attack(gamma=thousandths / 1000).iterations(features) == exact


# --- hand-made runs: what every ending looks like ------------------------------------------------
#
# The model has two classes with the logits ∓ w·x + biases: target 1 is reached when 2 w·x > lead. For every pixel
# a = w and b = -w, so that the best pair to brighten is that of the two largest w that may be changed.


@pytest.fixture
def duel(linear):
    """A function that builds the model above from w and the lead of class 0."""
    return lambda w, lead, dtype=torch.float32: linear([[-v for v in w], list(w)], [lead, 0], dtype)


def both_ways(model: nn.Module, image: torch.Tensor, attack: Attack, target: int = 1):
    """Attack by `steps` and by `run`, check that they tell the same story, and return the steps."""
    steps = list(attack.steps(model, image, target))
    result = attack.run(model, image[None], torch.tensor([target]))
    last = steps[-1]
    assert [step.iteration for step in steps] == list(range(len(steps)))
    assert all((step.stop is None) == (step.pair is not None) == (step is not last) for step in steps)
    assert torch.equal(result.images[0], last.image)
    assert (result.stop, result.iterations.tolist(), result.changed.tolist()) == (
        [last.stop],
        [last.iteration],
        [last.changed],
    )
    assert result.success.tolist() == [last.stop is Stop.REACHED_TARGET]
    return steps


def chosen(steps) -> list[tuple[int, int]]:
    return [(step.pair.first, step.pair.second) for step in steps[:-1]]


def test_an_attack_that_reaches_its_target_step_by_step(duel):
    # 2 w·x must exceed 9. Black: 0. The two largest w, 3 and 2, give 10.
    steps = both_ways(duel([1, 3, 0.5, 2], 9), square(0, 0, 0, 0), Attack(gamma=1.0))
    first, last = steps
    assert first.image.flatten().tolist() == [0, 0, 0, 0]
    assert first.outputs.tolist() == [9, 0]
    assert first.probabilities.tolist() == pytest.approx([1 / (1 + math.exp(-9)), 1 / (1 + math.exp(9))], rel=1e-4)
    assert first.jacobian.flatten(1).tolist() == [[-1, -3, -0.5, -2], [1, 3, 0.5, 2]]
    assert first.target_gradient.tolist() == [1, 3, 0.5, 2]
    assert first.others_gradient.tolist() == [-1, -3, -0.5, -2]
    assert first.domain.tolist() == [True] * 4
    assert (first.pair.first, first.pair.second, first.pair.direction) == (1, 3, INCREASE)
    assert (first.pair.alpha, first.pair.beta, first.pair.score) == (5, -5, 25)
    assert first.changed == 0
    assert last.image.flatten().tolist() == [0, 1, 0, 1]
    assert last.outputs.tolist() == [4, 5]
    assert last.domain.tolist() == [True, False, True, False]
    assert (last.stop, last.changed) == (Stop.REACHED_TARGET, 2)


def test_darkening_an_image_step_by_step(duel):
    # White: 2 w·x = -13. The pairs to darken are (1, 3), then (0, 2); after the first it is -3, more than -4.
    steps = both_ways(duel([-1, -3, -0.5, -2], -4), square(1, 1, 1, 1), Attack(direction=DECREASE, gamma=1.0))
    pair = steps[0].pair
    assert (pair.first, pair.second, pair.direction) == (1, 3, DECREASE)
    assert (pair.alpha, pair.beta, pair.score) == (-5, 5, 25)
    assert steps[-1].image.flatten().tolist() == [1, 0, 1, 0]
    assert (len(steps), steps[-1].stop) == (2, Stop.REACHED_TARGET)


def test_an_attack_ends_when_its_budget_is_spent(duel):
    steps = both_ways(duel([1, 3, 0.5, 2], 99), square(0, 0, 0, 0), Attack(gamma=0.5))
    assert chosen(steps) == [(1, 3)]
    assert (steps[-1].stop, steps[-1].changed) == (Stop.BUDGET_SPENT, 2)


@pytest.mark.parametrize(
    ("features", "gamma", "smallest"), [(13, 0.145, "0.15385"), (4, 0.49, "0.5"), (3, 0.1, "0.6667")]
)
def test_a_budget_of_less_than_a_pair_is_refused_with_the_smallest_that_is_enough(linear, features, gamma, smallest):
    model, image = linear([[-1] * features, [1] * features], [9, 0]), torch.zeros(1, 1, features)
    says = f"allows no pair of {features} features; .* {re.escape(smallest)} "
    with pytest.raises(ValueError, match=says):
        next(Attack(gamma=gamma).steps(model, image, 1))
    with pytest.raises(ValueError, match=says):
        Attack(gamma=gamma).run(model, image[None], torch.tensor([1]))
    with pytest.raises(ValueError, match=says):
        next(baseline_steps(Baseline.TOP_TWO, model, image, 1, Attack(gamma=gamma)))
    with pytest.raises(ValueError, match=says):
        evaluate(model, Digits("one", image[None], torch.tensor([0])), Attack(gamma=gamma))
    assert Attack(gamma=float(smallest)).iterations(features) == 1


@pytest.mark.parametrize("features", [*range(2, 200), 784, 3072, 150528, 10**6 + 1])
def test_the_smallest_budget_named_pays_for_one_pair(features):
    with pytest.raises(ValueError, match="smallest gamma") as refusal:
        Attack(gamma=1.9 / features).budget(features)
    smallest = float(re.search(r"does is ([^ ]+) ", str(refusal.value)).group(1))
    assert Attack(gamma=smallest).budget(features) == 1


def test_a_single_feature_makes_no_pair(linear):
    with pytest.raises(ValueError, match="at least 2"):
        next(Attack(gamma=1.0).steps(linear([[-1], [1]], [9, 0]), torch.zeros(1, 1, 1), 1))


def test_no_admissible_pair_leaves_the_image_untouched_pixel_0_included(duel):
    image = square(0.25, 0.5, 0, 0.75)
    (only,) = both_ways(duel([-1, -3, -0.5, 0], 9), image, Attack(gamma=1.0))
    assert (only.stop, only.iteration, only.changed) == (Stop.NO_ADMISSIBLE_PAIR, 0, 0)
    assert torch.equal(only.image, image)


def test_a_flat_model_offers_no_admissible_pair(duel):
    (only,) = both_ways(duel([0, 0, 0, 0], 9), square(0, 0, 0, 0), Attack(gamma=1.0))
    assert only.stop is Stop.NO_ADMISSIBLE_PAIR


def test_no_admissible_pair_left_after_some_changes_ends_the_attack_there(duel):
    steps = both_ways(duel([-1, 3, -0.5, 2], 99), square(0.5, 0, 0.5, 0), Attack(gamma=1.0))
    assert chosen(steps) == [(1, 3)]
    assert steps[-1].stop is Stop.NO_ADMISSIBLE_PAIR
    assert steps[-1].image.flatten().tolist() == [0.5, 1, 0.5, 1]


@pytest.mark.parametrize(
    ("direction", "image"),
    [(INCREASE, (1, 1, 1, 0)), (INCREASE, (1, 1, 1, 1)), (DECREASE, (0, 0, 0, 1)), (DECREASE, (0, 0, 0, 0))],
)
def test_fewer_than_two_pixels_to_change_end_an_attack_before_it_begins(duel, direction, image):
    w = [1, 1, 1, 1] if direction is INCREASE else [-1, -1, -1, -1]
    (only,) = both_ways(duel(w, 99), square(*image), Attack(direction=direction, gamma=1.0))
    assert (only.stop, only.changed) == (Stop.DOMAIN_EMPTY, 0)


def test_fewer_than_two_pixels_left_end_an_attack_with_budget_to_spare(duel):
    steps = both_ways(duel([1, 3, 0.5, 2], 99), square(0, 0, 1, 0), Attack(gamma=1.0))
    assert chosen(steps) == [(1, 3)]
    assert (steps[-1].stop, steps[-1].domain.tolist()) == (Stop.DOMAIN_EMPTY, [True, False, False, False])


def test_both_directions_go_on_while_one_of_them_has_two_pixels(duel):
    # Two white pixels can be darkened; none can be brightened.
    steps = both_ways(duel([-3, 1, -2, 1], -4), square(1, 1, 1, 1), Attack(direction=BOTH, gamma=1.0))
    assert chosen(steps) == [(0, 2)]
    assert steps[-1].stop is Stop.REACHED_TARGET


@pytest.mark.parametrize("direction", list(Direction))
def test_an_image_that_reads_as_the_target_already_is_not_changed(duel, direction):
    (only,) = both_ways(duel([1, 1, 1, 1], 1), square(0.5, 0.5, 0, 1), Attack(direction=direction, gamma=1.0))
    assert (only.stop, only.iteration, only.changed, only.pair) == (Stop.REACHED_TARGET, 0, 0, None)


def test_pixels_at_their_end_are_out_of_the_search_from_the_start(duel):
    model, image = duel([9, 3, 9, 2], 99), square(1, 0, 1, 0.5)
    for direction, expected in ((INCREASE, [False, True, False, True]), (DECREASE, [True, False, True, True])):
        step = next(Attack(direction=direction, gamma=1.0).steps(model, image, 1))
        assert step.domain.tolist() == expected
    assert chosen(both_ways(model, image, Attack(gamma=0.5))) == [(1, 3)]


def test_a_pixel_is_chosen_again_until_it_is_at_its_end(duel):
    # θ = 0.4 takes pixel 1 to 0.4, 0.8, 1 and pixel 3, from 0.5, to 0.9, 1: then pixel 0, the next best, takes over.
    steps = both_ways(duel([1, 3, 0.5, 2], 99), square(0, 0, 0, 0.5), Attack(theta=0.4, gamma=1.0))
    assert chosen(steps) == [(1, 3), (1, 3)]
    steps = both_ways(duel([1, 3, 0.5, 2] + [0] * 6, 99), wide(0, 0, 0, 0.5), Attack(theta=0.4, gamma=1.0))
    assert chosen(steps) == [(1, 3), (1, 3), (0, 1), (0, 2), (0, 2)]
    values = [[step.image.flatten()[pixel].item() for step in steps] for pixel in (1, 3)]
    assert values[0] == pytest.approx([0, 0.4, 0.8, 1, 1, 1])
    assert values[1] == pytest.approx([0.5, 0.9, 1, 1, 1, 1])
    assert [step.domain[1].item() for step in steps] == [True, True, True, False, False, False]
    assert [step.domain[3].item() for step in steps] == [True, True, False, False, False, False]
    assert [step.changed for step in steps] == [0, 2, 2, 3, 4, 4]


def wide(*pixels: float) -> torch.Tensor:
    """Return a 2 x 5 image that starts with `pixels` and goes on in black."""
    return torch.tensor([*pixels] + [0.0] * (10 - len(pixels))).view(1, 2, 5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("direction", [INCREASE, DECREASE])
@pytest.mark.parametrize("theta", [1.0, 0.9, 0.7, 0.5, 1 / 3, 0.3, 0.2, 0.1, 0.07, 0.05, 0.04, 0.03, 0.02, 0.01])
def test_rounding_costs_no_extra_change_to_bring_a_pixel_to_its_end(duel, theta, direction, dtype):
    start, w = (0.0, 1) if direction is INCREASE else (1.0, -1)
    image = torch.full((1, 20, 20), 1 - start, dtype=dtype)  # all others are where they cannot be moved on
    image[0, 0, :2] = start
    attack = Attack(direction=direction, theta=theta, gamma=1.0)
    result = attack.run(duel([w, w] + [0] * 398, 99, dtype), image[None], torch.tensor([1]))
    assert result.stop == [Stop.DOMAIN_EMPTY]
    assert result.iterations.tolist() == [math.ceil(round(1 / theta, 9))]
    assert result.images[0, 0, 0, :2].tolist() == [1 - start, 1 - start]


# --- both directions -----------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 1e-25])
def test_both_directions_take_the_better_of_the_two_pairs(duel, scale):
    # To brighten: pixels 0 and 1, 2 * 2 s². To darken: pixels 2 and 3, 6 * 6 s².
    w = [scale, scale, -3 * scale, -3 * scale]
    step = next(Attack(direction=BOTH, gamma=1.0).steps(duel(w, 9), square(0.5, 0.5, 0.5, 0.5), 1))
    assert (step.pair.first, step.pair.second, step.pair.direction) == (2, 3, DECREASE)
    step = next(Attack(direction=BOTH, gamma=1.0).steps(duel([-v for v in w], 9), square(0.5, 0.5, 0.5, 0.5), 1))
    assert (step.pair.first, step.pair.second, step.pair.direction) == (2, 3, INCREASE)


def test_both_directions_take_the_one_that_has_a_pair(duel):
    attack = Attack(direction=BOTH, gamma=1.0)
    for w, direction in (([1, 1, 0, 0], INCREASE), ([-1, -1, 0, 0], DECREASE)):
        step = next(attack.steps(duel(w, 9), square(0.5, 0.5, 0.5, 0.5), 1))
        assert (step.pair.first, step.pair.second, step.pair.direction) == (0, 1, direction)


@pytest.mark.parametrize("theta", [1.0, 0.3, 0.05])
@pytest.mark.parametrize("rule", list(Rule))
def test_both_directions_never_take_a_change_back(rule, theta):
    used = set()
    for seed in range(12):
        steps = list(Attack(rule, direction=BOTH, theta=theta, gamma=1.0).steps(*case(seed), target=3))
        path = torch.stack([step.image.flatten() for step in steps])
        moves = path.diff(dim=0)
        assert not ((moves > 0).any(dim=0) & (moves < 0).any(dim=0)).any()
        used |= {step.pair.direction for step in steps[:-1]}
    assert used == {INCREASE, DECREASE}


def case(seed: int) -> tuple[nn.Module, torch.Tensor]:
    return smooth_net(seed=seed), pictures(1, seed=seed)[0]


def test_the_search_domain_leaves_out_ends_and_what_was_moved_the_other_way():
    #                      untouched           brightened  darkened    brightened to 1, darkened to 0
    originals = square(0, 1, 0.5, 0.5).repeat(1, 1, 2)
    images = originals.clone()
    images[0, 0] = torch.tensor([0.0, 1.0, 0.3, 0.0])
    originals[0, 0] = torch.tensor([0.0, 1.0, 0.2, 0.5])
    images[0, 1] = torch.tensor([0.5, 0.4, 1.0, 0.6])
    originals[0, 1] = torch.tensor([0.5, 0.5, 0.5, 0.5])
    assert search_domain(originals, images, INCREASE).flatten().tolist() == [1, 0, 1, 0, 1, 0, 0, 1]
    assert search_domain(originals, images, DECREASE).flatten().tolist() == [0, 1, 0, 0, 1, 1, 0, 0]
    with pytest.raises(ValueError, match="BOTH has two signs"):
        search_domain(originals, images, Direction.BOTH)


# --- a plain reference implementation ------------------------------------------------------------


def outputs_and_derivatives(model, pixels: list, shape: tuple, output: Output) -> tuple[list, list, list]:
    """Return logits, probabilities and the Jacobian, rows of plain numbers: one backward pass a class."""
    leaf = torch.tensor(pixels, dtype=torch.float64).view(1, *shape).requires_grad_()
    logits = model(leaf)[0]
    powers = torch.exp(logits - logits.max())
    probabilities = powers / powers.sum()
    differentiated = logits if output is Output.LOGITS else probabilities
    rows = [torch.autograd.grad(value, leaf, retain_graph=True)[0].flatten().tolist() for value in differentiated]
    return logits.tolist(), probabilities.tolist(), rows


def weighed(rule: Rule, rows: list, probabilities: list, pixels: list, target: int, sign: int) -> tuple[list, list]:
    """Return a and b of every pixel, by the formulas of the three rules."""
    a, b = [], []
    for i, x in enumerate(pixels):
        others = [j for j in range(len(rows)) if j != target]
        pull = rows[target][i]
        push = sum(rows[j][i] * (1 if rule is Rule.JSMA else probabilities[j]) for j in others)
        room = 1 if rule is not Rule.TJSMA else 1 - x if sign > 0 else x
        a.append(pull * room)
        b.append(push * room)
    return a, b


def best_by_loop(a: list, b: list, domain: list, sign: int) -> tuple | None:
    """Return (score, first, second, alpha, beta) of the best pair, or None."""
    best = None
    for p, q in itertools.combinations([i for i, allowed in enumerate(domain) if allowed], 2):
        alpha, beta = a[p] + a[q], b[p] + b[q]
        if sign * alpha > 0 and sign * beta < 0 and (best is None or -alpha * beta > best[0]):
            best = (-alpha * beta, p, q, alpha, beta)
    return best


def reference_attack(attack: Attack, model: nn.Module, image: torch.Tensor, target: int) -> list[dict]:
    """Attack one image in plain Python, as the paper tells it, and return what was seen at every iteration."""
    pixels = image.flatten().tolist()
    signs = {INCREASE: [1], DECREASE: [-1], BOTH: [1, -1]}[attack.direction]
    brightened, darkened, seen = set(), set(), []
    limit = math.floor(Fraction(str(attack.gamma)) * len(pixels) / 2)
    for iteration in itertools.count():
        logits, probabilities, rows = outputs_and_derivatives(model, pixels, image.shape, attack.output)
        offers = []
        for sign in signs:
            a, b = weighed(attack.rule, rows, probabilities, pixels, target, sign)
            end, barred = (1, darkened) if sign > 0 else (0, brightened)
            domain = [x != end and i not in barred for i, x in enumerate(pixels)]
            offers.append((best_by_loop(a, b, domain, sign), sign, a, b, domain))
        with_pair = [offer for offer in offers if offer[0]]
        stop = None
        if logits.index(max(logits)) == target:
            stop = Stop.REACHED_TARGET
        elif iteration == limit:
            stop = Stop.BUDGET_SPENT
        elif all(sum(domain) < 2 for *_, domain in offers):
            stop = Stop.DOMAIN_EMPTY
        elif not with_pair:
            stop = Stop.NO_ADMISSIBLE_PAIR
        # On the last step, the gradients and the domain shown are those of the first direction.
        pair, sign, a, b, domain = offers[0] if stop else max(with_pair, key=lambda offer: offer[0][0])
        seen.append(
            {
                "pixels": list(pixels),
                "logits": logits,
                "probabilities": probabilities,
                "rows": rows,
                "a": a,
                "b": b,
                "domain": domain,
                "pair": None if stop else pair,
                "sign": sign,
                "changed": len(brightened | darkened),
                "stop": stop,
            }
        )
        if stop:
            return seen
        for i in pair[1:3]:
            pixels[i] = round(min(max(pixels[i] + sign * attack.theta, 0.0), 1.0), 13)
            (brightened if sign > 0 else darkened).add(i)


REFERENCE_CASES = ((5, 3), (6, 1), (4, 0))  # (seed, target) of long attacks


@pytest.mark.parametrize("theta", [1.0, 0.375])
@pytest.mark.parametrize(("rule", "output", "direction"), ALL_SETTINGS)
def test_every_step_is_that_of_a_plain_reference_attack(rule, output, direction, theta):
    attack = Attack(rule, output, direction, theta, gamma=0.9)
    for seed, target in REFERENCE_CASES:
        model, image = case(seed)
        steps = list(attack.steps(model, image, target))
        reference = reference_attack(attack, model, image, target)
        assert [step.stop for step in steps] == [seen["stop"] for seen in reference]
        for step, seen in zip(steps, reference, strict=True):
            assert step.image.flatten().tolist() == pytest.approx(seen["pixels"], abs=1e-12)
            assert step.outputs.tolist() == pytest.approx(seen["logits"])
            assert step.probabilities.tolist() == pytest.approx(seen["probabilities"])
            assert step.jacobian.shape == (4, 1, 3, 4)
            assert step.jacobian.flatten().tolist() == pytest.approx(flat(seen["rows"]), abs=1e-12)
            assert step.changed == seen["changed"]
            if seen["pair"] or direction is not BOTH:
                assert_same_gradients_and_domain(step, seen)
            if seen["pair"]:
                score, first, second, alpha, beta = seen["pair"]
                assert (step.pair.first, step.pair.second) == (first, second)
                assert (step.pair.alpha, step.pair.beta, step.pair.score) == pytest.approx((alpha, beta, score))
                assert step.pair.direction.sign == seen["sign"]


def flat(rows: list[list]) -> list:
    return [value for row in rows for value in row]


def assert_same_gradients_and_domain(step, seen: dict) -> None:
    assert step.domain.tolist() == seen["domain"]
    assert step.target_gradient.tolist() == pytest.approx(seen["a"], abs=1e-12)
    assert step.others_gradient.tolist() == pytest.approx(seen["b"], abs=1e-12)


@pytest.mark.parametrize("rule", list(Rule))
def test_the_last_step_of_both_directions_shows_the_gradients_and_domain_of_brightening(rule):
    attack = Attack(rule, direction=BOTH, gamma=0.9)
    for seed, target in REFERENCE_CASES:
        *_, last = attack.steps(*case(seed), target)
        *_, seen = reference_attack(attack, *case(seed), target)
        assert_same_gradients_and_domain(last, seen)


def test_the_reference_cases_are_varied():
    attacks = [Attack(*choices, theta=0.375, gamma=0.9) for choices in ALL_SETTINGS]
    runs = [reference_attack(attack, *case(seed), target) for attack in attacks for seed, target in REFERENCE_CASES]
    assert {run[-1]["stop"] for run in runs} == {Stop.REACHED_TARGET, Stop.NO_ADMISSIBLE_PAIR, Stop.BUDGET_SPENT}
    assert {len(run) - 1 for run in runs} >= {2, 3, 4, 5}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("direction", [INCREASE, DECREASE])
@pytest.mark.parametrize("theta", [0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6])
def test_no_change_moves_a_pixel_by_more_than_theta(duel, theta, direction, dtype):
    w = 1 if direction is INCREASE else -1
    for distance in (1.5 * theta, 3 * theta, 0.01, 0.2):
        start = 1 - distance if direction is INCREASE else distance
        image = square(start, start, 0.5, 0.5, dtype=dtype)
        attack = Attack(direction=direction, theta=theta, gamma=0.5)
        first, last = attack.steps(duel([w, w, 0, 0], 99, dtype), image, 1)
        moved = (last.image - first.image).abs().max().item()
        assert moved <= theta + 4 * torch.finfo(dtype).eps


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("theta", [0.3, 0.35, 1 / 3])
def test_a_pixel_moves_by_theta_to_the_precision_of_the_images(duel, theta, dtype):
    attack = Attack(theta=theta, gamma=0.5)
    *_, last = attack.steps(duel([1, 1, 0, 0], 99, dtype), square(0, 0, 0, 0, dtype=dtype), 1)
    moved = torch.tensor(theta, dtype=dtype)
    assert last.image.flatten().tolist() == [moved, moved, 0, 0]


@pytest.mark.parametrize(("rule", "output", "direction"), ALL_SETTINGS)
def test_each_step_follows_from_its_own_gradients_and_domain(rule, output, direction, best_by_table):
    """By the formulas on the step's Jacobian, and by brute force on the step's gradients."""
    target, model, image = 2, smooth_net((3, 2, 3), 5, seed=7), pictures(1, (3, 2, 3), seed=7)[0]
    steps = list(Attack(rule, output, direction, theta=0.5, gamma=0.8).steps(model, image, target))
    assert len(steps) > 1
    for step in steps[:-1]:
        way = step.pair.direction
        rows = jacobian(model, step.image[None], output)[0].flatten(1)
        assert torch.equal(step.jacobian.flatten(1), rows)
        weights = torch.ones(5).double() if rule is Rule.JSMA else step.probabilities
        room = torch.ones(18).double()
        if rule is Rule.TJSMA:
            room = (1 - step.image if way is INCREASE else step.image).flatten()
        expected_b = sum(weights[j] * rows[j] for j in range(5) if j != target) * room
        torch.testing.assert_close(step.target_gradient, rows[target] * room, rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(step.others_gradient, expected_b, rtol=1e-9, atol=1e-12)
        table = best_by_table(step.target_gradient[None], step.others_gradient[None], step.domain[None], way)
        assert (step.pair.first, step.pair.second) == (table.first[0], table.second[0])
        assert (step.pair.alpha, step.pair.beta, step.pair.score) == (table.alpha[0], table.beta[0], table.score[0])


def test_jsma_on_probabilities_has_b_equal_to_minus_a_exactly():
    for step in Attack(output=Output.PROBABILITIES, gamma=0.9).steps(*case(1), target=2):
        assert torch.equal(step.others_gradient, -step.target_gradient)


@pytest.mark.parametrize("output", list(Output))
def test_the_shipped_network_chooses_what_brute_force_chooses(output, uci, best_by_table):
    steps = list(Attack(output=output, gamma=0.01).steps(load_model("lenet"), uci.images[7], 3))
    assert len(steps) > 2
    for step in steps[:-1]:
        assert torch.equal(step.domain, (step.image < 1).flatten())
        table = best_by_table(step.target_gradient[None], step.others_gradient[None], step.domain[None], INCREASE)
        assert (step.pair.first, step.pair.second) == (table.first[0], table.second[0])


# --- many at once --------------------------------------------------------------------------------


def assert_run_is_many_steps(attack: Attack, model: nn.Module, images, targets, batch_size: int) -> list[Stop]:
    result = attack.run(model, images, targets, batch_size)
    ends = [list(attack.steps(model, *one))[-1] for one in zip(images, targets.tolist(), strict=True)]
    assert torch.equal(result.images, torch.stack([end.image for end in ends]))
    assert result.stop == [end.stop for end in ends]
    assert result.success.tolist() == [end.stop is Stop.REACHED_TARGET for end in ends]
    assert result.iterations.tolist() == [end.iteration for end in ends]
    assert result.changed.tolist() == [end.changed for end in ends]
    assert (result.success.dtype, result.iterations.dtype, result.changed.dtype) == (
        torch.bool,
        torch.int64,
        torch.int64,
    )
    return result.stop


@pytest.mark.parametrize("batch_size", [1, 3, 64])
@pytest.mark.parametrize(("rule", "output", "direction"), ALL_SETTINGS)
def test_a_run_ends_as_single_attacks_end_whatever_the_batch_size(rule, output, direction, batch_size):
    attack = Attack(rule, output, direction, theta=0.6, gamma=0.7)
    targets = torch.tensor([0, 1, 2, 3, 0, 1, 2, 3, 0, 1])
    assert_run_is_many_steps(attack, smooth_net(seed=5), pictures(10, seed=5), targets, batch_size)


def test_a_run_that_ends_in_all_four_ways_is_told_image_by_image(linear):
    # a = 1, 1, 2, 2 towards class 1, whose lead class 0 has by 8; nothing pulls towards class 2, which trails by 99.
    model = linear([[-1, -1, -2, -2], [1, 1, 2, 2], [0, 0, 0, 0]], [8, 0, -91], torch.float64)
    images = torch.stack([square(*pixels, dtype=torch.float64) for pixels in ((0,) * 4, (1,) * 4, (0,) * 4)])
    stops = assert_run_is_many_steps(Attack(gamma=1.0), model, images, torch.tensor([1, 2, 2]), batch_size=2)
    assert stops == [Stop.REACHED_TARGET, Stop.DOMAIN_EMPTY, Stop.NO_ADMISSIBLE_PAIR]
    stops = assert_run_is_many_steps(Attack(gamma=0.5), model, images, torch.tensor([1, 1, 0]), batch_size=2)
    assert stops == [Stop.BUDGET_SPENT, Stop.REACHED_TARGET, Stop.REACHED_TARGET]


@pytest.mark.parametrize("batch_size", [1, 3, 9, 10, 11])
def test_no_waiting_image_is_lost(duel, batch_size):
    # Each image needs as many pairs as its number says: pixels 2k and up are white already.
    model = duel([1] * 20, 39.5)
    images = torch.ones(10, 1, 4, 5)
    for needed, image in enumerate(images):
        image.view(-1)[: 2 * needed] = 0
    result = Attack(gamma=1.0).run(model, images, torch.ones(10, dtype=torch.int64), batch_size)
    assert result.iterations.tolist() == list(range(10))
    assert result.changed.tolist() == [2 * needed for needed in range(10)]
    assert result.stop == [Stop.REACHED_TARGET] * 10
    assert bool((result.images == 1).all())


def test_images_that_are_done_make_room_for_waiting_ones(duel):
    # As above: image k needs k pairs. Batches are full as long as enough images are unfinished.
    model, seen = duel([1] * 20, 39.5), []
    model.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    images = torch.ones(10, 1, 4, 5)
    for needed, image in enumerate(images):
        image.view(-1)[: 2 * needed] = 0
    Attack(gamma=1.0).run(model, images, torch.ones(10, dtype=torch.int64), batch_size=4)
    looks, seen = seen[:3], seen[3:]
    assert looks[2] == 1  # to learn how many classes there are, after two to see whether its outputs are repeatable
    assert sum(seen) == sum(needed + 1 for needed in range(10))
    assert max(seen) == 4
    assert seen == sorted(seen, reverse=True)
    assert seen.count(4) >= 8


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_of_no_images_is_refused(batch_size):
    with pytest.raises(ValueError, match="batch_size"):
        Attack().run(smooth_net(), pictures(3), torch.tensor([0, 1, 2]), batch_size)


def test_the_shipped_networks_run_as_they_step_in_float64(uci):
    attack, model = Attack(Rule.TJSMA, direction=BOTH, gamma=0.02), load_model("lenet").double()
    assert_run_is_many_steps(attack, model, uci.images[:4].double(), torch.tensor([5, 6, 7, 8]), batch_size=3)


def test_a_run_of_no_images_has_empty_results():
    result = Attack().run(smooth_net(), pictures(0), torch.zeros(0, dtype=torch.int64))
    assert result.images.shape == (0, 1, 3, 4)
    assert (result.stop, len(result.success), len(result.iterations), len(result.changed)) == ([], 0, 0, 0)


def test_a_run_of_images_that_read_as_their_targets_already_changes_nothing():
    model, images = smooth_net(), pictures(7)
    targets = model(images).argmax(dim=1)
    result = Attack(gamma=1.0).run(model, images, targets, batch_size=2)
    assert torch.equal(result.images, images)
    assert result.stop == [Stop.REACHED_TARGET] * 7
    assert result.success.all()
    assert not result.iterations.any()
    assert not result.changed.any()


def test_a_colour_model_without_parameters_can_be_attacked():
    class Brightest(nn.Module):
        """Reads the colour that is strongest."""

        def forward(self, images):
            return images.sum(dim=(2, 3))

    # Red leads green by 2; two green pixels make them equal, and equal goes to red; three of four make it green.
    image = torch.zeros(3, 2, 2)
    image[0, 0] = 1
    steps = both_ways(Brightest(), image, Attack(gamma=1.0))
    assert chosen(steps) == []
    assert steps[-1].stop is Stop.NO_ADMISSIBLE_PAIR  # green pixels have b = 0, so none is admissible in JSMA
    steps = both_ways(Brightest(), image, Attack(output=Output.PROBABILITIES, gamma=1.0))
    assert chosen(steps) == [(4, 5), (6, 7)]
    assert steps[-1].stop is Stop.REACHED_TARGET


# --- what is left as it was ----------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "output", "direction"), ALL_SETTINGS)
def test_an_attack_leaves_model_and_images_as_they_were(rule, output, direction, unaltered):
    attack = Attack(rule, output, direction, gamma=0.6)
    model, images = smooth_net(), pictures(4)
    before = images.clone()
    with unaltered(model):
        list(attack.steps(model, images[0], 3))
        result = attack.run(model, images, torch.tensor([0, 1, 2, 3]))
    assert result.changed.any()
    assert torch.equal(images, before)
    assert not result.images.requires_grad


def test_frozen_weights_gradients_and_training_mode_are_left_as_they_were(unaltered):
    model = smooth_net().train()
    model(pictures(2)).sum().backward()
    model[1].weight.requires_grad_(False)
    with unaltered(model):
        list(Attack(gamma=0.6).steps(model, pictures(1)[0], 3))
        Attack(gamma=0.6).run(model, pictures(4), torch.tensor([0, 1, 2, 3]))


def test_an_attack_left_early_leaves_no_trace(unaltered):
    model, image = case(5)
    before, whole = image.clone(), list(Attack(theta=0.375, gamma=0.9).steps(model, image, 3))
    assert len(whole) > 3
    with unaltered(model):
        attack = Attack(theta=0.375, gamma=0.9).steps(model, image, 3)
        next(attack)
        next(attack)
        attack.close()
    assert torch.equal(image, before)
    again = list(Attack(theta=0.375, gamma=0.9).steps(model, image, 3))
    assert [step.pair for step in again] == [step.pair for step in whole]


def test_two_attacks_that_take_turns_do_not_disturb_each_other():
    model, image = case(5)
    attack = Attack(theta=0.375, gamma=0.9)
    taking_turns = list(zip(attack.steps(model, image, 3), attack.steps(model, image, 3), strict=True))
    alone = [step.pair for step in attack.steps(model, image, 3)]
    assert [(one.pair, two.pair) for one, two in taking_turns] == [(pair, pair) for pair in alone]


@pytest.mark.parametrize("output", list(Output))
def test_an_attack_is_the_same_where_gradients_are_switched_off(output):
    attack, model, images = Attack(output=output, gamma=0.6), smooth_net(), pictures(3)
    targets = torch.tensor([1, 2, 3])
    with_gradients = attack.run(model, images, targets)
    with torch.no_grad():
        assert torch.equal(attack.run(model, images, targets).images, with_gradients.images)
        assert torch.equal(list(attack.steps(model, images[0], 1))[-1].image, with_gradients.images[0])


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [-1, 4, 100])
def test_a_target_that_is_no_class_is_refused_with_the_classes_there_are(target):
    model, images = smooth_net(), pictures(3)
    with pytest.raises(ValueError, match=f"Target {target} is not a class.*0 to 3"):
        list(Attack().steps(model, images[0], target))
    with pytest.raises(ValueError, match=f"Target {target} is not a class.*0 to 3"):
        Attack().run(model, images, torch.tensor([0, 1, target]))


@pytest.mark.parametrize("batch_size", [1, 64])
@pytest.mark.parametrize("dtype", [torch.float32, torch.int32, torch.bool])
def test_targets_that_are_no_int64_are_refused_by_the_type_found(dtype, batch_size):
    with pytest.raises(ValueError, match=f"int64.*{dtype}"):
        Attack().run(smooth_net(), pictures(2), torch.ones(2, dtype=dtype), batch_size)


@pytest.mark.parametrize("target", [2.0, True])
def test_a_target_that_is_no_whole_number_is_refused(target):
    with pytest.raises(ValueError, match="whole number"):
        next(Attack().steps(smooth_net(), pictures(1)[0], target))


@pytest.mark.parametrize("target", [torch.tensor(3), torch.tensor(3, dtype=torch.int32), np.int64(3), np.uint8(3), [3]])
def test_a_target_may_be_any_kind_of_whole_number(target):
    model, image = smooth_net(), pictures(1)[0]
    expected, found = (list(Attack(gamma=1.0).steps(model, image, each)) for each in (3, target))
    assert [step.pair for step in found] == [step.pair for step in expected]


@pytest.mark.parametrize("target", ["3", "dog", object(), {3}])
def test_a_target_that_is_no_number_is_refused_in_a_sentence(target):
    with pytest.raises(ValueError, match=r"The target is .*; it must be a class as a whole number"):
        next(Attack(gamma=1.0).steps(smooth_net(), pictures(1)[0], target))
    with pytest.raises(ValueError, match=r"The target is .*; it must be a class as a whole number"):
        Attack(gamma=1.0).run(smooth_net(), pictures(1), target)


@pytest.mark.parametrize("targets", [torch.zeros(3), torch.zeros(2, 1), torch.tensor(1), torch.zeros(0)])
def test_targets_of_another_shape_are_refused_by_the_shape_found(targets):
    with pytest.raises(ValueError, match=r"2 images.*expected \(2,\)") as refusal:
        Attack().run(smooth_net(), pictures(2), targets.long())
    assert str(tuple(targets.shape)) in str(refusal.value)


@pytest.mark.parametrize("value", [-0.5, 1.5, torch.nan])
def test_images_out_of_range_are_refused_even_those_that_wait(value):
    images = pictures(3)
    images[2, 0, 0, 0] = value
    with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
        Attack().run(smooth_net(), images, torch.tensor([0, 1, 2]), batch_size=1)
    with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
        next(Attack().steps(smooth_net(), images[2], 0))


@pytest.mark.parametrize("images", [torch.tensor(0.5), torch.zeros(1, 3, 4).byte()])
def test_what_is_no_picture_is_refused(images):
    with pytest.raises(ValueError, match="images must be"):
        next(Attack().steps(smooth_net(), images, 0))
    with pytest.raises(ValueError, match="images must be"):
        Attack().run(smooth_net(), images, torch.tensor([0]))


def test_outputs_that_are_not_finite_are_refused(linear):
    model = linear([[0, 0, 0, 0], [0, 0, torch.inf, 0]], [0, 0])
    with pytest.raises(ValueError, match="not finite"):
        next(Attack().steps(model, square(0, 0, 1, 0), 1))
    with pytest.raises(ValueError, match="not finite"):
        Attack().run(model, square(0, 0, 1, 0)[None], torch.tensor([1]))
