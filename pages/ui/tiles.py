"""Pictures of digits that are buttons."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image
from torch import Tensor

from jsma.export import picture


class Sheet:
    """Draws tiles, and collects the style that puts each picture on its button."""

    def __init__(self) -> None:
        self.rules: list[str] = []

    def tile(
        self, key: str, label: str, image: Tensor, original: Tensor | None = None, mark: str = "", **button: Any
    ) -> bool:
        """Draw a button that is the picture of image (1, H, W) and return whether it was clicked.

        label: what a screen reader says; original: pixels that differ from it are tinted; mark: a few plain
        characters in its corner; button: goes to st.button (help, on_click, disabled).
        """
        address = data_url(picture(image, image if original is None else original))
        self.rules.append(f'.st-key-tile-{key} button {{ background-image: url("{address}") !important; }}')
        if mark:
            self.rules.append(f'.st-key-tile-{key} button::after {{ content: "{mark}" / ""; }}')
        return st.button(label, key=f"tile-{key}", **button)


@contextmanager
def sheet() -> Iterator[Sheet]:
    """Give a sheet to draw tiles on; their pictures appear when it is left."""
    drawn = Sheet()
    yield drawn
    st.html(f"<style>{''.join(drawn.rules)}</style>")


def data_url(colours: np.ndarray) -> str:
    """Return uint8 colours (H, W), (H, W, 3) or (H, W, 4) as a PNG in a data URL.

    Every picture is shown in this way, within the page. A file of the server could be fetched by anyone who knows its
    address, and a cache that visitors share would keep what one of them drew.
    """
    file = io.BytesIO()
    Image.fromarray(colours).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
