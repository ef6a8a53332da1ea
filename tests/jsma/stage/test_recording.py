"""A recorded attack: what is known of it agrees with the steps and with brute force."""

import dataclasses
from itertools import combinations

import numpy as np
import pytest
import torch

import jsma
from jsma import Attack, Direction, Output, Rule, Stop, load_model
from jsma.stage.recording import Counts, Recording, record

INCREASE, DECREASE, BOTH = Direction


SETTINGS = [Attack(output=output, direction=way, gamma=0.015) for output in Output for way in (INCREASE, DECREASE)]
SETTINGS += [Attack(Rule.TJSMA, direction=BOTH, theta=0.4, gamma=0.015)]


TARGET = 3


class Recorded:
    """One attack on a built-in 2 towards 3: its settings, its steps, and its recording."""

    def __init__(self, attack: Attack, digits):
        model, image = load_model("tutorial"), digits.images[22]
        self.attack, self.label, self.target = attack, int(digits.labels[22]), TARGET
        self.steps = list(attack.steps(model, image, self.target))
        self.jacobians = jsma.jacobian(model, torch.stack([step.image for step in self.steps]), attack.output)
        self.recording = record(model, image, self.label, self.target, attack)

    def direction(self, number: int) -> Direction:
        """Return the direction that the gradients of a step belong to; of the last step of BOTH, brightening."""
        pair = self.steps[number].pair
        if pair is not None:
            return pair.direction
        return INCREASE if self.attack.direction is BOTH else self.attack.direction


@pytest.fixture(scope="module", params=SETTINGS, ids=lambda a: f"{a.rule.name}-{a.output.name}-{a.direction.name}")
def recorded(request, uci) -> Recorded:
    return Recorded(request.param, uci)


def test_the_recorded_attacks_have_several_steps(recorded):
    assert len(recorded.steps) > 3


def test_it_says_what_was_attacked_and_how(recorded):
    recording = recorded.recording
    assert (recording.height, recording.width, recording.pixels, recording.classes) == (28, 28, 784, 10)
    assert (recording.label, recording.target, recording.attack) == (2, 3, recorded.attack)
    assert recording.budget == 10  # 784 * 0.015 / 2 = 5.88: five pairs
    assert recording.iterations == len(recorded.steps) - 1 == len(recording.steps) - 1
    assert recording.end is recording.steps[-1]


def test_gradients_images_and_domains_are_those_of_the_steps(recorded):
    recording = recorded.recording
    for number, step in enumerate(recorded.steps):
        assert recording.target_gradient[number].tolist() == step.target_gradient.tolist()
        assert recording.others_gradient[number].tolist() == step.others_gradient.tolist()
        assert recording.domain[number].tolist() == step.domain.tolist()
        white = recording.image_codes[number].astype(float) / 65535
        assert np.abs(white - step.image.flatten().double().numpy()).max() <= 0.51 / 65535
        assert recording.image(number).shape == step.image.shape
        assert np.abs(recording.image(number).flatten().numpy() - white).max() <= 1e-7


