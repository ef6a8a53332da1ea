"""NT-JSMA and M-JSMA against a slow reference written from their formulas."""

import pytest
import torch
from torch import nn

from jsma import Attack, Direction, Output, Rule, Stop, Untargeted, jacobian
from tests.helpers.nets import CLASSES, net, pictures

CASES = range(6)


def derivatives(attack: Attack, model: nn.Module, image: torch.Tensor, k: int, way: Direction) -> tuple[list, list]:
    """Return a and b of every pixel towards class k, term by term."""
    rows = jacobian(model, image[None], attack.output)[0].flatten(1).tolist()
    shares = model(image[None]).softmax(1)[0].tolist()
    weights = [1.0 if attack.rule is Rule.JSMA else share for share in shares]
    a, b = [], []
    for i, x in enumerate(image.flatten().tolist()):
        room = (1 - x if way is Direction.INCREASE else x) if attack.rule is Rule.TJSMA else 1.0
        a.append(rows[k][i] * room)
        b.append(sum(weights[j] * rows[j][i] for j in range(CLASSES) if j != k) * room)
    return a, b


def reference(attack: Attack, model: nn.Module, original: torch.Tensor, kind: Untargeted) -> tuple[list, Stop]:
    """Return the pairs (class, direction, first, second) that the formulas choose, and why they end."""
    image, chosen = original.clone(), []
    left = int(model(image[None]).argmax())
    ways = [Direction.INCREASE, Direction.DECREASE] if attack.direction is Direction.BOTH else [attack.direction]
    while True:
        now, was = image.flatten().tolist(), original.flatten().tolist()
        if int(model(image[None]).argmax()) != left:
            return chosen, Stop.REACHED_TARGET
        if len(chosen) == attack.iterations(len(now)):
            return chosen, Stop.BUDGET_SPENT
        free = {
            Direction.INCREASE: [i for i, x in enumerate(now) if x < 1 and x >= was[i]],
            Direction.DECREASE: [i for i, x in enumerate(now) if x > 0 and x <= was[i]],
        }
        if all(len(free[way]) < 2 for way in ways):
            return chosen, Stop.DOMAIN_EMPTY
        best, winner = 0.0, None
        for k in [left] if kind is Untargeted.AWAY else range(CLASSES):
            for way in ways:
                a, b = derivatives(attack, model, image, k, way)
                for p in free[way]:
                    for q in free[way]:
                        alpha, beta = a[p] + a[q], b[p] + b[q]
                        brightens = (alpha < 0 < beta) if k == left else (beta < 0 < alpha)
                        darkens = (beta < 0 < alpha) if k == left else (alpha < 0 < beta)
                        right = brightens if way is Direction.INCREASE else darkens
                        if p < q and right and -alpha * beta > best:
                            best, winner = -alpha * beta, (way, p, q)
        if winner is None:
            return chosen, Stop.NO_ADMISSIBLE_PAIR
        way, p, q = winner
        chosen.append(winner)
        for pixel in (p, q):
            image.view(-1)[pixel] = min(max(now[pixel] + way.sign * attack.theta, 0), 1)


@pytest.mark.parametrize("kind", list(Untargeted))
@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("output", list(Output))
@pytest.mark.parametrize("rule", list(Rule))
def test_every_choice_is_the_formulas(rule, output, direction, kind):
    attack, ends = Attack(rule, output, direction, theta=0.375, gamma=0.7), set()
    for seed in CASES:
        model, image = net(seed), pictures(1, seed)[0]
        steps = list(attack.steps(model, image, kind))
        pairs = [(step.pair.direction, step.pair.first, step.pair.second) for step in steps[:-1]]
        assert (pairs, steps[-1].stop) == reference(attack, model, image, kind)
        ends.add(steps[-1].stop)
    assert Stop.REACHED_TARGET in ends


@pytest.mark.parametrize("kind", list(Untargeted))
def test_a_run_is_many_steps(kind):
    attack, model, images = Attack(Rule.WJSMA, direction=Direction.BOTH, theta=0.5, gamma=0.6), net(1), pictures(9, 1)
    result = attack.run(model, images, kind, batch_size=4)
    for k, image in enumerate(images):
        last = list(attack.steps(model, image, kind))[-1]
        assert torch.equal(result.images[k], last.image)
        assert (result.stop[k], result.iterations[k]) == (last.stop, last.iteration)
    answers = model(images).argmax(1), model(result.images).argmax(1)
    assert torch.equal(result.success, answers[0] != answers[1])
    assert result.success.any()


def test_no_target_is_away_from_the_first_answer():
    attack, model, images = Attack(theta=0.5, gamma=0.6), net(2), pictures(5, 2)
    assert torch.equal(attack.run(model, images, None).images, attack.run(model, images, Untargeted.AWAY).images)
    alone, named = (list(attack.steps(model, images[0], target)) for target in (None, Untargeted.AWAY))
    assert [step.pair for step in alone] == [step.pair for step in named]


def test_no_images_without_a_target():
    assert len(Attack().run(net(0), pictures(0, 0), None).stop) == 0


def far_class(images: torch.Tensor) -> torch.Tensor:
    """Return the logits of four classes: pixels 0 and 1 turn 0 into 1; pixels 2 and 3 raise 2, which stays far away."""
    x = images.flatten(1)
    near, far = x[:, :2].sum(dim=1), x[:, 2:4].sum(dim=1)
    return torch.stack([5 - near, 4 + near, 90 * far - 300, -90 * far - 300], dim=1)


@pytest.mark.parametrize(
    ("kind", "output", "changed"),
    [
        (Untargeted.MAXIMAL, Output.LOGITS, [[2, 3], [0, 1]]),
        (Untargeted.MAXIMAL, Output.PROBABILITIES, [[0, 1]]),
        (Untargeted.AWAY, Output.LOGITS, [[0, 1]]),
    ],
)
def test_only_the_maximal_kind_on_logits_spends_pixels_on_a_class_far_from_the_answer(kind, output, changed):
    result = Attack(output=output).run(far_class, torch.zeros(1, 1, 4, 7), kind)
    assert result.success.all()
    assert [pair for pair in result.pairs[0].tolist() if pair != [-1, -1]] == changed


@pytest.mark.parametrize("rule", [Rule.WJSMA, Rule.TJSMA])
def test_a_network_that_is_sure_beyond_rounding_is_led_away_by_the_pair_of_one_that_is_not(rule):
    images = torch.tensor([0.0, 0.2, 0.1, 0.3]).repeat(7)[None, None, None]
    attack, sure = Attack(rule), lambda images: 1000 * unsure(images)
    assert sure(images).softmax(dim=1).tolist() == [[1.0, 0.0, 0.0]]
    first, other = (next(attack.steps(model, images[0], None)).pair for model in (unsure, sure))
    assert (first.first, first.second) == (other.first, other.second) == (0, 4)


def unsure(images: torch.Tensor) -> torch.Tensor:
    """Return the logits of three classes; the first falls most, and the second rises most, by every fourth pixel."""
    x = images.flatten(1)
    weights = torch.tensor([2.0, 1, 1, 1]).repeat(7)
    return torch.stack([1.5 - x @ weights / 30, 0.2 + x @ weights / 30, -x @ weights / 60], dim=1)
