"""Pictures that visitors send: read once and dropped, and those that no page reads are dropped soon.

Streamlit by itself keeps them until their visitor's session ends, and takes them from anyone with a session, whether
the page has asked for any or not.
"""

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from starlette.formparsers import MultiPartParser
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

UNREAD_SECONDS = 20.0
"""After so long no page will read a picture any more: pages read it as soon as it is there."""

MOST_MEGABYTES = 25
"""How large one picture may be, of 1,048,576 bytes each, as Streamlit counts: a telephone's photo has up to about 20.

.streamlit/config.toml and deploy/nginx.conf say it, too.
"""

MOST_BYTES = 200_000_000
"""How much all pictures may hold that wait to be read; of one visitor only the latest waits."""

MultiPartParser.spool_max_size = (MOST_MEGABYTES + 1) << 20  # while it comes, no picture goes to the disk


def read(file: UploadedFile | None) -> bytes | None:
    """Return what is in `file`; None where there is none, or where it has been dropped already."""
    return None if file is None or (file.size and not file.getvalue()) else file.getvalue()


def drop(file: UploadedFile | None) -> None:
    """Forget what was in `file`, which has been read."""
    if file is None:
        return
    file.seek(0)
    file.truncate()  # the widget keeps the object
    context = get_script_run_ctx()
    if context is not None:
        manager: Any = context.uploaded_file_mgr
        manager.remove_file(context.session_id, file.file_id)


class Unread:
    """The uploads in `manager` that wait to be read, limited from now on: an upload drops older ones to make room."""

    def __init__(self, manager: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._manager, self._add, self._clock, self._lock = manager, manager.add_file, clock, Lock()
        self._waiting: dict[tuple[str, str], tuple[float, int]] = {}  # by session and file: since when, bytes; in order
        manager.add_file = self.add  # whatever is uploaded passes here

    def add(self, session_id: str, file: UploadedFileRec) -> None:
        """Take an upload in."""
        with self._lock:
            for earlier in [key for key in self._waiting if key[0] == session_id]:
                self._drop(earlier)
            self._waiting[session_id, file.file_id] = self._clock(), len(file.data)
            while sum(size for _, size in self._waiting.values()) > MOST_BYTES and len(self._waiting) > 1:
                self._drop(next(iter(self._waiting)))
            self._add(session_id, file)

    def drop_old(self) -> None:
        """Drop what has waited too long."""
        with self._lock:
            now = self._clock()
            for key in [key for key, (since, _) in self._waiting.items() if now - since > UNREAD_SECONDS]:
                self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        del self._waiting[key]
        self._manager.remove_file(*key)
