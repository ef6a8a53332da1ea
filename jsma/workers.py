"""Data parallelism on the CPU: one thread per core, each with its own part of the images.

The alternative, splitting every tensor operation among the cores, synchronises all threads at every operation:
a little slower on an idle machine, and six times slower in a measurement on a busy one.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Barrier, Event

import torch

SECONDS_BETWEEN_REPORTS = 0.05


def exhaust(tasks: list[Iterator[int]], progress: Callable[[int], object] | None = None) -> None:
    """Exhaust iterators, each in its own thread; a single one in the caller's thread.

    tasks: each yields how much of its work is done so far. progress: called from the caller's thread with the sum;
    if it returns False, or raises, all threads end at their next yield. Raises the first error of a thread, after
    the other threads have ended in the same way.
    """
    if len(tasks) == 1:
        for so_far in tasks[0]:
            if progress is not None and progress(so_far) is False:
                return
        return
    done, cancelled, ready = [0] * len(tasks), Event(), Barrier(len(tasks) + 1)

    def run(k: int) -> None:
        torch.get_num_threads()  # the first call copies the global number; set_num_threads after it is per thread
        torch.set_num_threads(1)
        ready.wait()
        for so_far in tasks[k]:
            done[k] = so_far
            if cancelled.is_set():
                return

    threads = torch.get_num_threads()
    with ThreadPoolExecutor(len(tasks)) as pool:
        try:
            futures = [pool.submit(run, k) for k in range(len(tasks))]
            ready.wait()
        except BaseException:  # as Ctrl-C; without this, the threads would wait at the barrier for ever
            ready.abort()
            raise
        torch.set_num_threads(threads)  # the threads have also changed the default of threads that start later
        try:
            unfinished = set(futures)
            while unfinished and not cancelled.is_set():
                finished, unfinished = wait(futures, SECONDS_BETWEEN_REPORTS, FIRST_EXCEPTION)
                failed = any(future.exception() for future in finished)
                if failed or (progress is not None and progress(sum(done)) is False):
                    cancelled.set()
        finally:
            cancelled.set()
    for future in futures:
        future.result()
