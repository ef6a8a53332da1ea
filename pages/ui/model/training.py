"""A network that a visitor trains: the settings, the digits it learns from, and how far it has come.

Only the digits are shared, which are read-only: each visitor has a network and a random generator of their
own, kept in their session.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from threading import Lock
from typing import Any

import streamlit as st
import torch
from torch import Tensor

import jsma
from jsma import Digits, MNISTUnavailable, accuracy
from jsma.models import NETWORKS
from jsma.training import BATCH_SIZE, Progress, initialised, train
from jsma.training_methods import EPSILON, TrainingMethod, fgsm
from pages.ui import networks, resources
from pages.ui.networks import Network
from pages.ui.scheduling import held

EPOCHS = (1, 6)
SEEDS = (0, 9999)
LEARNING_RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)

VALIDATION_DIGITS = 300
"""How many of MNIST's training digits are held out, to validate the network while it is trained."""

HELD_OUT_EVERY = 5
"""Of the UCI digits, one in so many of every class is held out."""

VALIDATIONS = 25
"""About how often the accuracy is measured in a training."""


@dataclass(frozen=True)
class TrainingSettings:
    """What a visitor may choose; raises ValueError for anything else, since a page's widgets can be bypassed."""

    architecture: str = "tutorial"
    epochs: int = 6
    learning_rate: float = 1e-3
    seed: int = 0
    share: float = 1.0

    def __post_init__(self) -> None:
        if self.architecture not in NETWORKS:
            raise ValueError(f"There is no network {self.architecture!r}; choose one of {', '.join(NETWORKS)}.")
        limits: dict[str, tuple[Any, tuple[float, float]]] = {
            "epochs": (int, EPOCHS),
            "seed": (int, SEEDS),
            "learning_rate": (float, (LEARNING_RATES[0], LEARNING_RATES[-1])),
            "share": (float, (SHARES[0], SHARES[-1])),
        }
        for name, (kind, (lowest, highest)) in limits.items():
            value = getattr(self, name)
            if not isinstance(value, kind) or not lowest <= value <= highest:
                what = "a whole number" if kind is int else "a number"
                label = name.replace("_", " ").capitalize()
                raise ValueError(f"{label} {value}: it must be {what} from {lowest:g} to {highest:g}.")


@dataclass(frozen=True, eq=False)
class Splits:
    """The digits to train on, `train`, and those held out to validate the network meanwhile, `validation`.

    held_out: by data set that `train` is a part of, the positions of the digits held out: only these may test
    the network. Of other data sets all digits may.
    """

    name: str
    train: Digits
    validation: Digits
    held_out: Mapping[str, Tensor] = field(default_factory=dict)


def mnist_is_here() -> bool:
    """Return whether MNIST can be read on this machine."""
    try:
        resources.digits("mnist")
    except MNISTUnavailable:
        return False
    return True


@st.cache_resource(max_entries=2, show_spinner="Loading the training digits …")
def splits(mnist: bool) -> Splits:
    """Return what networks are trained and validated on: MNIST's training digits, or four fifths of the UCI digits."""
    if mnist:
        digits = jsma.load_mnist(split="train")
        last = slice(-VALIDATION_DIGITS, None)
        validation = Digits(digits.name, digits.images[last], digits.labels[last])
        return Splits("MNIST's training digits", digits.first(len(digits) - VALIDATION_DIGITS), validation)
    digits = resources.digits("uci")
    out = held_out(digits.labels)
    training, validation = (Digits(digits.name, digits.images[rows], digits.labels[rows]) for rows in (~out, out))
    return Splits("the UCI digits", training, validation, {"uci": out.nonzero().flatten()})


def held_out(labels: Tensor) -> Tensor:
    """Return which digits are held out, (N,) bool: in every class each fifth, always the same ones."""
    out = torch.zeros_like(labels, dtype=torch.bool)
    for label in range(10):
        out[(labels == label).nonzero().flatten()[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY]] = True
    return out


