"""Short computations for visitors: a few at a time, in fair order, each only while a visitor waits for it.

Attacks for several visitors are advanced together, a step each at a time: one may join or leave at every step.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any, NamedTuple

import streamlit as st
import torch
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.ui import attacking
from pages.ui.admission import CHECK_SECONDS, CORES, Gate, end_if_unwanted, this_session
from pages.ui.attacking import Ongoing, advance
from pages.ui.fairness import Usage

MOST_TOGETHER = 16
"""So many attacks are advanced together at most: more would save little, and their steps would take longer."""

USE_PER_SECOND = 1.0
"""A second of waiting makes up for so many seconds of use: who asks for much waits behind who has just come, but no
longer than what they have had; where a class asks for all that the cores can do, the longest waits get shorter."""

SPINNER_SECONDS = 0.1
"""After so long a waiting visitor is shown what is being computed."""

SERVER = "the server"
"""The session, so to speak, of what the server computes ahead."""


class Abandoned(Exception):
    """Raised inside a computation for which no session waits any more."""


Proceed = Callable[[], None]
"""To be called by a computation at every step; raises Abandoned if the computation is to end."""


@dataclass(eq=False)
class Job:
    """A computation that is enqueued or running. wanted_by: how many scripts of each session wait for it.

    asked_by: all sessions that have asked for it, which share its cost, in seconds. attack: one that has to end
    before `work` is carried out. since: when it was enqueued. When `done` is set, there is a value or error.
    """

    key: Hashable
    work: Callable[[Proceed], Any]
    attack: Ongoing | None
    since: float
    wanted_by: Counter[str] = field(default_factory=Counter)
    asked_by: set[str] = field(default_factory=set)
    running: bool = False
    cost: float = 0.0
    ended: bool = False
    done: Event = field(default_factory=Event)
    value: Any = None
    error: BaseException | None = None

    @property
    def kind(self) -> Hashable:
        """What this job has in common with those that are carried out together with it: by itself, nothing."""
        return self.attack.kind if self.attack and not self.attack.ended else self

    @property
    def needs(self) -> Hashable:
        """What only one thread at a time can use for this job: a process, or here all jobs of its kind."""
        return self.process or self.kind

    @property
    def process(self) -> attacking.Process | None:
        """Where this job is carried out; None: here."""
        return self.attack.process if self.attack else None

    def proceed(self) -> None:
        """Raise Abandoned if no session waits for this job any more."""
        if not self.wanted_by:
            raise Abandoned


class Pool:
    """Carries out jobs, at most `at_once` in this process; threads end when no job is waiting.

    The next job is that of the session that has used the least CPU time lately; waiting makes up for some use.
    Jobs with the same key are one job.
    """

    def __init__(self, at_once: int, usage: Usage | None = None, clock: Callable[[], float] = monotonic) -> None:
        self.at_once, self._usage, self._clock = at_once, usage or Usage(), clock
        self._lock = Lock()
        self._jobs: dict[Hashable, Job] = {}  # waiting or running, in the order they came
        self._threads = 0

    def ask(self, session: str, key: Hashable, work: Callable[[Proceed], Any], attack: Ongoing | None = None) -> Job:
        """Enqueue the job `key` unless it is there already, and return it; without sessions that wait it is dropped."""
        with self._lock:
            job = self._jobs.setdefault(key, Job(key, work, attack, self._clock()))
            job.wanted_by[session] += 1
            job.asked_by.add(session)
            self._start_thread()
        return job

    def withdraw(self, session: str, job: Job) -> None:
        """Note that a script of `session` no longer waits for `job`; to be called once for each `ask`."""
        with self._lock:
            job.wanted_by -= Counter({session: 1})
            if not job.wanted_by and not job.running and self._jobs.get(job.key) is job:
                self._remove(job)

    def least_at_work(self) -> float:
        """Return the smallest use among the sessions with a job that has begun in this process; infinity if none has.

        What other processes compute takes no time from those who draw.
        """
        with self._lock:
            begun = [job for job in self._jobs.values() if (job.running or job.cost) and not job.process]
            sessions = [session for job in begun for session in job.wanted_by]
            return min(map(self._usage.of, sessions), default=float("inf"))

    @property
    def is_empty(self) -> bool:
        """Whether no job is waiting or running."""
        return not self._jobs

    def _start_thread(self) -> None:
        if self._threads < self.at_once + attacking.MOST_PROCESSES:
            self._threads += 1
            Thread(target=self._carry_out_all, daemon=True).start()

    def _carry_out_all(self) -> None:
        torch.set_num_threads(1)
        while jobs := self._next():
            began = attacking.cpu_time()
            if jobs[0].kind is jobs[0]:
                _carry_out(jobs[0])
            else:
                _advance(jobs)
            cost = (attacking.cpu_time() - began) / len(jobs)
            with self._lock:
                for job in jobs:
                    job.cost += cost
                    self._put_back(job)
        attacking.PROCESSES.forget_given_up()

    def _next(self) -> list[Job]:
        """Return the next job, or the next ones of one kind; none if no job waits, after which the thread ends."""
        with self._lock:
            at_work = {job.needs: job.process for job in self._jobs.values() if job.running}
            room = list(at_work.values()).count(None) < self.at_once
            waiting = [
                job
                for job in self._jobs.values()
                if not job.running and job.needs not in at_work and (room or job.process)
            ]
            waiting.sort(key=self._rank)
            jobs = [job for job in waiting if job.kind == waiting[0].kind][:MOST_TOGETHER]
            for job in jobs:
                job.running = True
            if not jobs:
                self._threads -= 1
            elif len(jobs) < len(waiting):
                self._start_thread()
            return jobs

    def _rank(self, job: Job) -> tuple[bool, float]:
        """Return what the next job has least of: what is left to do, then use, less what waiting makes up for.

        An attack that has ended only has to be recorded; use is that of its session, in seconds.
        """
        use = min(map(self._usage.of, job.wanted_by))
        is_attacking = job.attack is None or not job.attack.ended
        return is_attacking, use - USE_PER_SECOND * (self._clock() - job.since)

    def _put_back(self, job: Job) -> None:
        """Let a job that has run wait for its next part, unless it has ended or nobody wants it any more."""
        job.running = False
        if job.wanted_by and not job.ended:
            return
        self._remove(job)
        job.done.set()

    def _remove(self, job: Job) -> None:
        """Charge those who asked for `job` with what it has cost, whether it has ended or is given up."""
        for session in job.asked_by:
            self._usage.charge(session, job.cost / len(job.asked_by))
        if job.attack:
            job.attack.give_up()
        del self._jobs[job.key]


def _carry_out(job: Job) -> None:
    with _errors_of(job):
        job.value, job.ended = job.work(job.proceed), True


def _advance(jobs: list[Job]) -> None:
    """Advance the attacks of `jobs`, all of one kind, by a step each."""
    attacks = {job: job.attack for job in jobs if job.attack}
    for job, attack in attacks.items():
        with _errors_of(job):
            attack.begin()
    under_way = [job for job in attacks if not job.ended]
    with _errors_of(*under_way):
        advance([attacks[job] for job in under_way])


@contextmanager
def _errors_of(*jobs: Job) -> Iterator[None]:
    """End `jobs` with the error that is raised within; not where they are abandoned: they may be asked for again."""
    try:
        yield
    except Abandoned:
        pass
    except BaseException as error:
        for job in jobs:
            job.error, job.ended = error, True


class Server(NamedTuple):
    """The pool and the gate that all scripts of this server share."""

    pool: Pool
    gate: Gate


@st.cache_resource(show_spinner=False)
def _server() -> Server:
    usage = Usage()
    pool = Pool(CORES, usage)
    return Server(pool, Gate(max(2, CORES), usage, pool.least_at_work))


def idle() -> bool:
    """Return whether at this moment no page is drawn and nothing is computed."""
    return _server().gate.is_empty and _server().pool.is_empty


def admit(returns: bool = False) -> None:
    """Wait until this script may draw its page; end it here if its visitor has left or asked for another meanwhile.

    returns: whether the script has drawn before and continues with a result that it has waited for.
    """
    if not returns:
        _server().gate.leave()  # the run before may have been ended within, on the same thread
    _server().gate.enter(this_session(), end_if_unwanted, returns)


def admit_fragment() -> None:
    """Do the same as `admit` where a fragment runs alone, without the page's frame; for those that run on all screens.

    A reveal lets two hundred of them run at once.
    """
    context = get_script_run_ctx()
    if context and context.fragment_ids_this_run:
        admit()


@contextmanager
def while_waiting() -> Iterator[None]:
    """Let others draw while this script waits for something."""
    was_in = _server().gate.leave()
    yield
    if was_in:
        admit(returns=True)


def carried_out(key: Hashable, work: Callable[[Proceed], Any], note: str, attack: Ongoing | None = None) -> Any:
    """Enqueue `work` and return what it returns, or raise what it raises; scripts with the same `key` share it.

    If the visitor leaves or asks for something else, the script ends here, and so does the work if no other
    session waits for it. note: what a waiting visitor is shown; attack: one that has to end before.
    """
    pool, session = _server().pool, this_session()
    job = pool.ask(session, key, work, attack)
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


def carry_out_ahead(key: Hashable, work: Callable[[Proceed], Any], attack: Ongoing | None = None) -> None:
    """Do the same as `carried_out` for the server itself: no visitor waits yet, and it is done in any case."""
    pool = _server().pool
    job = pool.ask(SERVER, key, work, attack)
    job.done.wait()
    pool.withdraw(SERVER, job)
    if job.error is not None:
        raise job.error


@contextmanager
def held(lock: Lock) -> Iterator[None]:
    """Hold `lock`; a script that waits for it ends as soon as its visitor no longer wants it, and frees its thread."""
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
