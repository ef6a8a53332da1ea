"""The saliency map over pairs of pixels, and an exact search for its best pair.

For the target class t, a pixel i pulls on the target with a_i = dF_t/dx_i and on the others with
b_i = sum over j != t of dF_j/dx_i. A pair (p, q) has

    alpha = a_p + a_q        beta = b_p + b_q        score = -alpha * beta

and is admissible for brightening when alpha > 0 and beta < 0, for darkening when alpha < 0 and
beta > 0 (Papernot et al. 2016). The pair with the largest score is the one to change.

The search. Darkening is brightening with both signs turned. For brightening, the score of an
admissible pair grows with a and falls with b. So no pair with p scores more than p would beside a
pixel with the largest a and the smallest b there are: where that is less than the score of some
pair at hand, p is out. And if two other pixels both dominate p (a no smaller, b no larger), p can
be exchanged for one of them without loss: the best pair lies in the 2-skyband, the pixels dominated
by at most one other. The bound costs a few passes over the pixels and leaves few of them; one sort
and two running minima find the skyband among those; all pairs within it are cheap.
"""

import math
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

PAIRS_AT_ONCE = 1 << 20
"""How many pairs are compared in one go: bounds the memory, whatever the size of the skyband."""

FEW = 32
"""Up to so many pixels of an image, all pairs cost less than a sort that leaves fewer."""


class Direction(Enum):
    """Which way pixels are changed."""

    INCREASE = "increase"
    """Brighten: towards 1."""

    DECREASE = "decrease"
    """Darken: towards 0."""

    BOTH = "both"
    """At each iteration the better of the best pair to brighten and the best pair to darken."""

    @property
    def sign(self) -> int:
        """+1 for INCREASE, -1 for DECREASE. Raises ValueError for BOTH, which has no one sign."""
        if self is Direction.BOTH:
            raise ValueError("Direction.BOTH has no one sign; ask for INCREASE and DECREASE in turn.")
        return 1 if self is Direction.INCREASE else -1


@dataclass(frozen=True, eq=False)
class Pairs:
    """The best pair of each image: first < second (N,) int64; alpha, beta, score (N,); found (N,) bool.

    Where `found` is False there is no admissible pair: first and second are -1, the rest is 0.
    """

    first: Tensor
    second: Tensor
    alpha: Tensor
    beta: Tensor
    score: Tensor
    found: Tensor


def best_pair(target_gradient: Tensor, others_gradient: Tensor, domain: Tensor, direction: Direction) -> Pairs:
    """Return the admissible pair with the largest -alpha * beta of each image, exactly.

    target_gradient, others_gradient: (N, n), a and b above; domain: (N, n) bool, the pixels that
    may be chosen; direction: INCREASE or DECREASE. Ties go to the lowest first, then the lowest
    second index. O(n log n + k^2) time for a skyband of k pixels, O(n) memory. Exact in the type of
    the gradients, as long as the products of one image's derivatives lie within its range: in
    float32, derivatives that are 10^-19 of the largest or less count as ties.
    Raises ValueError for shapes that differ, for gradients that are not finite and for BOTH.
    """
    _check(target_gradient, others_gradient, domain)
    a, b = map(in_range, _as_brightening(target_gradient, others_gradient, domain, direction))
    candidates, real = _listed(_candidates(a, b))
    first, second, found = _best_among(_picked(a, candidates, real), _picked(b, candidates, real), candidates)
    alpha = _sum_of_two(target_gradient, first, second).where(found, 0)
    beta = _sum_of_two(others_gradient, first, second).where(found, 0)
    return Pairs(first.where(found, -1), second.where(found, -1), alpha, beta, -alpha * beta, found)


