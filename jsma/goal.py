"""What an attack is after, for searches that change single features: its margin, and which change promises most."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .features import Features
from .network import Network, forward, logits_only
from .rules import Untargeted
from .saliency import Direction

SAMPLES_AT_ONCE, ATTACKS_AT_ONCE, FEATURES_AT_ONCE = 256, 128, 1 << 21
"""The largest batch: a number of samples; how many attacks are carried on side by side; the features of either."""


def margins(logits: Tensor, labels: Tensor, untargeted: Untargeted | None) -> Tensor:
    """Return (N,), the target's logit minus the largest other; without a target, with the opposite sign.

    logits: (N, classes); labels: (N,), as `jsma.attack.resolve_targets` returns them. The attack has succeeded where
    the margin is above 0.
    """
    label = labels[:, None]
    others = logits.scatter(1, label, -torch.inf).amax(dim=1)
    lead = logits.gather(1, label).squeeze(1) - others
    return lead if untargeted is None else -lead


@dataclass(frozen=True, eq=False)
class Goal:
    """The goals of N attacks: originals (N, *shape), labels (N,) and the kind of untargeted attack, None for a target.

    In its functions samples are flat, (M, n), and owners (M,) says of which attack each is.
    """

    network: Network
    features: Features
    originals: Tensor
    labels: Tensor
    untargeted: Untargeted | None

    @property
    def flat(self) -> Tensor:
        """The originals, (N, n)."""
        return self.originals.flatten(1)

    def of(self, rows: Tensor) -> "Goal":
        """Return the goals of the attacks `rows` (M,)."""
        features = self.features.of(rows)
        return replace(self, features=features, originals=self.originals[rows], labels=self.labels[rows])

    def in_groups(self, rows: Tensor, copies: int) -> tuple[Tensor, ...]:
        """Return the attacks `rows` in groups that are small enough for so many copies of each sample at a time."""
        at_once = max(1, min(ATTACKS_AT_ONCE, FEATURES_AT_ONCE // (self.originals[0].numel() * copies)))
        return tuple(rows.split(at_once))

    def shaped(self, samples: Tensor) -> Tensor:
        """Return samples (M, n) as (M, *shape)."""
        return samples.view(-1, *self.originals.shape[1:])

    def batches(self, *tensors: Tensor) -> zip:  # type: ignore[type-arg]
        """Return the tensors (M, ...) in parts that are small enough for one pass."""
        at_once = max(1, min(SAMPLES_AT_ONCE, FEATURES_AT_ONCE // self.originals[0].numel()))
        return zip(*(tensor.split(at_once) for tensor in tensors), strict=True)

    @torch.no_grad()
    def margins(self, samples: Tensor, owners: Tensor) -> Tensor:
        """Return the margins of samples (M, n), (M,)."""
        found = [samples.new_empty(0)]
        for part, owner in self.batches(samples, owners):
            found.append(margins(logits_only(self.network, self.shaped(part)), self.labels[owner], self.untargeted))
        return torch.cat(found)

    def promising(self, samples: Tensor, owners: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Return the `count` changes of each sample that raise its margin most: the features, and the values they get.

        Both (M, count); samples: (M, n). A change moves an unchanged feature to one end of its range; what it does is
        estimated to first order, derivative × room, as in TJSMA. Where fewer can change, the index is -1.
        """
        chosen, ends = [], []
        for part, owner in self.batches(samples, owners):
            goal, images = self.of(owner), self.shaped(part)
            leaf, logits = forward(self.network, images)
            (gradient,) = torch.autograd.grad(margins(logits, goal.labels, self.untargeted).sum(), leaf)
            gains = [
                (direction.sign * gradient * self.features.room(images, direction))
                .masked_fill(~goal.features.domain(goal.originals, images, direction), -torch.inf)
                .masked_fill(images != goal.originals, -torch.inf)
                .flatten(1)
                for direction in (Direction.INCREASE, Direction.DECREASE)
            ]  # (M, n) each
            gain, change = torch.cat(gains, dim=1).topk(count, dim=1)  # (M, count) each
            feature, rises = change % part.shape[1], change < part.shape[1]
            low, high = (end.expand_as(images).flatten(1) for end in (self.features.low, self.features.high))
            ends.append(torch.where(rises, high.gather(1, feature), low.gather(1, feature)))
            chosen.append(feature.masked_fill(gain == -torch.inf, -1))
        return torch.cat(chosen), torch.cat(ends)


def with_changes(samples: Tensor, features: Tensor, values: Tensor) -> Tensor:
    """Return samples (M, n), each once for each of its `features` (M, k), with this one set to its value: (M, k, n)."""
    tried = samples[:, None].repeat(1, features.shape[1], 1)  # (M, k, n)
    return tried.scatter(2, features.clamp(min=0)[:, :, None], values[:, :, None])
