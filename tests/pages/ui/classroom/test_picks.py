"""What a class has predicted: ranks against a slow search of all pairs, histograms and heat maps by hand."""

from itertools import combinations

import numpy as np
import pytest

from jsma import Attack, load_model
from jsma.stage import record
from pages.ui.classroom import drawing, picks
from pages.ui.classroom.picks import Ranking


@pytest.fixture(scope="module")
def recording(uci):
    position = int(uci.of_class(7)[0])
    return record(load_model("tutorial"), uci.images[position], 7, 3, Attack())


def test_the_rank_of_a_pair_is_one_more_than_the_number_of_better_ones(recording):
    step = 2
    a, b = (gradient[step].astype(float) for gradient in (recording.target_gradient, recording.others_gradient))
    scores = {}
    for first, second in combinations(np.flatnonzero(recording.domain[step]).tolist(), 2):
        alpha, beta = a[first] + a[second], b[first] + b[second]
        if alpha > 0 > beta:
            scores[first, second] = -alpha * beta
    ordered = sorted(scores, key=scores.__getitem__, reverse=True)
    ranking = Ranking(recording, step)
    assert ranking.best == ordered[0] == (recording.steps[step].pair.first, recording.steps[step].pair.second)
    assert abs(ranking.admissible - len(ordered)) <= 1  # a sum at rounding level may fall on either side of 0
    for rank in (1, 2, 3, 10, 100, 1000):
        assert ranking.of(ordered[rank - 1]) == rank


def test_a_pair_that_is_not_admissible_has_no_rank(recording):
    step = 2
    saturated = int(np.flatnonzero(~recording.domain[step])[0])
    best = Ranking(recording, step).best
    pair = tuple(sorted((saturated, best[0])))
    assert Ranking(recording, step).of(pair) is None


def test_ranks_are_counted_in_groups():
    counted = picks.histogram([1, 1, 2, 10, 11, 100, 101, 1000, 1001, 90_000, None])
    expected = {"the best pair": 2, "2 to 10": 2, "11 to 100": 2, "101 to 1,000": 2}
    assert counted == expected | {"beyond 1,000": 2, "not admissible": 1}
    assert set(picks.histogram([]).values()) == {0}


def test_the_heat_map_counts_how_often_each_pixel_was_picked():
    assert picks.heat([(0, 5), (5, 1)], 2, 3).tolist() == [[1, 1, 0], [0, 0, 2]]
    assert picks.heat([], 2, 2).tolist() == [[0, 0], [0, 0]]


def test_a_frame_stands_around_its_pixel_and_bars_are_as_long_as_their_counts():
    html = drawing.board("data:x", (28, 28), {"best": (30, 27)}, 'a "picture"')
    assert "left:7.143%;top:3.571%" in html  # column 2, row 1
    assert "left:96.429%;top:0.000%" in html
    assert "&quot;picture&quot;" in html
    html = drawing.bars({"<b>": 1, "two": 4}, right="two", own="<b>")
    assert "&lt;b&gt; (you)" in html
    assert "width:25.0%" in html
    assert 'class="bar right" style="width:100.0%"' in html
