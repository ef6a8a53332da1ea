"""Ctrl-C, and output that nobody takes: one sentence at most, the right exit code, no file half written."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.commands import FEW_FOR_MNIST, environment
from tests.helpers.paths import ROOT
from tests.helpers.waiting import LONG, until

pytestmark = pytest.mark.slow


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "jsma", *arguments],
        cwd=ROOT,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # may be ignored where tests run
    )


def interrupt(process: subprocess.Popen) -> None:
    """Press Ctrl-C, and expect one sentence and the exit code that shells know."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=LONG)
    assert said == "jsma: stopped by Ctrl-C; no file is incomplete.\n"
    assert process.returncode == 130


def test_ctrl_c_while_torch_is_loaded(tmp_path):
    (tmp_path / "torch.py").write_text("print('loading', flush=True)\nimport time\ntime.sleep(600)\n", encoding="utf-8")
    process = start(tmp_path, "attack", "--target", "3")
    assert process.stdout.readline() == "loading\n"
    interrupt(process)


@pytest.mark.parametrize("threads", ["1", "2"])
def test_ctrl_c_in_an_evaluation_keeps_the_finished_parts(tmp_path, threads, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    kept, report = tmp_path / "kept", tmp_path / "report.json"
    arguments = ["--data", "uci", "--images", "1000", "--gamma", "0.01", "--resume", str(kept), "--save", str(report)]
    process = start(tmp_path, "evaluate", *arguments)
    until(lambda: (kept / "chunk-000000.pt").exists() or process.poll() is not None)
    interrupt(process)
    assert not report.exists()
    assert {path.name[:6] for path in kept.iterdir()} == {"run.js", "chunk-"}
    assert not list(kept.glob("*unfinished*"))


def test_ctrl_c_in_a_training_leaves_the_weights_that_were_there(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(FEW_FOR_MNIST, encoding="utf-8")
    out = tmp_path / "out"
    out.mkdir()
    for name in ("lenet.pt", "lenet.json"):
        (out / name).write_text("good", encoding="utf-8")
    process = start(tmp_path, "train", "--model", "lenet", "--epochs", "1000", "--out", str(out))
    assert process.stdout.read(10)
    interrupt(process)
    assert {path.name: path.read_text(encoding="utf-8") for path in out.iterdir()} == {
        "lenet.pt": "good",
        "lenet.json": "good",
    }


@pytest.mark.parametrize(
    ("into", "code", "says"),
    [
        ("| true", 141, ""),
        ("> /dev/full", 2, "jsma: The output is incomplete (No space left on device).\n"),
        (">&-", 0, ""),
    ],
)
def test_output_that_nobody_takes_leaves_no_traceback(tmp_path, into, code, says):
    command = f'"{sys.executable}" -m jsma evaluate --data uci --images 1 --gamma 0.02 {into}; exit ${{PIPESTATUS[0]}}'
    buffered = environment(tmp_path, PYTHONUNBUFFERED="")
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, env=buffered, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (code, says)


def test_an_ascii_terminal_is_no_obstacle(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import jsma.data\nfrom dataclasses import replace\nreal = jsma.load_uci_digits\n"
        "jsma.data.load_uci_digits = lambda: replace(real(), name='\\u03b1')\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "jsma", "evaluate", "--data", "uci", "--images", "0"],
        cwd=ROOT,
        env=environment(tmp_path, LC_ALL="C", PYTHONUTF8="0"),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "(\\u03b1)" in done.stdout
