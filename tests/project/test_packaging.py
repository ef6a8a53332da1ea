"""What is installed: all files that the library reads, and a program that starts."""

import os
import subprocess
import sys
import tomllib
from importlib import import_module

import jsma
from tests.helpers.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_file_beside_the_code_is_installed_with_it():
    package = ROOT / "jsma"
    data = PROJECT["tool"]["setuptools"]["package-data"]
    named = {path for name in data for pattern in data[name] for path in ROOT.joinpath(*name.split(".")).glob(pattern)}
    beside = {path for path in package.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert beside == named


def test_every_folder_with_code_is_installed():
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "jsma").rglob("*.py")}
    assert {".".join(folder.parts) for folder in folders} == set(PROJECT["tool"]["setuptools"]["packages"])


def test_the_program_is_what_it_is_said_to_be():
    module, _, name = PROJECT["project"]["scripts"]["jsma"].partition(":")
    assert callable(getattr(import_module(module), name))


def test_the_version_is_said_in_one_place():
    assert "version" in PROJECT["project"]["dynamic"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "jsma.__version__"}
    assert jsma.__version__ == "0.2.0"


def test_the_program_works_away_from_its_folder(tmp_path):
    command = ["jsma", "attack", "--target", "3"]
    program = (
        f"import sys; sys.argv = {command}; sys.path.insert(0, {str(ROOT)!r})\nfrom jsma.__main__ import run\nrun()"
    )
    environment = os.environ | {"JSMA_DATA_DIR": str(tmp_path)}  # an empty folder: no MNIST
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8"
    )
    assert ran.returncode == 0, ran.stderr
    assert "reached target" in ran.stdout


def test_what_is_pinned_is_what_the_library_asks_for():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("#")[0].split(";")[0].strip().split("==") for line in lines)

    def numbers(version: str) -> list[int]:
        return [int(part) for part in version.split(".")]

    for wanted in PROJECT["project"]["dependencies"]:
        name, _, least = wanted.partition(">=")
        assert numbers(pinned[name]) >= numbers(least)
    for wanted in PROJECT["project"]["optional-dependencies"]["app"]:
        name, _, version = wanted.split(";")[0].partition("==")
        assert pinned[name] == version
    assert not any("[" in name for name in pinned)  # the file is passed to pip install -c, too, which takes no extras
