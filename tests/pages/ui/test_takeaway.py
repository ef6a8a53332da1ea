"""What the lab's share panel says of a link."""

import pytest

from pages.ui.choice import OWN, Choice
from pages.ui.lab.takeaway import not_carried


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (Choice(), ""),
        (Choice(data=OWN), "your own digit: only"),
        (Choice(model=OWN), "your own network: only"),
        (Choice(data=OWN, model=OWN), "your own digit and your own network: only"),
    ],
)
def test_it_says_what_a_link_cannot_carry(choice, words):
    assert words in not_carried(choice)
    assert bool(not_carried(choice)) == bool(words)
