"""Ctrl-C ends `jsma` and `python -m jsma` with one sentence, also during the import of torch, which takes seconds."""

import os
import signal
import sys
from pathlib import Path

STOPPED = 130
"""The exit code after Ctrl-C, as in shells."""


def say_stopped() -> None:
    """Print that Ctrl-C has ended the program; of torchrun's processes, only rank 0 prints it."""
    if os.environ.get("RANK", "0") == "0":
        print("jsma: stopped by Ctrl-C; no file is incomplete.", file=sys.stderr, flush=True)


def interruptible() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again; call it once there is code that catches it."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(*_: object) -> None:
    say_stopped()
    os._exit(STOPPED)


BY_ITS_NAME = bool(sys.argv) and Path(sys.argv[0]).stem == "jsma"
"""Whether the program runs as the installed command `jsma`."""

_BY_ITS_FOLDER = sys.argv[:1] == ["-m"]  # as python -m jsma, at this point of the import

if (BY_ITS_NAME or _BY_ITS_FOLDER) and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _end)
