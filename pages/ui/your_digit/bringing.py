"""Three ways to bring a digit: draw it, send a picture, take a photo. What cannot be used changes nothing."""

from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile
from streamlit_drawable_canvas import st_canvas

from jsma.stage.modules import join
from pages.ui import uploads
from pages.ui.outside import plain
from pages.ui.shared.own_digits import Brought
from pages.ui.your_digit import camera
from pages.ui.your_digit.opening import Refused, open_picture

HERE = Path(__file__).parent

WAYS = {"draw": "Draw", "upload": "Picture", "photo": "Photo"}

PAD = 280
"""Height and width of the drawing pad, in pixels."""


_sending = st.components.v2.component(
    "jsma_sending", html=(HERE / "sending.html").read_text(encoding="utf-8"), js=join(HERE / "sending.js")
)


def brought() -> np.ndarray | None:
    """Let the visitor bring a picture; return the last one that could be used, in grey, or None before there is one."""
    way = st.segmented_control(
        "How do you want to enter your digit?",
        WAYS,
        default="draw",
        required=True,
        format_func=WAYS.__getitem__,
        key="way",
    )
    sent = {"draw": _drawn, "upload": _sent, "photo": _photographed}[way]()
    data, before = (
        sent if isinstance(sent, bytes) else uploads.read(sent),
        st.session_state.get("own_brought", Brought()),
    )
    if data is not None and (way, hash(data)) != before.file:
        st.session_state.own_brought = _opened(data, before)._replace(file=(way, hash(data)))
    if not isinstance(sent, bytes):
        uploads.drop(sent)  # only now: the script may have been ended before, and the next one wants it, too
    brought = st.session_state.get("own_brought", Brought())
    if brought.problem and brought.file[0] == way:
        st.warning(brought.problem, icon=":material/info:")
    if brought.remark:
        st.caption(brought.remark)
    return brought.picture


def _opened(data: bytes, before: Brought) -> Brought:
    """Return the picture in `data`; if it cannot be used, the previous one and what is wrong with this one."""
    try:
        opened = open_picture(data)
    except Refused as problem:
        kept = "" if before.picture is None else " Your picture from before is kept."
        return before._replace(problem=f"{plain(problem)}{kept}")
    return Brought(picture=opened.grey, remark=opened.remark)


def _drawn() -> bytes | None:
    width = st.slider("Pen", 8, 40, 22, key="own-pen", help="How wide the pen draws, on a pad of 280 pixels.")
    picture = _pad(width, f"own-pad-{st.session_state.get('own_pad', 0)}")
    st.caption("Write one digit, about as large as the pad.")
    st.button("Clear the pad", key="own-wipe", icon=":material/ink_eraser:", on_click=_wipe)
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


def _sent() -> UploadedFile | None:
    _tell_what_stops_sending()
    st.caption(
        "An iPhone may keep its photos as HEIC, which cannot be opened here: export the photo as JPEG, or choose "
        "*Settings › Camera › Formats › Most Compatible* before you take it."
    )
    return st.file_uploader(  # of any type: Streamlit would say of others only that they are not allowed
        f"A picture with one digit (PNG, JPEG or WebP, at most {uploads.MOST_MEGABYTES} MB)",
        max_upload_size=uploads.MOST_MEGABYTES,
        key="own-upload",
    )


def _tell_what_stops_sending() -> None:
    """Say so where the browser sends no pictures from: inside a page of another site, or where it keeps no cookies."""
    if st.get_option("server.enableXsrfProtection"):
        _sending(key="sending")


def _photographed() -> UploadedFile | None:
    if not camera.opens_at(st.context.url):
        st.info(
            "Browsers open the camera only for pages that come over **https** or from the same machine; this one does "
            "not. Take a photo with your telephone's own camera instead, and send it under **Picture**.",
            icon=":material/info:",
        )
        return None
    _tell_what_stops_sending()
    st.caption(
        "Hold the paper flat, come close, and keep your fingers out of the picture. The photo is used on this page "
        "only."
    )
    return st.camera_input("A photo of one digit", key="own-camera")
