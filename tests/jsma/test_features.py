"""Features that are no image: rows and other shapes, with bounds and a mask, against a loop over all pairs in numpy."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from jsma import (
    Attack,
    Digits,
    Direction,
    Report,
    Rule,
    Stop,
    Untargeted,
    accuracy,
    adversarial_distance,
    evaluate,
    evaluate_in_parts,
    jacobian,
    refine,
)
from jsma.baselines import Baseline, baseline_steps
from jsma.stage import record

INCREASE, DECREASE, BOTH = Direction
CLASSES = 3


def tanh_net(features: int, seed: int, dtype=torch.float64) -> nn.Sequential:
    """Return a small network from rows (N, features) to (N, CLASSES)."""
    random = torch.Generator().manual_seed(seed)
    layers = nn.Linear(features, 6), nn.Linear(6, CLASSES)
    with torch.no_grad():
        for layer in layers:
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=random))
            layer.bias.copy_(torch.randn(layer.bias.shape, generator=random))
    return nn.Sequential(layers[0], nn.Tanh(), layers[1]).to(dtype).eval()


def table(count: int, features: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return rows (count, features) within bounds, a fifth of them at an end; low, high, (features,); a mask."""
    random = torch.Generator().manual_seed(seed)
    share = torch.rand(count, features, generator=random, dtype=torch.float64)
    share = (1.4 * share - 0.2).clamp(0, 1)
    low = 4 * torch.rand(features, generator=random, dtype=torch.float64) - 3
    high = low + 0.5 + 3 * torch.rand(features, generator=random, dtype=torch.float64)
    return torch.lerp(low, high, share), low, high, torch.rand(count, features, generator=random) < 0.7


# --- the attack, written from its description ----------------------------------------------------


