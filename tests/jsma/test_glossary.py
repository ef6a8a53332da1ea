"""The glossary: what it claims in figures and signs, worked out here."""

import re

import torch

from jsma import Output, Rule, Stop, jacobian, load_model
from jsma.glossary import TERMS


def test_what_softmax_makes_of_a_lead_of_7_is_told_against_one_rival_and_against_nine():
    one, nine = (torch.tensor([7.0] + rivals * [0.0]).softmax(0)[0].item() for rivals in (1, 9))
    told = re.findall(r"([\d.]+) %", TERMS["softmax"])
    assert told == [f"{100 * one:.1f}", f"{100 * nine:.1f}"]


def test_the_derivative_of_a_probability_is_as_the_glossary_says(uci):
    assert (
        "p × (that of its logit − the mean of all logits' derivatives, weighted by probability)"
        in (TERMS["probability"])
    )
    model, image = load_model("tutorial").double(), uci.images[:1].double()
    of_logits = jacobian(model, image)[0].flatten(1)
    shares = model(image)[0].softmax(0)
    expected = shares[:, None] * (of_logits - shares @ of_logits)
    torch.testing.assert_close(jacobian(model, image, Output.PROBABILITIES)[0].flatten(1), expected)


def test_the_rules_names_in_later_papers_are_told():
    assert all(name in TERMS[Rule.JSMA.label] for name in ("JSMA-Z", "JSMA-F"))


def test_what_is_this_projects_own_is_labelled():
    assert "room for darkening" in TERMS[Rule.TJSMA.label]
    assert "this project's" in TERMS[Rule.TJSMA.label]


def test_an_admissible_pair_lowers_the_sum_of_the_others_and_not_each():
    assert "the sum of the others" in TERMS["admissible"]
    assert "to first order" in TERMS["admissible"]
    assert "the sum of the others" in Stop.NO_ADMISSIBLE_PAIR.meaning


def test_robustness_does_not_promise_a_cost():
    assert "untouched" in TERMS["robustness"]
    assert "little of what an attack costs" in TERMS["robustness"]
