"""A process of its own for attacks: it carries out those that pages/ui/attacking.py asks for.

Run as `python -m pages.ui.attacking_process`. It reads requests from its standard input until that ends, as it does
when the server ends for whatever reason, and writes an answer to each. It knows nothing of Streamlit and of visitors.
"""

import os
import pickle
import signal
import sys
from functools import lru_cache
from time import thread_time
from typing import NamedTuple
from weakref import WeakValueDictionary

import numpy as np
import torch
from torch import nn

from jsma import Attack, Trace, advance, load_model
from jsma.stage.recording import record_trace


class Task(NamedTuple):
    """An attack as it is sent: on `image` (C, H, W) towards `target`, of the network that is called `network`.

    module: the network itself where it is not one of the package.
    """

    network: str
    module: nn.Module | None
    image: np.ndarray
    target: int
    attack: Attack


class Attacks:
    """The attacks that have begun here, by number; each method answers one kind of request."""

    def __init__(self) -> None:
        self._traces: dict[int, Trace] = {}
        self._own: WeakValueDictionary[str, nn.Module] = WeakValueDictionary()  # as long as attacks use them

    def begin(self, number: int, task: Task) -> None:
        """Begin `task` under `number`; raises ValueError as `Trace.begin` does."""
        module = self._own.setdefault(task.network, task.module) if task.module else _shipped(task.network)
        trace = Trace(task.attack, module, torch.from_numpy(task.image), task.target)
        trace.begin()
        self._traces[number] = trace

    def advance(self, numbers: list[int]) -> list[bool]:
        """Advance attacks of one kind by a step each; return whether each has ended."""
        traces = [self._traces[number] for number in numbers]
        advance(traces)
        return [trace.ended for trace in traces]

    def record(self, number: int, label: int) -> bytes:
        """Return the payload of the recording of an attack that has ended, and forget the attack."""
        return record_trace(self._traces.pop(number), label).payload

    def forget(self, numbers: list[int]) -> None:
        """Forget attacks that nobody waits for any more, those unknown included."""
        for number in numbers:
            self._traces.pop(number, None)

    def count(self) -> int:
        """Return how many attacks are here."""
        return len(self._traces)

    def own_networks(self) -> list[str]:
        """Return the names of the visitors' own networks that are here."""
        return list(self._own)


@lru_cache
def _shipped(name: str) -> nn.Module:
    return load_model(name)


def main() -> None:
    """Answer requests, each a method of `Attacks` and its arguments, by (value, error, seconds of the CPU)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then ends
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever is printed is no answer
    torch.set_num_threads(1)
    attacks = Attacks()
    while True:
        try:
            method, arguments = pickle.load(requests)  # from the server that has started this process
        except EOFError:
            return
        began, value, error = thread_time(), None, None
        try:
            value = getattr(attacks, method)(*arguments)
        except Exception as raised:
            error = raised
        pickle.dump((value, error, thread_time() - began), answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


if __name__ == "__main__":
    main()
