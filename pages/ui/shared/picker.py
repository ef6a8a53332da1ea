"""Pictures on which a reader picks pixels, by pointer or keyboard."""

from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from jsma.stage.modules import join

HERE = Path(__file__).parent

_component = st.components.v2.component(
    "jsma_picker", html=(HERE / "picker.html").read_text(encoding="utf-8"), js=join(HERE / "picker.js")
)


def pick(
    pictures: Mapping[str, str],
    size: tuple[int, int],
    most: int,
    subject: str,
    key: str,
    on_pick: Callable[[], None] = lambda: None,
) -> list[int]:
    """Show `pictures`, data URLs by their names, and return the picked pixels as flat indices, at most `most`.

    size: height and width of each picture in pixels; subject: what is shown; another one begins without picks.
    on_pick: called, before the page is drawn, when the picks have changed; `picks(key, …)` returns them there.
    """
    height, width = size
    shown = [{"name": name, "url": url} for name, url in pictures.items()]
    data = {"pictures": shown, "height": height, "width": width, "most": most, "subject": subject}
    # In a list: a dictionary's values are looked through for tables, for which Streamlit imports pandas.
    result = _component(
        key=f"{key}-{subject}", data=[data], default={"picks": []}, on_picks_change=on_pick, height="content"
    )
    return valid(result.picks, height * width, most)


def picks(key: str, subject: str, pixels: int, most: int) -> list[int]:
    """Return the picked pixels of a picker that is drawn already."""
    state = st.session_state.get(f"{key}-{subject}")
    return valid(getattr(state, "picks", None), pixels, most)


def valid(value: object, pixels: int, most: int) -> list[int]:
    """Return what the browser sent as picks, without what cannot be one; it may send anything."""
    if not isinstance(value, list | tuple):
        return []
    numbers = (each for each in value if isinstance(each, int | float) and not isinstance(each, bool))
    return list(dict.fromkeys(int(each) for each in numbers if 0 <= each < pixels))[-most:]
