"""The saliency map over pairs of pixels, and an exact search for its best pair.

For the target class t, a pixel i pulls on the target with a_i = dF_t/dx_i and on the others with
b_i = sum over j != t of dF_j/dx_i. A pair (p, q) has

    alpha = a_p + a_q        beta = b_p + b_q        score = -alpha * beta

and is admissible for brightening when alpha > 0 and beta < 0, for darkening when alpha < 0 and
beta > 0 (Papernot et al. 2016). The pair with the largest score is the one to change.

The search. Darkening is brightening with both signs turned. For brightening, the score of an
admissible pair grows with a and falls with b, so if two other pixels both dominate p (a no
smaller, b no larger), p can be exchanged for one of them without loss. The best pair therefore
lies in the 2-skyband, the pixels dominated by at most one other. One sort and two running minima
find it; it holds a few dozen pixels of thousands, and all pairs among those are cheap.
"""

from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

PAIRS_AT_ONCE = 1 << 20
"""How many pairs are compared in one go: bounds the memory, whatever the size of the skyband."""


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
    a, b = _to_brighten(target_gradient, others_gradient, domain, direction)
    # Of pixels with the same a this order may keep a few that the skyband does without: no harm here.
    kept = _dominated_at_most_once(b, a.argsort(dim=1, descending=True, stable=True)) & domain
    candidates, real = _listed(kept)
    sign = direction.sign
    scaled = (_scaled(sign * gradient, domain) for gradient in (target_gradient, others_gradient))
    first, second, found = _best_among(*scaled, candidates, real)
    alpha = _sum_of_two(target_gradient, first, second).where(found, 0)
    beta = _sum_of_two(others_gradient, first, second).where(found, 0)
    return Pairs(first.where(found, -1), second.where(found, -1), alpha, beta, -alpha * beta, found)


def skyband(target_gradient: Tensor, others_gradient: Tensor, domain: Tensor, direction: Direction) -> Tensor:
    """Return (N, n) bool: the pixels of the domain dominated by at most one other; only these can win.

    Arguments as for `best_pair`. Of pixels with equal derivatives the two of lowest index stay.
    """
    a, b = _to_brighten(target_gradient, others_gradient, domain, direction)
    by_b = b.argsort(dim=1, stable=True)
    order = by_b.gather(1, a.gather(1, by_b).argsort(dim=1, descending=True, stable=True))
    return _dominated_at_most_once(b, order) & domain


def _to_brighten(target_gradient: Tensor, others_gradient: Tensor, domain: Tensor, direction: Direction) -> tuple:
    """Return a and b with the signs of brightening; pixels out of the domain are dominated by all others."""
    a, b = direction.sign * target_gradient, direction.sign * others_gradient
    return a.masked_fill(~domain, -torch.inf), b.masked_fill(~domain, torch.inf)


def _dominated_at_most_once(b: Tensor, order: Tensor) -> Tensor:
    """Return (N, n) bool: the pixels whose b is below all but at most one of those before them in `order`."""
    b = b.gather(1, order)
    lowest = b.cummin(dim=1).values
    # The second lowest of b_1..b_k is the lowest of what each b could not be: max(b_k, lowest before k).
    second_lowest = torch.maximum(b[:, 1:], lowest[:, :-1]).cummin(dim=1).values
    kept = torch.ones_like(b, dtype=torch.bool)
    kept[:, 2:] = b[:, 2:] < second_lowest[:, :-1]
    return torch.zeros_like(kept).scatter(1, order, kept)


def all_pairs(target_gradient: Tensor, others_gradient: Tensor, domain: Tensor, direction: Direction) -> tuple:
    """Return score and admissible, (n, n) each, of every pair first < second of one image.

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
    if not (target_gradient.isfinite().all() and others_gradient.isfinite().all()):
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


def _scaled(derivatives: Tensor, domain: Tensor) -> Tensor:
    """Divide each row by a power of two near its largest magnitude.

    Exact, so no order changes; it keeps the products of a very sure network's tiny derivatives
    (1e-25 and less) from vanishing.
    """
    largest = derivatives.abs().where(domain, 0).amax(dim=1, keepdim=True)
    exponent = torch.frexp(largest).exponent
    half = exponent // 2  # in two halves, since 2 ** -exponent itself may be out of range
    return torch.ldexp(torch.ldexp(derivatives, -half), half - exponent)


def _best_among(a: Tensor, b: Tensor, candidates: Tensor, real: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return (first, second, found), each (N,), of the best pair to brighten among candidates (N, k)."""
    count, slots = candidates.shape
    a, b = a.gather(1, candidates), b.gather(1, candidates)
    ranks = torch.arange(slots, device=a.device)
    best = torch.full((count,), -torch.inf, dtype=a.dtype, device=a.device)
    winner = torch.zeros(count, dtype=torch.int64, device=a.device)
    rows_at_once = max(1, PAIRS_AT_ONCE // max(1, count * slots))
    for rows in ranks.split(rows_at_once):
        alpha = a[:, rows, None] + a[:, None, :]
        beta = b[:, rows, None] + b[:, None, :]
        admissible = (alpha > 0) & (beta < 0) & real[:, rows, None] & real[:, None, :] & (rows[:, None] < ranks)
        score, place = torch.where(admissible, -alpha * beta, -torch.inf).flatten(1).max(dim=1)
        better = score > best
        best = torch.where(better, score, best)
        winner = torch.where(better, place + rows[0] * slots, winner)
    first = candidates.gather(1, (winner // slots)[:, None]).squeeze(1)
    second = candidates.gather(1, (winner % slots)[:, None]).squeeze(1)
    return first, second, best > -torch.inf


def _sum_of_two(values: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Return values[first] + values[second] row by row: (N, n), (N,), (N,) to (N,)."""
    return values.gather(1, torch.stack([first, second], dim=1)).sum(dim=1)
