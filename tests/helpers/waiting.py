"""Waiting in tests: until a condition holds, with a limit that only a test that hangs meets."""

import time
from collections.abc import Callable

LONG = 300.0
"""Seconds until a wait has failed, on the slowest machine; each ends as soon as its condition holds."""


def until(holds: Callable[[], object], pause: float = 0.005) -> None:
    """Wait until `holds()` does, looked at every `pause` seconds."""
    end = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < end, "The condition did not come to hold."
        time.sleep(pause)
