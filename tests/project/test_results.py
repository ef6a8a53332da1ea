"""The committed tables of 90,000 attacks: what they say of hard and easy classes is consistent."""

import json

import pytest

from jsma.report import COMPARABLE_SUCCESS
from tests.helpers.paths import ROOT


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks" / "results").glob("*.json")), ids=lambda path: path.stem)
def test_classes_that_fail_most_are_not_ranked_as_easy(path):
    facts = json.loads(path.read_text(encoding="utf-8"))
    success, hardness = (facts[name] for name in ("success_by_source_and_target", "hardness"))
    pairs = [(s, t) for s in range(10) for t in range(10) if s != t]
    hardest_first = sorted(pairs, key=lambda pair: -hardness[pair[0]][pair[1]])
    least = min(pairs, key=lambda pair: success[pair[0]][pair[1]])
    if success[least[0]][least[1]] < COMPARABLE_SUCCESS:
        assert least == hardest_first[0]
    failing = {pair for pair in pairs if success[pair[0]][pair[1]] < 0.5}
    assert failing <= set(hardest_first[: len(pairs) // 4])
