"""The pair search against brute force, and the skyband against its definition."""

import subprocess
import sys
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch

from jsma import Direction, best_pair, skyband
from jsma.saliency import all_pairs, top_pair_candidates
from tests.helpers.paths import ROOT

INCREASE, DECREASE = Direction.INCREASE, Direction.DECREASE
CASES = 70  # of each kind, size, type and direction below: 9 * 5 * 2 * 2 * 70 = 12,600 in all


def gradients(kind: str, count: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return made-up a, b (float64) and domain, (count, n) each."""
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(2, count, n))
    domain = np.ones((count, n), dtype=bool)
    match kind:
        case "any numbers":
            pass
        case "small whole numbers":
            a, b = random.integers(-2, 3, size=(2, count, n)).astype(float)
        case "multiples of 0.1":
            a, b = random.integers(-6, 7, size=(2, count, n)) * 0.1
        case "mostly zero":
            alive = random.random((2, count, n)) < 0.15
            a, b = a * alive[0], b * alive[1]
        case "all zero":
            a, b = 0 * a, 0 * b
        case "b is -a":
            b = -a
        case "hardly ever admissible":
            a, b = a - 1, b + 1
        case "half masked":
            domain = random.random((count, n)) < 0.5
        case "few pixels left":
            domain = random.random((count, n)) < 1.5 / n
    return a, b, domain


KINDS = (
    "any numbers",
    "small whole numbers",
    "multiples of 0.1",
    "mostly zero",
    "all zero",
    "b is -a",
    "hardly ever admissible",
    "half masked",
    "few pixels left",
)


def one(*values: float, dtype=torch.float64) -> torch.Tensor:
    """Return one image's derivatives, (1, n)."""
    return torch.tensor([values], dtype=dtype)


def everywhere(gradient: torch.Tensor) -> torch.Tensor:
    return torch.ones_like(gradient, dtype=torch.bool)


def chosen(a: torch.Tensor, b: torch.Tensor, direction: Direction = INCREASE) -> tuple[int, int]:
    pairs = best_pair(a, b, everywhere(a), direction)
    return int(pairs.first), int(pairs.second)


def best_by_fractions(a: list, b: list, direction: Direction) -> tuple[int, int]:
    """Return the best pair of one image by a loop over all pairs in exact fractions; (-1, -1) if there is none."""
    sign = 1 if direction is INCREASE else -1
    best, winner = Fraction(0), (-1, -1)
    for p, q in combinations(range(len(a)), 2):
        alpha = sign * (Fraction(a[p]) + Fraction(a[q]))
        beta = sign * (Fraction(b[p]) + Fraction(b[q]))
        if alpha > 0 and beta < 0 and -alpha * beta > best:
            best, winner = -alpha * beta, (p, q)
    return winner


# --- the best pair -------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", [INCREASE, DECREASE])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("n", [1, 2, 3, 8, 40])
@pytest.mark.parametrize("kind", KINDS)
def test_the_best_pair_is_the_one_brute_force_finds(kind, n, dtype, direction, best_by_table):
    a, b, domain = gradients(kind, CASES, n, seed=n)
    a, b, domain = torch.tensor(a, dtype=dtype), torch.tensor(b, dtype=dtype), torch.tensor(domain)

    pairs = best_pair(a, b, domain, direction)

    table = best_by_table(a, b, domain, direction)
    assert pairs.found.tolist() == table.found.tolist()
    for field, missing in (("first", -1), ("second", -1), ("alpha", 0), ("beta", 0), ("score", 0)):
        expected = np.where(table.found, getattr(table, field), missing)
        assert getattr(pairs, field).tolist() == expected.tolist(), field


def test_the_made_up_cases_hold_both_pairs_and_none(best_by_table):
    found = {kind: best_by_table(*gradients(kind, CASES, 8, seed=8), INCREASE).found for kind in KINDS}
    assert not found.pop("all zero").any()
    assert all(0 < some.sum() < CASES for some in found.values())


@pytest.mark.parametrize("direction", [INCREASE, DECREASE])
def test_the_best_pair_is_the_one_exact_fractions_find(direction):
    for seed in range(20):
        a, b, _ = gradients("any numbers", 10, 6, seed)
        pairs = best_pair(torch.tensor(a), torch.tensor(b), torch.ones(10, 6, dtype=torch.bool), direction)
        expected = [best_by_fractions(row_a, row_b, direction) for row_a, row_b in zip(a, b, strict=True)]
        assert list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == expected


def test_a_pair_worked_out_by_hand():
    # alpha of (0, 1), (0, 2), (1, 2):  3, 0, 1;   beta: -3, -5, 0;   so only (0, 1) is admissible, with 3 * 3.
    pairs = best_pair(one(1, 2, -1), one(-4, 1, -1), everywhere(one(1, 2, 3)), INCREASE)
    assert (int(pairs.first), int(pairs.second)) == (0, 1)
    assert (float(pairs.alpha), float(pairs.beta), float(pairs.score)) == (3, -3, 9)


def test_darkening_is_brightening_with_both_signs_turned_and_alpha_beta_keep_theirs():
    pairs = best_pair(one(-1, -2, 1), one(4, -1, 1), everywhere(one(1, 2, 3)), DECREASE)
    assert (int(pairs.first), int(pairs.second)) == (0, 1)
    assert (float(pairs.alpha), float(pairs.beta), float(pairs.score)) == (-3, 3, 9)


@pytest.mark.parametrize(
    ("a", "b", "pair"),
    [
        ([1, 1, 1, 1], [-1, -1, -1, -1], (0, 1)),  # all pairs alike
        ([0, 1, 1, 1], [0, -1, -1, -1], (1, 2)),
        ([1, 2, 1, 2], [-1, -2, -1, -2], (1, 3)),
        ([2, 1, 1, 1], [-2, -1, -1, -1], (0, 1)),  # (0, 1), (0, 2) and (0, 3) alike
        ([1, 3, 0, 4], [-3, -1, -4, 0], (0, 1)),  # 4 * 4 by (0, 1) and by (2, 3)
        ([0, 3, 4, 1], [-4, -1, 0, -3], (0, 2)),  # 4 * 4 by (0, 2) and by (1, 3)
    ],
)
def test_ties_go_to_the_lowest_first_then_the_lowest_second_pixel(a, b, pair):
    assert chosen(one(*a), one(*b)) == pair
    assert chosen(-one(*a), -one(*b), DECREASE) == pair


def test_a_sum_of_zero_is_not_admissible():
    assert chosen(one(1, -1), one(-1, -1)) == (-1, -1)  # alpha = 0
    assert chosen(one(1, 1), one(-1, 1)) == (-1, -1)  # beta = 0


def test_no_admissible_pair_is_said_and_never_stands_for_pixel_0():
    a, b = one(-1, -2, -3), one(1, 2, 3)
    pairs = best_pair(a, b, everywhere(a), INCREASE)
    assert not pairs.found.any()
    assert (int(pairs.first), int(pairs.second)) == (-1, -1)
    assert (float(pairs.alpha), float(pairs.beta), float(pairs.score)) == (0, 0, 0)


@pytest.mark.parametrize("left", [[], [0], [3]])
def test_fewer_than_two_pixels_left_make_no_pair(left):
    a = one(1, 1, 1, 1)
    domain = torch.tensor([[pixel in left for pixel in range(4)]])
    pairs = best_pair(a, -a, domain, INCREASE)
    assert not pairs.found.any()
    assert (int(pairs.first), int(pairs.second)) == (-1, -1)


def test_pixels_outside_the_domain_neither_win_nor_hide_others():
    a, b = one(9, 9, 9, 1, 1), one(-9, -9, -9, -1, -1)
    domain = torch.tensor([[False, False, False, True, True]])
    pairs = best_pair(a, b, domain, INCREASE)
    assert (int(pairs.first), int(pairs.second), float(pairs.score)) == (3, 4, 4)


def test_an_image_gets_the_pair_it_gets_alone_whatever_shares_its_batch():
    a, b = torch.randn(2, 6, 50, generator=torch.Generator().manual_seed(1))
    a[1], b[1] = -1, 1  # no pair
    a[2], b[2] = torch.arange(50.0), torch.arange(50.0) - 60  # all 50 in the skyband
    domain = everywhere(a)
    together = best_pair(a, b, domain, INCREASE)
    for row in range(6):
        alone = best_pair(a[row : row + 1], b[row : row + 1], domain[:1], INCREASE)
        assert (together.first[row], together.second[row]) == (alone.first[0], alone.second[0])
        assert together.found[row] == alone.found[0] == (row != 1)


# (0, 1) scores 3 * 6, (0, 2) 5 * 7, (1, 2) 5 * 6; nobody is dominated by two others.
CLOSE_RIVALS = ([1, 2, 4], [-4, -2, -3])


@pytest.mark.parametrize("scale", [1e-44, 1e-38, 1e-30, 1e-25, 1e-10, 1.0, 1e10, 1e20, 1e30, 2e37])
def test_tiny_and_huge_derivatives_are_told_apart_in_float32(scale):
    a, b = (one(*values, dtype=torch.float32) * scale for values in CLOSE_RIVALS)
    assert chosen(a, b) == (0, 2)
    assert chosen(-a, -b, DECREASE) == (0, 2)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-100, 1.0, 1e100, 1e200, 1e300])