def logits_and_jacobian(model: nn.Sequential, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    (w1, b1), (w2, b2) = ((model[k].weight.detach().numpy(), model[k].bias.detach().numpy()) for k in (0, 2))
    hidden = np.tanh(w1 @ row + b1)
    return w2 @ hidden + b2, (w2 * (1 - hidden**2)) @ w1


def best_of_all_pairs(attack, row, original, target, logits, derivatives, low, high, may):
    """Return (score, sign, first, second) of the best pair, None if there is none, and the size of the domain."""
    probabilities = np.exp(logits) / np.exp(logits).sum()
    weights = probabilities if attack.rule.weighs_by_probability else np.ones(CLASSES)
    a = derivatives[target]
    b = sum(weights[k] * derivatives[k] for k in range(CLASSES) if k != target)
    best, sizes = None, []
    for sign in (1, -1) if attack.direction is BOTH else (attack.direction.sign,):
        inside = may & ((row < high) & (row >= original) if sign > 0 else (row > low) & (row <= original))
        room = (high - row if sign > 0 else row - low) / (high - low) if attack.rule.weighs_by_room else 1 + 0 * row
        sizes.append(inside.sum())
        for p, q in itertools.combinations(np.flatnonzero(inside), 2):
            alpha, beta = a[p] * room[p] + a[q] * room[q], b[p] * room[p] + b[q] * room[q]
            if sign * alpha > 0 and sign * beta < 0 and (best is None or -alpha * beta > best[0]):
                best = (-alpha * beta, sign, p, q)
    return best, max(sizes)


def by_all_pairs(attack, model, original, target, low, high, may):
    """Return the pairs changed, the row at the end and the stop of one attack."""
    row, pairs = original.copy(), []
    while True:
        logits, derivatives = logits_and_jacobian(model, row)
        best, size = best_of_all_pairs(attack, row, original, target, logits, derivatives, low, high, may)
        if logits.argmax() == target:
            return pairs, row, Stop.REACHED_TARGET
        if len(pairs) == math.floor(len(row) * attack.gamma / 2):
            return pairs, row, Stop.BUDGET_SPENT
        if best is None:
            return pairs, row, Stop.DOMAIN_EMPTY if size < 2 else Stop.NO_ADMISSIBLE_PAIR
        _, sign, *pair = best
        pairs.append([int(feature) for feature in pair])
        for feature in pair:
            moved = row[feature] + sign * attack.theta * (high - low)[feature]
            row[feature] = min(max(moved, low[feature]), high[feature])


@pytest.mark.parametrize("rule", Rule)
@pytest.mark.parametrize("direction", Direction)
def test_rows_in_bounds_with_fixed_features_are_attacked_as_by_trying_all_pairs(rule, direction):
    stops = set()
    for seed in range(9):
        features, theta = 4 + seed % 4, (1.0, 0.5, 0.3)[seed % 3]
        attack, model = Attack(rule, direction=direction, theta=theta, gamma=1.0), tanh_net(features, seed)
        rows, low, high, mask = table(8, features, seed)
        targets = torch.arange(8) % CLASSES
        result = attack.run(model, rows, targets, bounds=(low, high), changeable=mask)
        for k in range(8):
            case = (rows[k].numpy(), int(targets[k]), low.numpy(), high.numpy(), mask[k].numpy())
            pairs, row, stop = by_all_pairs(attack, model, *case)
            assert result.pairs[k, : result.iterations[k]].tolist() == pairs
            assert result.stop[k] is stop
            np.testing.assert_allclose(result.images[k].numpy(), row, rtol=0, atol=1e-12)
            assert torch.equal(result.images[k][~mask[k]], rows[k][~mask[k]])
            stops.add(stop)
        assert torch.equal(result.changeable, mask.sum(dim=1))
        torch.testing.assert_close(result.distortion, result.changed / features, check_dtype=False)
        share = torch.where(mask.any(dim=1), result.changed / mask.sum(dim=1), 0)
        torch.testing.assert_close(result.distortion_of_changeable, share, check_dtype=False)
    assert stops >= {Stop.REACHED_TARGET, Stop.NO_ADMISSIBLE_PAIR, Stop.DOMAIN_EMPTY}


@pytest.mark.parametrize("target", [1, *Untargeted])
def test_a_row_is_traced_as_it_is_run(target):
    rows, low, high, mask = table(6, 7, seed=3)
    model, attack = tanh_net(7, 3), Attack(Rule.TJSMA, direction=BOTH, theta=0.5, gamma=0.9)
    given = torch.ones(6, dtype=torch.int64) if target == 1 else target
    result = attack.run(model, rows, given, bounds=(low, high), changeable=mask)
    for k in range(6):
        steps = list(attack.steps(model, rows[k], target, bounds=(low, high), changeable=mask[k]))
        assert steps[-1].stop is result.stop[k]
        assert torch.equal(steps[-1].image, result.images[k])
        assert not (steps[0].domain & ~mask[k]).any()
        assert steps[0].jacobian.shape == (CLASSES, 7)
        torch.testing.assert_close(steps[0].jacobian, jacobian(model, rows[k : k + 1], bounds=(low, high))[0])


# --- what people bring ---------------------------------------------------------------------------


def test_malware_may_only_gain_what_its_owner_may_add():
    random = torch.Generator().manual_seed(0)
    programs = (torch.rand(40, 12, generator=random) < 0.4).float()
    addable = torch.arange(12) % 3 > 0  # of the 12 features, 8 can be added
    model = tanh_net(12, 5, torch.float32)
    attack = Attack(Rule.WJSMA, direction=INCREASE, theta=1.0, gamma=1.0)
    result = attack.run(model, programs, Untargeted.AWAY, changeable=addable)
    assert result.success.any()
    assert (result.images >= programs).all()
    assert torch.equal(result.images[:, ~addable], programs[:, ~addable])
    assert set(result.images.unique().tolist()) == {0, 1}
    assert (result.changed <= 8).all()
    assert result.changeable.tolist() == [8] * 40
    torch.testing.assert_close(result.distortion_of_changeable, result.distortion * 12 / 8)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("k", [3, 49, 98, 103, 1000])
def test_whole_numbers_stay_whole_when_theta_is_one_part_of_the_range(k, dtype):
    """(1 / 49) * 49 is below 1 in float64."""
    rows = torch.tensor([[0.0, k, 1.0], [1.0, 1.0, k - 1.0]], dtype=dtype)
    steady = nn.Sequential(nn.Linear(3, 2)).to(dtype)
    with torch.no_grad():
        steady[0].weight.copy_(torch.tensor([[1.0, 1, 1], [-1, -1, -1]]))
        steady[0].bias.copy_(torch.tensor([-1e6, 1e6]))
    for direction in (INCREASE, DECREASE):
        attack = Attack(direction=direction, theta=1 / k, gamma=1.0)
        target = torch.tensor([0, 0] if direction is INCREASE else [1, 1])
        steady[0].bias.data *= 1 if direction is INCREASE else -1
        result = attack.run(steady, rows, target, bounds=(0, k))
        assert result.iterations.tolist() == [1, 1]
        assert torch.equal(result.images, result.images.round())
        assert result.images.min() >= 0
        assert result.images.max() <= k


def test_sixty_steps_along_whole_numbers_end_at_the_bound():
    steps = _climb(low=-20, high=40, theta=1 / 60)
    assert [step.image[0].item() for step in steps] == list(range(-20, 41))


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (0, 255), (1000, 1001), (-3.7, 0.1), (1e-6, 3e-6)])
def test_ten_steps_of_a_tenth_end_at_the_bound_itself(low, high):
    steps = _climb(low, high, theta=0.1)
    assert len(steps) == 11
    assert steps[-1].image[0] == torch.tensor(high)
    assert steps[-1].stop is Stop.DOMAIN_EMPTY


