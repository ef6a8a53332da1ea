"""Short computations that visitors ask for: a few at a time, fairly, each only as long as somebody wants it."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import thread_time
from typing import Any, NamedTuple

import streamlit as st
import torch

from pages.ui.admission import CHECK_SECONDS, CORES, Gate, end_if_unwanted, this_session
from pages.ui.fairness import Usage

SPINNER_SECONDS = 0.1
"""Who waits longer is told what is being computed."""


class Abandoned(Exception):
    """Raised inside a computation that nobody wants any more."""


Proceed = Callable[[], None]
"""To be called by a computation at every step; raises Abandoned where it is to end."""


@dataclass(eq=False)
class Job:
    """A computation that is waiting or running. wanted_by: how many scripts of each session wait for it.

    asked_by: all sessions that have asked for it, which share its cost; when `done` is set, it has a value or an error.
    """

    key: Hashable
    work: Callable[[Proceed], Any]
    wanted_by: Counter[str] = field(default_factory=Counter)
    asked_by: set[str] = field(default_factory=set)
    running: bool = False
    done: Event = field(default_factory=Event)
    value: Any = None
    error: BaseException | None = None

    def proceed(self) -> None:
        """Raise Abandoned if nobody wants this job any more."""
        if not self.wanted_by:
            raise Abandoned


class Pool:
    """Carries out jobs in at most `at_once` threads; there are none while there is nothing to do.

    Of the waiting jobs the next is that of the session that has had the least time of the processor. Jobs of
    one key are one job.
    """

    def __init__(self, at_once: int, usage: Usage | None = None) -> None:
        self.at_once, self._usage = at_once, usage or Usage()
        self._lock = Lock()
        self._jobs: dict[Hashable, Job] = {}  # waiting or running, in the order they came
        self._threads = 0

    def ask(self, session: str, key: Hashable, work: Callable[[Proceed], Any]) -> Job:
        """Return the job `key`, which is begun when there is room, unless everybody has withdrawn by then."""
        with self._lock:
            job = self._jobs.setdefault(key, Job(key, work))
            job.wanted_by[session] += 1
            job.asked_by.add(session)
            if self._threads < self.at_once:
                self._threads += 1
                Thread(target=self._carry_out_all, daemon=True).start()
        return job

    def withdraw(self, session: str, job: Job) -> None:
        """Say that a script of `session` wants `job` no more; to be called once for each `ask`."""
        with self._lock:
            job.wanted_by -= Counter({session: 1})
            if not job.wanted_by and not job.running and self._jobs.get(job.key) is job:
                del self._jobs[job.key]

    def least_at_work(self) -> float:
        """Return how little the session has had for which a job is running; infinity if there is none."""
        with self._lock:
            sessions = [session for job in self._jobs.values() if job.running for session in job.wanted_by]
            return min(map(self._usage.of, sessions), default=float("inf"))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self._jobs

    def _carry_out_all(self) -> None:
        torch.set_num_threads(1)
        while job := self._next():
            self._carry_out(job)

    def _next(self) -> Job | None:
        with self._lock:
            waiting = [job for job in self._jobs.values() if not job.running]
            if not waiting:
                self._threads -= 1
                return None
            job = min(waiting, key=lambda job: min(map(self._usage.of, job.wanted_by)))
            job.running = True
            return job

    def _carry_out(self, job: Job) -> None:
        began, value, error = thread_time(), None, None
        try:
            value = job.work(job.proceed)
        except BaseException as problem:
            error = problem
        cost = thread_time() - began
        with self._lock:
            for session in job.asked_by:
                self._usage.charge(session, cost / len(job.asked_by))
            if isinstance(error, Abandoned) and job.wanted_by:  # somebody came just when it had ended
                job.running = False
                return
            del self._jobs[job.key]
        job.value, job.error = value, error
        job.done.set()


class Server(NamedTuple):
    """What the scripts of this server wait for."""

    pool: Pool
    gate: Gate


@st.cache_resource(show_spinner=False)
def _server() -> Server:
    usage = Usage()
    pool = Pool(CORES, usage)
    return Server(pool, Gate(max(2, CORES), usage, pool.least_at_work))


def idle() -> bool:
    """Return whether no page is drawn and nothing computed just now."""
    return _server().gate.is_empty and _server().pool.is_empty


def admit(returns: bool = False) -> None:
    """Wait until this script may draw its page; end it here if its visitor has left or asked for another meanwhile.

    returns: whether it has only waited for something that it wants to show now.
    """
    _server().gate.enter(this_session(), end_if_unwanted, returns)


@contextmanager
def while_waiting() -> Iterator[None]:
    """Let others draw while this script waits for something."""
    was_in = _server().gate.leave()
    yield
    if was_in:
        admit(returns=True)


def carried_out(key: Hashable, work: Callable[[Proceed], Any], note: str) -> Any:
    """Return what `work` returns, or raise what it raises, when its turn has come; scripts with one `key` share it.

    Where the visitor leaves or asks for something else, the script ends here, and the work, if nobody
    else wants it. note: what is shown to who has to wait.
    """
    pool, session = _server().pool, this_session()
    job = pool.ask(session, key, work)
    try:
        with while_waiting():
            if not job.done.wait(SPINNER_SECONDS):
                with st.spinner(note):
                    while not job.done.wait(CHECK_SECONDS):
                        end_if_unwanted()
    finally:
        pool.withdraw(session, job)
    if job.error is not None:
        raise job.error
    return job.value


@contextmanager
def held(lock: Lock) -> Iterator[None]:
    """Hold `lock`; who waits for it ends as soon as that is unwanted, instead of keeping a thread and a place."""
    mine = lock.acquire(blocking=False)
    try:
        if not mine:
            with while_waiting():
                while not (mine := lock.acquire(timeout=CHECK_SECONDS)):
                    end_if_unwanted()
        yield
    finally:
        if mine:
            lock.release()
