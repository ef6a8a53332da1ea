"""Memory that is free goes back to the system, and where that cannot be asked for nothing happens."""

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
