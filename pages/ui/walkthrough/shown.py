"""How the later chapters show an attack: its picture, and one line on how it ended."""

import streamlit as st

from jsma.export import picture
from jsma.stage.recording import Recording
from pages.ui.formatting import percent
from pages.ui.tiles import data_url

NOTHING_TO_DO = (
    "The network reads this digit as the target before any change, so there is no attack to look at. Choose another "
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


def image(recording: Recording, caption: str, step: int | None = None) -> None:
    """Show the picture at `step`, by default the last, changed pixels tinted, with a caption that says what is seen."""
    step = recording.iterations if step is None else step
    now, original = (recording.image(at) for at in (step, 0))
    alt = f"The picture after {step} iteration{'' if step == 1 else 's'}, changed pixels tinted"
    st.image(data_url(picture(now, original, scale=8)), caption=caption, width=224, alt=alt)
