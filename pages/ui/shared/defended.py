"""The defended models, and attacks on them as the comparison draws them; each attack is computed once for all."""

from dataclasses import dataclass

import streamlit as st
import torch
from torch import Tensor

from jsma import Attack, Digits, Output, Report, evaluate_in_parts, jacobian
from jsma.defences import PROTECTED, load_subject, subjects
from jsma.models import NETWORKS
from pages.ui.cache import computed
from pages.ui.networks import Network, network
from pages.ui.scheduling import Proceed
from pages.ui.shared.comparison.methods import MEASURED, Moment, looks, sign

ATTACKS = {name: MEASURED[name] for name in ("jsma-logits", "jsma-probabilities", "tjsma-both")}
"""The attacks that defences are measured with, by the names of the files: their labels."""

LESSON = "A defence counts only against an attacker who knows it."
"""What the page Defend and chapter 7 are to teach."""

LOOKS = looks(dict.fromkeys([*subjects(), *NETWORKS]))


@dataclass(frozen=True)
class Look:
    """The name of a defence, and its line and mark as SVG."""

    label: str
    sign: str


@dataclass(frozen=True)
class Defended:
    """What a defended model reads at every step of an attack. reason: a sentence on why the attack ended so early."""

    method: Look
    target: int
    moments: tuple[Moment, ...]
    success: bool
    ending: str
    reason: str | None

    @property
    def end(self) -> Moment:
        """The last iteration."""
        return self.moments[-1]


@dataclass(frozen=True)
class Scale:
    """How large the derivatives of a target are at a digit: of its logit, of its probability; zeros: the share of 0.

    lead: by how much the largest logit exceeds the second.
    """

    logit: float
    probability: float
    zeros: float
    lead: float


def model(name: str) -> Network:
    """Return the model `name`, of `jsma.defences.subjects` or `NETWORKS`; if it cannot be loaded, end the page."""
    return network(name) if name in NETWORKS else _behind(name, network(PROTECTED).architecture)


@st.cache_resource(max_entries=8, show_spinner="Loading the network …")
def _behind(name: str, architecture: str) -> Network:
    return Network(name, subjects()[name], architecture, load_subject(name), {})


def attacked(name: str, image: Tensor, target: int, attack: Attack, knows: bool, own: bool) -> Defended:
    """Return what the model `name` reads while image (1, H, W) is attacked towards `target`.

    knows: whether the attack is made for this model, or for the undefended network; own: whether the digit is the
    visitor's.
    """
    maker = name if knows else PROTECTED
    return computed(_attacked, model(maker), model(name), image, target, attack, own=own)


def _attacked(
    maker: Network, reader: Network, image: Tensor, target: int, attack: Attack, proceed: Proceed
) -> Defended:
    steps = []
    for step in attack.steps(maker.module, image, target):
        proceed()
        steps.append(step)
    images = torch.stack([step.image for step in steps])
    with torch.no_grad():
        logits = reader.module(images)
    end, name = steps[-1], reader.key
    assert end.stop is not None, "the last step says why it is the last"
    success = int(logits[-1].argmax()) == target
    if maker.key == name:
        ending, reason = end.stop.title, end.reason
    else:
        ending, reason = f"Reads the target: {'yes' if success else 'no'}", None
    moments = tuple(_moments(images.flatten(1), logits, target))
    return Defended(
        Look(subjects().get(name, reader.label), sign(*LOOKS[name])), target, moments, success, ending, reason
    )


def _moments(images: Tensor, logits: Tensor, target: int) -> list[Moment]:
    """Return what is read at every step; images: (K, n), logits: (K, classes)."""
    probabilities, before, moments = logits.softmax(dim=1), images[0], []
    for k, now in enumerate(images):
        reads, moved = int(logits[k].argmax()), (now != before).nonzero().flatten().tolist()
        moments.append(
            Moment(
                iteration=k,
                reads=reads,
                sure=probabilities[k, reads].item(),
                probability=probabilities[k, target].item(),
                logit=logits[k, target].item(),
                changed=int((now != images[0]).sum()),
                moves=tuple((pixel, now[pixel].item()) for pixel in moved),
                analysis=None,
                refused=False,
            )
        )
        before = now
    return moments


def scale(name: str, image: Tensor, target: int, own: bool) -> Scale:
    """Return how large the derivatives of the model `name` are at image (1, H, W)."""
    return computed(_scale, model(name), image, target, own=own)


def _scale(network: Network, image: Tensor, target: int, proceed: Proceed) -> Scale:
    logit, probability = (jacobian(network.module, image[None], output)[0, target].abs() for output in Output)
    with torch.no_grad():
        first, second = network.module(image[None])[0].topk(2).values.tolist()
    zeros = (probability == 0).double().mean().item()
    return Scale(logit.max().item(), probability.max().item(), zeros, first - second)


def first_of_each_class(digits: Digits) -> Digits:
    """Return the first digit of each class that there is: of a visitor's own digits, some may lack."""
    chosen = torch.cat([digits.of_class(label)[:1] for label in range(10)])
    return Digits(digits.name, digits.images[chosen], digits.labels[chosen])


def sample(name: str, digits: Digits, attack: Attack, own: bool) -> Report:
    """Return the report of `attack` on the model `name`, each of `digits` towards all other classes."""
    return computed(_sample, model(name), digits.images, digits.labels, attack, own=own)


def _sample(network: Network, images: Tensor, labels: Tensor, attack: Attack, proceed: Proceed) -> Report:
    *_, report = evaluate_in_parts(
        network.module, Digits("sample", images, labels), attack, progress=lambda *_: proceed()
    )
    return report
