"""Which scripts may draw their page now: a few at a time, those of the session with the least use first.

Python runs one thread at a time: fifty scripts that draw at once slow down each other, the computations and
the server itself. A waiting script costs nothing, and if its visitor asks for another run meanwhile,
it ends without having drawn anything.
"""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock, Thread, current_thread

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.ui.fairness import Usage

CORES = os.cpu_count() or 1

CHECK_SECONDS = 0.1
"""How often a script that waits asks whether its visitor still wants it."""

GIVE_WAY_SECONDS = 2.0
"""How long a script waits at most while something is computed for a session with less use."""

GATHER_SECONDS = 0.25
"""How long a script waits while others draw, if its session has used MUCH_SECONDS: its visitor may click again."""

MUCH_SECONDS = 1.0
"""From so many seconds of drawing and computing lately, a session counts as one with much use."""

MOST_SECONDS = 10.0
"""A script that has waited so long continues in any case."""


@dataclass(eq=False)
class Script:
    """A run of a page that waits to draw, or draws, since a time of the clock.

    returns: it has drawn before, and continues with a result that it has waited for.
    """

    session: str
    thread: Thread
    since: float
    returns: bool = False
    let_in: Event = field(default_factory=Event)


class Gate:
    """Lets at most `at_once` scripts draw, that of the session with the least use first.

    least_at_work: returns the smallest use among the sessions for which something is computed, infinity if there are
    none; scripts of sessions with more use wait for it. A script is out when it leaves or its thread has ended.
    """

    def __init__(
        self,
        at_once: int,
        usage: Usage,
        least_at_work: Callable[[], float] = lambda: float("inf"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.at_once, self._usage, self._least_at_work, self._clock = at_once, usage, least_at_work, clock
        self._lock = Lock()
        self._waiting: list[Script] = []
        self._inside: dict[Thread, Script] = {}
        self._of_thread = threading.local()

    def enter(self, session: str, check: Callable[[], None], returns: bool = False) -> None:
        """Wait until this thread, a script of `session`, may draw; `check` is called meanwhile and may raise."""
        script = Script(session, current_thread(), self._clock(), returns)
        with self._lock:
            if script.thread in self._inside:
                return
            self._waiting.append(script)
            self._admit()
        try:
            while not script.let_in.wait(CHECK_SECONDS):
                check()
                with self._lock:
                    if self._waiting[:1] == [script]:  # one of those who wait looks whether time lets somebody in
                        self._admit()
        except BaseException:
            self.leave()
            raise
        if not hasattr(self._of_thread, "ends"):
            self._of_thread.ends = _WhenGone(lambda: self.leave(script.thread))

    def leave(self, thread: Thread | None = None) -> bool:
        """Let the script of `thread`, by default of this one, leave; return whether it was drawing."""
        thread = thread or current_thread()
        with self._lock:
            self._waiting = [script for script in self._waiting if script.thread is not thread]
            script = self._inside.pop(thread, None)
            if script:
                self._usage.charge(script.session, self._clock() - script.since)
            self._admit()
        return script is not None

    @property
    def is_empty(self) -> bool:
        """Whether no script draws or waits to draw."""
        return not self._inside and not self._waiting

    def _admit(self) -> None:
        now = self._clock()
        for script in sorted(self._waiting, key=lambda script: (not script.returns, self._usage.of(script.session))):
            if len(self._inside) >= self.at_once and now - script.since < MOST_SECONDS:
                return
            if now - script.since >= self._has_to_wait(script):
                self._waiting.remove(script)
                script.since = now
                self._inside[script.thread] = script
                script.let_in.set()

    def _has_to_wait(self, script: Script) -> float:
        """Return how many seconds `script` has to wait although fewer than `at_once` draw."""
        if script.returns:
            return 0.0
        had = self._usage.of(script.session)
        if had > self._least_at_work():
            return GIVE_WAY_SECONDS
        others = any(each.session != script.session for each in [*self._waiting, *self._inside.values()])
        return GATHER_SECONDS if others and had > MUCH_SECONDS else 0.0


class _WhenGone:
    """Calls a function when the last reference to it is gone: held by a thread, when that ends."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act

    def __del__(self) -> None:
        self._act()


def this_session() -> str:
    """Return which session this script is of; "" outside of one."""
    context = get_script_run_ctx()
    return context.session_id if context else ""


def this_address() -> str:
    """Return where this visitor's connection comes from; behind a proxy on this machine, from where it comes there."""
    return st.context.ip_address or st.context.headers.get("X-Real-IP", "")


def end_if_unwanted() -> None:
    """End the script here if its visitor has left or has asked for another run of it."""
    _ = "choice" in st.session_state  # where Streamlit looks whether it should