class State(Enum):
    """Whether a training is running, and how it ended."""

    RUNNING = "running"
    COMPLETE = "complete"
    STOPPED = "stopped"
    FAILED = "failed"


class Training:
    """A training that continues whenever `advance` is called; when it is stopped, the network keeps its weights.

    A visitor's click starts a new run of the page while the old one may still compute its last batch, in
    another thread: a lock lets one wait for the other. losses: of every batch so far; accuracies: (batches
    so far, accuracy on the validation digits), in order; attacked_accuracies: the same for attacks by FGSM on these
    digits, for a method that is a defence.
    """

    def __init__(self, settings: TrainingSettings, splits: Splits) -> None:
        self.settings, self.splits = settings, splits
        self.train_count = max(1, round(settings.share * len(splits.train)))
        self.epochs = self.method.value.epochs(settings.epochs)
        self.batches = self.epochs * math.ceil(self.train_count / BATCH_SIZE)
        self.module = initialised(settings.architecture, settings.seed)
        digits = splits.train.first(self.train_count)
        self._batches = train(self.module, digits, settings.epochs, settings.seed, settings.learning_rate, self.method)
        self.losses: list[float] = []
        self.accuracies: list[tuple[int, float]] = []
        self.attacked_accuracies: list[tuple[int, float]] = []
        self._validate()
        self.state, self.seconds = State.RUNNING, 0.0
        self._lock, self._stop_asked = Lock(), False

    @property
    def done(self) -> int:
        """How many batches the network has been trained on."""
        return len(self.losses)

    @property
    def epoch(self) -> int:
        """The epoch that the last batch belonged to, from 1."""
        return max(0, self.done - 1) * self.epochs // self.batches + 1

    @property
    def method(self) -> TrainingMethod:
        """How the network is trained."""
        return NETWORKS[self.settings.architecture].method

    @property
    def seconds_left(self) -> float:
        """How many seconds the rest takes at the speed so far."""
        return self.seconds / max(1, self.done) * (self.batches - self.done)

    def advance(self, seconds: float) -> None:
        """Train for about so many seconds."""
        with held(self._lock):
            began = time.monotonic()
            while self.state is State.RUNNING and not self._stop_asked and time.monotonic() - began < seconds:
                self._one_batch()
                time.sleep(0.001)  # lets other threads run
            self.seconds += time.monotonic() - began

    def stop(self) -> None:
        """End the training now and keep the weights; does nothing if it has ended already."""
        self._stop_asked = True
        with held(self._lock):
            if self.state is State.RUNNING:
                self._end(State.STOPPED)

    def network(self) -> Network:
        """Return the trained network, with no accuracy yet."""
        return networks.own(self.settings.architecture, self.module, {}, next(iter(self.splits.held_out), ""))

    def _one_batch(self) -> None:
        self.losses.append(next(self._batches).loss)
        if not math.isfinite(self.losses[-1]):
            self._end(State.FAILED)
        elif self.done == self.batches:
            self._end(State.COMPLETE)
        elif self.done % max(1, min(self.batches // VALIDATIONS, 20)) == 0:
            self._validate()

    def _validate(self) -> None:
        digits = self.splits.validation
        self.accuracies.append((self.done, accuracy(self.module, digits)))
        if self.method.value.is_defence:
            attacked = Digits(digits.name, fgsm(self.module, digits.images, digits.labels, EPSILON), digits.labels)
            self.attacked_accuracies.append((self.done, accuracy(self.module, attacked)))

    def _end(self, state: State) -> None:
        self._batches.close()
        self._batches = (_ for _ in list[Progress]())  # frees the optimiser's memory
        self.module.zero_grad()
        self.module.eval()
        if not all(weights.isfinite().all() for weights in self.module.parameters()):
            state = State.FAILED
        if state is not State.FAILED and self.accuracies[-1][0] != self.done:
            self._validate()
        self.state = state
