"""Views of a network and of one digit on its way through it."""

import streamlit as st
from torch import Tensor

from jsma.export import picture
from jsma.glossary import TERMS
from pages.ui.formatting import an, percent
from pages.ui.model import maps
from pages.ui.shared import charts
from pages.ui.shared.anatomy import Layer, as_maps
from pages.ui.tiles import data_url


def layer_table(layers: list[Layer]) -> None:
    """List the layers with what they do, their output shapes and their parameters."""
    st.header("Layer by layer", anchor=False)
    total = sum(layer.parameters for layer in layers)
    st.markdown(
        "The input is a digit of 28 × 28 numbers, 0 for black and 1 for white; the output is ten numbers. Between "
        f"them are **{len(layers)} layers** with **{total:,} parameters** in all.",
        help=TERMS["parameter"],
    )
    rows = [
        {
            "No.": layer.number,
            "Layer": layer.kind,
            "What it does": layer.does,
            "Output": layer.shape,
            "Parameters": f"{layer.parameters:,}" if layer.parameters else "none",
            "Counted as": layer.counted,
        }
        for layer in layers
    ]
    alt = "The layers, with the shape of each one's output and how many parameters it has."
    with st.container(key="layers"):
        st.table(rows, border="horizontal", hide_index=True, alt=alt)


def ten_outputs(logits: Tensor, digit: int, theme: str) -> None:
    """Show the ten logits (10,) of the digit at hand, a `digit`, and what softmax makes of them."""
    st.header("How it reads this digit", anchor=False)
    probabilities = logits.softmax(dim=0)
    reads = int(probabilities.argmax())
    verdict = "rightly" if reads == digit else "wrongly"
    st.markdown(
        f"It reads this {digit} {verdict} as {an(reads, '**')}, {percent(probabilities[reads].item())} sure. Softmax "
        "turns the logits on the left into the probabilities on the right.",
        help=f"**Logit**: {TERMS['logit']} **Softmax**: {TERMS['softmax']}",
    )
    kinds = ((logits, "logit", ".2f"), (probabilities, "probability", ".1%"))
    for side, (values, name, form) in zip(st.columns(2), kinds, strict=True):
        numbers = ", ".join(f"{label}: {value:{form}}" for label, value in enumerate(values.tolist()))
        chart = charts.outputs(values, digit, name, form, theme)
        side.vega_lite_chart(chart, alt=f"The ten outputs, each a {name}. {numbers}")


def first_filters(weights: Tensor, image: Tensor, answers: Tensor, theme: str) -> None:
    """Show all filters of the first layer (K, h, w), and the outputs of one; answers: those of all, (K, H, W)."""
    count, height, width = weights.shape
    st.header("What the first layer detects", anchor=False)
    st.markdown(
        f"Each of its {count} filters is a small picture of {height} × {width} weights. It is moved over the digit. At "
        "every place each weight is multiplied by the pixel below it, and the sum is the filter's output there. "
        "Orange weights are positive, so ink raises the output; blue ones are negative.",
        help=TERMS["filter"],
    )
    whole, one = st.columns([2, 3], gap="large")
    filters = data_url(maps.sheet(weights, theme, square=True))
    whole.image(filters, width="stretch", alt=f"The {count} filters of the first layer.")
    with one:
        strongest = int(answers.amax(dim=(1, 2)).argmax())
        chosen = st.slider("Filter", 1, count, strongest + 1, key=f"filter-of-{count}") - 1
        _at_work(image, weights[chosen], answers[chosen], f"filter {chosen + 1}", theme)
        st.caption(f"On this digit filter {strongest + 1} has the highest output of all filters.")


def _at_work(image: Tensor, weights: Tensor, answers: Tensor, name: str, theme: str) -> None:
    pictures = {
        "the digit": picture(image, image, scale=8),
        name: maps.sheet(weights[None], theme),
        "its outputs": maps.sheet(answers[None], theme),
    }
    with st.container(key="at-work"):
        for column, (title, colours) in zip(st.columns(3, gap="small"), pictures.items(), strict=True):
            column.image(data_url(colours), title, width="stretch", alt=title)
    row, at = divmod(int(answers.argmax()), answers.shape[1])
    st.caption(
        f"Weights from {_number(weights.min())} to {_number(weights.max())}. Outputs from {_number(answers.min())} to "
        f"{_number(answers.max())}, the highest in row {row}, column {at} of {answers.shape[0]} × {answers.shape[1]}, "
        "counted from 0."
    )


def feature_maps(layers: list[Layer], theme: str) -> None:
    """Show the feature maps of the digit after a layer that the visitor chooses."""
    st.header("The digit after each layer", anchor=False)
    names = [f"{layer.number} {layer.kind}: {layer.shape}" for layer in layers]
    key = f"after-of-{len(layers)}"
    place = st.selectbox(
        "After layer", range(len(layers)), format_func=names.__getitem__, key=key, help=TERMS["feature map"]
    )
    values = as_maps(layers[place].output)
    alt = f"The values after layer {place + 1}, each map a small picture."
    st.image(data_url(maps.sheet(values, theme)), width="stretch", alt=alt)
    st.caption(
        f"{values.numel():,} values in {len(values):,} maps of {values.shape[1]} × {values.shape[2]}, from "
        f"{_number(values.min())} (blue where negative) to {_number(values.max())} (orange where positive). "
        f"{percent((values == 0).double().mean().item())} of them are exactly 0."
    )
    with st.popover("As a table"):
        columns = {"map": range(1, len(values) + 1)}
        columns |= {name: getattr(values, of)(dim=(1, 2)).tolist() for name, of in _SUMMARY.items()}
        st.dataframe(columns, hide_index=True)


_SUMMARY = {"lowest": "amin", "mean": "mean", "highest": "amax"}


def _number(value: Tensor) -> str:
    return f"{float(value):.2f}".replace("-", "−")
