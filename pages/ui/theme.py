"""Whether the visitor sees the app light or dark, and the colours that go with it."""

from typing import NamedTuple

import streamlit as st

from jsma import palette


def theme() -> str:
    """Return "light" or "dark"."""
    return "dark" if st.context.theme.type == "dark" else "light"


def colours() -> dict[str, str]:
    """Return the palette as the visitor sees it: a colour by its name."""
    return palette.COLOURS[theme()]


class Amounts(NamedTuple):
    """The colours of a heat map: at the values of `domain` those of `range`; above `strong`, words are to be light."""

    domain: list[float]
    range: list[str]
    strong: float


def amounts(top: float) -> Amounts:
    """Return the colours of a heat map from 0 to `top`, as the visitor sees them."""
    return Amounts([0, top / 2, top], palette.shades(theme(), "amount"), 0.6 * top)