def _climb(low: float, high: float, theta: float) -> list:
    """Return the steps of two features of 200 that rise from low to high."""
    model = nn.Linear(200, 2)
    with torch.no_grad():
        model.weight.fill_(1)
        model.weight[1] = -1
        model.bias.copy_(torch.tensor([-1e9, 1e9]))
    row, mask = torch.full((200,), float(low)), torch.arange(200) < 2
    return list(Attack(theta=theta, gamma=1.0).steps(model, row, 0, bounds=(low, high), changeable=mask))


def test_a_table_with_a_constant_column_is_attacked_when_that_may_not_change():
    rows = torch.rand(30, 5, generator=torch.Generator().manual_seed(0))
    rows[:, 2] = 0.25
    bounds = rows.min(dim=0).values, rows.max(dim=0).values
    attack, model, mask = Attack(Rule.TJSMA, gamma=1.0), tanh_net(5, 4, torch.float32), torch.arange(5) != 2
    result = attack.run(model, rows, Untargeted.MAXIMAL, bounds=bounds, changeable=mask)
    assert (result.images[:, 2] == 0.25).all()
    assert result.success.any()
    data = Digits("constant", rows, torch.arange(30) % CLASSES)
    report = evaluate(model, data, attack, classes=CLASSES, bounds=bounds, changeable=mask)
    assert len(report.targets) == 60
    with pytest.raises(ValueError, match=r"feature 2 are 0.25 and 0.25.*changeable"):
        attack.run(model, rows, None, bounds=bounds)


def test_a_fixed_feature_needs_no_bounds():
    rows = torch.tensor([[0.5, 0.5, 40.0], [0.5, 0.5, -3.0]])
    result = Attack(gamma=1.0).run(tanh_net(3, 0, torch.float32), rows, None, changeable=[True, True, False])
    assert result.images[:, 2].tolist() == [40, -3]


