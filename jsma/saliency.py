"""The saliency map over pairs of pixels, and an exact search for its best pair.

F are the network's outputs, x the pixels and t the target class. Each pixel i has two derivatives,
a_i = dF_t/dx_i of the target and b_i = sum over j != t of dF_j/dx_i of all other classes. A pair (p, q) has

    alpha = a_p + a_q        beta = b_p + b_q        score = -alpha * beta

and is admissible for brightening when alpha > 0 and beta < 0, for darkening when alpha < 0 and
beta > 0 (Papernot et al. 2016). The pair with the largest score is the one to change.

The search for brightening; for darkening, the signs of a and b are flipped first.

1. Upper bound, O(n): no pair with pixel i scores more than (a_i + max a)(max(-b) - b_i). If that is less
   than the score of a pair already known, i cannot be in the best pair and is removed.
2. 2-skyband, O(n log n): j dominates i if a_j >= a_i and b_j <= b_i. If two pixels dominate i, one of them
   can replace i in any pair without lowering its score. So the best pair lies among the pixels that at most
   one other pixel dominates. Two good pixels dominate most others, which are removed first; of the rest, one
   sort and two running maxima of -b find them.
3. Brute force, O(k^2): all pairs of the k remaining pixels are compared.
"""

import math
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

PAIRS_AT_ONCE = 1 << 20
"""How many pairs are compared at once; bounds the memory for skybands of any size."""

MAX_UNSORTED = 32
"""Up to this many pixels per image, comparing all pairs is cheaper than a sort that removes some pixels first."""


class Direction(Enum):
    """Which way pixels are changed."""

    INCREASE = "increase"
    """Brighten: towards 1."""

    DECREASE = "decrease"
    """Darken: towards 0."""

    BOTH = "both"
    """At each iteration, compare the best pair to brighten with the best pair to darken and take the better one."""

    @property
    def sign(self) -> int:
        """+1 for INCREASE, -1 for DECREASE. Raises ValueError for BOTH, which has two."""
        if self is Direction.BOTH:
            raise ValueError("Direction.BOTH has two signs; use INCREASE or DECREASE.")
        return 1 if self is Direction.INCREASE else -1

    @property
    def each(self) -> list["Direction"]:
        """The directions to compare: this one, or INCREASE and DECREASE for BOTH."""
        return [Direction.INCREASE, Direction.DECREASE] if self is Direction.BOTH else [self]


@dataclass(frozen=True, eq=False)
class Pairs:
    """The best pair of each image: first < second (N,) int64; alpha, beta, score (N,); found (N,) bool.

    Where `found` is False there is no admissible pair: first and second are -1; alpha, beta and score are 0.
    """

    first: Tensor
    second: Tensor
    alpha: Tensor
    beta: Tensor
    score: Tensor
    found: Tensor


def best_pair(target_gradient: Tensor, others_gradient: Tensor, domain: Tensor, direction: Direction) -> Pairs:
    """Return the admissible pair with the largest score -alpha * beta of each image; the search is exact.

    target_gradient, others_gradient: (N, n), a and b above; domain: (N, n) bool, the pixels that
    may be chosen; direction: INCREASE or DECREASE. Ties: the lowest first index, then the lowest
    second index. Time O(n log n + k^2) for a skyband of k pixels, memory O(n). Exact in the dtype of
    the gradients, as long as the products of one image's derivatives do not underflow: in float32,
    derivatives of at most 10^-19 of the largest one count as ties.
    Raises ValueError if the shapes differ, if gradients are not finite, and for Direction.BOTH.
    Source: the pair and its score, Papernot et al. 2016; the search is ours.

    >>> a, b = torch.tensor([[3.0, 1.0, -1.0, 2.0]]), torch.tensor([[1.0, -2.0, -4.0, 1.0]])
    >>> pairs = best_pair(a, b, torch.ones(1, 4, dtype=torch.bool), Direction.INCREASE)
    >>> pairs.first.item(), pairs.second.item(), pairs.alpha.item(), pairs.beta.item(), pairs.score.item()
    (0, 2, 2.0, -3.0, 6.0)
    """
    checked(target_gradient, others_gradient, domain)
    a, b = map(rescale, as_brightening(target_gradient, others_gradient, domain, direction))  # (N, n)
    first, second, found = _best_among(*_candidates(a, b))  # (N,)
    alpha = _sum_of_two(target_gradient, first, second).where(found, 0)
    beta = _sum_of_two(others_gradient, first, second).where(found, 0)
    return Pairs(first.where(found, -1), second.where(found, -1), alpha, beta, -alpha * beta, found)