def test_tiny_and_huge_derivatives_are_told_apart_in_float64(scale):
    a, b = (one(*values) * scale for values in CLOSE_RIVALS)
    assert chosen(a, b) == (0, 2)
    assert chosen(-a, -b, DECREASE) == (0, 2)


def test_thousands_of_pixels_agree_with_brute_force(best_by_table):
    a, b, _ = gradients("any numbers", 1, 2000, seed=5)
    table = best_by_table(a, b, np.ones((1, 2000), dtype=bool), INCREASE)
    assert chosen(torch.tensor(a), torch.tensor(b)) == (table.first[0], table.second[0])


@pytest.mark.parametrize(("most", "pair"), [(3000, (1, 2999)), (4500, (1501, 2999)), (5900, (2901, 2999))])
def test_the_search_stays_exact_when_no_pixel_of_3000_can_be_ruled_out(most, pair):
    # a = 0, 1, 2, … and -b = most, most - 1, …: whoever is better by a is worse by b. The pair (p, q) scores
    # s * (2 * most - s) with s = p + q; that is the largest for s = most, and so for many pairs alike.
    a = torch.arange(3000.0, dtype=torch.float64)[None]
    b = a - most
    assert skyband(a, b, everywhere(a), INCREASE).all()
    assert chosen(a, b) == pair
    assert chosen(-a, -b, DECREASE) == pair


