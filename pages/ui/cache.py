"""The caches of computed results: one for all visitors, and one for each visitor's own; both bounded."""

import hashlib
import pickle
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

import streamlit as st
from torch import Tensor

from pages.ui.attacking import Ongoing
from pages.ui.networks import Network
from pages.ui.scheduling import Proceed, carried_out, carry_out_ahead

SHARED_BYTES = 48_000_000
OWN_BYTES = 12_000_000
"""The sizes of the cache for all visitors together, and of that for one visitor's own results."""

MISSING = object()


class Cache:
    """Values by key. Once they take more than `most_bytes`, the least recently used go first."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self.bytes = most_bytes, 0
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Any:
        """Return the value of `key`, or MISSING."""
        with self._lock:
            if key not in self._values:
                return MISSING
            self._values.move_to_end(key)
            return self._values[key][0]

    def put(self, key: Hashable, value: Any) -> None:
        """Store `value`, which must not be altered from now on."""
        size = len(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
        with self._lock:
            self.bytes += size - self._values.pop(key, (None, 0))[1]
            self._values[key] = value, size
            while self.bytes > self.most_bytes:
                self.bytes -= self._values.popitem(last=False)[1][1]


@st.cache_resource(show_spinner=False)
def _shared() -> Cache:
    return Cache(SHARED_BYTES)


def _own() -> Cache:
    if "own_cache" not in st.session_state:
        st.session_state.own_cache = Cache(OWN_BYTES)
    return st.session_state.own_cache


def computed(work: Callable, *arguments: Any, own: bool = False, note: str = "Attacking …") -> Any:
    """Return work(*arguments, proceed), from the cache if it was computed before, for any visitor.

    own: whether it depends on a visitor's own digits, so that it belongs to their session only; the same holds
    if one of the arguments is their own network. The value is shared: it must not be altered.
    An `Ongoing` attack among the arguments is advanced to its end, together with others, before `work` is called.
    proceed is to be called at every step (see pages/ui/scheduling.py); note: what a waiting visitor is shown.
    """
    own = own or any(isinstance(each, Network) and each.own for each in arguments)
    cache = _own() if own else _shared()
    key = _key(work, arguments)
    value = cache.get(key)
    return (
        value if value is not MISSING else carried_out(*_job(cache, key, work, arguments), note, _attack_in(arguments))
    )


def precompute(work: Callable, *arguments: Any) -> None:
    """Compute what `computed` would return, before a visitor asks for it; one who asks meanwhile shares the work."""
    carry_out_ahead(*_job(_shared(), _key(work, arguments), work, arguments), _attack_in(arguments))


def _job(cache: Cache, key: Hashable, work: Callable, arguments: tuple) -> tuple[Hashable, Callable[[Proceed], Any]]:
    """Return the key of this computation among all jobs, and the computation, which stores its value in `cache`."""

    def compute(proceed: Proceed) -> Any:
        value = work(*arguments, proceed)
        cache.put(key, value)
        return value

    return (id(cache), key), compute


def _attack_in(arguments: tuple) -> Ongoing | None:
    return next((each for each in arguments if isinstance(each, Ongoing)), None)


def _key(work: Callable, arguments: tuple) -> Hashable:
    return (work.__module__, work.__qualname__, *map(_identity, arguments))


def _identity(argument: Any) -> Hashable:
    """Return a hashable value that is the same for equal arguments only."""
    if isinstance(argument, Network):
        return argument.key
    if isinstance(argument, Tensor):
        return tuple(argument.shape), hashlib.sha256(argument.numpy().tobytes()).digest()
    if isinstance(argument, Ongoing):
        trace = argument.trace
        return trace.attack, _identity(trace.image), trace.target
    return argument