def skyband(target_gradient: Tensor, others_gradient: Tensor, domain: Tensor, direction: Direction) -> Tensor:
    """Return (N, n) bool: the pixels of the domain that at most one other pixel dominates.

    Pixel j dominates i if it is at least as good for both sums (for INCREASE: a_j >= a_i and b_j <= b_i). The best pair
    lies among the pixels of the skyband. Arguments and errors as for `best_pair`. Of pixels with equal derivatives, the
    two with the lowest indices are kept.
    """
    checked(target_gradient, others_gradient, domain)
    a, b = as_brightening(target_gradient, others_gradient, domain, direction)
    by_b = b.argsort(dim=1, descending=True, stable=True)
    by_a_then_b = by_b.gather(1, a.gather(1, by_b).argsort(dim=1, descending=True, stable=True))
    return _undominated(b, by_a_then_b) & domain


def top_pair_candidates(
    target_gradient: Tensor, others_gradient: Tensor, domain: Tensor, direction: Direction, count: int
) -> Tensor:
    """Return (N, n) bool: a superset of the pixels in the best `count` pairs of each image, ties included.

    Arguments as for `best_pair`; it uses the same upper bound. Time O(n).
    """
    a, b = as_brightening(target_gradient, others_gradient, domain, direction)
    return _passes_bound(rescale(a), rescale(b), count)


def all_pairs(
    target_gradient: Tensor, others_gradient: Tensor, domain: Tensor, direction: Direction
) -> tuple[Tensor, Tensor]:
    """Return (score, admissible), (n, n) each, of every pair first < second of one image.

    The full table, which `best_pair` avoids. target_gradient, others_gradient and domain: (n,). On and below
    the diagonal, and for pairs that are not admissible, the score is 0. Scores are float64, so that products
    of tiny float32 derivatives do not underflow. Memory O(n^2).
    """
    alpha = target_gradient[:, None] + target_gradient  # (n, n)
    beta = others_gradient[:, None] + others_gradient  # (n, n)
    signs_match = (alpha > 0) & (beta < 0) if direction.sign > 0 else (alpha < 0) & (beta > 0)
    admissible = (signs_match & domain[:, None] & domain).triu(diagonal=1)
    return torch.where(admissible, -alpha.double() * beta.double(), 0), admissible


def checked(target_gradient: Tensor, others_gradient: Tensor, domain: Tensor) -> None:
    shapes = [tuple(tensor.shape) for tensor in (target_gradient, others_gradient, domain)]
    if target_gradient.ndim != 2 or 0 in shapes[0] or len(set(shapes)) != 1 or domain.dtype != torch.bool:
        raise ValueError(
            "target_gradient, others_gradient and domain must have the same shape (N, n), not empty, and domain must "
            f"be bool; found the shapes {shapes} and a domain of {domain.dtype}."
        )
    extremes = [value for gradient in (target_gradient, others_gradient) for value in gradient.aminmax()]
    if not torch.stack(extremes).isfinite().all():
        raise ValueError("The gradients contain values that are not finite (NaN or infinity).")


