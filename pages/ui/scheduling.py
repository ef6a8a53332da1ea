"""Short computations that visitors ask for: a few at a time, fairly, each only as long as somebody wants it."""

import os
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import thread_time
from typing import Any

import streamlit as st
import torch
from streamlit.runtime.scriptrunner import get_script_run_ctx

CORES = os.cpu_count() or 1

CHECK_SECONDS = 0.05
"""How often a script that waits asks whether its visitor still wants what it waits for."""

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

    Of the waiting jobs the next is that of the session that has had the least: start-time fair queueing
    (Goyal, Vin, Cheng 1996), the cost being the time of the processor. Jobs of one key are one job.
    """

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self._lock = Lock()
        self._jobs: dict[Hashable, Job] = {}  # waiting or running, in the order they came
        self._threads = 0
        self._virtual_time = 0.0
        self._finish: dict[str, float] = {}  # of each session's last job, in virtual time; only those ahead of it

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
            job = min(waiting, key=self._start)
            job.running = True
            self._virtual_time = self._start(job)
            self._finish = {who: finish for who, finish in self._finish.items() if finish > self._virtual_time}
            return job

    def _start(self, job: Job) -> float:
        """Return when the job starts in virtual time: where the session that has had the least stands."""
        return min(self._stands_at(session) for session in job.wanted_by)

    def _stands_at(self, session: str) -> float:
        return max(self._virtual_time, self._finish.get(session, 0.0))

    def _carry_out(self, job: Job) -> None:
        began, value, error = thread_time(), None, None
        try:
            value = job.work(job.proceed)
        except BaseException as problem:
            error = problem
        cost = thread_time() - began
        with self._lock:
            for session in job.asked_by:
                self._finish[session] = self._stands_at(session) + cost / len(job.asked_by)
            if isinstance(error, Abandoned) and job.wanted_by:  # somebody came just when it had ended
                job.running = False
                return
            del self._jobs[job.key]
        job.value, job.error = value, error
        job.done.set()


@st.cache_resource(show_spinner=False)
def _pool() -> Pool:
    return Pool(CORES)


def carried_out(key: Hashable, work: Callable[[Proceed], Any], note: str) -> Any:
    """Return what `work` returns, or raise what it raises, when its turn has come; scripts with one `key` share it.

    Where the visitor leaves or asks for something else, the script ends here, and the work, if nobody
    else wants it. note: what is shown to who has to wait.
    """
    context = get_script_run_ctx()
    session = context.session_id if context else ""
    pool = _pool()
    job = pool.ask(session, key, work)
    try:
        if not job.done.wait(SPINNER_SECONDS):
            with st.spinner(note):
                while not job.done.wait(CHECK_SECONDS):
                    end_if_unwanted()
    finally:
        pool.withdraw(session, job)
    if job.error is not None:
        raise job.error
    return job.value


def end_if_unwanted() -> None:
    """End the script here if its visitor has left or has asked for another run of it."""
    _ = "choice" in st.session_state  # where Streamlit looks whether it should


@contextmanager
def held(lock: Lock) -> Iterator[None]:
    """Hold `lock`; who waits for it ends as soon as that is unwanted, instead of keeping a thread and a place."""
    while not lock.acquire(timeout=CHECK_SECONDS):
        end_if_unwanted()
    try:
        yield
    finally:
        lock.release()
