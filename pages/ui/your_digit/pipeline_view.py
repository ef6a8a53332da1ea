"""Every stage of a digit on its way to MNIST's form, with the sliders that help where one goes wrong."""

import numpy as np
import streamlit as st

from jsma.handwriting import LINE_WIDTHS, Ink, Prepared, Settings
from pages.ui import tiles
from pages.ui.formatting import size

INKS = {Ink.AUTOMATIC: "Find out", Ink.DARK: "Dark", Ink.LIGHT: "Light"}

STYLE = """<style>
.own-stages { display: grid; grid-template-columns: repeat(auto-fill, minmax(max(132px, 28%), 1fr)); gap: 14px; }
.own-stages > div { font-size: 15px; line-height: 1.4; }
.own-stages img { width: 100%; aspect-ratio: 1; object-fit: contain; background: #000; border: 1px solid #8f98a5;
                  border-radius: 6px; image-rendering: pixelated; display: block; margin-bottom: 6px; }
</style>"""


def settings() -> Settings:
    """Let the visitor help where a stage has gone wrong."""
    with st.expander("Not what you wrote? Adjust the stages", icon=":material/tune:"):
        ink = st.segmented_control(
            "The ink is",
            list(INKS),
            default=Ink.AUTOMATIC,
            required=True,
            format_func=INKS.__getitem__,
            key="own-ink",
            help="Darker or lighter than its paper. Choose it here if “Ink” shows the paper in place of the digit.",
        )
        threshold = st.slider(
            "What counts as ink",
            0.1,
            0.9,
            Settings.threshold,
            0.05,
            key="own-threshold",
            help="As a share of the strongest ink. Lower it if parts of the digit are missing; raise it if there is "
            "dirt.",
        )
        specks = st.slider(
            "Drop specks smaller than",
            0.0,
            0.5,
            Settings.specks,
            0.01,
            format="percent",
            key="own-specks",
            help="Of the largest part. Raise it if dots are left beside the digit, lower it if a small stroke is lost.",
        )
        own_width = st.toggle(
            "Choose the line's width myself",
            key="own-choose-width",
            help="Otherwise only lines that are thinner or wider than usual are changed.",
        )
        width = st.slider("Width of the line, in pixels", 1.0, 6.0, 2.5, 0.25, key="own-width", disabled=not own_width)
    return Settings(ink, threshold, specks, width if own_width else None)


def show(prepared: Prepared) -> None:
    """Show the stages side by side, with a sentence each."""
    was = "light on dark" if prepared.light else "dark on light"
    narrow, wide = LINE_WIDTHS
    mnist, image = size((20, 20)), size((28, 28))
    stages = (
        ("1 Grey", "Without colour.", prepared.grey),
        (
            "2 Ink",
            f"It is {was}. Paper, uneven light and ruled lines are removed; the ink is shown light.",
            prepared.ink,
        ),
        ("3 Digit", "The digit alone; specks and other things are removed.", prepared.digit),
        (
            "4 Line",
            f"Cropped. The line was {prepared.width:.1f} pixels wide; {narrow:g} to {wide:g} are usual.",
            prepared.line,
        ),
        ("5 Fitted", f"Scaled to {mnist} pixels, as in MNIST.", prepared.fitted),
        (
            "6 Centred",
            f"By its centre of mass, in {image}. This picture goes to the network.",
            prepared.image[0].numpy(),
        ),
    )
    items = "".join(
        f'<div role="listitem"><img alt="{title}" src="{_address(picture)}"><b>{title}</b><br>{words}</div>'
        for title, words, picture in stages
    )
    st.html(f'{STYLE}<div role="list" class="own-stages">{items}</div>')


def remarks(prepared: Prepared) -> None:
    """Say what looks as if something had gone wrong on the way."""
    if prepared.dropped:
        things = "another thing" if prepared.dropped == 1 else f"{prepared.dropped} other things"
        st.warning(
            f"There is {things} in the picture; only the largest thing is taken as the digit.", icon=":material/info:"
        )
    if prepared.cut:
        st.warning("The digit reaches the edge of the picture, so a part of it may be missing.", icon=":material/info:")


def _address(picture: np.ndarray) -> str:
    return tiles.data_url((255 * picture).round().astype(np.uint8))
