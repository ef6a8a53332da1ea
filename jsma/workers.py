"""Work shared among the cores: a thread a core, each with a share of its own.

Splitting each tensor operation among the cores instead makes all of them wait for each other at every
operation: a little slower on an idle machine and, seen on a busy one, six times as slow.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Barrier, Event

import torch

SECONDS_BETWEEN_REPORTS = 0.05


def exhaust(works: list[Iterator[int]], progress: Callable[[int], object] | None = None) -> None:
    """Run iterators to their ends, a thread each; a single one in the caller's thread.

    Each yields how much of its work is done so far. progress: called from the caller's thread with
    their sum; returning False, or raising, ends all at their next yield. An error of one ends the
    others and is raised.
    """
    if len(works) == 1:
        for so_far in works[0]:
            if progress is not None and progress(so_far) is False:
                return
        return
    done, ending, ready = [0] * len(works), Event(), Barrier(len(works) + 1)

    def run(k: int) -> None:
        torch.get_num_threads()  # a thread takes the common number when it is first asked for, and keeps the next
        torch.set_num_threads(1)
        ready.wait()
        for so_far in works[k]:
            done[k] = so_far
            if ending.is_set():
                return

    threads = torch.get_num_threads()
    with ThreadPoolExecutor(len(works)) as pool:
        try:
            futures = [pool.submit(run, k) for k in range(len(works))]
            ready.wait()
        except BaseException:  # Ctrl-C: the threads must not wait for this one for ever
            ready.abort()
            raise
        torch.set_num_threads(threads)  # what is set in one thread is also where later threads start
        try:
            unfinished = set(futures)
            while unfinished and not ending.is_set():
                finished, unfinished = wait(futures, SECONDS_BETWEEN_REPORTS, FIRST_EXCEPTION)
                failed = any(future.exception() for future in finished)
                if failed or (progress is not None and progress(sum(done)) is False):
                    ending.set()
        finally:
            ending.set()
    for future in futures:
        future.result()