@pytest.mark.parametrize("shape", [(12,), (3, 4), (2, 3, 2), (1, 2, 3, 2)])
@pytest.mark.parametrize("count", [1, 20])
def test_rows_sequences_images_and_volumes_get_the_same_attack(shape, count):
    rows = torch.rand(count, 12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    net, attack = tanh_net(12, 2), Attack(direction=BOTH, gamma=1.0)
    targets, mask = torch.arange(count) % CLASSES, torch.arange(12) % 4 > 0
    expected = attack.run(net, rows, targets, changeable=mask)
    samples, model = rows.view(count, *shape), nn.Sequential(nn.Flatten(), net)
    found = attack.run(model, samples, targets, changeable=mask.view(shape))
    assert torch.equal(found.images, expected.images.view(count, *shape))
    refined = refine(model, samples, targets, found, changeable=mask.view(shape))
    assert (refined.changed <= found.changed).all()
    assert adversarial_distance(model, samples, targets).shape == (count,)


def test_many_rows_are_no_trouble_for_the_fast_layout_of_images():
    rows = torch.rand(2000, 30, generator=torch.Generator().manual_seed(1))
    assert jacobian(tanh_net(30, 0, torch.float32), rows).shape == (2000, CLASSES, 30)


def test_a_sequence_through_a_convolution_over_time():
    model = nn.Sequential(nn.Conv1d(4, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(40, 3)).double().eval()
    sequences = 2 * torch.rand(20, 4, 10, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1
    attack = Attack(Rule.TJSMA, direction=BOTH, gamma=0.5)
    result = attack.run(model, sequences, None, bounds=(-1, 1))
    for k in range(3):
        end = list(attack.steps(model, sequences[k], None, bounds=(-1, 1)))[-1]
        assert torch.equal(end.image, result.images[k])


def test_images_in_minus_one_to_one_choose_what_those_in_zero_to_one_choose(linear):
    weights = torch.randn(4, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    images = torch.rand(12, 1, 3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    images = images.round(decimals=2)
    attack, targets = Attack(Rule.TJSMA, direction=BOTH, theta=0.5, gamma=1.0), torch.arange(12) % 4
    plain = attack.run(linear(weights, torch.zeros(4), torch.float64), images, targets)
    model = linear(weights / 2, weights.sum(dim=1) / 2, torch.float64)
    wide = attack.run(model, 2 * images - 1, targets, bounds=(-1.0, 1.0))
    assert torch.equal(plain.pairs, wide.pairs)
    assert plain.stop == wide.stop
    torch.testing.assert_close(wide.images, 2 * plain.images - 1)


# --- rounding at the bounds ----------------------------------------------------------------------


@pytest.mark.parametrize("value", [1.0000001, -3e-8])
def test_a_pixel_beyond_the_end_by_rounding_is_taken_for_the_end(value, linear):
    model, images = linear([[1, 1, 1, 1], [-1, -1, -1, 2]], [0, 0]), torch.full((2, 1, 2, 2), 0.5)
    images[1, 0, 1, 1] = value
    before = images.clone()
    result = Attack(gamma=1.0).run(model, images, torch.tensor([1, 1]))
    assert result.images.min() >= 0
    assert result.images.max() <= 1
    assert torch.equal(images, before)
    assert next(Attack(gamma=1.0).steps(model, images[1], 0)).image[0, 1, 1].item() == round(value)
    for baseline in Baseline:
        next(baseline_steps(baseline, model, images[1], 0, Attack(gamma=1.0)))
    assert jacobian(model, images).shape == (2, 2, 1, 2, 2)
    data = Digits("rounded", images, torch.tensor([0, 1]))
    assert 0 <= accuracy(model, data) <= 1
    assert evaluate(model, data, Attack(gamma=1.0), classes=2).success_rate >= 0


@pytest.mark.parametrize("value", [1.00001, -0.00001])
def test_a_pixel_beyond_the_end_by_more_is_refused(value, linear):
    with pytest.raises(ValueError, match=r"lie in \[0, 1\].*feature \(0, 0, 0\)"):
        Attack().run(linear([[1], [2]], [0, 0]), torch.full((1, 1, 1, 1), value), torch.tensor([1]))


def test_standardised_rows_within_the_rounding_of_their_bounds_are_accepted():
    rows, low, high, _ = table(5, 4, seed=1)
    rows[3] = high * (1 + 1e-9)  # as a float64 scaler and float32 bounds would give
    result = Attack(gamma=1.0).run(tanh_net(4, 1), rows, None, bounds=(low.float(), high.float()))
    assert (result.images <= high.float()).all()


# --- what cannot be right ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("samples", "advice"),
    [
        (np.zeros((2, 4)), r"NumPy array of float64 \(2, 4\): pass torch.from_numpy\(images\)"),
        (SimpleNamespace(to_numpy=None), r"pass torch.from_numpy\(images.to_numpy\(\)\)"),
        ([[0.5] * 4], r"found list: pass torch.tensor\(images\)"),
        (torch.zeros(2, 4, dtype=torch.int64), r"torch.int64 \(2, 4\): pass images.float\(\)"),
        (torch.zeros(2, 4, dtype=torch.bool), r"pass images.float\(\)"),
        (torch.zeros(2, 1, 2, 2, dtype=torch.uint8), r"pass images / 255"),
        (torch.zeros(4), r"pass images\[None\]"),
    ],
    ids=["numpy", "frame", "list", "integers", "bools", "bytes", "single"],
)
def test_what_is_no_floating_point_tensor_is_refused_with_the_fix(samples, advice):
    for use in (
        lambda model: Attack().run(model, samples, torch.tensor([0, 0])),
        lambda model: jacobian(model, samples),
        lambda model: evaluate(model, Digits("x", samples, torch.tensor([0, 0])), Attack(), classes=2),
    ):
        with pytest.raises(ValueError, match=advice) as refusal:
            use(tanh_net(4, 0))
        assert str(refusal.value).count(". ") == 0


def test_one_numpy_image_is_refused_by_steps_with_the_fix():
    with pytest.raises(ValueError, match=r"torch.from_numpy"):
        next(Attack().steps(tanh_net(4, 0), np.zeros(4), 0))


@pytest.mark.parametrize("many", [1, 30])
def test_images_whose_channels_come_last_are_refused_with_the_fix(many):
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2 * 26 * 26, 3)).eval()
    for images in (torch.rand(many, 28, 28, 1), torch.rand(many, 28, 28, 3)):
        for use in (
            lambda images=images: Attack().run(model, images, torch.zeros(many).long()),
            lambda images=images: next(Attack().steps(model, images[0], None)),
            lambda images=images: jacobian(model, images),
            lambda images=images: accuracy(model, Digits("x", images, torch.zeros(many).long())),
        ):
            with pytest.raises(ValueError, match=r"28, 28, [13].*pass images\.permute\(0, 3, 1, 2\)\.$"):
                use()


def test_a_model_that_reads_images_with_channels_last_gets_them(linear):
    model, images = linear(torch.eye(4), torch.zeros(4)), torch.rand(3, 2, 2, 1)
    assert Attack(gamma=1.0).run(model, images, None).images.shape == (3, 2, 2, 1)


def test_rows_of_another_width_are_refused_with_their_shape():
    with pytest.raises(ValueError, match=r"cannot read samples of the shape \(2, 5\)"):
        Attack().run(tanh_net(4, 0), torch.rand(2, 5), None)


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ((0, 0), "bounds are 0 and 0; the lower one must be below"),
        ((1, 0), "bounds are 1 and 0"),
        ((0, torch.tensor([1.0, 1, -2, 1])), "bounds of feature 2 are 0 and -2"),
        ((0, math.inf), "0 and inf; bounds must be finite"),
        ((torch.tensor([0, 0, 0, -math.inf]), 1), "feature 3 are -inf and 1; bounds must be finite"),
        ((math.nan, 1), "nan and 1; bounds must be finite"),
        ((0, torch.ones(3)), r"shapes \(\) and \(3,\).*one sample, \(4,\)"),
        ((0, torch.ones(2, 4)), r"broadcast to one sample, \(4,\)"),
        (1.0, r"pair \(low, high\).*found 1.0"),
        ((0, 1, 2), r"pair \(low, high\)"),
        (("low", "high"), r"pair \(low, high\)"),
        ((0, torch.tensor([1.0, 0.4, 1, 1])), r"lie in \[0, 0.4\]; feature 1 has 0.25 to 0.5 \(in sample 1: 0.5\)"),
    ],
)
def test_bounds_that_cannot_be_right_are_refused_by_what_was_found(bounds, words):
    rows, model = torch.full((2, 4), 0.25), tanh_net(4, 0, torch.float32)
    rows[1] = 0.5
    for use in (
        lambda: Attack().run(model, rows, None, bounds=bounds),
        lambda: next(Attack().steps(model, rows[1], None, bounds=bounds)),
        lambda: evaluate(model, Digits("x", rows, torch.tensor([0, 1])), Attack(), classes=2, bounds=bounds),
    ):
        with pytest.raises(
            ValueError, match=words.replace("0.25 to 0.5 ", r"(0.25|0.5) to 0.5 ").replace("sample 1", r"sample \d")
        ):
            use()


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_fixed_feature_that_is_no_number_is_refused(value):
    rows = torch.tensor([[0.5, 0.5, value]])
    with pytest.raises(ValueError, match="feature 2"):
        Attack().run(tanh_net(3, 0, torch.float32), rows, None, changeable=torch.tensor([True, True, False]))


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (torch.ones(4), r"bool tensor; found torch.float32: pass changeable.bool\(\)"),
        (torch.ones(4).long(), "found torch.int64"),
        (torch.ones(3).bool(), r"shape \(3,\).*\(2, 4\)"),
        (torch.ones(3, 4).bool(), r"shape \(3, 4\)"),
        (torch.ones(2, 2, 4).bool(), r"shape \(2, 2, 4\)"),
        (["age", "income"], "found list"),
    ],
)
def test_a_mask_that_cannot_be_right_is_refused_by_what_was_found(mask, words):
    rows, model = torch.full((2, 4), 0.25), tanh_net(4, 0, torch.float32)
    for use in (
        lambda: Attack().run(model, rows, None, changeable=mask),
        lambda: evaluate(model, Digits("x", rows, torch.tensor([0, 1])), Attack(), classes=2, changeable=mask),
    ):
        with pytest.raises(ValueError, match=words):
            use()


