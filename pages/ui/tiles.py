"""Pictures of digits that are buttons."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st
from PIL import Image
from torch import Tensor

from jsma.export import picture


class Sheet:
    """Draws tiles, and collects the style that puts each picture on its button."""

    def __init__(self) -> None:
        self.rules: list[str] = []

    def tile(self, key: str, label: str, image: Tensor, original: Tensor | None = None, **button: Any) -> bool:
        """Draw a button that is the picture of image (1, H, W) and return whether it was clicked.

        label: what a screen reader says; original: pixels that differ from it are tinted; button:
        goes to st.button (help, on_click, disabled).
        """
        address = _address(picture(image, image if original is None else original).tobytes(), *image.shape[1:])
        self.rules.append(f'.st-key-tile-{key} button {{ background-image: url("{address}") !important; }}')
        return st.button(label, key=f"tile-{key}", **button)


@contextmanager
def sheet() -> Iterator[Sheet]:
    """Give a sheet to draw tiles on; their pictures appear when it is left."""
    drawn = Sheet()
    yield drawn
    st.html(f"<style>{''.join(drawn.rules)}</style>")


@st.cache_data(max_entries=4096, show_spinner=False)
def _address(colours: bytes, height: int, width: int) -> str:
    """Return uint8 colours (H, W, 3) as a PNG in a data URL."""
    return data_url(Image.frombytes("RGB", (width, height), colours))


def data_url(image: Image.Image) -> str:
    """Return an image as a PNG in a data URL."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
