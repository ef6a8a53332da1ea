"""The saliency map: one value for each pixel, of the pixel alone as in the paper, or with its best partner."""

import torch
from torch import Tensor

from .saliency import PAIRS_AT_ONCE, Direction, as_brightening, checked, gather, indices_of, skyband


def saliency_map(
    target_gradient: Tensor, others_gradient: Tensor, domain: Tensor, direction: Direction, partners: bool = False
) -> Tensor:
    """Return the saliency of each pixel, (N, n) float64, at least 0.

    target_gradient, others_gradient: (N, n), the derivatives a of the target and b of the other classes; domain:
    (N, n) bool, the pixels that may be changed; direction: INCREASE or DECREASE.

    partners=False: S(X, t)[i] of Papernot et al. 2016 (equation 8; equation 9 for DECREASE): -a_i * b_i where a_i > 0
    and b_i < 0 (DECREASE: a_i < 0 and b_i > 0), else 0. partners=True: the largest score -alpha * beta of an
    admissible pair of pixel i with any other pixel, else 0; its maximum is the score of `best_pair`.
    Outside the domain it is 0. Time O(n) for single pixels; with partners O(n log n + n k) for a skyband of k pixels
    (a few dozen for the networks of this project; n in the worst case), memory O(n).
    Raises ValueError as `best_pair` does.
    """
    checked(target_gradient, others_gradient, domain)
    a, b = as_brightening(target_gradient.double(), others_gradient.double(), domain, direction)  # (N, n)
    if not partners:
        return a.clamp(min=0) * b.clamp(min=0)
    candidates, valid = indices_of(skyband(target_gradient, others_gradient, domain, direction))  # (N, k)
    return _with_best_partner(a, b, candidates, gather(a, candidates, valid), gather(b, candidates, valid))


def _with_best_partner(a: Tensor, b: Tensor, candidates: Tensor, their_a: Tensor, their_b: Tensor) -> Tensor:
    """Return the best score of each pixel with a candidate; a, b (N, n); candidates, their_a, their_b (N, k).

    It is the best score with any pixel: of two pixels that dominate j, one is not i, and scores no less with i.
    """
    (count, n), k = a.shape, candidates.shape[1]
    best = []
    for pixels in torch.arange(n, device=a.device).split(max(1, PAIRS_AT_ONCE // (count * k))):
        alpha = a[:, pixels, None] + their_a[:, None, :]  # (N, pixels, k)
        beta = b[:, pixels, None] + their_b[:, None, :]
        another = pixels[:, None] != candidates[:, None, :]
        best.append((alpha.clamp(min=0) * beta.clamp(min=0)).where(another, 0).amax(dim=2))
    return torch.cat(best, dim=1)
