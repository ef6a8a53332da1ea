"""Attacks on several images, advanced together: each joins and leaves when it likes, as in servers of language models.

One turn for eight images costs about as much as for three alone.
"""

from collections.abc import Hashable, Sequence
from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor

from .attack import Attack, Step, resolve_targets
from .features import batch_of_one, prepare, shapes_explained
from .network import Model, network_of


class Trace:
    """An attack under way on one image (C, H, W) in [0, 1] towards class `target`; `advance` carries it on.

    steps: those so far, as `Attack.steps` yields them. Raises ValueError as `Attack.steps` does.
    """

    def __init__(self, attack: Attack, model: Model, image: Tensor, target: int) -> None:
        self.attack, self.model = attack, network_of(model)
        prepared, self._features = prepare(batch_of_one(image), self.model, theta=attack.theta)  # (1, C, H, W)
        self._original = self._image = prepared.clone()  # not the caller's memory
        with shapes_explained(prepared):
            self.model.check(prepared)
            self._label, untargeted = resolve_targets(self.model, prepared, target)  # (1,)
        if untargeted:
            raise ValueError(f"The target is {target!r}; it must be a class as a whole number, such as 3.")
        self._limit = attack.budget(image.numel())
        self.steps: list[Step] = []

    @property
    def kind(self) -> Hashable:
        """What attacks have in common that can be advanced together: settings, model, and the images' shape."""
        return self.attack, self.model.model, self._original.shape, self._original.dtype

    @property
    def ended(self) -> bool:
        """Whether the last step has been taken."""
        return bool(self.steps) and self.steps[-1].stop is not None


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
    [(12, 'REACHED_TARGET'), (11, 'REACHED_TARGET')]
    """
    if len({each.kind for each in traces}) > 1:
        raise ValueError("Attacks advance together if they have the same settings, model and shape of images.")
    if any(each.ended for each in traces):
        raise ValueError("An attack that has ended cannot be advanced.")
    if not traces:
        return
    attack, model, features = traces[0].attack, traces[0].model, traces[0]._features
    originals, images, labels = (
        torch.cat([getattr(each, name) for each in traces]) for name in ("_original", "_image", "_label")
    )  # (N, C, H, W), (N, C, H, W), (N,)
    budget_left = torch.tensor([len(each.steps) < each._limit for each in traces], device=images.device)
    turn = attack._turn(model, None, features, originals, images, labels, budget_left)
    for k, each in enumerate(traces):
        own, before = _alone(turn, k), each._image
        settings = model, None, features, each._original, before, each._label
        reason = attack._reason(*settings) if own.lacks_pair else None
        each._image = own.changed_images
        each.steps.append(attack._step(model, len(each.steps), before, each._original, own, reason))


def _alone(record: Any, k: int) -> Any:
    """Return tensors (N, ...), or a record of such, for image `k` alone: (1, ...)."""
    if isinstance(record, Tensor):
        return record[k : k + 1]
    return replace(record, **{each.name: _alone(getattr(record, each.name), k) for each in fields(record)})
