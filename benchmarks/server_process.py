"""What a server uses, as the system counts it, with the processes that it has started."""

import os
from pathlib import Path


def family(pid: int) -> list[int]:
    """Return `pid` and the processes that it has started and that are there, with theirs."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for each in lists for child in each.read_text(encoding="utf-8").split()]
    return [pid, *(each for child in children for each in family(child))]


def resident_mb(pid: int) -> float:
    """Return how much memory a server holds; what its processes share counts once for each."""
    return sum(map(_resident_mb, family(pid)))


def _resident_mb(pid: int) -> float:
    line = next(
        line
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        if line.startswith("VmRSS")
    )
    return int(line.split()[1]) / 1024


def cpu_seconds(pid: int) -> float:
    """Return how long a server has computed, on all cores together."""
    return sum(map(_cpu_seconds, family(pid)))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def threads(pid: int) -> int:
    """Return how many threads a process has."""
    return len(list(Path(f"/proc/{pid}/task").iterdir()))
