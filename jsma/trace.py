"""Attacks on several images, advanced together: each joins and leaves when it likes, as in servers of language models.

One turn for eight images costs about as much as for three alone.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor

from .attack import Attack, Step, resolve_targets
from .features import Features, batch_of_one, prepare, shapes_explained
from .network import Model, network_of


class Trace:
    """An attack on one image (C, H, W) in [0, 1] towards class `target`, which `advance` carries on step by step.

    steps: those so far, as `Attack.steps` yields them.
    """

    def __init__(self, attack: Attack, model: Model, image: Tensor, target: int) -> None:
        self.attack, self.model, self.image, self.target = attack, network_of(model), image, target
        self.steps: list[Step] = []
        self._state: _State | None = None

    def begin(self) -> "_State":
        """Check model, image and target, unless that is done; raises ValueError as `Attack.steps` does."""
        if self._state is None:
            image, features = prepare(batch_of_one(self.image), self.model, theta=self.attack.theta)
            image = image.clone()  # not the caller's memory
            with shapes_explained(image):
                self.model.check(image)
                label, untargeted = resolve_targets(self.model, image, self.target)
            if untargeted:
                raise ValueError(f"The target is {self.target!r}; it must be a class as a whole number, such as 3.")
            self._state = _State(image, image, label, features, self.attack.budget(image.numel()))
        return self._state

    @property
    def kind(self) -> Hashable:
        """What attacks have in common that can be advanced together: settings, model, and the images' shape."""
        return self.attack, self.model.model, self.image.shape, self.image.dtype

    @property
    def ended(self) -> bool:
        """Whether the last step has been taken."""
        return bool(self.steps) and self.steps[-1].stop is not None


@dataclass
class _State:
    """Where an attack is: original and image (1, C, H, W), label (1,) int64; limit: of pairs."""

    original: Tensor
    image: Tensor
    label: Tensor
    features: Features
    limit: int


def advance(traces: Sequence[Trace]) -> None:
    """Add the next step to each of `traces`, all of one kind, in one batch.

    The steps are those of `Attack.steps`, except for ties within rounding errors: in float32 a batch of another size
    rounds otherwise. Raises ValueError for attacks that have ended or cannot go together, and as `Attack.steps` does.

    >>> from jsma import load_model, load_uci_digits
    >>> images, model = load_uci_digits().images, load_model("tutorial")
    >>> traces = [Trace(Attack(), model, images[k], 3) for k in (0, 1)]
    >>> while under_way := [trace for trace in traces if not trace.ended]:
    ...     advance(under_way)
    >>> [(len(trace.steps), trace.steps[-1].stop.name) for trace in traces]
    [(12, 'REACHED_TARGET'), (9, 'REACHED_TARGET')]
    """
    states = [each.begin() for each in traces]
    if not states:
        return
    if len({each.kind for each in traces}) > 1:
        raise ValueError("Attacks advance together if they have the same settings, model and shape of images.")
    if any(each.ended for each in traces):
        raise ValueError("An attack that has ended cannot be advanced.")
    attack, model, features = traces[0].attack, traces[0].model, states[0].features
    originals, images, labels = (
        torch.cat([getattr(state, name) for state in states]) for name in ("original", "image", "label")
    )  # (N, C, H, W), (N, C, H, W), (N,)
    left = [len(trace.steps) < state.limit for trace, state in zip(traces, states, strict=True)]
    budget_left = torch.tensor(left, device=images.device)
    turn = attack._turn(model, None, features, originals, images, labels, budget_left)
    for k, (trace, state) in enumerate(zip(traces, states, strict=True)):
        own = _alone(turn, k)
        settings = model, None, features, state.original, state.image, state.label
        reason = attack._reason(*settings) if own.lacks_pair else None
        trace.steps.append(attack._step(model, len(trace.steps), state.image, state.original, own, reason))
        state.image = own.changed_images


def _alone(record: Any, k: int) -> Any:
    """Return tensors (N, ...), or a record of such, for image `k` alone: (1, ...)."""
    if isinstance(record, Tensor):
        return record[k : k + 1]
    return replace(record, **{each.name: _alone(getattr(record, each.name), k) for each in fields(record)})
