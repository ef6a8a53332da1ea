"""The answer that browsers wait for: few looks into the database, however many ask."""

import asyncio
import json
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.routing import Match

from pages.ui.shared.classroom import service
from pages.ui.shared.classroom.errors import DatabaseUnavailable
from pages.ui.shared.classroom.service import Listener
from pages.ui.shared.classroom.store import Answer, Pulse, Round
from tests.helpers.loops import in_a_loop


class Database:
    """Counts how often it is read, and by whom it was told that they are there."""

    def __init__(self) -> None:
        self.read, self.heard, self.version = 0, [], 1

    def pulse(self, code: str, heard: list[int]) -> Pulse | None:
        self.read += 1
        self.heard += heard
        return Pulse(self.version, 0, 0) if code == "KMRTW" else None


async def all_ask(listener: Listener, numbers: list[int], code: str = "KMRTW") -> list[Pulse | None]:
    return await asyncio.gather(*(listener.ask(code, number) for number in numbers))


def test_two_hundred_browsers_cost_one_look_into_the_database_a_quarter_of_a_second(clock):
    database = Database()
    listener = Listener(database.pulse, clock)
    numbers = [*range(100_000, 100_200)]
    assert set(in_a_loop(all_ask(listener, numbers))) == {Pulse(1, 0, 0)}
    assert database.read == 1
    database.version = 2
    clock.now += 0.2
    assert set(in_a_loop(all_ask(listener, numbers))) == {Pulse(1, 0, 0)}
    clock.now += 0.1
    assert set(in_a_loop(all_ask(listener, numbers))) == {Pulse(2, 0, 0)}
    assert database.read == 2
    clock.now += 10
    in_a_loop(all_ask(listener, numbers))
    assert set(database.heard) == set(numbers)  # now and then it is told who is there


def test_a_browser_waits_until_there_is_something_that_it_has_not_seen(monkeypatch, clock):
    monkeypatch.setattr(service, "QUARTER", 0.0)
    reads = [Pulse(1, 0, 0), Pulse(1, 0, 9), Pulse(1, 4, 9), Pulse(2, 4, 9)]
    came = list[Pulse]()

    def pulse(code: str, heard: list[int]) -> Pulse:
        clock.now += 0.25
        came.append(reads[min(len(came), 3)])
        return came[-1]

    for seen, answer, asked in (((1,), reads[3], 4), ((1, 0, 9), reads[0], 1), ((1, 0, 0), reads[1], 2)):
        came.clear()
        assert in_a_loop(Listener(pulse, clock).change("KMRTW", None, seen)) == answer
        assert len(came) == asked
    came, begun = reads[:3], clock.now
    assert in_a_loop(Listener(pulse, clock).change("KMRTW", None, (2,))) == reads[3]  # nothing else comes
    assert clock.now - begun == service.PATIENCE


def test_a_database_that_fails_is_asked_again(clock):
    calls = []

    def pulse(code: str, heard: list[int]) -> Pulse:
        calls.append(code)
        if len(calls) == 1:
            raise DatabaseUnavailable("away")
        return Pulse(5, 0, 0)

    listener = Listener(pulse, clock)

    async def twice() -> Pulse | None:
        try:
            await listener.ask("KMRTW", None)
        except DatabaseUnavailable:
            return await listener.ask("KMRTW", None)
        return None

    assert in_a_loop(twice()) == Pulse(5, 0, 0)


def test_codes_that_somebody_tries_do_not_fill_the_memory(clock):
    listener = Listener(Database().pulse, clock)
    in_a_loop(asyncio.wait_for(all_ask_codes(listener), 60))
    assert len(listener._known) == service.MOST


async def all_ask_codes(listener: Listener) -> None:
    for number in range(service.MOST + 20):
        await listener.ask(f"{number}", None)


def answer(path: str, **query: str) -> dict[str, int]:
    """Return what the server answers to a browser."""
    scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    scope["query_string"] = urlencode(query).encode()
    route = next(route for route in service.ROUTES if route.matches(scope)[0] is Match.FULL)
    return json.loads(in_a_loop(route.endpoint(Request(scope))).body)


def test_a_browser_is_answered_whatever_it_asks(monkeypatch, clock):
    database = Database()
    monkeypatch.setattr(service, "_listener", Listener(database.pulse, clock))
    nobody = {"version": 0, "answered": 0, "here": 0}
    assert answer("/classroom", code="KMRTW") == {"version": 1, "answered": 0, "here": 0}
    assert answer("/some/base/classroom", code="kmrtw", who="100000")["version"] == 1
    assert answer("/classroom") == nobody
    for code in ("", "ACDEF", "\0\xff", "A" * 5000, "KM'--"):
        assert answer("/classroom", code=code) == nobody
    for seen in ("0", "1.1.0", "-1", "", "1.1.1.1", "9" * 5000, "1..2", "٣", "null"):
        assert answer("/classroom", code="KMRTW", seen=seen)["version"] == 1
    for who in ("-1", "1" * 5000, "٣٣٣٣٣٣", "null", "99999"):
        assert answer("/classroom", code="KMRTW", who=who)["version"] == 1
    clock.now += 10
    answer("/classroom", code="KMRTW")
    assert set(database.heard) <= {100_000}


def test_what_two_hundred_screens_reveal_is_read_once(monkeypatch):
    reads = []

    class Revealed:
        def revealed_answers(self, code: str) -> list[Answer]:
            reads.append(code)
            return [Answer(3, 100_000, len(reads), 34)]

    monkeypatch.setattr(service, "store", Revealed)
    now = Round(3, "predict", "", revealed=True, version=7)
    assert {service.revealed("KMRTW", now) for _ in range(200)} == {(Answer(3, 100_000, 1, 34),)}
    assert reads == ["KMRTW"]
    assert service.revealed("KMRTW", now._replace(version=8)) == (Answer(3, 100_000, 2, 34),)


def test_what_goes_on_is_read_once_for_all_who_were_told_of_it(monkeypatch, clock):
    class Rounds:
        version, reads = 3, 0

        def current(self, code: str) -> Round:
            self.reads += 1
            return Round(1, "predict", "", revealed=False, version=self.version)

    rounds, database = Rounds(), Database()
    database.version = 3
    listener = Listener(database.pulse, clock)
    monkeypatch.setattr(service, "store", lambda: rounds)
    monkeypatch.setattr(service, "_listener", listener)
    for _ in range(2):  # no browser has asked: nothing is known of the class
        assert service.current("KMRTW").version == 3
    assert rounds.reads == 2
    in_a_loop(listener.ask("KMRTW", None))
    assert {service.current("KMRTW").version for _ in range(200)} == {3}
    assert rounds.reads == 3
    rounds.version = database.version = 4
    clock.now += 1
    in_a_loop(listener.ask("KMRTW", None))
    assert {service.current("KMRTW").version for _ in range(200)} == {4}
    assert rounds.reads == 4
    clock.now += service.PATIENCE  # what was told is long ago
    service.current("KMRTW")
    assert rounds.reads == 5
