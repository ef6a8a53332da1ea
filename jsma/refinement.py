"""Giving back changed pixels that a finished attack turns out not to need."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from .attack import Result, resolve_targets
from .jacobian import forward, like_parameters
from .rules import Untargeted, has_succeeded

IMAGES_AT_ONCE, FEATURES_AT_ONCE = 256, 1 << 21
"""How much is shown to the model in one go."""


def refine(model: nn.Module, images: Tensor, targets: Tensor | Untargeted | None, result: Result) -> Result:
    """Return `result` with fewer changed pixels: as long as a success stays one, one change after another is undone.

    images (N, C, H, W) and targets are those given to `Attack.run`. In each round every changed
    feature of an image is tried alone, and the one is given back that leaves the largest margin (the
    target's logit less the best of the others, or, without a target, the reverse for the first
    answer); it ends when none can be. Cost: a forward pass for each feature tried, about the square
    of the changed ones at most. Failed attacks, `pairs` and `iterations` stay as they are.
    Raises ValueError as `Attack.run` does. Our own addition; no part of the paper's attack.
    """
    originals = like_parameters(images, model)
    current = result.images.to(originals).flatten(1).clone()
    labels, untargeted = resolve_targets(model, originals, targets)
    rows = result.success.to(originals.device).nonzero().flatten()
    while len(rows):
        row, feature = (current[rows] != originals.flatten(1)[rows]).nonzero(as_tuple=True)
        margin = _margins_without(model, originals, current, labels, rows[row], feature, untargeted)
        best = torch.full((len(rows),), -torch.inf, dtype=margin.dtype, device=margin.device)
        best = best.scatter_reduce(0, row, margin, "amax")
        wins = (margin == best[row]) & (margin > -torch.inf)
        none = originals[0].numel()
        given_back = torch.full_like(rows, none).scatter_reduce(0, row[wins], feature[wins], "amin")  # ties: the first
        rows, given_back = rows[given_back < none], given_back[given_back < none]
        current[rows, given_back] = originals.flatten(1)[rows, given_back]
    changed = (current != originals.flatten(1)).sum(dim=1).cpu()
    return replace(result, images=current.view_as(originals), changed=changed)


def _margins_without(
    model: nn.Module,
    originals: Tensor,
    current: Tensor,
    labels: Tensor,
    rows: Tensor,
    features: Tensor,
    untargeted: Untargeted | None,
) -> Tensor:
    """Return (M,): the margin of image rows[k] with features[k] given back; -inf where the attack then fails."""
    margins = [torch.empty(0, dtype=originals.dtype, device=originals.device)]
    at_once = max(1, min(IMAGES_AT_ONCE, FEATURES_AT_ONCE // originals[0].numel()))
    for row, feature in zip(rows.split(at_once), features.split(at_once), strict=True):
        tried = current[row].scatter(1, feature[:, None], originals.flatten(1)[row, feature][:, None])
        logits = forward(model, tried.view(-1, *originals.shape[1:]))[1].detach()
        label = labels[row][:, None]
        others = logits.scatter(1, label, -torch.inf).amax(dim=1)
        margin = logits.gather(1, label).squeeze(1) - others
        won = has_succeeded(logits, labels[row], untargeted)
        margins.append(torch.where(won, margin if untargeted is None else -margin, -torch.inf))
    return torch.cat(margins)
