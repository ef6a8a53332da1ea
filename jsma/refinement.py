"""Undoing changes that a finished attack does not need."""

from dataclasses import replace

import torch
from torch import Tensor

from .attack import Result, resolve_targets
from .features import UNIT, Bounds, like_parameters
from .network import Model, forward, network_of
from .rules import Untargeted, has_succeeded

IMAGES_AT_ONCE, FEATURES_AT_ONCE = 256, 1 << 21
"""The largest batch: a number of images, and of features."""


def refine(
    model: Model,
    images: Tensor,
    targets: Tensor | Untargeted | None,
    result: Result,
    *,
    bounds: Bounds = UNIT,
    changeable: Tensor | None = None,
) -> Result:
    """Return `result` with fewer changed pixels: changes are undone, one by one, as long as the attack still succeeds.

    images (N, C, H, W), targets, bounds and changeable are those given to `Attack.run`. In each round, every changed
    feature of an image is tried alone; the one whose removal leaves the largest margin is undone. The margin is the
    target's logit minus the largest other logit (without a target: the largest other logit minus that of the original
    prediction). It ends when no change can be undone. Cost: one forward pass per feature tried, at most about the
    square of the number of changed features. Failed attacks, `pairs` and `iterations` are not modified.
    Raises ValueError as `Attack.run` does. This is an addition of this project; the paper's attack does not have it.
    """
    model = network_of(model)
    originals = like_parameters(images, model, bounds, changeable)
    model.check(originals)
    current = result.images.to(originals).flatten(1).clone()  # (N, n)
    labels, untargeted = resolve_targets(model, originals, targets)
    rows = result.success.to(originals.device).nonzero().flatten()
    while len(rows):
        row, feature = (current[rows] != originals.flatten(1)[rows]).nonzero(as_tuple=True)  # (M,) each: the trials
        margin = _margins_without(model, originals, current, labels, rows[row], feature, untargeted)
        best = torch.full((len(rows),), -torch.inf, dtype=margin.dtype, device=margin.device)
        best = best.scatter_reduce(0, row, margin, "amax")
        is_best = (margin == best[row]) & (margin > -torch.inf)
        none = originals[0].numel()
        # Ties: the lowest index.
        undone = torch.full_like(rows, none).scatter_reduce(0, row[is_best], feature[is_best], "amin")
        rows, undone = rows[undone < none], undone[undone < none]
        current[rows, undone] = originals.flatten(1)[rows, undone]
    changed, refined = (current != originals.flatten(1)).sum(dim=1).cpu(), current.view_as(originals)
    predictions = resolve_targets(model, refined, None)[0].cpu()
    return replace(result, images=refined, changed=changed, predictions=predictions)


def _margins_without(
    model: Model,
    originals: Tensor,
    current: Tensor,
    labels: Tensor,
    rows: Tensor,
    features: Tensor,
    untargeted: Untargeted | None,
) -> Tensor:
    """Return (M,): the margin of image rows[k] with the change of features[k] undone; -inf if the attack then fails."""
    margins = [torch.empty(0, dtype=originals.dtype, device=originals.device)]
    at_once = max(1, min(IMAGES_AT_ONCE, FEATURES_AT_ONCE // originals[0].numel()))
    for row, feature in zip(rows.split(at_once), features.split(at_once), strict=True):
        tried = current[row].scatter(1, feature[:, None], originals.flatten(1)[row, feature][:, None])
        logits = forward(model, tried.view(-1, *originals.shape[1:]))[1].detach()
        label = labels[row][:, None]
        others = logits.scatter(1, label, -torch.inf).amax(dim=1)
        margin = logits.gather(1, label).squeeze(1) - others
        succeeded = has_succeeded(logits, labels[row], untargeted)
        margins.append(torch.where(succeeded, margin if untargeted is None else -margin, -torch.inf))
    return torch.cat(margins)
