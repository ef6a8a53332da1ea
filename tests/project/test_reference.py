"""The reference of the library: everything public is in it, and whatever a docstring refers to."""

import sys
from importlib import import_module
from types import ModuleType

import pytest

pytest.importorskip("pdoc", reason="pdoc, which makes the reference, is not there; `.[dev]` brings it")

from pdoc.doc import Module

import jsma
from docs import reference


@pytest.fixture
def made_up(monkeypatch):
    """A function that makes a public module of the project from its text."""

    def make(text: str) -> Module:
        module = ModuleType("jsma.made_up", "A module.")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(text, module.__dict__)
        return Module(module)

    return make


def test_the_docstrings_of_the_library_lack_nothing():
    assert reference.problems_in([Module(import_module(name)) for name in reference.MODULES]) == []


def test_everything_public_is_in_the_reference():
    told = {entry.fullname for entry in reference.entries(Module(jsma))}
    assert {f"jsma.{name}" for name in jsma.__all__} <= told
    assert {"jsma.Attack.run", "jsma.Report.hardness", "jsma.Untargeted.AWAY"} <= told


def test_a_function_without_a_docstring_is_told(made_up):
    module = made_up("def silent(): ...\ndef told():\n    'Return nothing.'")
    assert reference.problems_in([module]) == ["jsma.made_up.silent has no docstring."]


@pytest.mark.parametrize(
    "known", ["told", "told(1)", "made_up.told", "jsma.made_up.told", "given", "a + b", "Kind.field"]
)
def test_a_reference_to_what_is_there_is_no_problem(made_up, known):
    kind = "class Kind:\n    'A kind.'\n    field: int = 0"
    module = made_up(f"def told(given):\n    'See `{known}`.'\n{kind}")
    assert reference.problems_in([module]) == []


@pytest.mark.parametrize("unknown", ["tole", "told.more", "Kind.felt", "_hidden"])
def test_a_reference_to_what_is_not_there_is_told_with_its_place(made_up, unknown):
    kind = "class Kind:\n    'A kind.'\n    field: int = 0"
    module = made_up(f"def _hidden(): ...\ndef told(given):\n    'See `{unknown}`.'\n{kind}")
    assert reference.problems_in([module]) == [f"jsma.made_up.told refers to {unknown}, which is not in the reference."]
