"""Lines of the project's own source, read when they are shown, so that the walkthrough shows the current code."""

import inspect
import textwrap
from collections.abc import Callable

import streamlit as st


def excerpt(of: Callable | type, first: str, last: str) -> str:
    """Return the source lines of `of` from the first that contains `first` to the next that contains `last`.

    Raises ValueError where the source has no such lines: the text around an excerpt must be mended then.
    """
    lines = inspect.getsource(of).splitlines()
    start = next((place for place, line in enumerate(lines) if first in line), None)
    if start is None:
        raise ValueError(f"{of.__qualname__} has no line with {first!r}.")
    end = next((place for place in range(start, len(lines)) if last in lines[place]), None)
    if end is None:
        raise ValueError(f"{of.__qualname__} has no line with {last!r} after {first!r}.")
    return textwrap.dedent("\n".join(lines[start : end + 1]))


def show(of: Callable | type, first: str, last: str) -> None:
    """Show an excerpt, with the name of what it is from."""
    st.code(excerpt(of, first, last), language="python")
    st.caption(f"from `{of.__module__}.{of.__qualname__}`")
