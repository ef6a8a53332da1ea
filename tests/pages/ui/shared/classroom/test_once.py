"""What all screens of a class show alike is computed once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from pages.ui.shared.classroom.once import once_for_all
from tests.helpers.waiting import LONG


def test_screens_that_ask_while_it_is_computed_wait_for_that_value():
    computed, begun, end = [], Event(), Event()

    @once_for_all(1)
    def square(number: int) -> int:
        computed.append(number)
        begun.set()
        assert end.wait(LONG)
        return number**2

    with ThreadPoolExecutor(8) as screens:
        first = screens.submit(square, 3)
        assert begun.wait(LONG)
        others = [screens.submit(square, 3) for _ in range(7)]
        end.set()
        assert {each.result() for each in (first, *others)} == {9}
    assert computed == [3]
    assert (square(2), square(3)) == (4, 9)  # the latest one is remembered, no more
    assert computed == [3, 2, 3]
