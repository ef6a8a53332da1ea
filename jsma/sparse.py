"""Attacks with as few features as can be found: a beam search over single changes, then exchanges of two for one.

An addition of this project. Each step of the search asks the gradient of the margin for the most promising changes of
single features (the saliency), then asks the network what they really do, and follows the best few. It needs fewer
features than pairs by the saliency map alone, and more passes of the network for each of them.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .attack import Attack, Result, count_changed, resolve_targets
from .features import UNIT, Bounds, prepare, shapes_explained
from .goal import Goal, with_changes
from .network import Model, logits_only, network_of
from .refinement import refine
from .rules import Untargeted, has_succeeded
from .stop import Stop


def sparsest(
    model: Model,
    images: Tensor,
    targets: Tensor | Untargeted | None = None,
    *,
    width: int = 4,
    candidates: int = 4,
    exchanges: int = 5,
    gamma: float = Attack.gamma,
    bounds: Bounds = UNIT,
    changeable: Tensor | None = None,
    progress: Callable[[int, int], Any] | None = None,
) -> Result:
    """Attack images (N, C, H, W) in [0, 1] with few changed features, each moved to an end of its range.

    targets (N,) int64, or an Untargeted or None for any other class. width: how many sets of changes are followed side
    by side; candidates: how many single changes are tried for each of them in a step. At the end changes that are not
    needed are undone, and two are exchanged for one other as long as that succeeds; exchanges: how many twos are tried
    for that in a round, 0 for none. gamma: the largest share of features that may be changed. bounds and changeable as
    in `Attack.run`. progress: called with the number of finished attacks and N.
    In the Result, iterations is the number of steps of the search, and pairs is None. Cost of a step: width gradients
    and width × candidates forward passes for each attack. Raises ValueError as `Attack.run` does.
    """
    for name, value, least in (("width", width, 1), ("candidates", candidates, 1), ("exchanges", exchanges, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name} is {value!r}; it must be a whole number of at least {least}.")
    network = network_of(model)
    originals, features = prepare(images, network, bounds, changeable)
    with shapes_explained(originals):
        network.check(originals)
        labels, untargeted = resolve_targets(network, originals, targets)
    limit = math.floor(round(Attack(gamma=gamma).gamma * originals[0].numel(), 9)) if len(originals) else 0
    goal = Goal(network, features, originals, labels, untargeted)
    found, stops, steps = originals.flatten(1).clone(), torch.zeros_like(labels), torch.zeros_like(labels)
    every = torch.arange(len(originals), device=labels.device)
    for rows in goal.in_groups(every, copies=width * candidates) if len(every) else ():
        found[rows], stops[rows], steps[rows] = _search(goal.of(rows), width, candidates, limit)
        if progress and progress(int(rows[-1]) + 1, len(originals)) is False:
            break
    stop = [_STOPS[number] for number in stops.tolist()]
    success = torch.tensor([each is Stop.REACHED_TARGET for each in stop], dtype=torch.bool)
    changed = count_changed(found, originals.flatten(1)).cpu()
    counts = features.changeable_counts(len(found))
    result = Result(goal.shaped(found), success, stop, steps.cpu(), changed, changeable=counts)
    return refine(network, images, targets, result, exchanges=exchanges, bounds=bounds, changeable=changeable)


_STOPS = (None, Stop.REACHED_TARGET, Stop.BUDGET_SPENT, Stop.DOMAIN_EMPTY)


def _search(goal: Goal, width: int, candidates: int, limit: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the samples (N, n) that the search ends with, (N,) int64 indices in _STOPS, and the number of steps (N,).

    For a failed attack it is the sample with the largest margin.
    """
    found, count = goal.flat.clone(), len(goal.labels)
    rows = torch.arange(count, device=found.device)  # the attacks that go on
    stops, steps = torch.zeros_like(rows), torch.zeros_like(rows)
    states, keys = goal.flat[:, None], torch.zeros_like(rows)[:, None]  # (R, b, n) and (R, b): b states of each attack
    random = torch.Generator().manual_seed(0)
    names = torch.randint(2**62, (2, found.shape[1]), generator=random).to(found.device)  # one for each change
    while len(rows):
        best = states[:, 0]
        ended = has_succeeded(_logits(goal, best), goal.labels[rows], goal.untargeted)
        stop = torch.where(ended, _STOPS.index(Stop.REACHED_TARGET), 0)
        spent = steps[rows] >= limit
        stop = torch.where(~ended & spent, _STOPS.index(Stop.BUDGET_SPENT), stop)
        going = stop == 0
        children, child_keys, margin = _children(goal, rows[going], states[going], keys[going], candidates, names)
        empty = margin.amax(dim=1) == -torch.inf if len(margin) else margin.new_zeros(0, dtype=torch.bool)
        stop[going.nonzero().flatten()[empty]] = _STOPS.index(Stop.DOMAIN_EMPTY)
        found[rows], stops[rows] = best, stop
        rows = rows[stop == 0]
        steps[rows] += 1
        states, keys = _best_different(children[~empty], child_keys[~empty], margin[~empty], width)
    return found, stops, steps


def _logits(goal: Goal, samples: Tensor) -> Tensor:
    return torch.cat([logits_only(goal.network, goal.shaped(part)) for (part,) in goal.batches(samples)])


def _children(
    goal: Goal, rows: Tensor, states: Tensor, keys: Tensor, candidates: int, names: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return what single changes make of states (R, b, n): samples (R, b * k, n), their keys and margins (R, b * k).

    keys (R, b): the sum of the names of a state's changes, so that the same changes have the same key. The margin of
    what is no change is -inf.
    """
    r, b, n = states.shape
    owners = rows.repeat_interleave(b)
    flat = states.reshape(r * b, n)
    k = min(candidates, 2 * n)
    feature, value = goal.promising(flat, owners, k)  # (R * b, k) each
    tried = with_changes(flat, feature, value).view(r, b * k, n)
    margin = goal.margins(tried.view(-1, n), owners.repeat_interleave(k)).view(r, b * k)
    rises = (value > flat.gather(1, feature.clamp(min=0))).long()
    key = keys.reshape(r * b, 1) + names[rises, feature.clamp(min=0)]
    return tried, key.view(r, b * k), margin.masked_fill(feature.view(r, b * k) < 0, -torch.inf)


def _best_different(samples: Tensor, keys: Tensor, margin: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Return the `width` samples (R, width, n) with the largest margins and different keys, best first, and the keys.

    samples: (R, c, n); keys, margin: (R, c). If fewer differ, some come twice.
    """
    order = margin.argsort(dim=1, descending=True, stable=True)  # (R, c)
    sorted_keys = keys.gather(1, order)
    same = sorted_keys[:, :, None] == sorted_keys[:, None, :]  # (R, c, c)
    again = same.tril(diagonal=-1).any(dim=2)  # (R, c): an earlier one has the same key
    order = order.gather(1, again.long().argsort(dim=1, stable=True)[:, :width])
    return samples.gather(1, order[:, :, None].expand(-1, -1, samples.shape[2])), keys.gather(1, order)
