"""The script that compares attacks that change few pixels."""

import pytest
import torch

from benchmarks.sparse import FIELD, Competitor, Line, installed, kinds, served, sparsest_for_the_time
from jsma import Output
from tests.jsma.test_untargeted import far_class


def test_an_attack_whose_package_is_missing_is_left_out_with_one_sentence(capsys):
    here, missing = Competitor("Ours", print), Competitor("Theirs", print, ("json", "no_such_module"))
    assert installed([here, missing]) == [here]
    assert capsys.readouterr().out == "Theirs is left out: no_such_module cannot be imported.\n"


def test_only_attacks_of_others_can_be_left_out():
    assert {each.name.partition(",")[0] for each in FIELD if not each.needs} == {"TJSMA", "sparsest"}
    assert not any(each.needs for each in kinds())


def test_bold_are_those_that_no_faster_attack_equals():
    def line(name: str, success: float, mean: float, rate: float) -> Line:
        return Line(name, success, mean, mean, rate, 1)

    fast, slow, equal = line("fast", 1, 9, 100), line("slow", 1, 8, 10), line("equal", 1, 8, 5)
    fewer_of_less, surer = line("fewer, of fewer successes", 0.9, 7, 1), line("surer", 1, 8.5, 20)
    assert sparsest_for_the_time([fast, slow, equal, fewer_of_less, surer]) == [fast, slow, fewer_of_less, surer]


@pytest.mark.parametrize(("output", "pairs", "unlikely"), [(Output.LOGITS, 4, "50%"), (Output.PROBABILITIES, 2, "0%")])
def test_it_tells_how_many_pairs_serve_a_class_far_from_the_answer(output, pairs, unlikely):
    said = served(far_class, torch.zeros(2, 1, 4, 7), output)
    assert f"of {pairs} pairs, " in said
    assert said.endswith(f", {unlikely} raise a class of a probability below 0.1%.")
