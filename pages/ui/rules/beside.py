"""JSMA beside other attacks: few pixels changed by much, or all pixels by little."""

from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
import torch
from torch import Tensor

from jsma.export import picture
from jsma.glossary import explained
from jsma.models import NETWORKS
from jsma.other_attacks import Norm, OtherAttack
from jsma.palette import coloured
from pages.ui.cache import computed
from pages.ui.choice import OWN, Choice
from pages.ui.formatting import an, number, percent
from pages.ui.networks import Network, network
from pages.ui.scheduling import Proceed
from pages.ui.shared.comparison.methods import Trace
from pages.ui.shared.predicting import guess
from pages.ui.theme import theme
from pages.ui.tiles import data_url

STYLE = (Path(__file__).parent / "beside.css").read_text(encoding="utf-8")

EPSILONS = {Norm.LINF: (0.02, 0.5, 0.2, 0.02), Norm.L2: (0.25, 6.0, 3.0, 0.25)}
"""For each norm that bounds an attack the least, the largest, the first ε, and the step of its slider."""


@dataclass(frozen=True)
class Changed:
    """The result of an attack: the picture (1, H, W), how far it is from the untouched one, and what is read in it."""

    label: str
    image: Tensor
    sizes: dict[Norm, float]
    reads: int
    sure: float


def show(choice: Choice, image: Tensor, traces: list[Trace]) -> None:
    """Let the visitor set ε and predict, then show the sparsest of `traces` and the others on image (1, H, W)."""
    st.header("Beside other attacks", anchor=False, help=explained("norm", *(each.label for each in OtherAttack)))
    sparsest = min(traces, key=lambda each: (not each.success, each.end.changed))
    st.markdown(
        "JSMA changes few pixels, each by much. FGSM and PGD change many pixels, each by little; the one-pixel attack "
        f"changes a single one. Here they are beside **{sparsest.method.label}**, the best one above, on the "
        "same digit and target."
    )
    attacked, own, epsilons = network(choice.model), choice.data == OWN, _epsilons()
    labels = [sparsest.method.label, *(each.label for each in OtherAttack)]
    guessed = guess(
        "least-change",
        f"{choice.data}-{choice.digit}-{choice.sample}-{choice.target}-{attacked.key}-{labels[0]}-{epsilons}",
        f"Of the attacks that make the network read {an(choice.target, '**')}: which changes the picture least, "
        "measured in **L2**, the root of the sum of the squares of all changes?",
        [*labels, "None of them reaches the target"],
    )
    if guessed is None:
        return
    found = [_read(sparsest.method.label, attacked, image, _end(image, sparsest))]
    for attack in OtherAttack:
        epsilon = epsilons.get(attack.value.bounded, 0.0)
        end = computed(_attack, attack, attacked, image, choice.target, epsilon, own=own)
        found.append(_read(attack.label, attacked, image, end))
    st.markdown(verdict(found, choice.target, guessed.value))
    st.html(f"<style>{STYLE}</style>{_gallery(image, found, choice.target)}")
    st.caption(
        "Above: what a person sees. Below: the change of every pixel; orange is brighter, blue is darker, and all have "
        "the same scale from −1 to 1."
    )
    st.dataframe(table(found, choice.target), hide_index=True, width="stretch")
    trained = NETWORKS["lenet-adversarial"]
    st.caption(
        f"Here ε is {' and '.join(f'{epsilon:g} in {norm.value}' for norm, epsilon in epsilons.items() if norm)}. The "
        "norms are computed from the pictures, whose pixels go from 0 to 1. Choose the model "
        f"*{trained.label}* in the sidebar to see how they fare against a network trained on one of them, FGSM."
    )


def _epsilons() -> dict[Norm | None, float]:
    columns = st.columns(len(EPSILONS), gap="medium")
    return {
        norm: column.slider(
            f"ε in {norm.value}",
            least,
            largest,
            first,
            step,
            key=f"epsilon-{norm.name}",
            persist_state="session",
            help=explained("ε")
            + f"\n\nFor {', '.join(each.label for each in OtherAttack if each.value.bounded is norm)}.",
        )
        for column, (norm, (least, largest, first, step)) in zip(columns, EPSILONS.items(), strict=True)
    }


def _attack(
    attack: OtherAttack, network: Network, image: Tensor, target: int, epsilon: float, proceed: Proceed
) -> Tensor:
    last = image
    for step in attack.steps(network.module, image, target, epsilon):
        proceed()
        last = step
    return last


def _end(image: Tensor, trace: Trace) -> Tensor:
    """Return the picture at the end of a trace."""
    pixels = image.flatten().clone()
    for moment in trace.moments:
        for pixel, value in moment.moves:
            pixels[pixel] = value
    return pixels.view_as(image)


@torch.no_grad()
def _read(label: str, network: Network, image: Tensor, changed: Tensor) -> Changed:
    probabilities = network.module(changed[None])[0].softmax(dim=0)
    reads = int(probabilities.argmax())
    sizes = {norm: norm.of(changed - image) for norm in Norm}
    return Changed(label, changed, sizes, reads, float(probabilities[reads]))


def verdict(found: list[Changed], target: int, said: str | None) -> str:
    """Return in Markdown which attack that reaches the target changes least in each norm, and whether that was said."""
    able = [each for each in found if each.reads == target]
    if not able:
        judged = "" if said is None else "You are right. " if said.startswith("None") else f"You said: {said}. "
        return f"{judged}**None of them reaches the target** with these settings."
    least = {norm: min(able, key=lambda each: each.sizes[norm]) for norm in Norm}
    judged = "" if said is None else "You are right. " if said == least[Norm.L2].label else f"You said: {said}. "
    parts = [f"in {norm.value} **{each.label}** ({size(norm, each.sizes[norm])})" for norm, each in least.items()]
    return (
        f"{judged}{len(able)} of {len(found)} reach the target. Of these the smallest change is {', '.join(parts)}. "
        "Which change is a small one depends on the norm."
    )


def size(norm: Norm, value: float) -> str:
    """Return the size of a change in words: a number of pixels, or three decimals."""
    return f"{value:.0f} pixel{'' if value == 1 else 's'}" if norm is Norm.L0 else number(value)


def table(found: list[Changed], target: int) -> pd.DataFrame:
    """Return a row for each attack: what came of it, and how large the change is in each norm."""
    return pd.DataFrame(
        {
            "Attack": each.label,
            "Reads": each.reads,
            "How sure": percent(each.sure),
            "Reached the target": "yes" if each.reads == target else "no",
        }
        | {norm.value: size(norm, each.sizes[norm]) for norm in Norm}
        for each in found
    )


def _gallery(image: Tensor, found: list[Changed], target: int) -> str:
    cards = [
        f"<li><b>{escape(each.label)}</b>{_picture(picture(each.image, each.image), f'{each.label}: the picture.')}"
        f"{_picture(_change(each.image - image), f'{each.label}: the change.')}"
        f"<span>{'✓' if each.reads == target else '✕'} reads {each.reads}</span></li>"
        for each in found
    ]
    untouched = f"<li><b>The digit</b>{_picture(picture(image, image), 'The untouched digit.')}</li>"
    return f'<ol class="beside">{untouched}{"".join(cards)}</ol>'


def _picture(colours: np.ndarray, alt: str) -> str:
    return f'<img src="{data_url(colours)}" alt="{escape(alt)}">'


def _change(change: Tensor) -> np.ndarray:
    return coloured(change[0].numpy(), theme(), "diverging", -1.0, 1.0)
