"""Memory that is free goes back to the system: glibc by itself keeps what scores of short threads have used.

Where there is no glibc (macOS, Windows, musl) nothing is done. Also: how much memory there is for more processes.
"""

import ctypes
import sys
from contextlib import suppress
from math import inf
from pathlib import Path

M_ARENA_MAX = -8
ARENAS = 2
"""In how many places threads look for free memory; by itself glibc takes eight a core, each with holes of its own."""


def _glibc() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(None) if sys.platform == "linux" else None
        return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None
    except OSError:
        return None


_LIBRARY = _glibc()


def use_few_arenas() -> None:
    """Let all threads share a few stores of free memory; to be called early."""
    if _LIBRARY:
        _LIBRARY.mallopt(M_ARENA_MAX, ARENAS)


def give_back() -> None:
    """Give free memory back to the system; takes some milliseconds."""
    if _LIBRARY:
        _LIBRARY.malloc_trim(0)


def available(root: Path = Path("/")) -> float:
    """Return how many bytes are left on this machine, or in the container of the server; infinity where Linux is not.

    root: where /proc and /sys are. Files that the system keeps in memory, and drops when it needs that, count as left.
    """
    left, group = [inf], root / "sys" / "fs" / "cgroup"
    with suppress(OSError, KeyError, ValueError):
        left.append(_values(root / "proc" / "meminfo")["MemAvailable:"] * 1024)
    with suppress(OSError, KeyError, ValueError):  # without a limit, it says "max"
        most, used = (int((group / f"memory.{name}").read_text(encoding="ascii")) for name in ("max", "current"))
        left.append(most - used + _values(group / "memory.stat")["inactive_file"])
    return min(left)


def _values(file: Path) -> dict[str, int]:
    lines = map(str.split, file.read_text(encoding="ascii").splitlines())
    return {name: int(value) for name, value, *_ in lines}
