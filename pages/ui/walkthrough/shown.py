"""How the later chapters show an attack: its picture, and one line on how it ended."""

import numpy as np
import streamlit as st
from torch import Tensor

from jsma.export import picture
from jsma.palette import coloured
from jsma.stage.recording import Recording
from pages.ui.formatting import percent
from pages.ui.theme import theme
from pages.ui.tiles import data_url

NOTHING_TO_DO = (
    "The network reads this digit as the target before any change, so there is nothing to attack. Choose another "
    "digit or target in the sidebar."
)


def place(recording: Recording, pixel: int) -> str:
    """Return where a pixel is."""
    return "row {}, column {}".format(*divmod(pixel, recording.width))


def cost(recording: Recording, step: int | None = None) -> str:
    """Return how many pixels are changed at `step`, by default the last, and which share of all that is."""
    step = recording.iterations if step is None else step
    pixels = recording.steps[step].changed
    return f"{pixels} pixels changed, {percent(pixels / recording.pixels)}"


def end(recording: Recording) -> str:
    """Return how an attack ended, and its cost, in one line."""
    plural = "" if recording.iterations == 1 else "s"
    return f"{recording.stop.value} after {recording.iterations} iteration{plural}, {cost(recording)}"


def heat(values: Tensor) -> str:
    """Return values (H, W) of at least 0 as a picture in a data URL, on a scale of their own that begins at 0."""
    drawn = coloured(values.numpy(), theme(), "amount", 0, float(values.max()))
    return data_url(drawn.repeat(8, axis=0).repeat(8, axis=1))


def signed(values: Tensor) -> str:
    """Return values (H, W) as a picture in a data URL: blue below zero, orange above, on a scale of their own."""
    limit = float(values.abs().max())
    return data_url(coloured(values.numpy(), theme(), "diverging", -limit, limit))


def grey(values: Tensor) -> np.ndarray:
    """Return an image (1, H, W) as uint8 (H, W)."""
    return np.rint(255 * values[0].numpy()).astype(np.uint8)


def plain(recording: Recording, caption: str, step: int | None = None) -> None:
    """Show the picture at `step`, by default the last, as it is, without a tint."""
    step = recording.iterations if step is None else step
    drawn = grey(recording.image(step)).repeat(8, axis=0).repeat(8, axis=1)
    alt = f"The picture after {step} iteration{'' if step == 1 else 's'}"
    st.image(data_url(drawn), caption=caption, width=224, alt=alt)


def image(recording: Recording, caption: str, step: int | None = None) -> None:
    """Show the picture at `step`, by default the last, changed pixels tinted, with a caption that says what is seen."""
    step = recording.iterations if step is None else step
    now, original = (recording.image(at) for at in (step, 0))
    alt = f"The picture after {step} iteration{'' if step == 1 else 's'}, changed pixels tinted"
    st.image(data_url(picture(now, original, scale=8)), caption=caption, width=224, alt=alt)
