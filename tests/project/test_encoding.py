"""Where the system's encoding is ASCII, as under LC_ALL=C without Python's UTF-8 mode, all reads as it is written."""

import ast
import os
import subprocess
import sys

import pytest

from tests.helpers.paths import ROOT

OPENS = """
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


def test_every_page_opens():
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONPATH": str(ROOT)}
    opened = subprocess.run([sys.executable, "-c", OPENS], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert opened.returncode == 0, opened.stderr


@pytest.mark.parametrize("folder", ["jsma", "pages"])
def test_who_reads_or_writes_text_names_its_encoding(folder):
    for path in (ROOT / folder).rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                named = any(keyword.arg == "encoding" for keyword in call.keywords)
                assert named or call.func.attr not in ("read_text", "write_text"), f"{path}:{call.lineno}"
