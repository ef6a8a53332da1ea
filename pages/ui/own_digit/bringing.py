"""Three ways to bring a digit: draw it, send a picture, take a photo. What cannot be used changes nothing."""

import numpy as np
import streamlit as st
from streamlit_drawable_canvas import st_canvas

from pages.ui.outside import plain
from pages.ui.own_digit import uploads
from pages.ui.own_digit.opening import FORMATS, Opened, Refused, open_picture

WAYS = {"draw": "Draw", "upload": "Picture", "photo": "Photo"}

PAD = 280
"""Height and width of the drawing pad, in pixels."""


def brought() -> np.ndarray | None:
    """Let the visitor bring a picture; return the last one that could be used, in grey, or None before there is one."""
    way = st.segmented_control(
        "How do you want to bring your digit?", WAYS, default="draw", required=True, format_func=WAYS.get, key="way"
    )
    data, state = {"draw": _drawn, "upload": _sent, "photo": _photographed}[way](), st.session_state
    if data is not None and (way, hash(data)) != state.get("own_file"):
        state.own_file, state.own_problem = (way, hash(data)), ""
        _take(data)
    if state.get("own_problem") and state.own_file[0] == way:
        st.warning(state.own_problem, icon=":material/info:")
    if state.get("own_remark"):
        st.caption(state.own_remark)
    return state.get("own_picture")


def _take(data: bytes) -> None:
    try:
        opened: Opened = open_picture(data)
    except Refused as problem:
        kept = " What you brought before is kept." if "own_picture" in st.session_state else ""
        st.session_state.own_problem = f"{plain(problem)}{kept}"
    else:
        st.session_state.own_picture, st.session_state.own_remark = opened.grey, opened.remark


def _drawn() -> bytes | None:
    width = st.slider("Pen", 8, 40, 22, key="own-pen", help="How wide the pen draws, on a pad of 280 pixels.")
    picture = _pad(width, f"own-pad-{st.session_state.get('own_pad', 0)}")
    st.caption("Write one digit, about as large as the pad.")
    st.button("Wipe the pad", key="own-wipe", icon=":material/ink_eraser:", on_click=_wipe)
    return picture


def _pad(width: int, key: str) -> bytes | None:
    """Draw the pad and return what is on it, as a PNG file; None while nothing is."""
    try:
        canvas = st_canvas(
            stroke_width=width,
            stroke_color="#101010",
            background_color="#ffffff",
            height=PAD,
            width=PAD,
            return_image_data=True,
            key=key,
        )
        return canvas.image_bytes if canvas.json_data and canvas.json_data.get("objects") else None
    except (AttributeError, LookupError, TypeError, ValueError):  # what the browser sends may have been tampered with
        return b"no picture"


def _wipe() -> None:
    st.session_state.own_pad = st.session_state.get("own_pad", 0) + 1


def _sent() -> bytes | None:
    file = st.file_uploader(
        "A picture with one digit (PNG, JPEG or WebP, at most 5 MB)",
        [name.lower() for name in (*FORMATS, "jpg")],
        max_upload_size=5,
        key="own-upload",
    )
    return uploads.take(file)


def _photographed() -> bytes | None:
    st.caption("Hold the paper flat, come close, and let no finger into the picture. The photo goes nowhere but here.")
    photo = st.camera_input("A photo of one digit", key="own-camera")
    return uploads.take(photo)
