"""What a map is worth: agreement with others, deletion and insertion, attacks that follow it, a randomised network."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from .explanations import Question, explain
from .features import like_parameters

Proceed = Callable[[], object]
"""To be called by a computation at every step; it may raise, which ends the computation."""


def spearman(one: Tensor, other: Tensor) -> float:
    """Return Spearman's rank correlation of two maps of the same shape; NaN if one has the same value everywhere.

    Equal values share their mean rank.
    """
    if one.shape != other.shape or one.numel() < 2:
        raise ValueError(f"The maps must have the same shape; found {tuple(one.shape)} and {tuple(other.shape)}.")
    x, y = (_ranks(values.flatten()) for values in (one, other))
    x, y = x - x.mean(), y - y.mean()
    spread = float(x.norm() * y.norm())
    return float(x @ y) / spread if spread else math.nan


def _ranks(values: Tensor) -> Tensor:
    """Return the rank of each value (n,), from 1, float64; equal values share the mean of their ranks."""
    _, place, count = values.unique(return_inverse=True, return_counts=True)
    mean_ranks: Tensor = count.cumsum(dim=0).double() - (count - 1) / 2
    return mean_ranks[place]


def overlap(one: Tensor, other: Tensor, k: int) -> float:
    """Return which share of the k strongest pixels two maps have in common, from 0 to 1.

    The strength of a pixel is the size of its value; pixels with the value 0 are not counted. By chance it is about
    k / n. Raises ValueError unless k is from 1 to the number of pixels.
    """
    if not 1 <= k <= one.numel():
        raise ValueError(f"k is {k}; it must be from 1 to the number of pixels, {one.numel()}.")
    mine, theirs = (set(ranked(values.abs())[:k].tolist()) for values in (one, other))
    return len(mine & theirs) / k


def ranked(values: Tensor) -> Tensor:
    """Return the flat indices of the pixels with a value above 0, the largest first, then the lowest index, (m,)."""
    order = values.flatten().sort(descending=True, stable=True).indices
    return order[values.flatten()[order] > 0]


@dataclass(frozen=True)
class Curve:
    """The probability of a class as pixels are exchanged: shares from 0 to 1, probabilities, both of length points."""

    shares: tuple[float, ...]
    probabilities: tuple[float, ...]

    @property
    def area(self) -> float:
        """The area under the curve, by trapezia."""
        x, y = torch.tensor(self.shares).double(), torch.tensor(self.probabilities).double()
        return float(torch.trapezoid(y, x))


def deletion(model: nn.Module, image: Tensor, values: Tensor, label: int, baseline: float, points: int = 29) -> Curve:
    """Return the probability of `label` as pixels of image (C, H, W) turn into `baseline`, the largest value first.

    values: the map, in the shape of the image; on ties the lowest index. points: how many shares of the pixels, from
    none to all. A small area says that the map finds what the network needs. Source: Petsiuk et al. 2018, arXiv
    1806.07421.
    """
    return _exchanged(model, image, torch.full_like(image, baseline), values, label, points)


def insertion(model: nn.Module, image: Tensor, values: Tensor, label: int, baseline: float, points: int = 29) -> Curve:
    """Return the same as `deletion`, from the baseline picture to the image; here a large area is good."""
    return _exchanged(model, torch.full_like(image, baseline), image, values, label, points)


def _exchanged(model: nn.Module, start: Tensor, end: Tensor, values: Tensor, label: int, points: int) -> Curve:
    order = values.flatten().sort(descending=True, stable=True).indices
    place = torch.empty_like(order).scatter_(0, order, torch.arange(len(order)))  # of each pixel in the order
    counts = torch.linspace(0, len(order), points).round().long()
    taken = (place < counts[:, None]).view(points, *start.shape)  # (points, C, H, W)
    probabilities = _logits(model, torch.where(taken, end, start)).softmax(dim=1)[:, label]
    return Curve(tuple((counts / len(order)).tolist()), tuple(probabilities.tolist()))


@dataclass(frozen=True)
class MapAttack:
    """An attack that follows a map: its pixels in order, and the logits after 0, 1, 2 … of them, (steps + 1, classes).

    reads: the class that the network reads after each. ended_by_map: whether the map named no further pixel.
    """

    target: int
    pixels: tuple[int, ...]
    logits: Tensor
    ended_by_map: bool

    @property
    def reads(self) -> list[int]:
        """The class that the network reads, from the untouched image on."""
        return self.logits.argmax(dim=1).tolist()

    @property
    def until_target(self) -> int | None:
        """How many pixels it took until the network read the target; None if it did not."""
        return next((count for count, read in enumerate(self.reads) if read == self.target), None)

    @property
    def until_other(self) -> int | None:
        """How many pixels it took until the network read anything but what it read at first; None if it did not."""
        return next((count for count, read in enumerate(self.reads) if read != self.reads[0]), None)


def attack_by_map(
    name: str,
    model: nn.Module,
    image: Tensor,
    question: Question,
    limit: int,
    again: bool = False,
    proceed: Proceed = lambda: None,
) -> MapAttack:
    """Change pixels of image (C, H, W) in the order of the map `name` until the network reads the target.

    One pixel at a time, by question.change, each at most once, at most `limit`; the largest value first, only values
    above 0. again: compute the map again after every pixel; else its first order is followed to the end. Raises
    ValueError as `explain` does.
    """
    image = like_parameters(image[None], model)[0]
    attack = _following_new_orders if again else _following_one_order
    pixels, logits = attack(name, model, image, question, limit, proceed)
    reached = (logits.argmax(dim=1) == question.target).nonzero()
    if len(reached):
        pixels, logits = pixels[: int(reached[0])], logits[: int(reached[0]) + 1]
    return MapAttack(question.target, tuple(pixels), logits, ended_by_map=not len(reached) and len(pixels) < limit)


def _following_one_order(
    name: str, model: nn.Module, image: Tensor, question: Question, limit: int, proceed: Proceed
) -> tuple[list[int], Tensor]:
    """Return the first pixels of the map's order, and the logits after 0, 1, 2 … of them; it may go past the target."""
    proceed()
    pixels = _order(explain(name, model, image, question), image, question, [])[:limit]
    place = torch.full((image.numel(),), len(pixels), device=image.device)
    place[pixels] = torch.arange(len(pixels), device=image.device)  # of each pixel in the order; beyond all for others
    counts = torch.arange(len(pixels) + 1, device=image.device)
    taken = (place < counts[:, None]).view(-1, *image.shape)  # (pixels + 1, C, H, W)
    return pixels, _logits(model, torch.where(taken, question.change.of(image), image))