def skyband(target_gradient: Tensor, others_gradient: Tensor, domain: Tensor, direction: Direction) -> Tensor:
    """Return (N, n) bool: the pixels of the domain dominated by at most one other; only these can win.

    Arguments as for `best_pair`. Of pixels with equal derivatives the two of lowest index stay.
    """
    a, b = _as_brightening(target_gradient, others_gradient, domain, direction)
    by_b = b.argsort(dim=1, descending=True, stable=True)
    by_a_then_b = by_b.gather(1, a.gather(1, by_b).argsort(dim=1, descending=True, stable=True))
    return _undominated(b, by_a_then_b) & domain


def contenders(
    target_gradient: Tensor, others_gradient: Tensor, domain: Tensor, direction: Direction, places: int
) -> Tensor:
    """Return (N, n) bool: few pixels, among them those of the best `places` pairs of each image, ties included.

    Arguments as for `best_pair`, and its bound. O(n) time.
    """
    a, b = _as_brightening(target_gradient, others_gradient, domain, direction)
    return _may_win(in_range(a), in_range(b), places)


def all_pairs(
    target_gradient: Tensor, others_gradient: Tensor, domain: Tensor, direction: Direction
) -> tuple[Tensor, Tensor]:
    """Return (score, admissible), (n, n) each, of every pair first < second of one image.

    The whole table that `best_pair` does without: target_gradient, others_gradient and domain are
    (n,). Below the diagonal, and for pairs that are not admissible, the score is 0. Scores are
    float64, in which products of tiny float32 derivatives do not vanish. Memory O(n^2).
    """
    alpha = target_gradient[:, None] + target_gradient
    beta = others_gradient[:, None] + others_gradient
    rightly_signed = (alpha > 0) & (beta < 0) if direction.sign > 0 else (alpha < 0) & (beta > 0)
    admissible = (rightly_signed & domain[:, None] & domain).triu(diagonal=1)
    return torch.where(admissible, -alpha.double() * beta.double(), 0), admissible


def _check(target_gradient: Tensor, others_gradient: Tensor, domain: Tensor) -> None:
    shapes = [tuple(tensor.shape) for tensor in (target_gradient, others_gradient, domain)]
    if target_gradient.ndim != 2 or 0 in shapes[0] or len(set(shapes)) != 1 or domain.dtype != torch.bool:
        raise ValueError(
            "target_gradient, others_gradient and domain must share one shape (N, n), not empty, domain of type bool; "
            f"found shapes {shapes} and {domain.dtype}."
        )
    ends = [end for gradient in (target_gradient, others_gradient) for end in gradient.aminmax()]
    if not torch.stack(ends).isfinite().all():
        raise ValueError("The gradients hold values that are not finite (NaN or infinity).")


def _listed(members: Tensor) -> tuple[Tensor, Tensor]:
    """Turn a mask (N, n) into ascending indices (N, k), padded with 0, and real (N, k) bool."""
    row, index = members.nonzero(as_tuple=True)
    sizes = members.sum(dim=1)
    slots = max(int(sizes.max()), 1)
    place = torch.arange(len(row), device=row.device) - (sizes.cumsum(0) - sizes)[row]
    listed = torch.zeros(len(members), slots, dtype=torch.int64, device=members.device)
    listed[row, place] = index
    return listed, torch.arange(slots, device=members.device) < sizes[:, None]


# Below, a and b stand for brightening with b's sign turned: an admissible pair has both sums above 0,
# its score is their product, and pixels out of the domain are at -inf.


def _as_brightening(
    target_gradient: Tensor, others_gradient: Tensor, domain: Tensor, direction: Direction
) -> tuple[Tensor, Tensor]:
    return (
        (direction.sign * target_gradient).masked_fill(~domain, -torch.inf),
        (-direction.sign * others_gradient).masked_fill(~domain, -torch.inf),
    )


