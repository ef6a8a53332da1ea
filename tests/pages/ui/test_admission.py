"""Scripts that draw: a few at once, those of sessions that have had little before those that have had much."""

import threading
from concurrent.futures import Future
from threading import Event, Thread

import pytest

from pages.ui.admission import GATHER_SECONDS, GIVE_WAY_SECONDS, MOST_SECONDS, MUCH_SECONDS, Gate
from pages.ui.fairness import HALF_LIFE_SECONDS, Usage
from tests.helpers.waiting import LONG, until


class Visitor:
    """A script in a thread of its own, which draws until it is told to end."""

    def __init__(self, gate: Gate, session: str, returns: bool = False) -> None:
        self.drawing, self.end, self.unwanted, self.ended = Event(), Event(), Event(), Future()
        self._gate, self._session, self._returns = gate, session, returns
        self.thread = Thread(target=self._run, daemon=True)
        self.thread.start()
        until(lambda: self.drawing.is_set() or any(each.thread is self.thread for each in gate._waiting))

    def _run(self) -> None:
        try:
            self._gate.enter(self._session, self._check, self._returns)
            self.drawing.set()
            assert self.end.wait(LONG)
        except InterruptedError:
            pass
        self.ended.set_result(None)

    def _check(self) -> None:
        if self.unwanted.is_set():
            raise InterruptedError


@pytest.fixture
def usage(clock) -> Usage:
    return Usage(clock)


@pytest.fixture
def gate(clock, usage) -> Gate:
    """One at a time."""
    return Gate(1, usage, clock=clock)


def drawing(visitors: dict[str, Visitor]) -> set[str]:
    return {name for name, visitor in visitors.items() if visitor.drawing.is_set()}


def test_one_draws_at_a_time_and_the_end_of_its_thread_makes_room(gate):
    first, second = Visitor(gate, "a"), Visitor(gate, "b")
    assert first.drawing.wait(LONG)
    assert not second.drawing.is_set()
    first.end.set()
    assert second.drawing.wait(LONG)
    second.end.set()


def test_who_waits_for_something_else_makes_room_and_comes_back(gate):
    gate.enter("a", lambda: None)
    other = Visitor(gate, "b")
    assert not other.drawing.is_set()
    assert gate.leave()
    assert not gate.leave()
    assert other.drawing.wait(LONG)
    other.end.set()
    gate.enter("a", lambda: None)
    assert gate.leave()


def test_who_comes_back_goes_before_who_has_had_less(gate, usage):
    usage.charge("a", 5.0)
    inside, waiting = Visitor(gate, "b"), Visitor(gate, "c")
    assert inside.drawing.wait(LONG)
    back = Visitor(gate, "a", returns=True)
    inside.end.set()
    assert back.drawing.wait(LONG)
    assert not waiting.drawing.is_set()
    back.end.set()
    assert waiting.drawing.wait(LONG)
    waiting.end.set()


def test_entering_again_is_no_waiting(gate):
    for _ in range(2):
        gate.enter("a", lambda: None)
    gate.leave()


def test_the_next_is_of_the_session_that_has_had_the_least(gate, usage):
    first = Visitor(gate, "a")
    assert first.drawing.wait(LONG)
    usage.charge("b", 0.9)
    usage.charge("c", 0.1)
    waiting = {name: Visitor(gate, name) for name in "bcd"}
    last = first
    for so_far in ({"d"}, {"d", "c"}, {"d", "c", "b"}):
        last.end.set()
        until(lambda so_far=so_far: len(drawing(waiting)) == len(so_far))
        assert drawing(waiting) == so_far
        (name,) = so_far - {name for name, visitor in waiting.items() if visitor.end.is_set()}
        last = waiting[name]
    last.end.set()


def test_who_is_unwanted_leaves_without_having_drawn(gate):
    first, second, third = (Visitor(gate, name) for name in "abc")
    second.unwanted.set()
    second.ended.result(LONG)
    assert not second.drawing.is_set()
    first.end.set()
    assert third.drawing.wait(LONG)
    third.end.set()


def test_who_has_had_much_gives_way_to_what_is_computed_for_others_but_not_for_ever(clock, usage):
    gate = Gate(2, usage, lambda: 0.5, clock)
    usage.charge("little", 0.1)
    usage.charge("more", 0.6)
    little, more = Visitor(gate, "little"), Visitor(gate, "more")
    assert little.drawing.wait(LONG)
    assert not more.drawing.is_set()
    clock.now = GIVE_WAY_SECONDS
    assert more.drawing.wait(LONG)
    little.end.set()
    more.end.set()


def test_who_has_had_much_waits_for_a_next_wish_only_while_others_are_there(clock, usage):
    gate = Gate(2, usage, clock=clock)
    usage.charge("much", 2 * MUCH_SECONDS)
    alone = Visitor(gate, "much")
    assert alone.drawing.wait(LONG)
    alone.end.set()
    alone.ended.result(LONG)
    other = Visitor(gate, "other")
    again = Visitor(gate, "much")
    assert other.drawing.wait(LONG)
    assert not again.drawing.is_set()
    clock.now = 1.01 * GATHER_SECONDS
    assert again.drawing.wait(LONG)
    other.end.set()
    again.end.set()


def test_nobody_waits_for_ever(gate, clock):
    first, second = Visitor(gate, "a"), Visitor(gate, "b")
    assert first.drawing.wait(LONG)
    clock.now = MOST_SECONDS
    assert second.drawing.wait(LONG)
    first.end.set()
    second.end.set()


def test_no_thread_is_remembered(gate):
    before = threading.active_count()
    for name in "abcde":
        visitor = Visitor(gate, name)
        assert visitor.drawing.wait(LONG)
        visitor.end.set()
        visitor.ended.result(LONG)
    until(lambda: threading.active_count() <= before)
    until(lambda: not gate._inside)


def test_what_was_long_ago_counts_less(usage, clock):
    usage.charge("a", 8.0)
    assert usage.of("a") == 8.0
    assert usage.of("b") == 0.0
    clock.now = 2 * HALF_LIFE_SECONDS
    assert usage.of("a") == pytest.approx(2.0)
    usage.charge("a", 1.0)
    assert usage.of("a") == pytest.approx(3.0)