def indices_of(mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return the indices (N, k) of True in a mask (N, n), ascending and padded with 0, and valid (N, k) bool.

    k is the largest number of True in a row, at least 1; padding is not valid.
    """
    counts = mask.sum(dim=1)  # (N,)
    largest, total = torch.stack([counts.max(), counts.sum()]).tolist()  # at once: reading waits for a GPU
    row, index = torch.nonzero_static(mask, size=total).unbind(dim=1)
    k = max(largest, 1)
    column = torch.arange(len(row), device=row.device) - (counts.cumsum(0) - counts)[row]
    indices = torch.zeros(len(mask), k, dtype=torch.int64, device=mask.device)
    indices[row, column] = index
    return indices, torch.arange(k, device=mask.device) < counts[:, None]  # both (N, k)


# In the functions below, a and b are those of brightening, and b has the opposite sign: a pair is admissible if
# alpha > 0 and beta > 0, its score is alpha * beta, and pixels outside the domain have a = b = -inf.


def as_brightening(
    target_gradient: Tensor, others_gradient: Tensor, domain: Tensor, direction: Direction
) -> tuple[Tensor, Tensor]:
    return (
        (direction.sign * target_gradient).masked_fill(~domain, -torch.inf),
        (-direction.sign * others_gradient).masked_fill(~domain, -torch.inf),
    )


def rescale(derivatives: Tensor) -> Tensor:
    """Divide each row of (N, n) by a power of two near its largest value, if that is above 0.

    This is exact, so the order stays the same. It prevents underflow in products of tiny derivatives
    (1e-25 and less), which a network with saturated probabilities has.
    """
    largest = derivatives.amax(dim=1, keepdim=True).clamp(min=0)  # (N, 1)
    limit = int(math.log2(torch.finfo(derivatives.dtype).max))  # powers of two beyond it are infinite
    exponent = torch.frexp(largest).exponent.clamp(-limit, limit)
    return torch.ldexp(derivatives, -exponent.to(derivatives.dtype))


def _candidates(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return a, b and the indices (N, k) of a few pixels, among them the best pair (of equal pairs, the first)."""
    candidates, valid = indices_of(_passes_bound(a, b) & ~_below_two_good(a, b))
    a, b = gather(a, candidates, valid), gather(b, candidates, valid)
    if candidates.shape[1] > MAX_UNSORTED:
        # Pixels with equal a are ordered by index, not by b: a few dominated pixels may be kept, which costs little.
        by_a = a.argsort(dim=1, descending=True, stable=True)
        columns, valid = indices_of(_undominated(b, by_a) & valid)
        candidates, a, b = candidates.gather(1, columns), gather(a, columns, valid), gather(b, columns, valid)
    return a, b, candidates


def _passes_bound(a: Tensor, b: Tensor, k: int = 1) -> Tensor:
    """Return (N, n) bool. Upper bound: keep i if (a_i + max a)(b_i + max b) >= the k-th best score found so far.

    The scores found so far are those of all pairs with one good pixel, the one with the largest a_i * b_i.
    Rounding is monotone, so the computed score of a pair never exceeds the computed bounds of its pixels:
    the result is exact, ties included.
    """
    good = (a.clamp(min=0) * b.clamp(min=0)).argmax(dim=1, keepdim=True)  # (N, 1)
    scores = (a + a.gather(1, good)).clamp(min=0) * (b + b.gather(1, good)).clamp(min=0)  # (N, n)
    kth_best = scores.scatter(1, good, 0).topk(min(k, a.shape[1]), dim=1).values[:, -1:]  # (N, 1); no pixel with itself
    alpha, beta = a + a.amax(dim=1, keepdim=True), b + b.amax(dim=1, keepdim=True)  # (N, n)
    return (alpha > 0) & (beta > 0) & (alpha * beta >= kth_best)


def _below_two_good(a: Tensor, b: Tensor) -> Tensor:
    """Return (N, n) bool: the pixels that are dominated by both of the two with the largest a_i * b_i."""
    good = (a.clamp(min=0) * b.clamp(min=0)).topk(min(2, a.shape[1]), dim=1).indices  # (N, 2)
    least_a, least_b = (each.gather(1, good).amin(dim=1, keepdim=True) for each in (a, b))  # (N, 1)
    return (a < least_a) & (b < least_b)


def _undominated(b: Tensor, order: Tensor) -> Tensor:
    """Return (N, n) bool: the pixels that at most one other pixel dominates.

    order: (N, n), the pixels sorted by descending a. Keep a pixel if at most one pixel before it in this order
    has a b at least as large.
    """
    b = b.gather(1, order)
    largest = b.cummax(dim=1).values
    # The second largest of b_1 .. b_k is the maximum over j <= k of min(b_j, max of b_1 .. b_(j-1)).
    second_largest = torch.minimum(b[:, 1:], largest[:, :-1]).cummax(dim=1).values  # (N, n - 1)
    keep = torch.ones_like(b, dtype=torch.bool)
    keep[:, 2:] = b[:, 2:] > second_largest[:, :-1]
    return torch.zeros_like(keep).scatter(1, order, keep)  # back to the order of the pixels


def gather(values: Tensor, indices: Tensor, valid: Tensor) -> Tensor:
    """Return values (N, n) at indices (N, k), -inf where these are not valid."""
    return values.gather(1, indices).masked_fill(~valid, -torch.inf)


def _best_among(a: Tensor, b: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return (first, second, found), each (N,), of the best pair; a, b and candidates, the pixels' indices: (N, k)."""
    count, k = candidates.shape
    columns = torch.arange(k, device=a.device)
    best = torch.full((count,), -torch.inf, dtype=a.dtype, device=a.device)
    best_index = torch.zeros(count, dtype=torch.int64, device=a.device)
    for rows in columns.split(max(1, PAIRS_AT_ONCE // max(1, count * k))):
        alpha = a[:, rows, None] + a[:, None, :]  # (N, rows, k)
        beta = b[:, rows, None] + b[:, None, :]  # (N, rows, k)
        admissible = (alpha > 0) & (beta > 0) & (rows[:, None] < columns)
        score, index = torch.where(admissible, alpha * beta, -torch.inf).flatten(1).max(dim=1)  # (N, rows * k) to (N,)
        better = score > best
        best = torch.where(better, score, best)
        best_index = torch.where(better, index + rows[0] * k, best_index)
    first = candidates.gather(1, (best_index // k)[:, None]).squeeze(1)  # (N,)
    second = candidates.gather(1, (best_index % k)[:, None]).squeeze(1)  # (N,)
    return first, second, best > -torch.inf


def _sum_of_two(values: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Return values[first] + values[second] of each row: values (N, n), first and second (N,), result (N,)."""
    return values.gather(1, torch.stack([first, second], dim=1)).sum(dim=1)
