"""The page Class: a teacher and students in Streamlit's test harness."""

import pytest

from pages.ui.navigation import PAGES
from tests.helpers.app import checked, visitor, words

PAGE = PAGES["Class"].file


@pytest.fixture(autouse=True)
def own_database(tmp_path_factory, monkeypatch):
    """One database for the tests of this file."""
    monkeypatch.setenv("JSMA_DATABASE_URL", f"sqlite:///{tmp_path_factory.getbasetemp()}/classes.sqlite")


def test_whole():
    teacher = checked(visitor(PAGE, digit=7, target=3).run())
    checked(teacher.button(key="class-open").click().run())
    code = teacher.session_state.class_member.code
    print(words(teacher))
    student = checked(visitor(PAGE, **{"class": code}).run())
    checked(student.button(key="class-join-link").click().run())
    print(words(student))
    for kind in ("follow", "predict", "question", "explore"):
        print("-----", kind)
        checked(teacher.button(key=f"class-{kind}").click().run())
        print(words(teacher))
        print("-----")
        checked(student.run())
        print(words(student))