def test_a_row_cannot_be_recorded_since_the_stage_shows_images():
    with pytest.raises(ValueError, match=r"image \(1, H, W\).*\(4,\)"):
        record(tanh_net(4, 0), torch.rand(4), 0, 1, Attack())


def test_with_one_feature_that_may_change_there_is_no_pair_to_try():
    result = Attack(gamma=1.0).run(tanh_net(4, 0), torch.rand(3, 4).double(), None, changeable=torch.arange(4) == 1)
    assert result.stop == [Stop.DOMAIN_EMPTY] * 3
    assert result.distortion_of_changeable.tolist() == [0, 0, 0]


# --- evaluations ---------------------------------------------------------------------------------


@pytest.fixture
def subject():
    """What `evaluate` is given for 30 rows: the positional arguments, and the keywords."""
    rows, low, high, mask = table(30, 6, seed=9)
    digits = Digits("made up", rows, torch.arange(30) % CLASSES)
    attack = Attack(Rule.WJSMA, direction=BOTH, gamma=0.7)
    return (tanh_net(6, 9), digits, attack), {"classes": CLASSES, "bounds": (low, high), "changeable": mask}


def test_an_evaluation_of_rows_is_that_of_their_single_attacks(subject, tmp_path):
    (model, digits, attack), options = subject
    report = evaluate(model, digits, attack, **options)
    for k in range(60):
        row, target = k // 2, int(report.targets[k])
        mask = options["changeable"][row]
        end = list(attack.steps(model, digits.images[row], target, bounds=options["bounds"], changeable=mask))[-1]
        assert report.result.stop[k] is end.stop
        assert report.result.changed[k] == end.changed
        assert report.distortion[k] == end.changed / 6
        assert report.distortion_of_changeable[k] == end.changed / max(1, int(mask.sum()))
    assert report.mean_distortion_of_changeable > report.mean_distortion > 0
    reached = report.result.success
    assert report.mean_distortion_of_changeable_of_successful == pytest.approx(
        report.distortion_of_changeable[reached].mean().item()
    )
    report.save(tmp_path / "report.json")
    again = Report.load(tmp_path / "report.json")
    assert again.to_json() == report.to_json()
    assert again.mean_distortion_of_changeable == report.mean_distortion_of_changeable
    assert "changeable" in report.to_csv().splitlines()[0]
    *_, last = evaluate_in_parts(model, digits, attack, digits_a_part=7, **options)
    assert last.to_json() == report.to_json()


