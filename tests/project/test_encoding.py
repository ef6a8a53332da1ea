"""Text is read and written as UTF-8 whatever the system's encoding, such as GBK, or ASCII under LC_ALL=C."""

import ast
import os
import subprocess
import sys

import pytest

from tests.helpers.paths import ROOT

FOLDERS = ("jsma", "pages", "benchmarks", "tests", "docs", "deploy")

OPENS = """
import warnings
warnings.filterwarnings("error", category=EncodingWarning, module="jsma|pages|app|__main__")
from streamlit.testing.v1 import AppTest
from pages.ui.navigation import PAGES
app = AppTest.from_file("app.py", default_timeout=300)
app.query_params["gamma"] = "0.005"  # little to compute
app.run()
for file in (page.file for page in PAGES.values()):
    if file != "app.py":
        app.switch_page(file).run()
    assert not app.exception, (file, app.exception[0].stack_trace)
"""


def run(program: str) -> subprocess.CompletedProcess:
    """Run a program where the system's encoding is ASCII, and where Python warns if it is used for a file."""
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-X", "warn_default_encoding", "-c", program]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_every_page_opens():
    opened = run(OPENS)
    assert opened.returncode == 0, opened.stderr


def names_no_encoding(call: ast.Call) -> bool:
    """Return whether a call reads or writes text in the system's encoding."""
    if any(keyword.arg in ("encoding", None) for keyword in call.keywords):
        return False
    mode = next((k.value for k in call.keywords if k.arg == "mode"), None)
    match call.func:
        case ast.Attribute(attr="read_text"):
            return not call.args
        case ast.Attribute(attr="write_text"):
            return len(call.args) < 2
        case ast.Name(id="open"):
            mode = mode or (call.args[1] if len(call.args) > 1 else ast.Constant("r"))
        case ast.Attribute(attr="open"):  # of a path, if a mode is given: other things are opened, too
            newline = any(keyword.arg == "newline" for keyword in call.keywords)
            mode = mode or (call.args[0] if len(call.args) == 1 else ast.Constant("r" if newline else None))
            if not (isinstance(mode, ast.Constant) and set(str(mode.value)) <= set("rwax+bt")):
                return False
        case _:
            return False
    return isinstance(mode, ast.Constant) and "b" not in str(mode.value)


def test_who_reads_or_writes_text_names_its_encoding():
    """Ruff's rule sees this only where it can tell that something is a path."""
    for path in [ROOT / "app.py", *(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Call) and names_no_encoding(node)), f"{path}:{node.lineno}"


def test_the_search_finds_every_way_to_leave_the_encoding_out():
    found = "p.read_text()", "p.write_text('x')", "open(p)", "open(p, 'w')", "p.open('w')", "p.open(newline='')"
    fine = "p.read_text('utf-8')", "open(p, 'rb')", "p.open('wb')", "lab.open('?digit=7')", "lab.open()", "open(p, **o)"
    for source in (*found, *fine):
        call = ast.parse(source, mode="eval").body
        assert names_no_encoding(call) == (source in found), source
