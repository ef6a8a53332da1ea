"""Two processes of torchrun give the report of one."""

import subprocess
import sys

import pytest

from tests.helpers.commands import environment
from tests.helpers.paths import ROOT
from tests.helpers.waiting import LONG

pytestmark = pytest.mark.slow

EVALUATE = ["evaluate", "--data", "uci", "--images", "3", "--gamma", "0.02", "--rule", "tjsma"]


@pytest.fixture
def in_chunks_of_one(tmp_path):
    """An environment in which every digit is a chunk of its own, so that a few digits are shared."""
    (tmp_path / "sitecustomize.py").write_text(
        "import jsma.evaluation\njsma.evaluation.IMAGES_IN_A_CHUNK = 1\n", encoding="utf-8"
    )
    return environment(tmp_path, OMP_NUM_THREADS="1")


def run(command: list[str], environment: dict) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LONG
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_ranks_give_the_report_of_one_byte_for_byte(in_chunks_of_one, tmp_path):
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    said = run(["jsma", *EVALUATE, "--save", str(one)], in_chunks_of_one)
    torchrun = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "jsma"]
    said_by_two = run([*torchrun, *EVALUATE, "--save", str(two), "--resume", str(tmp_path / "run")], in_chunks_of_one)
    assert one.read_bytes() == two.read_bytes()
    assert said_by_two.count("success rate") == 1
    assert [line for line in said.splitlines() if "%" in line] == [
        line for line in said_by_two.splitlines() if "%" in line
    ]
    assert len(list((tmp_path / "run").glob("chunk-*.pt"))) == 3
