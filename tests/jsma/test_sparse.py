"""The search for few features: against all sets of changes, on networks small enough to try every one."""

import itertools

import pytest
import torch
from torch import nn

from jsma import Attack, Direction, Rule, Stop, Untargeted, refine, sparsest
from tests.helpers.nets import net, pictures

N = 6


def tiny(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(N, 8), nn.Tanh(), nn.Linear(8, 3)).double().eval()


def samples(seed: int) -> torch.Tensor:
    return torch.rand(4, N, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def fewest(model: nn.Module, sample: torch.Tensor, goals: set[int], changeable: tuple[bool, ...]) -> int | None:
    """Return how many features, each at an end of its range, make the model read one of `goals`; None if none do."""
    ends = [(value, 0.0, 1.0) if may else (value,) for value, may in zip(sample.tolist(), changeable, strict=True)]
    everything = torch.tensor(list(itertools.product(*ends)), dtype=torch.float64)
    reached = torch.tensor([read in goals for read in model(everything).argmax(1).tolist()])
    costs = (everything != sample).sum(1)[reached]
    return int(costs.min()) if len(costs) else None


@pytest.mark.parametrize("untargeted", [False, True])
@pytest.mark.parametrize("changeable", [None, (True, False, True, True, True, False)])
def test_a_wide_search_finds_the_fewest_features_that_there_are(untargeted, changeable):
    ended = set()
    for seed in range(6):
        model, rows = tiny(seed), samples(seed)
        reads = model(rows).argmax(1)
        targets = None if untargeted else (reads + 1) % 3
        mask = None if changeable is None else torch.tensor(changeable)
        result = sparsest(model, rows, targets, width=300, candidates=2 * N, gamma=1.0, changeable=mask)
        for k in range(4):
            goals = {0, 1, 2} - {int(reads[k])} if targets is None else {int(targets[k])}
            least = fewest(model, rows[k], goals, changeable or (True,) * N)
            assert result.success[k] == (least is not None)
            assert least is None or result.changed[k] == least
            ended.add(result.stop[k])
            assert mask is None or torch.equal(result.images[k][~mask], rows[k][~mask])
    assert Stop.REACHED_TARGET in ended


@pytest.mark.parametrize("targets", [torch.tensor([0, 1, 2, 3, 0, 1]), Untargeted.AWAY], ids=["targeted", "untargeted"])
def test_a_narrow_search_says_of_its_images_what_they_are(targets):
    model, images = net(1), pictures(6, 1)
    result = sparsest(model, images, targets, gamma=0.9)
    reads, before = model(result.images).argmax(1), model(images).argmax(1)
    reached = reads != before if targets is Untargeted.AWAY else reads == targets
    assert torch.equal(reached, result.success)
    assert any(result.success)
    moved = result.images != images
    assert torch.equal(moved.flatten(1).sum(1), result.changed)
    assert set(result.images[moved].tolist()) <= {0.0, 1.0}
    assert [stop is Stop.REACHED_TARGET for stop in result.stop] == result.success.tolist()


def test_a_budget_is_kept_and_its_end_is_said():
    model, images = net(1), pictures(6, 1)
    free = sparsest(model, images, exchanges=0, gamma=1.0)
    assert free.success.all()
    assert free.iterations.max() > 1
    bound = sparsest(model, images, exchanges=0, gamma=1.5 / images[0].numel())
    assert bound.changed.max() <= 1
    within = free.iterations <= 1
    assert torch.equal(bound.success, within)
    assert {bound.stop[k] for k in range(6) if not within[k]} == {Stop.BUDGET_SPENT}


def test_more_states_and_exchanges_need_no_more_features_here():
    model, images = net(2), pictures(20, 2)
    narrow, wide = (sparsest(model, images, width=width, candidates=width, exchanges=0, gamma=1.0) for width in (1, 6))
    assert wide.changed.sum() <= narrow.changed.sum()


def test_exchanges_give_two_changes_back_for_one():
    saved = 0
    for seed in range(4):
        model, images = net(seed), pictures(12, seed)
        found = Attack(Rule.JSMA, direction=Direction.BOTH, gamma=0.9).run(model, images, None)
        undone, exchanged = (refine(model, images, None, found, exchanges=count) for count in (0, 6))
        assert (exchanged.changed <= undone.changed).all()
        reads, before = model(exchanged.images).argmax(1), model(images).argmax(1)
        assert torch.equal(reads != before, found.success)
        assert torch.equal((exchanged.images != images).flatten(1).sum(1), exchanged.changed)
        saved += int((undone.changed - exchanged.changed).sum())
    assert saved > 0


def test_other_ranges_are_moved_through_to_their_ends():
    model, rows = tiny(3), samples(3)
    plain = sparsest(model, rows, gamma=1.0)
    scaled = sparsest(lambda x: model((x + 2) / 5), 5 * rows - 2, gamma=1.0, bounds=(-2.0, 3.0))
    assert torch.equal(plain.changed, scaled.changed)
    assert torch.allclose(5 * plain.images - 2, scaled.images)


def test_progress_is_told_and_may_end_the_search():
    model, images = net(0), pictures(300, 0)
    told = []
    result = sparsest(model, images, width=1, candidates=1, progress=lambda *done: told.append(done) or False)
    assert told == [(128, 300)]
    assert result.stop[128:] == [None] * 172
    assert not result.success[128:].any()


def test_nothing_to_attack():
    assert len(sparsest(net(0), pictures(0, 0)).changed) == 0


def test_what_is_read_as_the_target_already_stays_as_it_is():
    model, images = net(0), pictures(5, 0)
    result = sparsest(model, images, model(images).argmax(1))
    assert result.success.all()
    assert result.changed.tolist() == result.iterations.tolist() == [0] * 5
    assert torch.equal(result.images, images)


@pytest.mark.parametrize(
    "wrong", [{"width": 0}, {"candidates": 1.5}, {"exchanges": -1}, {"exchanges": "5"}, {"gamma": 2.0}]
)
def test_a_setting_that_cannot_be_is_told(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"{name} is {value!r}; it must be"):
        sparsest(net(0), pictures(1, 0), **wrong)
