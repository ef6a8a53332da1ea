"""Memory that is free goes back to the system: glibc by itself keeps what scores of short threads have used.

Where there is no glibc (macOS, Windows, musl) nothing is done.
"""

import ctypes
import sys

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
