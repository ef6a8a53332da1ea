"""What the server forgets by itself, on a timer: visitors who have left, and pictures that no page has read.

Streamlit by itself ends the session of a visitor who has left only when another one leaves, however much later. Only
what it offers without an underscore is used; where that changes, a sentence in the log says that nothing is forgotten.
"""

import gc
import logging
import os
import sys
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable
from types import ModuleType
from typing import Any

import streamlit as st
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.session_manager import SessionClient

from pages.ui import memory, scheduling
from pages.ui.admission import this_address
from pages.ui.uploads import Unread


class Visitors:
    """The sessions of the server; one that has been disconnected for `grace` seconds is ended."""

    def __init__(self, runtime: Runtime, grace: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._runtime, self._grace, self._clock = runtime, grace, clock
        self._seen: dict[str, float] = {}  # by session, when it was last known to be connected
        self._admitted: dict[str, str] = {}  # by session, its address

    def enter(self, session_id: str, address: str = "", most: int = 100) -> bool:
        """Note that a visitor is here; return whether they belong to the first `most` windows of their address."""
        self._seen[session_id] = self._clock()
        if session_id not in self._admitted:
            others = [each for each, theirs in list(self._admitted.items()) if theirs == address]
            if sum(map(self._runtime.is_active_session, others)) >= most:
                return False
            self._admitted[session_id] = address
        return True

    def forget_departed(self) -> int:
        """End the sessions of those who have been away too long, and return how many; on the server's event loop."""
        now, departed = self._clock(), []
        for session_id, seen in list(self._seen.items()):
            if self._runtime.is_active_session(session_id):
                self._seen[session_id] = now
            elif now - seen >= self._grace:
                departed.append(session_id)
        for session_id in departed:
            del self._seen[session_id]
            self._admitted.pop(session_id, None)
            self._runtime.close_session(session_id)
        return len(departed)


def note_visitor() -> None:
    """Note that this visitor is here, to be forgotten after they have left; end the page if it is one too many.

    Where one address has very many windows open, further ones are told so and get nothing computed.
    """
    visitors, context, most = _visitors(), get_script_run_ctx(), windows_of_an_address()
    if visitors and context and not visitors.enter(context.session_id, this_address(), most):
        st.error(
            f"{most} windows are open from your address, and this server allows no more from one address. Close some "
            "that are not needed and load this page again, or ask the operator of the server to set "
            "JSMA_WINDOWS_PER_ADDRESS.",
            icon=":material/error:",
        )
        st.stop()


def windows_of_an_address() -> int:
    """Return how many windows one address may have open: 100, or what JSMA_WINDOWS_PER_ADDRESS says."""
    asked = os.environ.get("JSMA_WINDOWS_PER_ADDRESS", "")
    return int(asked) if asked.isascii() and asked.isdigit() and int(asked) else 100


@st.cache_resource(show_spinner=False)
def _visitors() -> Visitors | None:
    """Return the visitors of this server, and start its timer; None where this Streamlit is another than we know."""
    try:
        runtime = Runtime.instance()
        stopped: Any = runtime.stopped  # a future, which knows its loop
        unread, loop = Unread(runtime.uploaded_file_mgr), stopped.get_loop()
    except (AttributeError, RuntimeError):
        logging.getLogger(__name__).exception("On this Streamlit no timer runs that forgets visitors and uploads.")
        return None
    lifetime = st.get_option("server.disconnectedSessionTTL")
    every = lifetime / 24
    visitors = Visitors(runtime, lifetime - 3 * every)  # sooner than Streamlit, which would lose sight of them

    def tick() -> None:
        loop.call_later(every, tick)
        unread.drop_old()
        if visitors.forget_departed():
            _free_memory(runtime, loop, every / 2)
        if scheduling.idle():
            memory.give_back()

    loop.call_soon_threadsafe(tick)
    return visitors


class NoClient(SessionClient):
    """A client that shows nothing."""

    def write_forward_msg(self, msg: object) -> None:
        """Drop what is sent."""


def _free_memory(runtime: Runtime, loop: AbstractEventLoop, seconds: float) -> None:
    """Free the memory of sessions that have ended.

    On a quiet server Streamlit holds the last one: its loop the session that it has sent something to, and Python the
    variables of the script that has run last. And what refers to itself in a circle is freed by a collection only.
    """
    fresh = ModuleType("__main__")  # as Streamlit puts one in its place at every run
    fresh.__file__ = sys.modules["__main__"].__file__
    sys.modules["__main__"] = fresh
    placeholder = runtime.connect_session(NoClient(), {})
    runtime.handle_backmsg(placeholder, BackMsg(set_run_on_save=False))  # is answered, and changes nothing

    def leave() -> None:
        runtime.close_session(placeholder)
        gc.collect()

    loop.call_later(seconds, leave)