def test_what_is_known_cannot_be_altered(recorded):
    with pytest.raises(ValueError, match="read-only"):
        recorded.recording.target_gradient[0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        recorded.recording.steps[0].changed = 1


def test_its_steps_are_those_of_the_attack_as_exactly_as_they_are_kept(recorded):
    for number, step in enumerate(recorded.steps):
        kept = recorded.recording.as_step(number)
        assert (kept.iteration, kept.pair, kept.changed, kept.stop) == (number, step.pair, step.changed, step.stop)
        for name in ("outputs", "probabilities", "target_gradient", "others_gradient", "domain"):
            assert torch.equal(getattr(kept, name), getattr(step, name))
        torch.testing.assert_close(kept.image, step.image, rtol=0, atol=0.51 / 65535)
        assert kept.jacobian.shape == step.jacobian.shape
        error = (kept.jacobian - recorded.jacobians[number].double()).abs().max()
        assert error <= 0.501 * recorded.recording.steps[number].jacobian_unit


def test_the_jacobian_is_that_of_the_step_to_half_a_unit(recorded):
    for number, step in enumerate(recorded.steps):
        unit = recorded.recording.steps[number].jacobian_unit
        exact = recorded.jacobians[number].flatten(1).double().numpy()
        assert np.abs(step.jacobian.flatten(1).numpy() - exact).max() <= 1e-3 * np.abs(exact).max()  # up to rounding
        assert unit == pytest.approx(np.abs(exact).max() / 32767)
        assert np.abs(recorded.recording.jacobian_codes[number] * unit - exact).max() <= 0.501 * unit
        assert np.abs(recorded.recording.jacobian(number).flatten(1).numpy() - exact).max() <= 0.501 * unit


def test_the_facts_of_a_step_are_those_of_the_attack(recorded):
    for number, (step, facts) in enumerate(zip(recorded.steps, recorded.recording.steps, strict=True)):
        assert facts.outputs == tuple(step.outputs.tolist())
        assert facts.probabilities == tuple(step.probabilities.tolist())
        assert facts.reads == max(range(10), key=lambda label: step.outputs[label])
        assert facts.changed == step.changed
        assert facts.direction is recorded.direction(number)
        assert facts.sign == recorded.direction(number).sign
        assert facts.stop is step.stop
        assert (facts.pair is None) == (step.pair is None)


def test_a_pair_is_told_with_its_pixels_before_and_after_and_what_was_forecast_and_came(recorded):
    for number, (step, after) in enumerate(zip(recorded.steps, recorded.steps[1:], strict=False)):
        told, pair = recorded.recording.steps[number].pair, step.pair
        assert told.pixels == [told.first, told.second] == [pair.first, pair.second]
        assert (told.alpha, told.beta, told.score) == (pair.alpha, pair.beta, pair.score)
        pixels = [divmod(pixel, 28) for pixel in (pair.first, pair.second)]
        assert told.before == tuple(step.image[0][pixel].item() for pixel in pixels)
        assert told.after == tuple(after.image[0][pixel].item() for pixel in pixels)
        forecast = sum(
            step.jacobian[TARGET, 0][pixel].item() * (now - before)
            for pixel, before, now in zip(pixels, told.before, told.after, strict=True)
        )
        assert told.forecast == pytest.approx(forecast, rel=1e-4)
        values = [
            one.outputs if recorded.attack.output is Output.LOGITS else one.probabilities for one in (step, after)
        ]
        assert told.happened == pytest.approx(values[1][TARGET].item() - values[0][TARGET].item(), rel=1e-4, abs=1e-6)


def test_the_last_step_shows_the_gradients_and_domain_of_the_direction_it_names(recorded):
    last, image = recorded.steps[-1], recorded.steps[-1].image.flatten()
    original = recorded.steps[0].image.flatten()
    direction = recorded.direction(len(recorded.steps) - 1)
    can_move = (image < 1) & (image >= original) if direction is INCREASE else (image > 0) & (image <= original)
    assert recorded.recording.end.sign == direction.sign
    assert recorded.recording.domain[-1].tolist() == can_move.tolist()
    if recorded.attack.rule is Rule.JSMA:
        torch.testing.assert_close(last.target_gradient, last.jacobian[TARGET].flatten(), rtol=1e-4, atol=1e-6)


# --- against brute force -------------------------------------------------------------------------


def table(recorded: Recorded, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return sign * alpha, sign * beta, score and "first < second, both in the domain" of all pairs of a step."""
    sign = recorded.direction(number).sign
    a, b = (rows[number] for rows in (recorded.recording.target_gradient, recorded.recording.others_gradient))
    inside = recorded.recording.domain[number]
    pairs = inside[:, None] & inside & (np.arange(784)[:, None] < np.arange(784))
    alpha, beta = a[:, None] + a, b[:, None] + b
    return sign * alpha, sign * beta, -alpha.astype(float) * beta.astype(float), pairs


def test_the_counts_are_those_of_brute_force(recorded):
    for number, facts in enumerate(recorded.recording.steps):
        alpha, beta, _, pairs = table(recorded, number)
        assert facts.counts == Counts(
            pixels=int(recorded.recording.domain[number].sum()),
            compared=int(pairs.sum()),
            admissible=int((pairs & (alpha > 0) & (beta < 0)).sum()),
            alpha_fails=int((pairs & (alpha <= 0)).sum()),
            only_beta_fails=int((pairs & (alpha > 0) & (beta >= 0)).sum()),
        )


def test_the_best_pairs_are_those_of_brute_force_best_first(recorded):
    for number, facts in enumerate(recorded.recording.steps):
        alpha, beta, score, pairs = table(recorded, number)
        rows, columns = np.nonzero(pairs & (alpha > 0) & (beta < 0))
        scores = score[rows, columns]
        best = np.lexsort((columns, rows, -scores))[:5]  # by score, then by row, then by column
        assert [list(pair[:2]) for pair in facts.best_pairs] == np.stack([rows, columns], axis=1)[best].tolist()
        assert [pair[2] for pair in facts.best_pairs] == pytest.approx(scores[best].tolist())
        if facts.pair:
            assert facts.best_pairs[0] == pytest.approx((facts.pair.first, facts.pair.second, facts.pair.score))


def test_the_skyband_is_that_of_its_definition(recorded):
    for number, facts in enumerate(recorded.recording.steps):
        sign = recorded.direction(number).sign
        a, b = (
            sign * rows[number] for rows in (recorded.recording.target_gradient, recorded.recording.others_gradient)
        )
        pixels = np.flatnonzero(recorded.recording.domain[number])
        a, b = a[pixels], b[pixels]
        no_worse = (a >= a[:, None]) & (b <= b[:, None])  # [p, q]: q is no worse than p
        better = (a > a[:, None]) | (b < b[:, None]) | (pixels < pixels[:, None])
        dominators = (no_worse & better).sum(axis=1)
        assert facts.skyband == tuple(pixels[dominators <= 1].tolist())


def assert_99th_percentile(limit: float, derivatives: np.ndarray) -> None:
    sizes = np.abs(derivatives)
    lowest, highest = (np.quantile(sizes, 0.99, method=method) for method in ("lower", "higher"))
    assert lowest * (1 - 1e-6) <= limit <= highest * (1 + 1e-6)


def test_the_limits_of_the_colours_are_99th_percentiles(recorded):
    for derivatives, facts in zip(recorded.jacobians, recorded.recording.steps, strict=True):
        rows = derivatives.flatten(1).numpy()
        assert_99th_percentile(facts.jacobian_limit, rows)
        assert len(facts.map_limits) == 10
        for limit, row in zip(facts.map_limits, rows, strict=True):
            assert_99th_percentile(limit, row)
    assert_99th_percentile(recorded.recording.jacobian_limit, recorded.jacobians.flatten().numpy())


# --- small made-up models ------------------------------------------------------------------------


def duel(linear, w: torch.Tensor, lead: float):
    """Return a model with the logits lead - w·x and w·x."""
    return linear(torch.stack([-w, w]), [lead, 0.0])


@pytest.mark.parametrize("side", [3, 5, 28])
def test_of_best_pairs_alike_those_of_lowest_indices_are_listed(linear, side):
    model = duel(linear, torch.ones(side * side), 1000.0)
    a_pair = Attack(gamma=2.5 / side**2)
    first = record(model, torch.full((1, side, side), 0.5), 0, 1, a_pair).steps[0]
    assert first.best_pairs == tuple((0, other, 4) for other in range(1, 6))
    assert (first.pair.first, first.pair.second) == (0, 1)


@pytest.mark.parametrize("lead", [0.5, 40.0, 60.0, 80.0])
def test_the_chosen_pair_is_listed_first_however_sure_the_network_is(linear, lead):
    """A lead of 60 leaves the target a probability of 10^-26: its derivatives squared vanish in float32."""
    w = torch.tensor([0.5, 0.7, 0.1, -0.3, 0.65, 0.2, -1.0, 0.05, 0.3])
    model = duel(linear, w, lead)
    recording = record(model, torch.zeros(1, 3, 3), 0, 1, Attack(output=Output.PROBABILITIES, gamma=0.3))
    first = recording.steps[0]
    assert (first.pair.first, first.pair.second) == (1, 4)
    assert first.best_pairs[0][:2] == (1, 4)
    assert len(first.best_pairs) == 5


def test_no_admissible_pair_lists_no_best_pairs(linear):
    recording = record(duel(linear, -torch.ones(9), 9.0), torch.zeros(1, 3, 3), 0, 1, Attack(gamma=0.5))
    (only,) = recording.steps
    assert (only.best_pairs, only.pair, only.stop) == ((), None, Stop.NO_ADMISSIBLE_PAIR)
    assert only.counts == Counts(9, 36, admissible=0, alpha_fails=36, only_beta_fails=0)
    assert recording.iterations == 0


def test_a_flat_model_is_recorded_with_zeros(linear):
    recording = record(duel(linear, torch.zeros(9), 9.0), torch.zeros(1, 3, 3), 0, 1, Attack(gamma=0.5))
    assert not recording.jacobian(0).any()
    (only,) = recording.steps
    assert only.jacobian_limit == 0
    assert only.counts == Counts(9, 36, admissible=0, alpha_fails=36, only_beta_fails=0)


def test_an_image_of_four_pixels_can_be_recorded(linear):
    recording = record(duel(linear, torch.ones(4), 9.0), torch.zeros(1, 2, 2), 0, 1, Attack(gamma=1.0))
    assert recording.steps[0].best_pairs == tuple((p, q, 4) for p, q in combinations(range(4), 2))[:5]


# --- the whole -----------------------------------------------------------------------------------


def test_an_attack_of_the_whole_budget_takes_less_than_one_and_a_half_megabytes(uci):
    recording = record(load_model("tutorial"), uci.images[0], 0, 1, Attack(theta=0.05))
    assert recording.iterations == 56
    assert len(recording.payload) < 1.5e6


def test_the_name_tells_recordings_apart(uci):
    model, attack = load_model("tutorial"), Attack(gamma=0.005)
    one = record(model, uci.images[0], 0, 1, attack)
    assert isinstance(one, Recording)
    assert record(model, uci.images[0], 0, 1, attack).name == one.name
    others = [
        record(model, uci.images[0], 0, 2, attack),
        record(model, uci.images[10], 0, 1, attack),
        record(model, uci.images[0], 0, 1, Attack(gamma=0.01)),
        record(model, uci.images[0], 0, 1, Attack(Rule.WJSMA, gamma=0.005)),
        record(load_model("lenet"), uci.images[0], 0, 1, attack),
    ]
    assert len({one.name, *(other.name for other in others)}) == 6
