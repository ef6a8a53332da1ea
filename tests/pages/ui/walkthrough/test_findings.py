"""What the walkthrough says about attacks, against plain loops over the attack's own steps."""

from copy import deepcopy
from dataclasses import replace
from itertools import combinations

import pytest
import torch

from jsma import Attack, Direction, Output, Rule, Stop, jacobian, load_model
from jsma.analysis import analyse
from jsma.stage.recording import Recording, record
from pages.ui.walkthrough import findings
from pages.ui.walkthrough.perturbation import DARKEN, WITHOUT_PAIR

SHORT = 0.013
"""A budget of five pairs."""

ATTACKS = {
    "logits": Attack(),
    "probabilities": Attack(output=Output.PROBABILITIES, gamma=SHORT),
    "darken": Attack(direction=Direction.DECREASE, gamma=SHORT),
    "small": Attack(theta=0.3, gamma=0.02),
    "weighted": Attack(rule=Rule.WJSMA, gamma=SHORT),
    "both": Attack(rule=Rule.TJSMA, direction=Direction.BOTH, theta=0.4, gamma=SHORT),
}
INDEX, TARGET = 22, 3


@pytest.fixture(scope="module")
def model():
    return load_model("tutorial")


@pytest.fixture(scope="module")
def attacked(model, uci):
    """A function that returns an attack's steps and its recording, each made once."""
    made = {}

    def attack(name: str) -> tuple[list, Recording]:
        if name not in made:
            image, settings = uci.images[INDEX], ATTACKS[name]
            steps = list(settings.steps(model, image, TARGET))
            made[name] = steps, record(model, image, int(uci.labels[INDEX]), TARGET, settings)
            assert len(steps) > 3
        return made[name]

    return attack


def pairs_of(steps):
    return [(step, step.pair.direction.sign, (step.pair.first, step.pair.second)) for step in steps[:-1]]


@pytest.fixture(scope="module")
def finished(attacked):
    """A function that returns a recording that ends with `stop`, so many pixels being changed."""
    _, recording = attacked("logits")

    def with_end(stop: Stop, changed: int, iterations: int = 0) -> Recording:
        end = replace(recording.end, stop=stop, changed=changed)
        return replace(recording, steps=(recording.steps[0],) * iterations + (end,))

    return with_end


@pytest.mark.parametrize("name", ["logits", "darken"])
def test_the_marked_pairs_are_the_winner_and_the_strongest_others_each_way(attacked, name):
    steps, recording = attacked(name)
    step, sign = steps[0], steps[0].pair.direction.sign
    a, b = (sign * step.target_gradient.double()).tolist(), (sign * step.others_gradient.double()).tolist()
    inside = step.domain.nonzero().flatten().tolist()
    admissible = [pair for pair in combinations(inside, 2) if a[pair[0]] + a[pair[1]] > 0 > b[pair[0]] + b[pair[1]]]

    def best(values, taken):
        free = [pair for pair in admissible if not taken & set(pair)]
        return max(free, key=lambda pair: (values[pair[0]] + values[pair[1]], -pair[0], -pair[1]))

    winner = (step.pair.first, step.pair.second)
    one = best(a, set(winner))
    other = best([-value for value in b], {*winner, *one})
    marked = findings.tempting_pairs(recording, 0)
    assert {pair[:2] for pair in marked} == {winner, one, other}
    assert [pair[:2] for pair in marked if pair.wins] == [winner]
    for pair in marked:
        alpha, beta = sign * (a[pair.first] + a[pair.second]), sign * (b[pair.first] + b[pair.second])
        assert (pair.alpha, pair.beta, pair.score) == pytest.approx((alpha, beta, -alpha * beta))
    assert marked == findings.tempting_pairs(recording, 0)


def test_where_no_pair_is_chosen_none_is_marked(attacked):
    _, recording = attacked("logits")
    assert findings.tempting_pairs(recording, recording.iterations) == []


def test_the_winner_is_not_always_in_the_same_place(model, uci):
    attack, places = Attack(gamma=0.003), set()
    for index in range(12):
        label = int(uci.labels[index])
        recording = record(model, uci.images[index], label, (label + 1) % 10, attack)
        places |= {at for at, pair in enumerate(findings.tempting_pairs(recording, 0)) if pair.wins}
    assert places == {0, 1, 2}


