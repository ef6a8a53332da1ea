"""Who is next: the session that has had the least lately, so that asking for much means waiting longer."""

import time
from collections.abc import Callable

HALF_LIFE_SECONDS = 30.0
"""After so long what a session has had counts half."""


class Usage:
    """How much each session has had, in seconds; what is long ago counts less."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._had: dict[str, tuple[float, float]] = {}  # how much, and when that was said

    def of(self, session: str) -> float:
        """Return how much `session` has had lately."""
        had, then = self._had.get(session, (0.0, 0.0))
        return had * 0.5 ** ((self._clock() - then) / HALF_LIFE_SECONDS)

    def charge(self, session: str, seconds: float) -> None:
        """Say that `session` has had so much more."""
        self._had[session] = self.of(session) + seconds, self._clock()
        if len(self._had) > 1000:  # sessions that ended long ago
            self._had = {each: had for each, had in list(self._had.items()) if self.of(each) > 0.001}
