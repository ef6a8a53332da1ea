"""What a class does: settings that are read like addresses, and answers that are checked."""

import json

import pytest

from pages.ui.choice import OWN, Choice
from pages.ui.shared.classroom import membership
from pages.ui.shared.classroom.activities import (
    Activity,
    Option,
    Question,
    activity_of,
    checked_option,
    checked_pair,
    choice_of,
    explored,
    said,
    setting_of,
)
from pages.ui.shared.classroom.codes import new_secret
from pages.ui.shared.classroom.database import MOST_SETTING
from pages.ui.shared.classroom.errors import Refused
from pages.ui.shared.classroom.membership import Member
from pages.ui.shared.classroom.store import Answer

QUESTION = Question("Which?", (Option("This", "No."), Option("That", "Yes.", right=True)))


def test_an_attack_comes_back_from_a_setting_with_its_step():
    choice = Choice(digit=7, target=3, model="lenet", theta=0.35, step=4, views=("picture", "saliency"), predict=True)
    assert choice_of(setting_of(choice)) == choice
    assert len(setting_of(choice)) < MOST_SETTING / 2


def test_a_setting_that_makes_no_sense_becomes_an_attack_that_can_be_shown():
    assert choice_of("data=own&model=own&digit=77&target=x&step=-1") == Choice()
    assert choice_of("\x00&&=%ff") == Choice()


@pytest.mark.parametrize("choice", [Choice(data=OWN), Choice(model=OWN)])
def test_what_only_the_teacher_has_cannot_be_shown_to_a_class(choice):
    with pytest.raises(Refused, match="your window only"):
        setting_of(choice)


@pytest.mark.parametrize("kind", Activity)
def test_every_activity_comes_back_from_its_name_in_the_database(kind):
    assert activity_of(kind.kind) is kind


@pytest.mark.parametrize("picks", [None, "12", [1], [1, 2, 3], [5, 5], [-1, 3], [0, 784], [0.5, 1], [1, "2"], {"0": 1}])
def test_what_cannot_be_a_pair_is_refused(picks):
    with pytest.raises(Refused, match="two different pixels"):
        checked_pair(picks, 784)


def test_a_pair_is_taken_in_ascending_order():
    assert checked_pair([783, 0], 784) == (0, 783)


@pytest.mark.parametrize("index", [None, -1, 2, "1", 0.0, True])
def test_what_cannot_be_an_answer_is_refused(index):
    with pytest.raises(Refused):
        checked_option(index, QUESTION)
    assert checked_option(1, QUESTION) == 1


def test_answers_and_what_was_explored_are_counted():
    answers = [Answer(1, 100_000 + k, first, second) for k, (first, second) in enumerate([(1, 0), (1, 1), (0, 0)])]
    assert said(answers, QUESTION) == [1, 2]
    assert explored(answers) == (3, 2, 1)


# --- What a browser claims -----------------------------------------------------------------------


def test_a_browser_brings_back_who_one_was():
    secret = new_secret()
    for record in ({"secret": secret, "token": ""}, {"secret": "", "token": secret}):
        kept = json.dumps({"code": "KMRTW", "number": 123456, "here": True, **record})
        assert membership.read(kept) == (Member("KMRTW", secret=record["secret"], token=record["token"]), True)


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        "{",
        "[" * 300,
        "null",
        '{"code": "KMRTW"}',
        '{"code": "kmrtw", "secret": "", "token": "aaaaaaaaaaaaaaaaaaaaaa", "here": true}',
        '{"code": "KMRTW", "secret": "aaaaaaaaaaaaaaaaaaaaaa", "token": "aaaaaaaaaaaaaaaaaaaaaa", "here": true}',
        '{"code": "KMRTW", "secret": "", "token": "a", "here": true}',
        '{"code": "KMRTW", "secret": "", "token": ["aaaaaaaaaaaaaaaaaaaaaa"], "here": true}',
        '{"code": "KMRTW", "secret": "", "token": "aaaaaaaaaaaaaaaaaaaaaa", "here": 1}',
        '{"code": ["KMRTW"], "secret": "", "token": "aaaaaaaaaaaaaaaaaaaaaa", "here": true}',
        '{"code": "KMRTW", "secret": "", "token": "aaaaaaaaaaaaaaaaaaaaaa", "here": true}' + " " * 300,
    ],
)
def test_whatever_else_a_browser_brings_is_nobody(text):
    assert membership.read(text) == (None, False)