def _following_new_orders(
    name: str, model: nn.Module, image: Tensor, question: Question, limit: int, proceed: Proceed
) -> tuple[list[int], Tensor]:
    """Return the pixels, each the first of an order of its own, and the logits, up to the target."""
    current, end, pixels, logits = image.clone(), question.change.of(image), list[int](), list[Tensor]()
    while True:
        proceed()
        logits.append(_logits(model, current[None])[0])
        if int(logits[-1].argmax()) == question.target or len(pixels) == limit:
            break
        free = torch.ones(image.numel(), dtype=torch.bool)
        free[pixels] = False
        asked = replace(question, changeable=free)
        order = _order(explain(name, model, current, asked), current, question, pixels)
        if not order:
            break
        pixels.append(order[0])
        current.view(-1)[order[0]] = end.view(-1)[order[0]]
    return pixels, torch.stack(logits)


def _order(values: Tensor, image: Tensor, question: Question, changed: list[int]) -> list[int]:
    """Return the pixels that the map names and that may be changed, the best first."""
    can_move = (question.change.of(image) != image).flatten()
    can_move[changed] = False
    return ranked(values.flatten().where(can_move, 0)).tolist()


def layers_from_the_end(model: nn.Module) -> list[str]:
    """Return the names of the layers with weights of their own, the last first."""
    return [name for name, layer in model.named_modules() if list(layer.parameters(recurse=False))][::-1]


def randomised(model: nn.Module, layers: int, seed: int = 0) -> nn.Module:
    """Return a copy whose last `layers` layers have random weights, as before training: the sanity check's network.

    Weights and biases are drawn from U(-r, r), r = 1 / sqrt(inputs of the layer), which is torch's default. Source:
    Adebayo et al. 2018, arXiv 1810.03292, the cascading randomisation. Raises ValueError for more layers than there
    are.
    """
    names = layers_from_the_end(model)
    if not 0 <= layers <= len(names):
        raise ValueError(f"layers is {layers}; this network has {len(names)} layers with weights.")
    copied, random = copy.deepcopy(model), torch.Generator().manual_seed(seed)
    for name in names[:layers]:
        own = list(copied.get_submodule(name).parameters(recurse=False))
        bound = 1 / math.sqrt(own[0][0].numel())
        for values in own:
            drawn = torch.rand(values.shape, generator=random, dtype=torch.float64) * 2 * bound - bound
            values.data.copy_(drawn)
    return copied


@torch.no_grad()
def _logits(model: nn.Module, images: Tensor) -> Tensor:
    """Return the logits (N, classes) of images (N, C, H, W)."""
    logits: Tensor = model(like_parameters(images, model))
    return logits
