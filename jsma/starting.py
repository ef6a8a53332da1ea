"""Ctrl-C ends `python -m jsma` with one sentence, even while torch is still loaded, which takes seconds."""

import os
import signal
import sys

STOPPED = 130
"""The exit code of what Ctrl-C has ended, as shells have it."""


def say_stopped() -> None:
    """Say that Ctrl-C has ended this; of the processes of torchrun, only the first does."""
    if os.environ.get("RANK", "0") == "0":
        print("jsma: stopped by Ctrl-C; no file is left half written.", file=sys.stderr, flush=True)


def interruptible() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again, now that somebody catches it."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(*_: object) -> None:
    say_stopped()
    os._exit(STOPPED)


if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # by python -m jsma
    signal.signal(signal.SIGINT, _end)
