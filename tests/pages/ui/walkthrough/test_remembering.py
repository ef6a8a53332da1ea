"""Answers that come back from a browser: what is taken up, and what is left."""

import json

import pytest

from pages.ui.walkthrough import remembering, tasks
from pages.ui.walkthrough.contents import CHAPTERS, tasks_by_chapter
from tests.helpers.app import words

NAMES = {name for names in tasks_by_chapter().values() for name in names}
NOTHING = {"walkthrough_given": {}, "walkthrough_first": {}, "walkthrough_done": set()}


def test_what_was_kept_comes_back_as_it_was():
    kept = {
        "given": {"white-box": 1, "two-kinds|uci-0-2-tutorial": "all", "blind-test|tutorial": [1, 2]},
        "first": {"white-box": ["a", "b", False]},
        "done": ["white-box"],
    }
    assert remembering.checked(json.dumps(kept), NAMES) == {
        "walkthrough_given": kept["given"],
        "walkthrough_first": {"white-box": tasks.First("a", "b", right=False)},
        "walkthrough_done": {"white-box"},
    }


@pytest.mark.parametrize(
    "part",
    [
        {"given": {"unknown": 1}},
        {"given": {"white-box": {"a": 1}}},
        {"given": {"white-box": True}},
        {"given": {"blind-test|tutorial": [10]}},
        {"given": {"white-box": "x" * 1000}},
        {"first": {"white-box": ["a", "b"]}},
        {"first": {"white-box": "abc"}},
        {"first": ["white-box"]},
        {"done": {"white-box": 1}},
        {"done": [["white-box"], 3]},
    ],
)
def test_what_cannot_be_an_answer_is_left(part):
    assert remembering.checked(json.dumps(part), NAMES) == NOTHING


@pytest.mark.parametrize("text", [None, 7, "", "{", "[]", "[" * 50_000, "x" * 100_000])
def test_a_text_that_is_no_memory_is_none(text):
    assert remembering.checked(text, NAMES) in ({}, NOTHING)


def test_an_answer_that_a_task_does_not_have_is_forgotten(app):
    app.session_state["walkthrough_given"] = {
        "white-box": 99,
        "second-choice|uci-0-tutorial": 17,
        "blind-test|tutorial": [1] * 10,
    }
    app.query_params["chapter"] = "1"
    app.switch_page("pages/1_Walkthrough.py").run()
    assert not app.exception
    assert app.radio(key="question-white-box").value is None
    assert "white-box" not in app.session_state["walkthrough_given"]


def test_a_summary_of_answers_is_drawn_from_what_came_back(app):
    app.session_state["walkthrough_first"] = {"white-box": tasks.First("a", "b", right=False)}
    app.query_params["chapter"] = str(len(CHAPTERS))
    app.switch_page("pages/1_Walkthrough.py").run()
    assert not app.exception
    assert "| 1. What is attacked, by whom | 0 | 1 |" in words(app)


def test_answers_can_be_forgotten(app):
    app.query_params["chapter"] = str(len(CHAPTERS))
    app.switch_page("pages/1_Walkthrough.py").run()
    app.radio(key="question-masked-or-safe").set_value(0).run()
    assert "| 7. Can one defend? | 0 | 1 |" in words(app)
    app.button(key="course-forget").click().run()
    assert not app.exception
    assert "| 7. Can one defend? | 0 | 0 |" in words(app)
    assert app.radio(key="question-masked-or-safe").value is None
