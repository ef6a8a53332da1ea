"""The maps side by side: first without their names, to guess which one the attack used."""

import random
from pathlib import Path
from string import ascii_uppercase

import streamlit as st
import torch
from torch import Tensor

from jsma.explanations import MAPS, last_map_layer
from jsma.export import picture
from jsma.glossary import TERMS, explained
from jsma.measures import ranked
from pages.ui.formatting import an, percent, size
from pages.ui.saliency_maps import looks
from pages.ui.saliency_maps.computing import Subject
from pages.ui.shared.predicting import guess
from pages.ui.theme import theme
from pages.ui.tiles import data_url

STYLE = (Path(__file__).parent / "gallery.css").read_text(encoding="utf-8")
LETTERS = ascii_uppercase


def show(subject: Subject, found: dict[str, Tensor]) -> None:
    """Draw the digit and its maps, each with its question, its formula and a scale of its own."""
    names = shuffled(subject, found)
    letters = dict(zip(names, LETTERS, strict=False))
    st.html(f"<style>{STYLE}</style>")
    st.markdown(
        f"**One digit, {len(found)} maps.** All but one show what made the network read {an(subject.explained, '**')}. "
        f"One shows what would make it read {an(subject.target, '**')}. Each has a scale of its own.",
        help=explained("signed map", "baseline picture"),
    )
    place = st.container()
    guessed = guess(
        "which-attacks",
        subject.name,
        "Which of these maps did the attack use?",
        [f"Map {letter}" for letter in letters.values()],
        lasting=True,
    )
    with place.container(key="saliency-maps"):
        _digit(subject)
        for name in found if guessed else names:
            _map(name, letters[name], found[name], subject, named=guessed is not None)
    if guessed:
        about = guessed.subject == subject.name
        _verdict(subject, found, letters, guessed.value if about else None)


def shuffled(subject: Subject, found: dict[str, Tensor]) -> list[str]:
    """Return the names of the maps in an order that depends on the subject only."""
    names = list(found)
    random.Random(subject.name).shuffle(names)
    return names


def _digit(subject: Subject) -> None:
    with torch.no_grad():
        sure = float(subject.network.module(subject.image[None])[0].softmax(dim=0)[subject.explained])
    with st.container(key="map-of-digit"):
        alt = f"The digit, read as {subject.explained}."
        st.image(data_url(picture(subject.image, subject.image, looks.SCALE)), width="stretch", alt=alt)
        st.markdown("**The digit**")
        st.caption(f"The network reads {an(subject.explained)}, {percent(sure)} sure.")


def _map(name: str, letter: str, values: Tensor, subject: Subject, named: bool) -> None:
    entry, title = MAPS[name], f"Map {letter}"
    with st.container(key=f"map-of-{letter}"):
        low, high = looks.ends(values, entry.signed)
        shown = entry.label if named else title
        alt = f"{shown}. Scale from {low:.3g} to {high:.3g}; the largest value is in {looks.largest(values)}."
        st.image(data_url(looks.picture(values, entry.signed, theme())), width="stretch", alt=alt)
        st.html(looks.scale(values, entry.signed, theme()))
        if not named:
            st.markdown(f"**{title}**")
            return
        st.markdown(f"**{entry.label}** ({letter})", help=f"{TERMS[entry.label]} {entry.source}.")
        st.caption(entry.question.format(explained=an(subject.explained), target=an(subject.target)))
        st.caption(f"`{entry.formula}`")
        if entry.needs_convolution:
            st.caption(_coarse(subject))


def _coarse(subject: Subject) -> str:
    """Say on how coarse a map of features Grad-CAM stands."""
    layer = last_map_layer(subject.network.module, subject.image[None])
    assert layer is not None, "only networks with such a layer have this map"
    last = [name for name, each in subject.network.module.named_modules() if isinstance(each, torch.nn.Conv2d)][-1]
    why = "" if layer[0] == last else "The last convolution has one value for each map, and so no positions. "
    return f"{why}Coarse: enlarged from {size(layer[1])} values."


def _verdict(subject: Subject, found: dict[str, Tensor], letters: dict[str, str], value: str | None) -> None:
    """Say which map the attack used, and by which pixels one can see it."""
    (used,) = (name for name in found if MAPS[name].attacks)
    said = ""
    if value is not None:
        said = "You are right. " if value == f"Map {letters[used]}" else f"You said {value}. "
    top = ranked(found[used])[:2].tolist()
    width = subject.image.shape[2]
    first = " and ".join("row {}, column {}".format(*divmod(pixel, width)) for pixel in top)
    strongest = (
        f"Its two largest values, at {first}, are the first pair that the attack changes."
        if top
        else "Here no pair of pixels is admissible, so it is 0 everywhere."
    )
    st.markdown(
        f"{said}The attack used map **{letters[used]}**, {MAPS[used].label}: the only one that depends on the target "
        f"{subject.target}. {strongest} The others explain the answer {subject.explained}."
    )
