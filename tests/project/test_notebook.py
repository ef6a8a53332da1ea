"""A notebook in which a recorded attack shows itself."""

import json
import sys

import pytest

import jsma.stage
from jsma.stage.recording import Recording
from tests.helpers.paths import ROOT

nbformat = pytest.importorskip("nbformat", reason="nbclient and ipykernel, which run notebooks, are not there.")
nbclient = pytest.importorskip("nbclient", reason="nbclient and ipykernel, which run notebooks, are not there.")
pytest.importorskip("ipykernel", reason="ipykernel, which runs the cells of notebooks, is not there.")

CELL = """
from jsma import Attack, load_model, load_uci_digits
from jsma.stage import record

digits = load_uci_digits()
record(load_model("tutorial"), digits.images[0], int(digits.labels[0]), 3, Attack())
"""


@pytest.fixture
def kernel(tmp_path, monkeypatch) -> str:
    """The name of a kernel that runs cells in this environment, with this project; all its files are in tmp_path."""
    name = "this-environment"
    folder = tmp_path / "jupyter" / "kernels" / name
    folder.mkdir(parents=True)
    start = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    about = {"argv": start, "display_name": name, "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(about), encoding="utf-8")
    for variable, value in {
        "JUPYTER_DATA_DIR": tmp_path / "jupyter",
        "JUPYTER_RUNTIME_DIR": tmp_path / "runtime",
        "IPYTHONDIR": tmp_path / "ipython",
        "PYTHONPATH": ROOT,
    }.items():
        monkeypatch.setenv(variable, str(value))
    return name


@pytest.mark.skipif(
    not (hasattr(jsma.stage, "record") and hasattr(Recording, "_repr_html_")), reason="Recordings show no HTML yet."
)
def test_a_recording_shows_itself_in_a_notebook(kernel, tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    nbclient.NotebookClient(notebook, timeout=600, kernel_name=kernel).execute(cwd=str(tmp_path))
    (shown,) = [output for output in notebook.cells[0].outputs if output.output_type == "execute_result"]
    assert "<iframe" in shown.data["text/html"]