def test_without_a_mask_a_report_says_nothing_of_one(subject):
    (model, digits, attack), options = subject
    report = evaluate(model, digits, attack, **{**options, "changeable": None})
    assert "changeable" not in report.to_json()
    assert report.mean_distortion_of_changeable == report.mean_distortion


@pytest.mark.parametrize("other", ["bounds", "changeable"])
def test_a_folder_of_other_bounds_or_another_mask_is_not_resumed(subject, other, tmp_path):
    arguments, options = subject
    first = evaluate(*arguments, **options, folder=tmp_path)
    assert evaluate(*arguments, **options, folder=tmp_path).to_json() == first.to_json()
    low, high = options["bounds"]
    changes = {"bounds": (low - 1, high), "changeable": None}
    with pytest.raises(ValueError, match=rf"different: {other}"):
        evaluate(*arguments, **{**options, other: changes[other]}, folder=tmp_path)


def test_a_folder_of_images_is_resumed_whatever_way_their_bounds_are_written(linear, tmp_path):
    images = torch.rand(4, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    given = linear(torch.eye(4), torch.zeros(4)), Digits("made up", images, torch.arange(4)), Attack(gamma=1.0)
    first = evaluate(*given, classes=4, folder=tmp_path)
    again = evaluate(*given, classes=4, folder=tmp_path, bounds=(torch.zeros(1, 2, 2), torch.ones(2)))
    assert again.to_json() == first.to_json()


def test_anything_with_images_and_labels_can_be_evaluated(subject):
    (model, digits, attack), options = subject
    plain = SimpleNamespace(name="mine", images=digits.images, labels=digits.labels)
    assert evaluate(model, plain, attack, **options).to_json() == evaluate(model, digits, attack, **options).to_json()
    assert 0 <= accuracy(model, plain, bounds=options["bounds"]) <= 1


@pytest.mark.parametrize("labels", [np.zeros(30, dtype=int), torch.zeros(30), torch.zeros(30, 1).long(), [0] * 30])
def test_labels_that_cannot_be_right_are_refused_with_the_fix(subject, labels):
    (model, digits, attack), options = subject
    with pytest.raises(ValueError, match=r"labels must be an int64 tensor of shape \(30,\)"):
        evaluate(model, Digits("x", digits.images, labels), attack, **options)


def test_refining_rows_gives_back_only_what_is_not_needed(subject):
    (model, digits, _), options = subject
    rows, about = digits.images, {"bounds": options["bounds"], "changeable": options["changeable"]}
    found = Attack(direction=BOTH, theta=0.3, gamma=1.0).run(model, rows, None, **about)
    refined = refine(model, rows, None, found, **about)
    assert refined.changed.sum() < found.changed.sum()
    assert (model(refined.images).argmax(1) != model(rows).argmax(1))[found.success].all()
    assert torch.equal(refined.changeable, found.changeable)
    kept = (refined.images == found.images) | (refined.images == rows)
    assert kept.all()
