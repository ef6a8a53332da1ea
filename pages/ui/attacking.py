"""Attacks that visitors ask for, in processes of their own where several ask at once.

Python runs one thread at a time: while other processes attack, this one draws pages. They are started when attacks of
several visitors come together, and end when none has come for some minutes. Until one is there, where there is one core
only, and if one ends in the middle, attacks are carried out here.
"""

import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from threading import Lock, Thread
from time import monotonic, sleep, thread_time
from typing import IO, Any, cast
from weakref import WeakSet

from torch import Tensor

import jsma
from jsma import Attack, Trace
from jsma.stage.codec import decode
from jsma.stage.recording import Recording, record_trace
from pages.ui import memory
from pages.ui.attacking_process import Task
from pages.ui.networks import Network

MOST_PROCESSES = min(os.cpu_count() or 1, 4)
"""So many processes at most; each takes some 200 MB."""

LEAVE_BYTES = 600_000_000
"""Where there is less memory left than this, no process is started."""

IDLE_SECONDS = 300.0
"""A process ends when it has not been asked for so long."""

START_AGAIN_SECONDS = 60.0
"""Where a process has failed, or there was no memory for it, none is started before so long."""

_numbers = count()
_of_thread = threading.local()


class Ended(Exception):
    """Raised where a process does not answer any more."""


class Process:
    """A process that attacks, which several threads may ask; they are answered in turn.

    attacks: those that are carried out there, or will be. asked: when it was asked last, by the clock `monotonic`.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", Task.__module__],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._requests, self._answers = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        self._lock = Lock()
        self._given_up: deque[int] = deque()
        self.attacks: WeakSet[Ongoing] = WeakSet()
        self.asked = monotonic()

    def ask(self, method: str, *arguments: Any) -> Any:
        """Return what this method of `attacking_process.Attacks` returns; raises what it raises, or Ended."""
        with self._lock:
            if self._given_up:
                self._answer("forget", [self._given_up.popleft() for _ in range(len(self._given_up))])
            value, error = self._answer(method, *arguments)
        if error is not None:
            raise error
        return value

    def give_up(self, number: int) -> None:
        """Let the process forget an attack, before it answers the next time."""
        self._given_up.append(number)

    def forget(self) -> None:
        """Let the process forget what has been given up since it was asked last."""
        if self._given_up:
            with suppress(Ended):
                self.ask("count")

    def end(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()

    def _answer(self, method: str, *arguments: Any) -> tuple[Any, Exception | None]:
        request = pickle.dumps((method, arguments), pickle.HIGHEST_PROTOCOL)
        self.asked = monotonic()
        try:
            self._requests.write(request)
            self._requests.flush()
            value, error, seconds = pickle.load(self._answers)  # from a process of our own
        except (OSError, EOFError, pickle.UnpicklingError) as end:
            self.end()
            raise Ended from end
        _of_thread.elsewhere = getattr(_of_thread, "elsewhere", 0.0) + seconds
        return value, error


class Processes:
    """The processes of this server that attack."""

    def __init__(self, most: int = MOST_PROCESSES) -> None:
        self._most = most if most > 1 else 0
        self._lock = Lock()
        self._ready: list[Process] = []
        self._starting = 0
        self._failed = -START_AGAIN_SECONDS

    def least_used(self) -> Process | None:
        """Return the process with the fewest attacks, None if there is none."""
        return min(self._ready, key=lambda process: len(process.attacks), default=None)

    def start(self, wanted: int) -> None:
        """Start one more process, without waiting for it: if fewer than `wanted` are there, and one more may be."""
        with self._lock:
            there = len(self._ready) + self._starting
            if there >= min(wanted, self._most) or monotonic() - self._failed < START_AGAIN_SECONDS:
                return
            if memory.available() < LEAVE_BYTES:
                self._failed = monotonic()
                return
            self._starting += 1
        Thread(target=self._run, daemon=True, name="process").start()

    def leave(self, process: Process, failed: bool = True) -> None:
        """Ask `process` no more; failed: it has ended by itself."""
        with self._lock:
            if process in self._ready:
                self._ready.remove(process)
                self._failed = monotonic() if failed else self._failed

    def forget_given_up(self) -> None:
        """Let all processes forget attacks for which nobody waits any more."""
        for process in list(self._ready):
            process.forget()

    def _run(self) -> None:
        """Start a process, and end it once it is idle."""
        process = None
        try:
            process = Process()
            process.ask("count")  # answered once torch is loaded, some two seconds later
        except (OSError, Ended):
            self._failed = monotonic()
        with self._lock:
            self._starting -= 1
            self._ready += [process] if process else []
        while process in self._ready:
            sleep(1)
            if monotonic() - process.asked > IDLE_SECONDS:
                self.leave(process, failed=False)
                process.end()


PROCESSES = Processes()


class Ongoing:
    """An attack of a visitor on `image` (1, H, W) towards `target`.

    process: where it is carried out; None: here. ended: whether the last step has been taken.
    """

    def __init__(self, network: Network, image: Tensor, target: int, attack: Attack) -> None:
        self.trace = Trace(attack, network.module, image, target)
        self.process, self.number = PROCESSES.least_used(), next(_numbers)
        if self.process:
            self.process.attacks.add(self)
        self._task = Task(network.key, network.module if network.own else None, image.numpy(), target, attack)
        self._has_begun = self.has_ended_there = False

    @property
    def kind(self) -> Hashable:
        """What attacks have in common that can be advanced together."""
        return self.process, self.trace.kind

    @property
    def ended(self) -> bool:
        """Whether the last step has been taken."""
        return self.has_ended_there if self.process else self.trace.ended

    def begin(self) -> None:
        """Check network, image and target, unless that is done; raises ValueError as `Trace.begin` does."""
        if self.process is None:
            self.trace.begin()
        elif not self._has_begun:
            _ask([self], "begin", self.number, self._task)
            self._has_begun = True

    def record(self, label: int, proceed: Callable[[], object]) -> Recording:
        """Return the recording of this attack, which has ended, on a digit labelled `label`."""
        payload = _ask([self], "record", self.number, label)
        if payload:
            return decode(payload)
        while not self.trace.ended:  # it has been carried out in a process that is no more
            proceed()
            jsma.advance([self.trace])
        return record_trace(self.trace, label, proceed)

    def give_up(self) -> None:
        """Let its process forget this attack."""
        if self.process:
            self.process.give_up(self.number)


def advance(attacks: Sequence[Ongoing]) -> None:
    """Advance attacks of one kind, all begun, by a step each: see `jsma.advance`.

    Where their process has ended, no step is taken: the attacks begin again, here, at their next turn.
    """
    PROCESSES.start(len(attacks) // 2 + bool(attacks[0].process))  # the first where two come together here, and so on
    if any(each.process for each in attacks):
        ended = _ask(attacks, "advance", [each.number for each in attacks]) or []
        for each, has_ended in zip(attacks, ended, strict=False):
            each.has_ended_there = has_ended
        return
    jsma.advance([each.trace for each in attacks])


def _ask(attacks: Sequence[Ongoing], method: str, *arguments: Any) -> Any:
    """Ask the process in which all `attacks` are; None, and from now on they are here, where it has ended."""
    processes = {each.process for each in attacks}
    process = processes.pop()
    try:
        if process and not processes:
            return process.ask(method, *arguments)
    except Ended:
        PROCESSES.leave(cast(Process, process))
    for each in attacks:
        each.process = None
    return None


def cpu_time() -> float:
    """Return for how many seconds this thread has computed, or a process for it."""
    return thread_time() + getattr(_of_thread, "elsewhere", 0.0)
