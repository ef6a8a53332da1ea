"""What the tests of the walkthrough share: a chapter by itself, and what it asks."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers.app import checked
from tests.helpers.course import Asked
from tests.helpers.waiting import LONG

SCRIPT = """
from pages.ui import resources, session
from pages.ui.walkthrough import {chapter}
from pages.ui.walkthrough.lesson import Lesson
from pages.ui.networks import network as load

resources.few_threads()
choice = session.current("Walkthrough")
{chapter}.show(Lesson(choice, resources.digits(choice.data), load(choice.model)))
"""
DIGIT, TARGET = 7, 3


@pytest.fixture
def chapter(tmp_path):
    """A function that opens a chapter by itself on a built-in 7 and the target 3, beside pages to link to."""
    (tmp_path / "pages").mkdir()
    for page in ("4_Rules.py", "5_Evaluation.py", "6_Your_digit.py", "2_Model.py", "9_Defend.py"):
        (tmp_path / "pages" / page).touch()

    def open_chapter(name: str, digit: int = DIGIT, target: int = TARGET, sample: int = 0) -> AppTest:
        (tmp_path / "app.py").write_text(SCRIPT.format(chapter=name), encoding="utf-8")
        app = AppTest.from_file(str(tmp_path / "app.py"), default_timeout=LONG)
        for parameter, value in {"digit": digit, "target": target, "sample": sample}.items():
            app.query_params[parameter] = str(value)
        return checked(app.run())

    return open_chapter


@pytest.fixture
def asked(monkeypatch) -> Asked:
    """What the chapters ask."""
    return Asked(monkeypatch)
