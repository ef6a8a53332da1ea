"""A network that a visitor trains: the settings, the digits it learns from, and how far it has come.

Nothing is shared but the digits, which are read-only: each visitor has a network and dice of their
own, and lives in their session.
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
from jsma.evaluation import fingerprint
from jsma.models import NETWORKS
from jsma.training import BATCH_SIZE, Progress, initialised, train
from pages.ui import resources
from pages.ui.networks import Network
from pages.ui.scheduling import held

EPOCHS = (1, 6)
SEEDS = (0, 9999)
LEARNING_RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)

PROBE = 300
"""About how many of MNIST's training digits are kept aside to look at while training."""

EVERY = 5
"""Of the UCI digits, one in so many of every class is kept aside."""

LOOKS = 25
"""About how often the accuracy is taken in a training."""


@dataclass(frozen=True)
class Settings:
    """What a visitor may choose; checked when made (ValueError), since a page's widgets can be bypassed."""

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
class Material:
    """Digits to learn from, and a `probe` kept aside from them, by which one sees how it goes.

    unseen: for a data set that the digits come from, the positions of those kept aside: only they may
    judge the network. Other data sets are unseen as a whole.
    """

    name: str
    lessons: Digits
    probe: Digits
    unseen: Mapping[str, Tensor] = field(default_factory=dict)


def mnist_is_here() -> bool:
    """Return whether MNIST can be read on this machine."""
    try:
        resources.digits("mnist")
    except MNISTUnavailable:
        return False
    return True


@st.cache_resource(max_entries=2, show_spinner="Loading the training digits …")
def material(mnist: bool) -> Material:
    """Return what networks are trained on: MNIST's training digits, or four fifths of the UCI digits."""
    if mnist:
        digits = jsma.load_mnist(split="train")
        lessons = digits.first(len(digits) - PROBE)
        probe = Digits(digits.name, digits.images[-PROBE:], digits.labels[-PROBE:])
        return Material("MNIST's training digits", lessons, probe)
    digits = resources.digits("uci")
    held = kept_aside(digits.labels)
    lessons, probe = (Digits(digits.name, digits.images[rows], digits.labels[rows]) for rows in (~held, held))
    return Material("the UCI digits", lessons, probe, {"uci": held.nonzero().flatten()})


def kept_aside(labels: Tensor) -> Tensor:
    """Return which digits are kept aside for testing, (N,) bool: in every class each fifth, always the same."""
    held = torch.zeros_like(labels, dtype=torch.bool)
    for label in range(10):
        held[(labels == label).nonzero().flatten()[EVERY - 1 :: EVERY]] = True
    return held


class State(Enum):
    """Where a training stands."""

    RUNNING = "running"
    COMPLETE = "complete"
    STOPPED = "stopped"
    FAILED = "failed"


class Training:
    """A training under way: it goes on while `advance` is called, and keeps what it has when it is stopped.

    A visitor's click starts a new run of the page while the old one may still be at its last batch, in
    another thread: they take turns. losses: of every batch so far; accuracies: (batches so far, share
    of the probe read right), in order.
    """

    def __init__(self, settings: Settings, material: Material) -> None:
        self.settings, self.material = settings, material
        self.lessons = max(1, round(settings.share * len(material.lessons)))
        self.batches = settings.epochs * math.ceil(self.lessons / BATCH_SIZE)
        self.module = initialised(settings.architecture, settings.seed)
        digits = material.lessons.first(self.lessons)
        self._batches = train(self.module, digits, settings.epochs, settings.seed, settings.learning_rate)
        self.losses: list[float] = []
        self.accuracies = [(0, accuracy(self.module, material.probe))]
        self.state, self.seconds = State.RUNNING, 0.0
        self._turn, self._stop_asked = Lock(), False

    @property
    def done(self) -> int:
        """How many batches have been learnt."""
        return len(self.losses)

    @property
    def epoch(self) -> int:
        """The epoch that the last batch belonged to, from 1."""
        return max(0, self.done - 1) * self.settings.epochs // self.batches + 1

    @property
    def seconds_left(self) -> float:
        """How long the rest takes if it goes on as so far."""
        return self.seconds / max(1, self.done) * (self.batches - self.done)

    def advance(self, seconds: float) -> None:
        """Train for about so long."""
        with held(self._turn):
            began = time.monotonic()
            while self.state is State.RUNNING and not self._stop_asked and time.monotonic() - began < seconds:
                self._one_batch()
                time.sleep(0.001)  # hands the interpreter to whoever waits for it
            self.seconds += time.monotonic() - began

    def stop(self) -> None:
        """End here and keep what has been learnt; nothing happens if the end has come already."""
        self._stop_asked = True
        with held(self._turn):
            if self.state is State.RUNNING:
                self._end(State.STOPPED)

    def network(self) -> Network:
        """Return what has been learnt as a network of which no accuracy is known yet."""
        name = self.settings.architecture
        label = NETWORKS[name].label
        key = f"own-{fingerprint(list(self.module.state_dict().values()))[:16]}"
        return Network(key, f"Your own ({label[0].lower()}{label[1:]})", name, self.module, {})

    def _one_batch(self) -> None:
        self.losses.append(next(self._batches).loss)
        if not math.isfinite(self.losses[-1]):
            self._end(State.FAILED)
        elif self.done == self.batches:
            self._end(State.COMPLETE)
        elif self.done % max(1, min(self.batches // LOOKS, 20)) == 0:
            self._look()

    def _look(self) -> None:
        self.accuracies.append((self.done, accuracy(self.module, self.material.probe)))

    def _end(self, state: State) -> None:
        self._batches.close()
        self._batches = (_ for _ in list[Progress]())  # lets go of the optimiser's memory
        self.module.zero_grad()
        self.module.eval()
        if not all(weights.isfinite().all() for weights in self.module.parameters()):
            state = State.FAILED
        if state is not State.FAILED and self.accuracies[-1][0] != self.done:
            self._look()
        self.state = state
