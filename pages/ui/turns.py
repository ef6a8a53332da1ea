"""The queue for long computations: visitors take turns of some seconds. For short ones see scheduling.py."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from streamlit.delta_generator import DeltaGenerator

from pages.ui.admission import CORES, this_session
from pages.ui.scheduling import while_waiting

TURN_SECONDS = 20.0
"""How long a turn lasts; if others wait, the session then goes to the end of the queue."""

LAPSE_SECONDS = 3.0
"""A session that has not asked for so long leaves the queue: window closed, other page opened, or Stop pressed."""


class Queue:
    """The sessions that want to compute for long, in the order they came; the first `at_once` of them may."""

    def __init__(self, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.at_once, self._clock, self._lock = at_once, clock, Lock()
        self._asked: dict[str, float] = {}  # by session, when it asked last; in the order of the queue

    def ahead_of(self, session: str) -> int:
        """Enqueue `session`, or note that it still waits; return how many must end first, 0 when it is its turn."""
        with self._lock:
            now = self._clock()
            self._asked = {each: at for each, at in self._asked.items() if each == session or now - at < LAPSE_SECONDS}
            self._asked[session] = now
            return max(0, list(self._asked).index(session) + 1 - self.at_once)

    def leave(self, session: str) -> None:
        """Remove `session` from the queue."""
        with self._lock:
            self._asked.pop(session, None)

    @contextmanager
    def working(self, session: str) -> Iterator[None]:
        """Keep the turn of `session` during a piece of work, however long that takes."""
        with self._lock:
            self._asked[session] = float("inf")
        try:
            yield
        finally:
            with self._lock:
                self._asked[session] = self._clock()


QUEUE = Queue(max(1, CORES - 1))
"""The queue of this server; one core stays free for visitors who only look."""


def turns(place: DeltaGenerator, wanted: Callable[[], bool]) -> Iterator[None]:
    """Yield once for each piece of work, when it is this visitor's turn, while more is `wanted`.

    place: where a sentence on the queue is shown. A piece of work should take less than a second, and call
    Streamlit, which ends the script there when its visitor has left. Then, and when the visitor does
    something else on the page, the session stays in the queue for LAPSE_SECONDS.
    """
    session = this_session()
    with while_waiting():
        while wanted():
            waited = False
            while ahead := QUEUE.ahead_of(session):
                place.info(_in_words(ahead, QUEUE.at_once), icon=":material/hourglass_top:")
                waited = True
                time.sleep(0.3)
            if waited:
                place.empty()
            began = time.monotonic()
            while wanted() and time.monotonic() - began < TURN_SECONDS:
                with QUEUE.working(session):
                    yield
            QUEUE.leave(session)


def _in_words(ahead: int, at_once: int) -> str:
    waiting = f"**{ahead - 1} {'is' if ahead == 2 else 'are'} before you in the queue**, then it is your turn."
    position = "**You are next.**" if ahead == 1 else waiting
    seconds = -(-ahead // at_once) * TURN_SECONDS
    how_long = f"That takes about {seconds:.0f} s at most; then you take turns."
    return f"Others are training or evaluating, too. {position} {how_long}"
