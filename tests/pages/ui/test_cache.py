"""What was computed is kept within bounds; a visitor's own apart from what all share."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import streamlit as st
import torch

from jsma import Attack, load_model
from jsma.stage.codec import decode
from jsma.stage.recording import record
from pages.ui import cache, scheduling
from pages.ui.cache import MISSING, Cache, computed, precompute
from pages.ui.networks import Network
from tests.helpers.waiting import LONG, until


@pytest.fixture
def work():
    """A computation that counts how often it is carried out, with nothing kept yet."""
    st.cache_resource.clear()
    st.session_state.clear()

    def counted(*arguments) -> int:
        *values, proceed = arguments
        proceed()
        counted.times += 1
        return len(values)

    counted.times = 0
    return counted


def a_network(key: str) -> Network:
    return Network(key, key, "tutorial", torch.nn.Identity(), {})


def test_the_longest_unasked_is_forgotten_first():
    memory = Cache(350)
    for key in "abc":
        memory.put(key, b"x" * 100)
    assert memory.get("a") == b"x" * 100
    memory.put("d", b"x" * 100)
    assert [memory.get(key) is MISSING for key in "abcd"] == [False, True, False, False]
    memory.put("whole", b"x" * 340)
    assert [memory.get(key) is MISSING for key in "abcd"] == [True] * 4
    memory.put("more than all", b"x" * 400)
    assert (memory.get("more than all"), memory.bytes) == (MISSING, 0)


def test_a_value_kept_again_counts_once():
    memory = Cache(1000)
    memory.put("a", b"x" * 100)
    once = memory.bytes
    memory.put("a", b"x" * 100)
    assert memory.bytes == once


def test_the_same_is_computed_once_and_anything_else_apart(work):
    image = torch.rand(1, 28, 28)
    other = image.clone()
    other[0, 3, 3] += 0.001
    calls = [
        (a_network("one"), image, 3),
        (a_network("two"), image, 3),
        (a_network("one"), other, 3),
        (a_network("one"), image.reshape(1, 56, 14), 3),
        (a_network("one"), image, 4),
    ]
    for _ in range(2):
        for call in calls:
            assert computed(work, *call) == 3
    assert work.times == len(calls)


@pytest.mark.parametrize("subject", [{"own": True}, {"network": a_network("own-1")}])
def test_what_comes_of_ones_own_is_in_no_memory_that_others_share(work, subject):
    arguments = (subject.pop("network", a_network("shipped")), 3)
    computed(work, *arguments, **subject)
    assert not cache._shared().bytes
    computed(work, *arguments, **subject)
    assert work.times == 1
    st.session_state.clear()  # another visitor
    computed(work, *arguments, **subject)
    assert work.times == 2
    assert not cache._shared().bytes


def test_a_visitor_who_comes_while_the_server_computes_ahead_shares_its_work(work):
    begun, end = Event(), Event()

    def slow(*arguments) -> int:
        begun.set()
        assert end.wait(LONG)
        return work(*arguments)

    with ThreadPoolExecutor() as threads:
        ahead = threads.submit(precompute, slow, 1)
        assert begun.wait(LONG)
        visitor = threads.submit(computed, slow, 1)
        until(lambda: len(next(iter(scheduling._server().pool._jobs.values())).asked_by) == 2)
        end.set()
        ahead.result(LONG)
        assert visitor.result(LONG) == 1
    assert computed(slow, 1) == 1
    assert work.times == 1


def test_an_error_is_not_kept(work):
    def fails(proceed):
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            computed(fails)
    assert not cache._shared().bytes


def test_a_kept_recording_takes_the_memory_that_the_cache_counts(uci):
    """The arrays are views into the payload: neither is there twice."""
    payload = record(load_model("tutorial"), uci.images[0], 0, 1, Attack(theta=0.05)).payload
    cache = Cache(10_000_000)
    tracemalloc.start()
    kept = decode(payload[:-1] + payload[-1:])  # bytes of its own
    _ = kept.name
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    cache.put("attack", kept)
    assert len(payload) <= cache.bytes <= 1.01 * len(payload)
    assert taken <= 1.3 * cache.bytes
