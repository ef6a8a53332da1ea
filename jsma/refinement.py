"""Undoing changes that a finished attack does not need, and exchanging two of them for one."""

from dataclasses import replace

import torch
from torch import Tensor

from .attack import Result, count_changed, resolve_targets
from .features import UNIT, Bounds, prepare
from .goal import Goal, with_changes
from .network import Model, network_of
from .rules import Untargeted

CANDIDATES = 3
"""How many single changes are tried in the place of two."""


def refine(
    model: Model,
    images: Tensor,
    targets: Tensor | Untargeted | None,
    result: Result,
    *,
    exchanges: int = 0,
    bounds: Bounds = UNIT,
    changeable: Tensor | None = None,
) -> Result:
    """Return `result` with fewer changed pixels: changes are undone, one by one, as long as the attack still succeeds.

    images (N, C, H, W), targets, bounds and changeable are those given to `Attack.run`. In each round, every changed
    feature of an image is tried alone; the one whose removal leaves the largest margin is undone. The margin is the
    target's logit minus the largest other logit (without a target: the largest other logit minus that of the original
    prediction). It ends when no change can be undone.
    exchanges: then, in each round, that many twos of changes are undone, those that together cost the least margin
    alone; each is tried with the CANDIDATES single changes that promise most, and the best success is taken; it ends
    when none succeeds (0: no exchanges).
    Cost: one forward pass per feature tried, at most about the square of the number of changed features; for each two
    a gradient and CANDIDATES forward passes. Failed attacks, `Result.pairs` and `Result.iterations` are not modified.
    Raises ValueError as `Attack.run` does. This is an addition of this project; the paper's attack does not have it.
    """
    network = network_of(model)
    originals, features = prepare(images, network, bounds, changeable)
    network.check(originals)
    labels, untargeted = resolve_targets(network, originals, targets)
    goal = Goal(network, features, originals, labels, untargeted)
    current = result.images.to(originals).flatten(1).clone()  # (N, n)
    successful = result.success.to(originals.device).nonzero().flatten()
    for rows in goal.in_groups(successful, copies=max(1, exchanges * CANDIDATES)) if len(successful) else ():
        undone = rows
        while len(undone):
            undone = _undo_one(goal, current, undone)
        while exchanges and len(rows):
            rows = _exchange(goal, current, rows, exchanges)
    changed, refined = count_changed(current, goal.flat).cpu(), goal.shaped(current)
    predictions = resolve_targets(network, refined, None)[0].cpu()
    return replace(result, images=refined, changed=changed, predictions=predictions)


def _undo_one(goal: Goal, current: Tensor, rows: Tensor) -> Tensor:
    """Undo in `current` (N, n), for each of `rows`, the change that leaves most margin; return the rows with one."""
    row, feature, margin = _margins_without(goal, current, rows)
    margin = margin.where(margin > 0, -torch.inf)
    best = torch.full((len(rows),), -torch.inf, dtype=margin.dtype, device=margin.device)
    best = best.scatter_reduce(0, row, margin, "amax")
    is_best = (margin == best[row]) & (margin > -torch.inf)
    none = current.shape[1]
    # Ties: the lowest index.
    undone = torch.full_like(rows, none).scatter_reduce(0, row[is_best], feature[is_best], "amin")
    rows, undone = rows[undone < none], undone[undone < none]
    current[rows, undone] = goal.flat[rows, undone]
    return rows


def _margins_without(goal: Goal, current: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return for every changed feature of the attacks `rows`: its place in rows, the feature, the margin without it."""
    row, feature = (current[rows] != goal.flat[rows]).nonzero(as_tuple=True)  # (M,) each: the trials
    tried = current[rows[row]].scatter(1, feature[:, None], goal.flat[rows[row], feature][:, None])
    return row, feature, goal.margins(tried, rows[row])


def _exchange(goal: Goal, current: Tensor, rows: Tensor, exchanges: int) -> Tensor:
    """Exchange in `current` (N, n), for each of `rows`, two changes for one; return the rows where it succeeded."""
    two, row = _cheapest_twos(goal, current, rows, exchanges)  # (M, 2) and (M,)
    if not len(row):
        return row
    owners = rows[row]
    without = current[owners].scatter(1, two, goal.flat[owners].gather(1, two))  # (M, n)
    feature, value = goal.promising(without, owners, CANDIDATES)  # (M, k) each
    tried = with_changes(without, feature, value).flatten(0, 1)  # (M * k, n)
    row = row.repeat_interleave(feature.shape[1])
    margin = goal.margins(tried, rows[row]).masked_fill(feature.flatten() < 0, -torch.inf)
    best = margin.new_zeros(len(rows)).scatter_reduce(0, row, margin, "amax")  # 0: no success
    succeeds = best > 0
    is_best = ((margin == best[row]) & (margin > 0)).nonzero().flatten()
    first = torch.full_like(rows, len(margin)).scatter_reduce(0, row[is_best], is_best, "amin")
    current[rows[succeeds]] = tried[first[succeeds]]
    return rows[succeeds]


def _cheapest_twos(goal: Goal, current: Tensor, rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return twos of changes, (M, 2), and the place in `rows` of the attack of each, (M,): `count` of each attack.

    They are those with the largest sum of the margins that are left without one of the two.
    """
    row, feature, margin = _margins_without(goal, current, rows)
    counts = torch.bincount(row, minlength=len(rows))
    most = int(counts.max())
    place = torch.arange(len(row), device=row.device) - (counts.cumsum(0) - counts)[row]  # 0, 1, ... within its attack
    table = margin.new_full((len(rows), most), -torch.inf).index_put((row, place), margin)
    features = torch.zeros(len(rows), most, dtype=torch.int64, device=row.device).index_put((row, place), feature)
    first, second = torch.triu_indices(most, most, offset=1, device=row.device)
    left, which = (table[:, first] + table[:, second]).topk(min(count, len(first)), dim=1)  # (R, count)
    twos = torch.stack([features.gather(1, first[which]), features.gather(1, second[which])], dim=2)
    is_two = left > -torch.inf
    return twos[is_two], is_two.nonzero()[:, 0]
