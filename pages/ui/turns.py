"""The queue for long computations: visitors take turns of some seconds. For short ones see scheduling.py."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from streamlit.delta_generator import DeltaGenerator

from pages.ui.admission import CORES, this_address, this_session
from pages.ui.scheduling import while_waiting

TURN_SECONDS = 20.0
"""How long a turn lasts; if others wait, the session then goes to the end of the queue."""

LAPSE_SECONDS = 3.0
"""A session that has not asked for so long leaves the queue: window closed, other page opened, or Stop pressed."""


class Queue:
    """The sessions that want to compute for long; the first `at_once` of them may.

    Who has a turn is before all who wait. Of these, the first of every address comes before the second of any, and of
    the addresses the one that has waited longest: many windows of one address do not take the turns of others.
    """

    def __init__(self, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.at_once, self._clock, self._lock = at_once, clock, Lock()
        self._asked: dict[str, float] = {}  # by session, when it asked last; in the order in which they came
        self._addresses: dict[str, str] = {}  # by session
        self._has_turn: set[str] = set()
        self._served: dict[str, int] = {}  # by address, the number of its last turn
        self._turns = 0

    def ahead_of(self, session: str, address: str = "") -> int:
        """Enqueue `session`, or note that it still waits; return how many must end first, 0 when it is its turn."""
        with self._lock:
            now = self._clock()
            self._asked = {each: at for each, at in self._asked.items() if each == session or now - at < LAPSE_SECONDS}
            self._asked[session], self._addresses[session] = now, address
            self._has_turn &= self._asked.keys()
            ahead = max(0, self._in_order().index(session) + 1 - self.at_once)
            if not ahead and session not in self._has_turn:
                self._has_turn.add(session)
                self._turns += 1
                self._served[address] = self._turns
            return ahead

    def _in_order(self) -> list[str]:
        """Return the sessions in the order of their turns."""
        self._addresses = {each: self._addresses.get(each, "") for each in self._asked}
        here = set(self._addresses.values())
        self._served = {address: number for address, number in self._served.items() if address in here}
        of_address: Counter[str] = Counter()
        places = {}
        for session, address in self._addresses.items():
            has_turn = session in self._has_turn
            places[session] = not has_turn, of_address[address], self._served.get(address, 0)
            of_address[address] += not has_turn
        return sorted(places, key=places.__getitem__)

    def leave(self, session: str) -> None:
        """Remove `session` from the queue."""
        with self._lock:
            self._asked.pop(session, None)
            self._has_turn.discard(session)

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
    session, address = this_session(), this_address()
    with while_waiting():
        while wanted():
            waited = False
            while ahead := QUEUE.ahead_of(session, address):
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
