"""How much drawing and computing each session has used lately: the session with the least use is next."""

import time
from collections.abc import Callable

HALF_LIFE_SECONDS = 30.0
"""After so long, use counts half."""


class Usage:
    """The use of each session, in seconds; what is long ago counts less."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._had: dict[str, tuple[float, float]] = {}  # seconds used, and when that was noted

    def of(self, session: str) -> float:
        """Return how many seconds `session` has used lately."""
        had, then = self._had.get(session, (0.0, 0.0))
        return had * 0.5 ** ((self._clock() - then) / HALF_LIFE_SECONDS)

    def charge(self, session: str, seconds: float) -> None:
        """Add `seconds` to the use of `session`."""
        self._had[session] = self.of(session) + seconds, self._clock()
        if len(self._had) > 1000:  # sessions that ended long ago
            self._had = {each: had for each, had in list(self._had.items()) if self.of(each) > 0.001}