@pytest.mark.parametrize("name", ["logits", "both"])
def test_every_step_that_changed_pixels_is_analysed(attacked, name):
    steps, recording = attacked(name)
    told = findings.analyses(recording)
    assert [each.direction for each in told] == [step.pair.direction for step in steps[:-1]]
    expected = [analyse(step, TARGET, ATTACKS[name].rule) for step in steps[:-1]]
    assert [each.beta for each in told] == pytest.approx([each.beta for each in expected], rel=1e-2)


def test_the_largest_remainder_is_that_of_all_pairs(model, uci):
    small = torch.randn(4, 1, 3, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    flat = small.flatten(1)
    largest = max(abs(float(flat[:, p].sum() + flat[:, q].sum())) for p, q in combinations(range(15), 2))
    assert findings.largest_remainder(small, 2) == pytest.approx(largest)
    derivatives = jacobian(deepcopy(model).double(), uci.images[INDEX : INDEX + 1], Output.PROBABILITIES)[0]
    assert 0 < findings.largest_remainder(derivatives, TARGET) < 1e-5 * float(derivatives[TARGET].abs().max())


def test_the_smallest_budget_read_off_one_recording_is_the_smallest_that_succeeds(attacked, model, uci):
    _, recording = attacked("logits")
    least = findings.smallest_gamma(recording)

    def ends(gamma: float) -> Stop:
        return Attack(gamma=gamma).run(model, uci.images[INDEX : INDEX + 1], torch.tensor([TARGET])).stop[0]

    assert ends(least) is Stop.REACHED_TARGET
    assert ends(least - 1e-6) is Stop.BUDGET_SPENT


def test_a_failed_attack_has_no_smallest_budget_and_an_empty_one_needs_none(finished):
    assert findings.smallest_gamma(finished(Stop.BUDGET_SPENT, 112, 56)) is None
    assert findings.smallest_gamma(finished(Stop.REACHED_TARGET, 0)) == 0


def test_the_pixel_chosen_most_often_is_followed_through_its_values(attacked):
    steps, recording = attacked("small")
    pixel, values = findings.most_chosen(recording)
    chosen = [i for step in steps[:-1] for i in (step.pair.first, step.pair.second)]
    assert chosen.count(pixel) == max(chosen.count(i) for i in chosen) == len(values) - 1
    times = [k for k, step in enumerate(steps[:-1]) if pixel in (step.pair.first, step.pair.second)]
    seen = [steps[0].image.flatten()[pixel].item(), *(steps[k + 1].image.flatten()[pixel].item() for k in times)]
    assert values == pytest.approx(seen)


@pytest.mark.parametrize(
    ("one", "other", "answer"),
    [
        ((Stop.REACHED_TARGET, 20), (Stop.REACHED_TARGET, 12), "fewer"),
        ((Stop.REACHED_TARGET, 20), (Stop.REACHED_TARGET, 20), "as many"),
        ((Stop.REACHED_TARGET, 20), (Stop.REACHED_TARGET, 22), "more"),
        ((Stop.REACHED_TARGET, 20), (Stop.DOMAIN_EMPTY, 4), "fails"),
        ((Stop.BUDGET_SPENT, 112), (Stop.REACHED_TARGET, 30), "fewer"),
        ((Stop.BUDGET_SPENT, 112), (Stop.NO_ADMISSIBLE_PAIR, 30), "fails"),
    ],
)
def test_costs_are_compared(finished, one, other, answer):
    assert findings.compare_cost(finished(*one), finished(*other)) == answer


def test_the_digits_to_judge_by_are_the_first_of_every_class_in_turns(uci):
    digits, named = findings.some_of_each(uci, 2)
    assert digits.labels.tolist() == [*range(10), *range(10)]
    for image, (label, sample) in zip(digits.images, named, strict=True):
        assert torch.equal(image, uci.images[(uci.labels == label).nonzero().flatten()[sample]])


def test_the_run_that_shows_an_end_without_a_pair_ends_so(model, uci):
    index, target = WITHOUT_PAIR
    steps = list(DARKEN.steps(model, uci.images[index], target))
    assert steps[-1].stop is Stop.NO_ADMISSIBLE_PAIR
    assert 3 <= steps[-1].iteration < DARKEN.iterations(784)
    assert steps[-1].domain.sum() > 10
