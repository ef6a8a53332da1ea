"""Ctrl-C ends `python -m jsma`, or `jsma`, with one sentence, even while torch is still loaded, which takes seconds."""

import os
import signal
import sys
from pathlib import Path

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


BY_ITS_NAME = bool(sys.argv) and Path(sys.argv[0]).stem == "jsma"
"""Whether this is the installed program `jsma`."""

_BY_ITS_FOLDER = sys.argv[:1] == ["-m"]  # by python -m jsma

if (BY_ITS_NAME or _BY_ITS_FOLDER) and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _end)
