"""Memory that is free goes back to the system, where that can be asked for; how much is left."""

import math
import sys
from pathlib import Path

import pytest

from pages.ui import memory


def resident() -> int:
    """Return how many bytes of memory this process holds."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


@pytest.mark.skipif(not memory._LIBRARY, reason="There is no glibc here.")
def test_what_is_free_between_what_is_used_is_given_back():
    blocks, pins = [], []
    for _ in range(2000):
        blocks.append(bytearray(60_000))  # too small for a mapping of its own
        pins.append(bytearray(2_000))  # holds the heap's end
    del blocks
    before = resident()
    memory.give_back()
    assert before - resident() > 50_000_000


def test_nothing_happens_without_glibc(monkeypatch):
    monkeypatch.setattr(memory, "_LIBRARY", None)
    memory.use_few_arenas()
    memory.give_back()


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_are_left_alone(monkeypatch, platform):
    monkeypatch.setattr(sys, "platform", platform)
    assert memory._glibc() is None


LEFT = "MemTotal: 9000 kB\nMemAvailable:    2000 kB\n"
FILES = "anon 7\ninactive_file 100000\n"


@pytest.mark.parametrize(
    ("meminfo", "most", "current", "left"),
    [
        (LEFT, None, None, 2_048_000),
        (LEFT, "max\n", "5\n", 2_048_000),
        (LEFT, "1000000\n", "400000\n", 700_000),
        ("MemTotal: 9000 kB\n", None, None, math.inf),
        (None, None, None, math.inf),
    ],
)
def test_what_is_left_is_that_of_the_machine_or_of_the_container(tmp_path, meminfo, most, current, left):
    group = {"memory.max": most, "memory.current": current, "memory.stat": most and FILES}
    for name, text in {
        "proc/meminfo": meminfo,
        **{f"sys/fs/cgroup/{name}": text for name, text in group.items()},
    }.items():
        if text is not None:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="ascii")
    assert memory.available(tmp_path) == left
