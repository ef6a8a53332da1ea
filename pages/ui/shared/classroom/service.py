"""The store of this server, and the small answer that browsers wait for: has anything changed?

That answer is no run of a page: browsers of a class ask for it beside Streamlit, and one that hears of a change lets
its page draw it. It comes as soon as there is another pulse than the browser has seen, or after PATIENCE. However many
wait, the database is read at most every QUARTER of a second for each class. Nothing here is loaded when the server
starts but these lines: a database is for who opens a class.
"""

import asyncio
import os
import re
import time
from asyncio import Future
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pages.ui.shared.classroom.codes import NUMBERS, read_code
from pages.ui.shared.classroom.once import once_for_all

if TYPE_CHECKING:
    from pages.ui.shared.classroom.store import Answer, Pulse, Round, Store

PATH = "classroom"
QUARTER = 0.25
PATIENCE = 5.0
"""So many seconds a browser waits at most for an answer; then it asks again, which also says that it is there."""

SEEN = re.compile(r"-?\d{1,9}(\.\d{1,9}){0,2}", re.ASCII)
"""What a browser has seen: the pulse's version, or all its numbers."""

HEARD_EVERY = 10.0
"""How often the database is told which participants are there, in seconds."""

FORGET_EVERY = 600.0
MOST = 1000
"""How many classes, and participants of each, are remembered between two looks into the database."""


def store() -> "Store":
    """Return the classes of this server. Raises DatabaseUnavailable; the next call tries again."""
    return _store(os.environ.get("JSMA_DATABASE_URL"), os.environ.get("XDG_DATA_HOME"))


@st.cache_resource(max_entries=2, show_spinner=False)
def _store(*_: str | None) -> "Store":
    from pages.ui.shared.classroom.database import connect
    from pages.ui.shared.classroom.store import Store

    return Store(connect())


def current(code: str) -> "Round":
    """Return what is going on in class `code`: read once for all browsers that were told of the same version.

    Raises NoSuchClass. Who is shown a version that has just been followed by another is told of that one next.
    """
    version = _listener.version(code)
    return store().current(code) if version is None else _current(code, version)


@once_for_all(32)
def _current(code: str, version: int) -> "Round":
    return store().current(code)


@once_for_all(8)
def revealed(code: str, now: "Round") -> tuple["Answer", ...]:
    """Return the answers of a revealed round, which change no more: read once for all who look at `now`."""
    return tuple(store().revealed_answers(code))


@dataclass(eq=False)
class _Known:
    """What is known of a class: its pulse, when it was read and when the database was told who is there."""

    pulse: "Pulse | None" = None
    read: float = -1e9
    told: float = 0.0
    heard: set[int] = field(default_factory=set)
    reading: Future | None = None


class Listener:
    """Answers the browsers of all classes; for one event loop."""

    def __init__(
        self, pulse: Callable[[str, list[int]], "Pulse | None"], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pulse, self._clock = pulse, clock
        self._known: dict[str, _Known] = {}

    async def ask(self, code: str, number: int | None) -> "Pulse | None":
        """Return the pulse of class `code`, at most a QUARTER old, None if there is none; number: who asks."""
        known = self._of(code)
        if number is not None and len(known.heard) < MOST:
            known.heard.add(number)
        if known.reading is None and self._clock() - known.read >= QUARTER:
            known.reading = asyncio.ensure_future(self._read(code, known))
        if known.reading is not None:
            await asyncio.shield(known.reading)
        return known.pulse

    async def change(self, code: str, number: int | None, seen: tuple[int, ...]) -> "Pulse | None":
        """Return the pulse as `ask` does once it begins with other numbers than `seen`, or after PATIENCE."""
        end = self._clock() + PATIENCE
        while numbers(await self.ask(code, number))[: len(seen)] == seen and self._clock() < end:
            await asyncio.sleep(QUARTER)
        return self._of(code).pulse

    def version(self, code: str) -> int | None:
        """Return the version of class `code` that browsers were told of last; None if that is long ago."""
        known = self._known.get(code)
        recent = known is not None and self._clock() - known.read < PATIENCE
        return known.pulse.version if known and recent and known.pulse else None

    async def _read(self, code: str, known: _Known) -> None:
        now, heard = self._clock(), []
        if now - known.told >= HEARD_EVERY:
            known.told, heard, known.heard = now, sorted(known.heard), set()
        try:
            known.pulse = await run_in_threadpool(self._pulse, code, heard)
            known.read = self._clock()
        finally:
            known.reading = None

    def _of(self, code: str) -> _Known:
        if code not in self._known and len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        return self._known.setdefault(code, _Known())


def numbers(pulse: "Pulse | None") -> tuple[int, ...]:
    """Return version, answers and who is there; zeros where there is no such class."""
    return tuple(pulse) if pulse else (0, 0, 0)


_listener = Listener(lambda code, heard: store().pulse(code, heard))


async def _answer(request: Request) -> Response:
    """Answer with version, answers and who is there, as JSON; version 0 where there is no such class.

    Where the address says what the browser has `seen`, it answers when there is something else.
    """
    code, who = read_code(request.query_params.get("code")), request.query_params.get("who", "")
    number = int(who) if who.isascii() and who.isdigit() and len(who) <= 6 and int(who) in NUMBERS else None
    seen = request.query_params.get("seen", "")
    try:
        if code and SEEN.fullmatch(seen):
            pulse = await _listener.change(code, number, tuple(map(int, seen.split("."))))
        else:
            pulse = await _listener.ask(code, number) if code else None
    except OSError:
        return Response(status_code=503)
    return JSONResponse(dict(zip(("version", "answered", "here"), numbers(pulse), strict=True)))


ROUTES = [Route(f"/{PATH}", _answer), Route(f"/{{base:path}}/{PATH}", _answer)]  # the second below a base path


async def forget_regularly() -> None:
    """Delete classes a day after their last use, as long as the server runs; without a database nothing is made."""
    while True:
        await asyncio.sleep(FORGET_EVERY)
        with suppress(OSError):  # who needs the database is told
            await run_in_threadpool(_forget)


def _forget() -> None:
    from pages.ui.shared.classroom.database import is_there

    if is_there():
        store().forget_old()
