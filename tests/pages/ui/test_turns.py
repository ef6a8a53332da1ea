"""Turns: first come, first served; a session keeps its turn while it works and loses it when it leaves."""

import pytest

from pages.ui import turns as module
from pages.ui.turns import LAPSE_SECONDS, TURN_SECONDS, Queue, turns


@pytest.fixture
def the_queue(clock, monkeypatch) -> Queue:
    """The server's queue, with one turn at a time."""
    queue = Queue(1, clock)
    monkeypatch.setattr(module, "QUEUE", queue)
    monkeypatch.setattr(module.time, "sleep", lambda seconds: None)
    return queue


class Place:
    """A place on a page that remembers what was written there."""

    def __init__(self, when_told=lambda: None):
        self.words, self._when_told = [], when_told

    def info(self, words: str, icon: str) -> None:
        self.words.append(words)
        self._when_told()

    def empty(self) -> None:
        self.words.append("")


def test_the_first_may_work_and_the_others_are_counted(clock):
    queue = Queue(2, clock)
    assert [queue.ahead_of(who) for who in "abcd"] == [0, 0, 1, 2]
    assert [queue.ahead_of(who) for who in "dcba"] == [2, 1, 0, 0]


def test_one_with_a_hundred_windows_delays_others_by_one_turn(clock):
    queue = Queue(1, clock)
    for window in range(100):
        assert queue.ahead_of(f"window {window}", "10.0.0.1") == window
    assert queue.ahead_of("guest", "10.0.0.2") == 1
    assert queue.ahead_of("window 0", "10.0.0.1") == 0  # who has a turn keeps it
    assert queue.ahead_of("window 1", "10.0.0.1") == 2
    queue.leave("window 0")
    assert queue.ahead_of("guest", "10.0.0.2") == 0
    assert queue.ahead_of("another guest", "10.0.0.3") == 1
    assert queue.ahead_of("window 1", "10.0.0.1") == 2
    assert queue.ahead_of("window 0", "10.0.0.1") == 101  # it comes last again


def test_who_leaves_makes_room_and_comes_last_again(clock):
    queue = Queue(1, clock)
    assert [queue.ahead_of(who) for who in "abc"] == [0, 1, 2]
    queue.leave("a")
    queue.leave("nobody")
    assert [queue.ahead_of(who) for who in "bca"] == [0, 1, 2]


def test_who_does_not_ask_any_more_has_left(clock):
    queue = Queue(1, clock)
    assert [queue.ahead_of(who) for who in "abc"] == [0, 1, 2]
    clock.now = LAPSE_SECONDS - 0.1
    assert queue.ahead_of("c") == 2
    clock.now = LAPSE_SECONDS + 0.1
    assert queue.ahead_of("c") == 0


def test_who_works_keeps_the_turn_however_long_it_takes(clock):
    queue = Queue(1, clock)
    assert queue.ahead_of("a") == 0
    with queue.working("a"):
        clock.now = 100 * LAPSE_SECONDS
        assert queue.ahead_of("b") == 1
    assert queue.ahead_of("b") == 1
    clock.now += LAPSE_SECONDS
    assert queue.ahead_of("b") == 0


def test_who_works_without_having_asked_counts_too(clock):
    queue = Queue(1, clock)
    with queue.working("a"):
        assert queue.ahead_of("b") == 1


def test_a_failure_at_work_gives_the_turn_back(clock):
    queue = Queue(1, clock)
    with pytest.raises(ZeroDivisionError), queue.working("a"):
        raise ZeroDivisionError
    clock.now = LAPSE_SECONDS
    assert queue.ahead_of("b") == 0


def test_work_goes_on_while_it_is_wanted_and_then_makes_room(the_queue):
    place, pieces = Place(), []
    for _ in turns(place, lambda: len(pieces) < 3):
        assert the_queue.ahead_of("other") == 1
        pieces.append(1)
    assert (len(pieces), place.words) == (3, [])
    assert the_queue.ahead_of("other") == 0


def test_who_waits_is_told_how_many_are_before_and_when_it_goes_on(the_queue):
    assert [the_queue.ahead_of(who) for who in "abc"] == [0, 1, 2]
    leaving = iter("abc")
    place, pieces = Place(lambda: the_queue.leave(next(leaving))), []
    for _ in turns(place, lambda: not pieces):
        pieces.append(1)
    assert "2 are before you in the queue" in place.words[0]
    assert "60 s at most" in place.words[0]
    assert "1 is before you in the queue" in place.words[1]
    assert "You are next" in place.words[2]
    assert place.words[3:] == [""]


def test_after_a_turn_whoever_waits_is_next(the_queue, clock, monkeypatch):
    monkeypatch.setattr(module.time, "monotonic", clock)
    pieces = []

    def the_other_works() -> None:
        assert the_queue.ahead_of("other") == 0
        the_queue.leave("other")

    place = Place(the_other_works)
    for _ in turns(place, lambda: len(pieces) < 4):
        pieces.append(len(place.words))
        clock.now += TURN_SECONDS / 2
        assert the_queue.ahead_of("other") == 1
    assert pieces == [0, 0, 2, 2]  # after two pieces the other had a turn


def test_a_script_that_is_ended_keeps_its_place_for_a_moment(the_queue, clock):
    work = turns(Place(), lambda: True)
    next(work)
    assert the_queue.ahead_of("other") == 1
    work.close()  # as Streamlit does when the visitor clicks or leaves
    assert the_queue.ahead_of("other") == 1
    clock.now = LAPSE_SECONDS
    assert the_queue.ahead_of("other") == 0
