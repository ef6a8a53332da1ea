"""How the later chapters show an attack: its picture, and one line on how it ended."""

import numpy as np
import streamlit as st
from torch import Tensor

from jsma.export import picture
from jsma.palette import COLOURS, rgb, shades
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


def heat(values: Tensor) -> str:
    """Return values (H, W) of at least 0 as a picture in a data URL, from black at 0 to white at the largest."""
    share = (values / max(float(values.max()), 1e-300)).double().numpy()[..., None]
    violet = np.array(rgb(COLOURS["dark"]["target"]))
    drawn = np.where(share < 0.5, 2 * share * violet, violet + (2 * share - 1) * (255 - violet))
    return data_url(np.rint(drawn).astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1))


def signed(values: Tensor) -> str:
    """Return values (H, W) as a picture in a data URL: blue below zero, orange above, on a scale of their own."""
    colours = np.array([rgb(colour) for colour in shades("dark", "diverging")], dtype=float)
    limit = max(float(values.abs().max()), 1e-300)
    place = ((values.double().numpy() / limit + 1) / 2 * (len(colours) - 1)).clip(0, len(colours) - 1)
    drawn = np.stack([np.interp(place, range(len(colours)), colours[:, part]) for part in range(3)], axis=-1)
    return data_url(np.rint(drawn).astype(np.uint8))


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
