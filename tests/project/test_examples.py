"""The examples of the project's pages and docstrings: they run, and print what is shown under them."""

import contextlib
import doctest
import io
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from jsma.__main__ import _parser
from tests.helpers.paths import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return the language and the text of each block of code of a page."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def examples() -> list:
    """Return the pages with examples; the one that trains a network first is slow."""
    pages = [page for page in PAGES if "python" in dict(blocks(page))]
    return [pytest.param(page, marks=[pytest.mark.slow] * (page.name == "tabular.md"), id=name(page)) for page in pages]


@pytest.mark.parametrize("page", examples())
def test_the_examples_of_a_page_run_one_after_the_other(page, tmp_path, monkeypatch):
    if page.name == "tabular.md":
        pytest.importorskip("sklearn", reason="scikit-learn is not installed; `.[dev]` brings it")
    monkeypatch.chdir(tmp_path)
    for variable, value in {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": "0"}.items():
        monkeypatch.setenv(variable, value)  # as torchrun does
    variables, printed = {}, ""
    for language, text in blocks(page):
        if language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as output:
                exec(compile(text, name(page), "exec"), variables)
            printed = output.getvalue()
        elif language == "text":
            assert printed == text


MODULES = [f"jsma.{path.stem}" for path in sorted((ROOT / "jsma").glob("*.py")) if ">>> " in path.read_text("utf-8")]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_docstrings_print_what_they_show(module):
    failed, tried = doctest.testmod(import_module(module))
    assert tried
    assert not failed


def test_every_command_of_the_pages_is_one_that_the_program_takes():
    commands = [
        line.partition("#")[0].partition("-m jsma ")[2]
        for page in PAGES
        for language, text in blocks(page)
        if language == "sh"
        for line in text.replace("\\\n", " ").splitlines()
        if "-m jsma " in line
    ]
    assert len(commands) > 5
    for command in commands:
        assert _parser().parse_args(shlex.split(command)), command
