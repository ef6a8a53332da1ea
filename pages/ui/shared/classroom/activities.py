"""What a class does together: the kinds of a round, what each shows, and which answers it takes. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from pages.ui.choice import OWN, Choice, from_url
from pages.ui.shared.classroom.errors import Refused
from pages.ui.shared.classroom.store import Answer


class Activity(Enum):
    """A kind of round: its name in the database, its label, and what the class does."""

    def __init__(self, label: str, meaning: str) -> None:
        self.label, self.meaning = label, meaning

    WAIT = "Wait", "Students join and wait."
    FOLLOW = "Follow", "Every screen shows your attack, at your step."
    PREDICT = "Predict", "Everybody picks the pair that they expect to be changed next."
    QUESTION = "Question", "Everybody answers a question of the course."
    EXPLORE = "Explore", "Everybody tries attacks of their own in the lab."

    @property
    def kind(self) -> str:
        """How the database calls it."""
        return self.name.lower()


CHOSEN = (Activity.FOLLOW, Activity.PREDICT, Activity.QUESTION, Activity.EXPLORE)
"""What the teacher may choose, in the order of the buttons."""


def activity_of(kind: str) -> Activity:
    """Return the activity that the database calls `kind`."""
    return Activity[kind.upper()]


class Option(NamedTuple):
    """One answer to a question: its text, why it is right or wrong, and whether it is right."""

    text: str
    why: str
    right: bool = False


class Question(NamedTuple):
    """A question of the course and its answers."""

    text: str
    options: Sequence[Option]


def setting_of(choice: Choice) -> str:
    """Return an attack and a step as the setting of a round. Raises Refused for what only the teacher has."""
    if OWN in (choice.data, choice.model):
        raise Refused("Digits and networks of your own are in your window only. Choose others to show to the class.")
    return urlencode(choice.to_url(), safe=",")


def choice_of(setting: str) -> Choice:
    """Return the attack and the step of a setting; what makes no sense takes its default, as in an address."""
    asked = {name: value for name, value in parse_qsl(setting) if value != OWN}
    return from_url(asked)[0]


def checked_pair(picks: object, pixels: int) -> tuple[int, int]:
    """Return two picked pixels in ascending order. Raises Refused for what cannot be a pair of `pixels` pixels."""
    match picks:
        case [int(one), int(two)] if one != two and 0 <= one < pixels and 0 <= two < pixels:
            return min(one, two), max(one, two)
    raise Refused("Pick two different pixels.")


def checked_option(index: object, question: Question) -> int:
    """Return which option was chosen. Raises Refused for what is none."""
    if type(index) is int and 0 <= index < len(question.options):
        return index
    raise Refused("Choose one of the answers.")


def said(answers: Iterable[Answer], question: Question) -> list[int]:
    """Return how many chose each option of a question."""
    counts = Counter(answer.first for answer in answers)
    return [counts[index] for index in range(len(question.options))]


class Explored(NamedTuple):
    """What the participants who explore have done together: attacks that they opened, and those seen to succeed."""

    participants: int
    attacks: int
    succeeded: int


def explored(answers: Sequence[Answer]) -> Explored:
    """Return what all have done in a round of Explore."""
    return Explored(len(answers), sum(each.first for each in answers), sum(each.second for each in answers))
