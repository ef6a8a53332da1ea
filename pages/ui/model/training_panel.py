"""Train your own: choose, watch, stop, and take the network to every page."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st
from torch import Tensor

from jsma import MNISTUnavailable
from jsma.data import DATA_SETS
from jsma.glossary import TERMS
from jsma.models import NETWORKS
from jsma.training_methods import EPSILON
from pages.ui import access, navigation, networks, resources, session
from pages.ui.choice import OWN, data_labels
from pages.ui.formatting import percent
from pages.ui.model import readings
from pages.ui.model.training import (
    EPOCHS,
    LEARNING_RATES,
    SEEDS,
    SHARES,
    VALIDATION_DIGITS,
    State,
    Training,
    TrainingSettings,
    held_out,
    mnist_is_here,
    splits,
)
from pages.ui.outside import plain
from pages.ui.shared import charts
from pages.ui.turns import turns

SECONDS_PER_UPDATE = 0.3
"""How long is trained between two updates of the curves."""


def panel(theme: str) -> None:
    """Draw the settings, or the training that is running, or what the last one gave."""
    st.header("Train your own", anchor=False)
    training = st.session_state.get("training")
    watching, choosing = st.empty(), st.empty()  # a place each, so that one is gone as soon as the other is drawn
    if training is not None and not _settled(training):
        with watching.container():
            _watch(training, theme)
    with choosing.container():
        if training is not None:
            _show_end(training, theme)
        _choose(None if training is None else training.settings)


def test_positions(data: str) -> Tensor | slice:
    """Return the positions of those digits of `data` that may test the visitor's own network: held out, or all."""
    if networks.network(OWN).trained_on != data:
        return slice(None)
    return held_out(resources.digits(data).labels).nonzero().flatten()


def _settled(training: Training) -> bool:
    """Return whether the training needs no further work: its network is in use, or it failed."""
    return training.state is State.FAILED or st.session_state.get("own_training") is training


def _choose(last: TrainingSettings | None) -> None:
    from_mnist = mnist_is_here()
    count = 60_000 - VALIDATION_DIGITS if from_mnist else len(splits(from_mnist).train)
    last = last or (TrainingSettings(epochs=3, share=0.1) if from_mnist else TrainingSettings())
    st.markdown(_which_digits(from_mnist))
    columns = st.columns(5, vertical_alignment="bottom")
    settings: dict[str, Any] = {
        "architecture": columns[0].selectbox(
            "Network",
            list(NETWORKS),
            list(NETWORKS).index(last.architecture),
            lambda name: NETWORKS[name].label,
            key="train-architecture",
            help="The layers of the new network, and how it is trained. To see them above, choose this network in the "
            "sidebar. " + " ".join(f"**{entry.label}**: {entry.method.meaning}" for entry in NETWORKS.values()),
        ),
        "epochs": columns[1].slider("Epochs", *EPOCHS, last.epochs, key="train-epochs", help=TERMS["epoch"]),
        "learning_rate": columns[2].select_slider(
            "Learning rate",
            LEARNING_RATES,
            last.learning_rate,
            "{:g}".format,
            key="train-rate",
            help=TERMS["learning rate"],
        ),
        "share": columns[3].select_slider(
            "Share of the digits",
            SHARES,
            last.share,
            "{:.0%}".format,
            key="train-share",
            help=f"How many of the {count:,} digits it may learn from are used. Fewer take less time, but the network "
            "reads less well.",
        ),
        "seed": columns[4].number_input("Seed", *SEEDS, last.seed, key="train-seed", help=TERMS["seed"]),
    }
    if st.button("Train", key="train", icon=":material/play_arrow:"):
        try:
            st.session_state.training = Training(TrainingSettings(**settings), splits(from_mnist))
        except (ValueError, MNISTUnavailable) as problem:
            st.error(plain(problem), icon=":material/info:")
        else:
            access.focus_on("stop", "button")
            st.rerun()


def _which_digits(from_mnist: bool) -> str:
    where = (
        f"It is trained on **MNIST's 60,000 training digits**, all but {VALIDATION_DIGITS}, which are held out: during "
        "training they show how well it reads digits that it has not seen. Afterwards it is tested on MNIST's test "
        "set and the UCI digits."
        if from_mnist
        else "MNIST is not on this machine, so it is trained on **the UCI digits**. One in five of every class is "
        "held out, always the same ones. The network is never trained on these; it is tested on them alone."
    )
    return f"Training starts from random weights, and you can watch it. {where}"


def _watch(training: Training, theme: str) -> None:
    """Train while the visitor stays on this page; then test the network and use it on every page."""
    st.markdown(f"{_in_words(training)} It pauses while you are on another page.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Stop and keep it",
            key="stop",
            icon=":material/stop:",
            on_click=training.stop,
            disabled=training.state is not State.RUNNING,
        )
        bar = st.progress(0.0, " ")
    waiting = st.empty()
    places = [column.empty() for column in st.columns(2)]
    _draw_curves(training, places, theme)
    for _ in turns(waiting, lambda: training.state is State.RUNNING):
        training.advance(SECONDS_PER_UPDATE)
        bar.progress(training.done / training.batches, _where(training))
        _draw_curves(training, places, theme)
    if training.state is not State.FAILED:
        _put_to_use(
            training, lambda data, share: bar.progress(share, f"Reading {data_labels()[data]} to test it: {share:.0%}")
        )
    st.rerun()