def in_range(derivatives: Tensor) -> Tensor:
    """Divide each row of (N, n) by a power of two near its largest value, if that is above 0.

    Exact, so no order changes; it keeps the products of a very sure network's tiny derivatives
    (1e-25 and less) from vanishing.
    """
    largest = derivatives.amax(dim=1, keepdim=True).clamp(min=0)
    limit = int(math.log2(torch.finfo(derivatives.dtype).max))  # powers of two beyond it are infinite
    exponent = torch.frexp(largest).exponent.clamp(-limit, limit)
    return torch.ldexp(derivatives, -exponent.to(derivatives.dtype))


def _candidates(a: Tensor, b: Tensor) -> Tensor:
    """Return (N, n) bool: a few pixels of each image, among them those of its best pair of lowest indices."""
    members = _may_win(a, b)
    many = (members.sum(dim=1) > FEW).nonzero().flatten()
    if len(many):
        by_a = a[many].argsort(dim=1, descending=True, stable=True)  # equals by index: a few too many stay, at most
        members[many] &= _undominated(b[many], by_a)
    return members


def _may_win(a: Tensor, b: Tensor, places: int = 1) -> Tensor:
    """Return (N, n) bool: the pixels that, beside the largest a and b there are, would match `places` pairs at hand.

    Those are the best ones with the best single pixel. Rounding is monotone, so that no pair's
    computed score exceeds its pixels' computed bounds: exact, ties included.
    """
    single = (a.clamp(min=0) * b.clamp(min=0)).argmax(dim=1, keepdim=True)
    with_single = (a + a.gather(1, single)).clamp(min=0) * (b + b.gather(1, single)).clamp(min=0)
    at_hand = with_single.scatter(1, single, 0).topk(min(places, a.shape[1]), dim=1).values[:, -1:]
    alpha, beta = a + a.amax(dim=1, keepdim=True), b + b.amax(dim=1, keepdim=True)
    return (alpha > 0) & (beta > 0) & (alpha * beta >= at_hand)


def _undominated(b: Tensor, order: Tensor) -> Tensor:
    """Return (N, n) bool: the pixels for which at most one before them in `order`, by falling a, has as large a b."""
    b = b.gather(1, order)
    highest = b.cummax(dim=1).values
    # The second highest of b_1..b_k is the highest of what each b could not be: min(b_k, highest before k).
    second_highest = torch.minimum(b[:, 1:], highest[:, :-1]).cummax(dim=1).values
    kept = torch.ones_like(b, dtype=torch.bool)
    kept[:, 2:] = b[:, 2:] > second_highest[:, :-1]
    return torch.zeros_like(kept).scatter(1, order, kept)


def _picked(values: Tensor, candidates: Tensor, real: Tensor) -> Tensor:
    return values.gather(1, candidates).masked_fill(~real, -torch.inf)


def _best_among(a: Tensor, b: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return (first, second, found), each (N,), of the best pair among candidates, all (N, k)."""
    count, slots = candidates.shape
    ranks = torch.arange(slots, device=a.device)
    best = torch.full((count,), -torch.inf, dtype=a.dtype, device=a.device)
    winner = torch.zeros(count, dtype=torch.int64, device=a.device)
    for rows in ranks.split(max(1, PAIRS_AT_ONCE // max(1, count * slots))):
        alpha = a[:, rows, None] + a[:, None, :]
        beta = b[:, rows, None] + b[:, None, :]
        admissible = (alpha > 0) & (beta > 0) & (rows[:, None] < ranks)
        score, place = torch.where(admissible, alpha * beta, -torch.inf).flatten(1).max(dim=1)
        better = score > best
        best = torch.where(better, score, best)
        winner = torch.where(better, place + rows[0] * slots, winner)
    first = candidates.gather(1, (winner // slots)[:, None]).squeeze(1)
    second = candidates.gather(1, (winner % slots)[:, None]).squeeze(1)
    return first, second, best > -torch.inf


def _sum_of_two(values: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Return values[first] + values[second] row by row: (N, n), (N,), (N,) to (N,)."""
    return values.gather(1, torch.stack([first, second], dim=1)).sum(dim=1)
