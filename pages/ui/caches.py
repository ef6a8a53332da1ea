"""Caches of results: shared by all visitors, but what comes of one's own digits or network stays in one's session."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import streamlit as st

from pages.ui import resources
from pages.ui.networks import Network
from pages.ui.own_digit import kept


def cached(shared: int, own: int, spinner: str | bool = False) -> Callable[[Callable], Callable]:
    """Return a decorator that keeps `shared` results of a function for all, and `own` for each visitor.

    The function's arguments tell whose a result is: the name of a data set, a network.
    """

    def decorate(compute: Callable) -> Callable:
        options = {"show_spinner": spinner, "hash_funcs": resources.KEYED}
        for_all = st.cache_data(compute, max_entries=shared, **options)
        for_one = st.cache_data(compute, scope="session", max_entries=own, **options)

        @wraps(compute)
        def look_up(*arguments: Any) -> Any:
            return (for_one if any(map(_is_own, arguments)) else for_all)(*arguments)

        return look_up

    return decorate


def _is_own(argument: object) -> bool:
    return argument.own if isinstance(argument, Network) else isinstance(argument, str) and argument == kept.OWN