BIG_SEARCHES = """
import re, torch
from pathlib import Path
from jsma import Direction, best_pair
torch.set_num_threads(1)

def memory(name):
    return int(re.search(name + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

def search(a, b):
    now = memory("VmRSS")
    pairs = best_pair(a, b, torch.ones_like(a, dtype=torch.bool), Direction.INCREASE)
    print(int(pairs.first), int(pairs.second), memory("VmHWM") - now)

search(torch.arange(100.0)[None], torch.arange(100.0)[None] - 100)
a, b = torch.randn(2, 1, 3 * 224 * 224, generator=torch.Generator().manual_seed(0))
a[0, [70_000, 140_000]], b[0, [70_000, 140_000]] = 50.0, -50.0
search(a, b)
search(torch.arange(4000.0)[None], torch.arange(4000.0)[None] - 4000)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
def test_images_of_224_by_224_in_colour_and_the_worst_case_need_less_than_100_megabytes():
    """A table of all pairs would take 90 gigabytes for the one, and some 200 megabytes for the other.

    Measured from the memory in use before to the highest ever: no less than what the search took.
    (getrusage would not do: its peak starts at that of the process that started this one.)
    """
    command = [sys.executable, "-c", BIG_SEARCHES]
    answers = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    _, colour, worst = ([int(number) for number in line.split()] for line in answers.splitlines())
    assert colour[:2] == [70_000, 140_000]  # the two that were planted
    assert worst[:2] == [1, 3999]  # as in the test above
    assert colour[2] < 100e6
    assert worst[2] < 100e6


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "domain"),
    [
        (torch.ones(1, 3), torch.ones(1, 4), torch.ones(1, 3, dtype=torch.bool)),
        (torch.ones(1, 3), torch.ones(1, 3), torch.ones(2, 3, dtype=torch.bool)),
        (torch.ones(3), torch.ones(3), torch.ones(3, dtype=torch.bool)),
        (torch.ones(1, 0), torch.ones(1, 0), torch.ones(1, 0, dtype=torch.bool)),
        (torch.ones(0, 3), torch.ones(0, 3), torch.ones(0, 3, dtype=torch.bool)),
        (torch.ones(1, 3), torch.ones(1, 3), torch.ones(1, 3)),
    ],
)
@pytest.mark.parametrize("search", [best_pair, skyband])
def test_shapes_that_do_not_fit_are_refused_by_what_was_found(a, b, domain, search):
    with pytest.raises(ValueError, match=r"same shape \(N, n\)") as refusal:
        search(a, b, domain, INCREASE)
    assert str(tuple(a.shape)) in str(refusal.value)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_gradients_that_are_not_finite_are_refused(value):
    good, bad = one(1, 2, 3), one(1, value, 3)
    for a, b in ((good, bad), (bad, good)):
        with pytest.raises(ValueError, match="not finite"):
            best_pair(a, b, everywhere(a), INCREASE)


def test_both_directions_at_once_are_refused():
    with pytest.raises(ValueError, match="BOTH"):
        best_pair(one(1, 1), one(-1, -1), everywhere(one(1, 1)), Direction.BOTH)


# --- the skyband and the whole table -------------------------------------------------------------


def skyband_by_definition(a: np.ndarray, b: np.ndarray, domain: np.ndarray, direction: Direction) -> np.ndarray:
    """Return which pixels of one image at most one other dominates; of equal pixels the lower index dominates."""
    sign = 1 if direction is INCREASE else -1
    a, b = sign * a, sign * b
    pixels = np.flatnonzero(domain)
    kept = np.zeros(len(a), dtype=bool)
    for p in pixels:
        dominators = 0
        for q in pixels:
            no_worse = a[q] >= a[p] and b[q] <= b[p]
            better = a[q] > a[p] or b[q] < b[p]
            dominators += q != p and no_worse and (better or q < p)
        kept[p] = dominators <= 1
    return kept


@pytest.mark.parametrize("direction", [INCREASE, DECREASE])
@pytest.mark.parametrize("kind", KINDS)
def test_the_skyband_holds_the_pixels_that_at_most_one_other_dominates(kind, direction):
    a, b, domain = gradients(kind, 15, 25, seed=2)
    kept = skyband(torch.tensor(a), torch.tensor(b), torch.tensor(domain), direction)
    expected = [skyband_by_definition(*rows, direction).tolist() for rows in zip(a, b, domain, strict=True)]
    assert kept.tolist() == expected


def test_of_pixels_alike_on_the_target_those_that_push_the_others_down_most_stay():
    a, b = one(1, 1, 1), one(0, -1, -2)  # pixel 0 is dominated by both others
    assert skyband(a, b, everywhere(a), INCREASE).tolist() == [[False, True, True]]


def test_of_pixels_alike_in_both_the_two_of_lowest_index_stay():
    a = one(1, 1, 1, 1)
    assert skyband(a, -a, everywhere(a), INCREASE).tolist() == [[True, True, False, False]]


@pytest.mark.parametrize("direction", [INCREASE, DECREASE])
@pytest.mark.parametrize("kind", KINDS)
def test_the_best_pair_lies_in_the_skyband(kind, direction, best_by_table):
    a, b, domain = gradients(kind, 100, 25, seed=4)
    kept = skyband(torch.tensor(a), torch.tensor(b), torch.tensor(domain), direction).numpy()
    table = best_by_table(a, b, domain, direction)
    rows = np.flatnonzero(table.found)
    assert kept[rows, table.first[rows]].all()
    assert kept[rows, table.second[rows]].all()
    assert not (kept & ~domain).any()


@pytest.mark.parametrize("direction", [INCREASE, DECREASE])
@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_table_agrees_with_a_loop_over_the_pairs(kind, direction):
    a, b, domain = (values[0] for values in gradients(kind, 1, 12, seed=6))
    score, admissible = all_pairs(torch.tensor(a), torch.tensor(b), torch.tensor(domain), direction)
    sign = 1 if direction is INCREASE else -1
    for p in range(12):
        for q in range(12):
            alpha, beta = a[p] + a[q], b[p] + b[q]
            allowed = bool(p < q and domain[p] and domain[q] and sign * alpha > 0 and sign * beta < 0)
            assert bool(admissible[p, q]) == allowed
            assert float(score[p, q]) == (-alpha * beta if allowed else 0)


def test_a_direction_has_a_sign_unless_it_is_both():
    assert (INCREASE.sign, DECREASE.sign) == (1, -1)
    with pytest.raises(ValueError, match="two signs"):
        _ = Direction.BOTH.sign


@pytest.mark.parametrize("places", [1, 2, 5])
@pytest.mark.parametrize("direction", [Direction.INCREASE, Direction.DECREASE])
def test_the_contenders_hold_the_best_pairs_of_brute_force_ties_included(places, direction):
    dice = torch.Generator().manual_seed(places)
    for values in (2, 5, 1000):
        a, b = torch.randint(-values, values + 1, (2, 40, 30), generator=dice).float()
        domain = torch.rand(40, 30, generator=dice) < 0.7
        kept = top_pair_candidates(a, b, domain, direction, places)
        for image in range(40):
            score, _ = all_pairs(a[image], b[image], domain[image], direction)
            last = score.flatten().sort(descending=True).values[places - 1].clamp(min=1e-9)
            pairs = (score >= last).nonzero()
            assert kept[image][pairs.flatten()].all()
        assert places == 5 or values == 2 or kept.sum() < domain.sum() / 2
