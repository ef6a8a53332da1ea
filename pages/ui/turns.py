"""Who computes when, of what takes long: one after the other, in turns of some seconds. Short work: scheduling.py."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from streamlit.delta_generator import DeltaGenerator

from pages.ui.admission import CORES, this_session
from pages.ui.scheduling import while_waiting

TURN_SECONDS = 20.0
"""After so long, whoever waits is next, and who had the turn goes to the end of the line."""

LAPSE_SECONDS = 3.0
"""Who does not ask for so long has left: closed the window, gone to another page, pressed Stop."""


class Line:
    """Those who want to work long, in the order they came; the first `at_once` of them may."""

    def __init__(self, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.at_once, self._clock, self._lock = at_once, clock, Lock()
        self._asked: dict[str, float] = {}  # when each asked last, in the order of the line

    def before(self, who: str) -> int:
        """Join the line, or say that one is still there; return how many must end first. 0: it is one's turn."""
        with self._lock:
            now = self._clock()
            self._asked = {each: at for each, at in self._asked.items() if each == who or now - at < LAPSE_SECONDS}
            self._asked[who] = now
            return max(0, list(self._asked).index(who) + 1 - self.at_once)

    def leave(self, who: str) -> None:
        """Make room."""
        with self._lock:
            self._asked.pop(who, None)

    @contextmanager
    def working(self, who: str) -> Iterator[None]:
        """Hold the turn for a piece of work, however long that takes."""
        with self._lock:
            self._asked[who] = float("inf")
        try:
            yield
        finally:
            with self._lock:
                self._asked[who] = self._clock()


LINE = Line(max(1, CORES - 1))
"""The line of this server; one core stays free for those who only look."""


def turns(place: DeltaGenerator, wanted: Callable[[], bool]) -> Iterator[None]:
    """Yield once for each piece of work, when it is this visitor's turn, while more is `wanted`.

    place: for a sentence on how long the line is. A piece should take less than a second, and call
    Streamlit, which ends the script there when its visitor has left. Then, and when the visitor does
    something else on the page, the place in the line is kept for LAPSE_SECONDS.
    """
    who = this_session()
    with while_waiting():
        while wanted():
            waited = False
            while ahead := LINE.before(who):
                place.info(_in_words(ahead, LINE.at_once), icon=":material/hourglass_top:")
                waited = True
                time.sleep(0.3)
            if waited:
                place.empty()
            began = time.monotonic()
            while wanted() and time.monotonic() - began < TURN_SECONDS:
                with LINE.working(who):
                    yield
            LINE.leave(who)


def _in_words(ahead: int, at_once: int) -> str:
    waiting = f"**{ahead - 1} {'is' if ahead == 2 else 'are'} in line before you**, then it is your turn."
    who = "**You are next.**" if ahead == 1 else waiting
    seconds = -(-ahead // at_once) * TURN_SECONDS
    how_long = f"That takes about {seconds:.0f} s at most; then you go on in turns."
    return f"Others are training or evaluating, too. {who} {how_long}"
