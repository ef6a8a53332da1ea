"""The maps of one digit and their measures, each computed once for all who ask for the same."""

from dataclasses import dataclass

import torch
from torch import Tensor

from jsma import Attack
from jsma.explanations import Change, Question, explain, maps_of
from jsma.measures import Curve, MapAttack, attack_by_map, deletion, insertion, randomised, spearman
from pages.ui.cache import computed
from pages.ui.networks import Network
from pages.ui.scheduling import Proceed

RANDOM = "random"
"""The name of a map of random numbers, with which deletion and insertion are compared."""


@dataclass(frozen=True, eq=False)
class Subject:
    """What is explained and attacked: a digit (1, H, W), the class that the network reads, and the target.

    name: of digit, target and network, the same for the same; baseline and samples: as in
    `jsma.explanations.Question`; own: whether the digit belongs to this visitor only.
    """

    name: str
    network: Network
    image: Tensor
    explained: int
    target: int
    baseline: float
    samples: int
    own: bool

    @property
    def asked(self) -> tuple[Network, Tensor, int, int, float, int]:
        """What the functions of this module take first."""
        return self.network, self.image, self.explained, self.target, self.baseline, self.samples

    @property
    def limit(self) -> int:
        """How many pixels an attack may change: as many as with the paper's γ."""
        return 2 * Attack().iterations(self.image.numel())


def maps(subject: Subject) -> dict[str, Tensor]:
    """Return every map that the network has, (1, H, W), by name. Raises what `jsma.explanations.explain` raises."""
    return computed(_maps, *subject.asked, own=subject.own, note="Computing the maps …")


def curves(subject: Subject) -> dict[str, tuple[Curve, Curve]]:
    """Return deletion and insertion by each map, and by random numbers."""
    return computed(_curves, *subject.asked, own=subject.own, note="Deleting and inserting pixels …")


def race(subject: Subject, name: str, change: Change, again: bool) -> MapAttack:
    """Return the attack by the map `name`; for their arguments see `jsma.measures.attack_by_map`."""
    return computed(_race, *subject.asked, name, change, again, subject.limit, own=subject.own)


def resemblance(subject: Subject, layers: int) -> dict[str, float]:
    """Return the rank correlation of every map with that of the network whose last `layers` layers are random."""
    return computed(_resemblance, *subject.asked, layers, own=subject.own, note="Randomising a layer …")


def _maps(
    network: Network, image: Tensor, explained: int, target: int, baseline: float, samples: int, proceed: Proceed
) -> dict[str, Tensor]:
    found = {}
    for name in maps_of(network.module, image):
        proceed()
        found[name] = explain(name, network.module, image, Question(explained, target, baseline, samples))
    return found


def _curves(
    network: Network, image: Tensor, explained: int, target: int, baseline: float, samples: int, proceed: Proceed
) -> dict[str, tuple[Curve, Curve]]:
    found = _maps(network, image, explained, target, baseline, samples, proceed)
    found[RANDOM] = torch.rand(image.shape, generator=torch.Generator().manual_seed(0))
    both = {}
    for name, values in found.items():
        proceed()
        asked = network.module, image, values, explained, baseline
        both[name] = deletion(*asked), insertion(*asked)
    return both


def _race(
    network: Network,
    image: Tensor,
    explained: int,
    target: int,
    baseline: float,
    samples: int,
    name: str,
    change: Change,
    again: bool,
    limit: int,
    proceed: Proceed,
) -> MapAttack:
    question = Question(explained, target, baseline, samples, change)
    return attack_by_map(name, network.module, image, question, limit, again, proceed)


def _resemblance(
    network: Network,
    image: Tensor,
    explained: int,
    target: int,
    baseline: float,
    samples: int,
    layers: int,
    proceed: Proceed,
) -> dict[str, float]:
    question, other = Question(explained, target, baseline, samples), randomised(network.module, layers)
    found = {}
    for name in maps_of(network.module, image):
        proceed()
        pair = (explain(name, module, image, question).abs() for module in (network.module, other))
        found[name] = spearman(*pair)
    return found