def _where(training: Training) -> str:
    left = training.seconds_left
    time_left = f"about {left / 60:.0f} min left" if left > 100 else f"about {left:.0f} s left"
    return (
        f"Epoch {training.epoch} of {training.epochs}, batch {training.done:,} of {training.batches:,}, "
        f"loss {training.losses[-1]:.3f}, {time_left}"
        if training.done
        else "Starting …"
    )


def _put_to_use(training: Training, progress: Callable[[str, float], object]) -> None:
    """Test the network on the data sets that are here, and make it the one under attack on every page."""
    trained, right = training.network(), {}
    for data in data_labels():
        try:
            labels = resources.digits(data).labels
        except MNISTUnavailable:
            continue
        reads = readings.outputs(data, trained, partial(progress, data)).argmax(dim=1)
        rows = training.splits.held_out.get(data, slice(None))
        right[data] = (reads == labels)[rows].double().mean().item()
    networks.keep_own(replace(trained, accuracy=right))
    st.session_state.own_training = training
    session.request(replace(session.requested(), model=OWN))


def _draw_curves(training: Training, places: list, theme: str) -> None:
    done, batches = training.done, training.batches
    last = f"{training.losses[-1]:.3f} at batch {done} of {batches}" if done else "not known yet"
    if training.state is not State.FAILED:
        places[0].vega_lite_chart(
            charts.loss(training.losses, batches, theme), alt=f"The loss of every batch. The last: {last}."
        )
    at, share = training.accuracies[-1]
    places[1].vega_lite_chart(
        charts.accuracy(training.accuracies, batches, theme, training.attacked_accuracies),
        alt=f"The share of the digits held out that is read right: {percent(share)} after batch {at} of {batches}."
        f"{_attacked_in_words(training)}",
    )


def _show_end(training: Training, theme: str) -> None:
    """Say how the training ended, and how well the network reads."""
    settings = training.settings
    if training.state is State.FAILED:
        st.warning(
            f"After batch {training.done} of {training.batches} the weights were no longer finite numbers: the "
            f"learning rate of {settings.learning_rate:g} was too high. This network is not kept. Try a smaller "
            "learning rate.",
            icon=":material/info:",
        )
        return
    ended = (
        f"**Stopped after batch {training.done:,} of {training.batches:,}.** The network is kept as it was at this "
        "batch."
        if training.state is State.STOPPED
        else f"**Done: {training.batches:,} batches in {training.seconds:.0f} s.**"
    )
    st.markdown(f"{ended} {_in_words(training)} {_results(training)}")
    st.markdown(
        "Every page now uses it in place of the shipped networks, for you alone; this browser keeps it. In the sidebar "
        "you can change between the networks at any time."
    )
    navigation.link_to_lab("Attack it in the lab", ":material/arrow_forward:")
    places = [column.empty() for column in st.columns(2)]
    _draw_curves(training, places, theme)
    if not training.done:
        return
    st.caption(
        f"Left, the loss of every batch: from {training.losses[0]:.3f} to {training.losses[-1]:.3f}. Right, the share "
        f"of the {len(training.splits.validation):,} digits held out that is read right: from "
        f"{percent(training.accuracies[0][1])} before the first batch to {percent(training.accuracies[-1][1])}."
        f"{_attacked_in_words(training)}",
        help=f"**Loss**: {TERMS['loss']} **Batch**: {TERMS['batch']}",
    )


def _attacked_in_words(training: Training) -> str:
    """Return a sentence on the second curve, of the accuracy under attack, where it is drawn."""
    if not training.attacked_accuracies:
        return ""
    share = percent(training.attacked_accuracies[-1][1])
    return f" With squares: the same digits after FGSM has moved every pixel by {EPSILON:g}; the last: {share}."


def _in_words(training: Training) -> str:
    """Return one sentence on the network, the digits and the settings of the training."""
    settings = training.settings
    epochs = f"{settings.epochs} epoch{'s' if settings.epochs > 1 else ''}"
    if training.method.value.with_teacher:
        epochs += " for the teacher and as many for the network itself, which begins again in the middle"
    return (
        f"{NETWORKS[settings.architecture].label}, {training.train_count:,} of {training.splits.name}, {epochs}, "
        f"learning rate {settings.learning_rate:g}, seed {settings.seed}."
    )


def _results(training: Training) -> str:
    """Return how well the network reads, each share with what it is a share of."""
    own, parts = networks.network(OWN), []
    for data, share in own.accuracy.items():
        rows = training.splits.held_out.get(data)
        count = len(resources.digits(data)) if rows is None else len(rows)
        of = f"the {count:,} {DATA_SETS[data].digits}{'' if rows is None else ' held out'}"
        parts.append(f"**{percent(share)}** of {of}")
    return f"It reads {' and '.join(parts)} right."
