"""What a map is worth, each measure against a slower way to it or a case worked out by hand."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

import jsma
from jsma import Attack, Direction, saliency_map
from jsma.explanations import Change, Question, explain
from jsma.measures import (
    attack_by_map,
    deletion,
    insertion,
    layers_from_the_end,
    overlap,
    randomised,
    ranked,
    spearman,
)


@pytest.mark.parametrize("kinds", [1000, 20, 3])
def test_the_rank_correlation_is_scipys_with_ties_too(kinds):
    random = np.random.default_rng(kinds)
    for _ in range(30):
        one, other = random.integers(0, kinds, (2, 50)) / kinds
        expected = stats.spearmanr(one, other).statistic
        found = spearman(torch.from_numpy(one).view(5, 10), torch.from_numpy(other).view(5, 10))
        assert found == pytest.approx(expected, abs=1e-12)


def test_a_map_with_one_value_everywhere_has_no_rank_correlation():
    assert math.isnan(spearman(torch.ones(2, 3), torch.rand(2, 3)))
    with pytest.raises(ValueError, match="same shape"):
        spearman(torch.ones(2, 3), torch.ones(3, 2))


def test_the_overlap_by_hand_leaves_signs_aside_and_counts_no_zero():
    one, other = torch.tensor([3.0, -2, 1, 0, 0, 0]), torch.tensor([1.0, 5, 0, 0, 0, -4])
    assert overlap(one, other, 1) == 0
    assert overlap(one, other, 2) == 1 / 2  # {0, 1} and {1, 5}
    assert overlap(one, other, 3) == 2 / 3  # {0, 1, 2} and {0, 1, 5}
    assert overlap(one, other, 6) == 2 / 6
    for k in (0, 7):
        with pytest.raises(ValueError, match=f"k is {k}"):
            overlap(one, other, k)


def test_pixels_are_ranked_by_value_and_equal_ones_by_place():
    assert ranked(torch.tensor([[0.0, 2, -3], [2, 5, 0]])).tolist() == [4, 1, 3]


def test_deletion_and_insertion_by_hand_on_a_linear_network(linear):
    model = linear([[2.0, -1, 1, 0], [0, 0, 0, 0]], [0, 0], torch.float64)
    image, values = torch.tensor([[[1.0, 1], [0.5, 0]]]).double(), torch.tensor([[[2.0, -1], [0.5, 0]]])
    sure = [1 / (1 + math.exp(-lead)) for lead in (1.5, -0.5, -1, -1, 0)]  # without pixels 0, 2, 3, 1 in this order
    curve = deletion(model, image, values, 0, baseline=0.0, points=5)
    assert curve.shares == (0, 0.25, 0.5, 0.75, 1)
    assert curve.probabilities == pytest.approx(sure)
    assert curve.area == pytest.approx(sum(sure) / 4 - (sure[0] + sure[4]) / 8)
    sure = [1 / (1 + math.exp(-lead)) for lead in (0, 2, 2.5, 2.5, 1.5)]
    assert insertion(model, image, values, 0, baseline=0.0, points=5).probabilities == pytest.approx(sure)


def test_deletion_goes_to_the_baseline_picture_that_is_asked_for(linear):
    model = linear([[2.0, 1], [0, 0]], [0, 0], torch.float64)
    image, values = torch.tensor([[[1.0, 0]]]).double(), torch.tensor([[[1.0, 0]]])
    sure = [1 / (1 + math.exp(-lead)) for lead in (2, 1, 1.5)]
    assert deletion(model, image, values, 0, baseline=0.5, points=3).probabilities == pytest.approx(sure)


def by_loop(name: str, model: nn.Module, image: torch.Tensor, question: Question, limit: int, again: bool) -> list[int]:
    """Return the pixels of an attack that follows a map, one after the other, in plain Python."""
    changed, now, values, taken = set(), image.clone(), None, []
    end = question.change.of(image).flatten().tolist()
    while len(taken) < limit and int(model(now[None]).argmax()) != question.target:
        if values is None or again:
            free = torch.tensor([end[i] != x and i not in changed for i, x in enumerate(image.flatten().tolist())])
            asked = Question(question.explained, question.target, change=question.change, changeable=free)
            values = explain(name, model, now, asked).flatten().tolist()
        open_ones = [i for i in range(len(end)) if i not in changed and end[i] != float(image.flatten()[i])]
        best = max((i for i in open_ones if values[i] > 0), key=lambda i: (values[i], -i), default=None)
        if best is None:
            break
        taken.append(best)
        changed.add(best)
        now.view(-1)[best] = end[best]
    return taken


@pytest.mark.parametrize("change", Change)
@pytest.mark.parametrize("again", [False, True], ids=["once", "again"])
@pytest.mark.parametrize("name", ["gradient", "input", "attack"])
def test_an_attack_by_a_map_changes_the_pixels_that_a_loop_changes(uci, name, again, change):
    model, image, question = jsma.load_model("lenet"), uci.images[0], Question(0, 2, change=change)
    ran = attack_by_map(name, model, image, question, limit=12, again=again)
    assert list(ran.pixels) == by_loop(name, model, image, question, 12, again)
    assert len(ran.logits) == len(ran.pixels) + 1
    now = image.clone()
    now.view(-1)[list(ran.pixels)] = change.of(image).view(-1)[list(ran.pixels)]
    torch.testing.assert_close(ran.logits[-1], model(now[None])[0].detach())


def test_it_counts_until_the_target_and_until_anything_else(linear):
    # Pixels 0 and 1 raise class 1, pixel 2 class 2; class 0 leads by 1.5 at first.
    model = linear([[0.0, 0, 0], [1, 1, 0], [0, 0, 3]], [1.5, 0, 0], torch.float64)
    black = torch.zeros(1, 1, 3).double()
    towards_2 = attack_by_map("attack", model, black, Question(0, 2), limit=3)
    assert (towards_2.pixels, towards_2.until_target, towards_2.until_other) == ((), None, None)  # b of pixel 2 is 0
    assert towards_2.ended_by_map
    with torch.no_grad():
        model[1].weight[0] = torch.tensor([-1.0, -1, -1])
    towards_1 = attack_by_map("attack", model, black, Question(0, 1), limit=3)
    assert (towards_1.until_target, towards_1.until_other, towards_1.reads) == (1, 1, [0, 1])
    towards_2 = attack_by_map("gradient", model, black, Question(0, 2), limit=3)  # all slopes are 1: the lowest first
    assert (towards_2.pixels, towards_2.until_other, towards_2.until_target) == ((0, 1, 2), 1, 3)
    assert attack_by_map("attack", model, black, Question(0, 0), limit=3).until_target == 0  # read as the target


def test_the_budget_ends_it_and_who_no_longer_waits_too(uci):
    model, image = jsma.load_model(), uci.images[0]
    ran = attack_by_map("gradient", model, image, Question(0, 2), limit=3)
    assert (len(ran.pixels), ran.ended_by_map, ran.until_target) == (3, False, None)

    class Left(Exception):
        pass

    def leave():
        raise Left

    with pytest.raises(Left):
        attack_by_map("gradient", model, image, Question(0, 2), limit=3, proceed=leave)


def test_the_layers_are_randomised_from_the_end_and_the_network_stays(unaltered):
    model = jsma.load_model("lenet")
    names = layers_from_the_end(model)
    assert names == ["9", "7", "3", "0"]
    for count in range(5):
        with unaltered(model):
            changed = randomised(model, count)
        for at, name in enumerate(names):
            one, other = (list(each.get_submodule(name).parameters()) for each in (model, changed))
            same = [torch.equal(a, b) for a, b in zip(one, other, strict=True)]
            assert same == [at >= count] * len(same)
    weights, fan_in = randomised(model, 1).get_submodule("9").weight, 500
    assert 0.9 / math.sqrt(fan_in) < float(weights.detach().abs().max()) <= 1 / math.sqrt(fan_in)
    assert torch.equal(randomised(model, 1)[9].weight, weights)  # the same seed
    with pytest.raises(ValueError, match="has 4 layers"):
        randomised(model, 5)


def test_a_map_of_the_target_hardly_resembles_the_gradient_of_the_true_class(uci):
    model, image = jsma.load_model(), uci.images[0]
    ours, theirs = (explain(name, model, image, Question(0, 2)) for name in ("attack", "gradient"))
    assert abs(spearman(ours, theirs)) < 0.5
    assert overlap(ours, theirs, 40) < 0.5
    step = next(Attack().steps(model, image, 2))
    arguments = step.target_gradient[None], step.others_gradient[None], step.domain[None]
    assert spearman(ours.flatten(), saliency_map(*arguments, Direction.INCREASE, True)[0]) == pytest.approx(1)
