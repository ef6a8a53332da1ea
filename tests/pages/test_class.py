"""The page Class: a teacher and students in Streamlit's test harness; picks on pictures are tested in a browser."""

import csv
import io
import re

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.classroom import results
from pages.ui.navigation import PAGES
from pages.ui.shared.classroom import membership, service
from pages.ui.shared.classroom.activities import Option, Question
from pages.ui.shared.classroom.errors import DatabaseUnavailable
from pages.ui.walkthrough import quiz
from tests.helpers.app import checked, visitor, words

PAGE = PAGES["Class"].file
QUESTIONS = {name: Question(text, [Option(*each) for each in some]) for name, (text, some) in quiz.QUESTIONS.items()}
FIRST = next(iter(QUESTIONS))


@pytest.fixture(autouse=True)
def own_database(tmp_path_factory, monkeypatch):
    """One database for the tests of this file."""
    monkeypatch.setenv("JSMA_DATABASE_URL", f"sqlite:///{tmp_path_factory.getbasetemp()}/page-class.sqlite")


def press(app: AppTest, key: str) -> AppTest:
    return checked(app.button(key=key).click().run())


def joined(code: str) -> AppTest:
    return press(checked(visitor(PAGE, **{"class": code}).run()), "class-join-link")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """A teacher who has opened a class; tests go on with it where the one before has left it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JSMA_DATABASE_URL", f"sqlite:///{tmp_path_factory.getbasetemp()}/page-class.sqlite")
        return press(checked(visitor(PAGE, digit=7, target=3).run()), "class-open")


@pytest.fixture
def member(teacher) -> membership.Member:
    return teacher.session_state.class_member


def test_the_code_on_the_teachers_screen_and_in_the_link_lets_a_student_in(teacher, member):
    assert " ".join(member.code) in words(teacher, "html")
    assert f"Class?class={member.code}" in [each.value for each in teacher.code]
    student = checked(visitor(PAGE).run())
    student.text_input(key="class-code").set_value(f" {member.code.lower()} ").run()
    press(student, "class-join")
    assert "You are in." in words(student)
    press(student, "class-leave")
    assert "For students" in words(student)


def test_a_question_is_answered_once_and_shown_to_all_at_the_reveal_only(teacher, member):
    one, two = joined(member.code), joined(member.code)
    press(teacher, "class-question")
    checked(one.run())
    (radio,) = one.radio
    radio.set_value(1).run()
    number = service.store().current(member.code).number
    press(one, f"class-send-{number}")
    assert "Your answer is sent" in words(one)
    assert not one.radio
    right = next(option for option in QUESTIONS[FIRST].options if option.right)
    for app in (one, checked(two.run())):
        assert right.why not in words(app)
        assert 'class="class-bars"' not in words(app, "html")
    checked(teacher.run())
    assert "<b>1</b> of 2 have answered" in words(teacher, "html")
    assert right.why not in words(teacher)
    press(teacher, "class-reveal")
    for app in (teacher, checked(one.run()), checked(two.run())):
        assert right.why in words(app)
        assert "**1 of 1** right" in words(app)
    assert "(you)" in words(one, "html")
    assert "(you)" not in words(two, "html")
    assert not two.radio


def test_picks_are_ranked_on_every_screen_and_saved_as_a_table(teacher, member):
    student = joined(member.code)
    me, store = student.session_state.class_member, service.store()
    press(teacher, "class-predict")
    number = store.current(member.code).number
    checked(student.run())
    assert "Which two pixels are changed next?" in words(student)
    store.answer(me.code, me.token, number, 0, 1)
    assert "Your pick is sent" in words(checked(student.run()))
    press(teacher, "class-show")
    assert "Where do you agree" in words(teacher)
    assert "found the best pair" not in words(student.run())
    press(teacher, "class-reveal")
    for app in (teacher, checked(student.run())):
        assert "**0 of 1** found the best pair" in words(app)
        assert "beyond 1,000" in words(app, "html")
    rank = re.search(r"Your pair has \*\*rank ([\d,]+)\*\*", words(student))[1].replace(",", "")
    table = csv.DictReader(io.StringIO(results.as_csv(*store.results(member.code, member.secret), QUESTIONS)))
    rows = list(table)
    assert [row["activity"] for row in rows] == ["question", "predict"]
    assert rows[-1] | {"subject": ""} == {
        "round": str(number),
        "activity": "predict",
        "subject": "",
        "revealed": "1",
        "participant": str(me.number),
        "answer": "row 0 column 0 and row 0 column 1",
        "right": "0",
        "rank": rank,
    }


def test_the_teachers_link_works_on_another_computer_and_leaves_the_address_at_once(teacher, member):
    other = checked(visitor(PAGE, **{"class": member.code, "teacher": member.secret}).run())
    assert other.session_state.class_member == member
    assert "teacher" not in other.query_params
    press(other, "class-explore")
    assert service.store().current(member.code).kind == "explore"


@pytest.mark.parametrize("secret", ["", "x" * 22, "x" * 5000])
def test_a_wrong_teachers_link_makes_nobody_a_teacher(teacher, member, secret):
    other = checked(visitor(PAGE, **{"class": member.code, "teacher": secret}).run())
    assert "not that of a teacher" in words(other, "warning")
    assert not other.session_state["class_member"] if "class_member" in other.session_state else True
    assert "class-reveal" not in {button.key for button in other.button}


def test_on_the_lab_a_student_sees_what_the_class_does_and_what_they_explore_is_counted(teacher, member):
    student = joined(member.code)
    assert "Open the lab" in {link.label for link in student.get("page_link")}
    student.switch_page("app.py").run()
    assert "explore: what you try here is counted" in words(checked(student))
    checked(teacher.run())
    assert "Attacks that they have opened: <b>1</b>" in words(teacher, "html")
    press(teacher, "class-predict")
    assert "the class predicts a pair" in words(checked(student.run()))
    press(student, "class-leave")
    assert f"Class {member.code}" not in words(student)


@pytest.mark.parametrize("typed", ["", "KMRT", "*[x](y)*", "ACDEF"])
def test_a_code_that_leads_nowhere_is_told_in_a_sentence(typed):
    student = checked(visitor(PAGE).run())
    student.text_input(key="class-code").set_value(typed).run()
    press(student, "class-join")
    assert ("five letters" if typed != "ACDEF" else "This class is not there") in words(student, "warning")


def test_a_database_that_goes_away_is_told_and_when_it_is_back_all_goes_on(teacher, member, monkeypatch):
    student = joined(member.code)

    there = service.store

    def away() -> None:
        raise DatabaseUnavailable("Classes cannot be stored (away).")

    monkeypatch.setattr(service, "store", away)
    for app in (teacher, student):
        assert "Classes cannot be stored" in words(checked(app.run()), "error")
    monkeypatch.setattr(service, "store", there)
    for app in (teacher, student):
        assert not checked(app.run()).error


def test_a_class_that_has_ended_lets_its_members_go(teacher, member):
    student = joined(member.code)
    press(teacher, "class-end")
    assert "For teachers" in words(teacher)
    assert "the class has ended" in words(checked(student.run()), "info")
    press(student, "class-leave")
    assert "For students" in words(student)


def test_without_a_database_one_sentence_says_so_and_the_lab_works(monkeypatch):
    monkeypatch.setenv("JSMA_DATABASE_URL", "sqlite:////proc/nowhere/x.sqlite")
    student = checked(visitor(PAGE).run())
    press(student, "class-open")
    assert "JSMA\\_DATABASE\\_URL" in words(student, "warning")
    student.switch_page("app.py").run()
    assert not checked(student).warning
