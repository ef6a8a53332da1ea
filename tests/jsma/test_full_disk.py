"""The command line on a full disk: one sentence, and the files that were there stay as they were."""

import resource
import signal
from contextlib import contextmanager

import pytest

import jsma
from jsma.__main__ import main


@contextmanager
def full_disk():
    """A disk on which no file can hold more than a few bytes."""
    usual, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    told = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (usual, most))
        signal.signal(signal.SIGXFSZ, told)


@pytest.mark.parametrize(
    "command",
    [
        "train --model lenet --epochs 1 --out {folder}",
        "attack --data uci --target 3 --gamma 0.02 --save {folder}/attack.png",
        "evaluate --data uci --images 1 --gamma 0.01 --save {folder}/report.json",
    ],
)
def test_a_full_disk_leaves_the_files_that_were_there(command, tmp_path, uci, monkeypatch, capsys):
    monkeypatch.setattr(jsma.__main__, "load_mnist", lambda *_: uci.first(300))
    for name in ("lenet.pt", "lenet.json", "attack.png", "report.json"):
        (tmp_path / name).write_text("good", encoding="utf-8")
    with full_disk():
        assert main(command.format(folder=tmp_path).split()) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith("jsma: ")
    assert "File too large" in sentence
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == dict.fromkeys(
        ("lenet.pt", "lenet.json", "attack.png", "report.json"), "good"
    )
