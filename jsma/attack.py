"""The Jacobian-based saliency map attack: settings, the loop, and what it returns.

Until the network says the target, the budget is spent or no pair is left: differentiate, find the
best pair of pixels, change both, ask again (Papernot et al. 2016, arXiv 1511.07528).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import islice

import torch
from torch import Tensor, nn

from .jacobian import Output, jacobian_of_classes, like_parameters, logits_with_graph, vector_jacobian
from .saliency import Direction, Pairs, best_pair


class Rule(Enum):
    """How the derivatives are weighed before pairs are compared.

    With Z the differentiated outputs, p the probabilities, t the target and x the pixel:

        JSMA   a = dZ_t/dx               b = sum over j != t of dZ_j/dx            Papernot et al. 2016
        WJSMA  a = dZ_t/dx               b = sum over j != t of p_j dZ_j/dx        arXiv 2007.06032
        TJSMA  WJSMA's a and b, both multiplied by the room the pixel has left     arXiv 2007.06032

    The room is 1 - x when brightening; for darkening we read it as x.
    """

    JSMA = "jsma"
    WJSMA = "wjsma"
    TJSMA = "tjsma"


class Stop(Enum):
    """Why an attack ended."""

    REACHED_TARGET = "reached target"
    BUDGET_SPENT = "budget spent"
    NO_ADMISSIBLE_PAIR = "no admissible pair"
    DOMAIN_EMPTY = "domain empty"
    """Fewer than two pixels are left that may be changed."""


@dataclass(frozen=True)
class Pair:
    """Two features, first < second, as flat indices into (C, H, W), and what makes them the best pair."""

    first: int
    second: int
    alpha: float
    beta: float
    score: float
    direction: Direction


@dataclass(frozen=True, eq=False)
class Step:
    """One moment of an attack: the image as it stands, what the network says, and the pair to change next.

    image (C, H, W); outputs (classes,), the logits; probabilities (classes,); jacobian (classes, C, H, W)
    of the outputs the attack differentiates; target_gradient and others_gradient (n,), a and b of
    the rule; domain (n,) bool, the pixels that may be changed; changed, how many pixels differ from
    the original. pair is None on the last step, stop is None on all others.
    With Direction.BOTH the gradients and the domain are those of the chosen pair's direction (of
    brightening on the last step).
    """

    iteration: int
    image: Tensor
    outputs: Tensor
    probabilities: Tensor
    jacobian: Tensor
    target_gradient: Tensor
    others_gradient: Tensor
    domain: Tensor
    pair: Pair | None
    changed: int
    stop: Stop | None


@dataclass(frozen=True, eq=False)
class Result:
    """The ends of N attacks: images (N, C, H, W), success (N,) bool, stop, iterations (N,), changed (N,) int64."""

    images: Tensor
    success: Tensor
    stop: list[Stop]
    iterations: Tensor
    changed: Tensor


@dataclass(frozen=True)
class Attack:
    """The settings of an attack; hashable, and checked when made (ValueError).

    theta: how far a pixel is moved by one change, in (0, 1]; the direction says the sign.
    gamma: the largest share of features that may be changed, in (0, 1]; the paper's upsilon.
    """

    rule: Rule = Rule.JSMA
    output: Output = Output.LOGITS
    direction: Direction = Direction.INCREASE
    theta: float = 1.0
    gamma: float = 0.145

    def __post_init__(self) -> None:
        for name, kind in (("rule", Rule), ("output", Output), ("direction", Direction)):
            if not isinstance(getattr(self, name), kind):
                choices = ", ".join(f"{kind.__name__}.{member.name}" for member in kind)
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be one of {choices}.")
        for name in ("theta", "gamma"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
                raise ValueError(f"{name} is {value!r}; it must be a number above 0 and at most 1.")

    def iterations(self, features: int) -> int:
        """Return how many pairs the budget pays for: floor(features * gamma / 2)."""
        return math.floor(round(features * self.gamma / 2, 9))  # rounded, so that 100 * 0.58 / 2 is 29

    def steps(self, model: nn.Module, image: Tensor, target: int) -> Iterator[Step]:
        """Attack one image (C, H, W) in [0, 1] towards class `target`; yield every step, the last with its stop.

        Step 0 is the untouched image. The model is left as it was. Raises ValueError as `run` does.
        """
        originals = images = like_parameters(image[None], model).clone()  # not the caller's memory
        targets = torch.as_tensor(target, device=images.device)
        if targets.numel() != 1:
            raise ValueError(f"One image has one target; found {targets.numel()}.")
        targets = targets.reshape(1)
        limit = self.iterations(image.numel())
        for iteration in range(limit + 1):
            turn = self._turn(model, originals, images, targets, budget_left=torch.tensor([iteration < limit]))
            yield self._step(model, iteration, images, originals, turn)
            if turn.stop[0] is not None:
                return
            images = turn.changed_images

    def run(self, model: nn.Module, images: Tensor, targets: Tensor, batch_size: int = 64) -> Result:
        """Attack images (N, C, H, W) in [0, 1] towards targets (N,) int64 and return how each ended.

        Works on `batch_size` images at a time; those that are done make room for waiting ones. The
        choices are those of `steps`, up to ties at the level of rounding. The model is left as it
        was; the result lies on its device. Raises ValueError for images out of [0, 1], a target
        that is no class, shapes that do not fit and outputs that are not finite.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; it must be at least 1.")
        originals = like_parameters(images, model)
        targets = torch.as_tensor(targets, device=originals.device)
        if targets.shape != (len(originals),):
            raise ValueError(
                f"There are {len(originals)} images, but targets has shape {tuple(targets.shape)}; "
                f"expected ({len(originals)},)."
            )
        limit = self.iterations(originals[0].numel()) if len(originals) else 0
        current = originals.clone()
        iterations = torch.zeros(len(originals), dtype=torch.int64)
        stop: list[Stop | None] = [None] * len(originals)
        working = list(range(min(batch_size, len(originals))))
        waiting = iter(range(len(working), len(originals)))
        while working:
            rows = torch.tensor(working)
            turn = self._turn(model, originals[rows], current[rows], targets[rows], iterations[rows] < limit)
            current[rows] = turn.changed_images
            for row, reason in zip(working, turn.stop, strict=True):
                stop[row] = reason
                iterations[row] += reason is None
            working = [row for row in working if stop[row] is None]
            working += islice(waiting, batch_size - len(working))
        success = torch.tensor([reason is Stop.REACHED_TARGET for reason in stop], dtype=torch.bool)
        return Result(current, success, stop, iterations, _count_changed(current, originals).cpu())

    def _turn(
        self, model: nn.Module, originals: Tensor, images: Tensor, targets: Tensor, budget_left: Tensor
    ) -> "_Turn":
        """Take every image of a batch once round the loop. This is the attack; all else is bookkeeping."""
        leaf, logits = logits_with_graph(model, images)
        _check_targets(targets, logits.shape[1])
        probabilities = logits.detach().softmax(dim=1)
        target_gradient, others_gradient = self._gradients(leaf, logits, probabilities, targets)
        directions = [self.direction]
        if self.direction is Direction.BOTH:
            directions = [Direction.INCREASE, Direction.DECREASE]
        offers = [self._offer(way, originals, images, target_gradient, others_gradient) for way in directions]
        reached = logits.argmax(dim=1) == targets
        enough = torch.stack([offer.domain.sum(dim=1) for offer in offers]).amax(dim=0) >= 2
        found = torch.stack([offer.pairs.found for offer in offers]).any(dim=0)
        facts = (each.tolist() for each in (reached, budget_left, enough, found))
        stop = [_why_stop(*fact) for fact in zip(*facts, strict=True)]
        goes_on = torch.tensor([reason is None for reason in stop], device=images.device)
        best = offers[0] if len(offers) == 1 else _better(*offers, goes_on)
        return _Turn(logits.detach(), probabilities, best, stop, self._change(images, best, goes_on))

    def _gradients(self, leaf: Tensor, logits: Tensor, probabilities: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return a and b of the rule, (N, n) each, before any weighing by room."""
        outputs = self.output.of(logits)
        of_target = torch.nn.functional.one_hot(targets, logits.shape[1]).to(logits.dtype)
        of_others = 1 - of_target
        target_gradient = vector_jacobian(outputs, leaf, of_target).flatten(1)
        if self.rule is not Rule.JSMA:
            of_others = of_others * probabilities
        elif self.output is Output.PROBABILITIES:  # they add up to one, so what the target gains the others lose
            return target_gradient, -target_gradient
        return target_gradient, vector_jacobian(outputs, leaf, of_others).flatten(1)

    def _offer(
        self, direction: Direction, originals: Tensor, images: Tensor, target_gradient: Tensor, others_gradient: Tensor
    ) -> "_Offer":
        """Return the best pair of each image for one direction, with what it was chosen from."""
        domain = search_domain(originals, images, direction).flatten(1)
        if self.rule is Rule.TJSMA:
            room = (1 - images if direction is Direction.INCREASE else images).flatten(1)
            target_gradient, others_gradient = target_gradient * room, others_gradient * room
        pairs = best_pair(target_gradient, others_gradient, domain, direction)
        sign = torch.full((len(images),), direction.sign, device=images.device)
        return _Offer(target_gradient, others_gradient, domain, pairs, sign)

    def _change(self, images: Tensor, offer: "_Offer", goes_on: Tensor) -> Tensor:
        """Return the images with both pixels of the pair moved by theta, where the attack goes on."""
        changed = images.flatten(1).clone()
        rows = goes_on.nonzero().flatten()
        pair = torch.stack([offer.pairs.first, offer.pairs.second], dim=1)[rows]
        sign = offer.sign[rows, None].to(changed.dtype)
        moved = (changed[rows[:, None], pair] + sign * self.theta).clamp(0, 1)
        end = (sign > 0).to(moved.dtype)
        # What is left of the 1 / theta moves from end to end may be their rounding.
        rounding = min(2 * torch.finfo(moved.dtype).eps / self.theta, self.theta / 4)
        at_end = (moved - end).abs() < rounding
        changed[rows[:, None], pair] = torch.where(at_end, end, moved)
        return changed.view_as(images)

    def _step(self, model: nn.Module, iteration: int, images: Tensor, originals: Tensor, turn: "_Turn") -> Step:
        pairs, stop = turn.best.pairs, turn.stop[0]
        pair = None
        if stop is None:
            direction = Direction.INCREASE if turn.best.sign[0] > 0 else Direction.DECREASE
            first, second, alpha, beta = (
                number[0].item() for number in (pairs.first, pairs.second, pairs.alpha, pairs.beta)
            )
            pair = Pair(first, second, alpha, beta, -alpha * beta, direction)  # in float64, where it cannot vanish
        return Step(
            iteration=iteration,
            image=images[0],
            outputs=turn.logits[0],
            probabilities=turn.probabilities[0],
            jacobian=jacobian_of_classes(model, images, self.output, turn.logits.shape[1])[0],
            target_gradient=turn.best.target_gradient[0],
            others_gradient=turn.best.others_gradient[0],
            domain=turn.best.domain[0],
            pair=pair,
            changed=int(_count_changed(images, originals)[0]),
            stop=stop,
        )


@dataclass(frozen=True, eq=False)
class _Offer:
    """What one direction offers a batch: a, b and domain (N, n), the best pairs, and the direction's sign (N,)."""

    target_gradient: Tensor
    others_gradient: Tensor
    domain: Tensor
    pairs: Pairs
    sign: Tensor


@dataclass(frozen=True, eq=False)
class _Turn:
    """What came of one time round the loop for a batch; images that stopped are unchanged."""

    logits: Tensor
    probabilities: Tensor
    best: _Offer
    stop: list[Stop | None]
    changed_images: Tensor


def search_domain(originals: Tensor, images: Tensor, direction: Direction) -> Tensor:
    """Return bool, shaped like `images`: the pixels that may still be moved in `direction`.

    A pixel is out once it has reached the end of its range, as in the paper. One that was moved the
    other way is out as well, so that Direction.BOTH never takes a change back.
    """
    if direction is Direction.INCREASE:
        return (images < 1) & (images >= originals)
    return (images > 0) & (images <= originals)


def _better(brighten: _Offer, darken: _Offer, goes_on: Tensor) -> _Offer:
    """Return for each image the offer whose pair scores higher; on a tie, or where it stops, the one to brighten."""
    # In float64 the products of a very sure network's tiny derivatives do not vanish.
    scores = [-offer.pairs.alpha.double() * offer.pairs.beta.double() for offer in (brighten, darken)]
    lost = goes_on & darken.pairs.found & (~brighten.pairs.found | (scores[1] > scores[0]))

    def pick(name: str, source: object, other: object) -> Tensor:
        one, two = getattr(source, name), getattr(other, name)
        return torch.where(lost if one.ndim == 1 else lost[:, None], two, one)

    pair_fields = ("first", "second", "alpha", "beta", "score", "found")
    pairs = Pairs(*(pick(name, brighten.pairs, darken.pairs) for name in pair_fields))
    fields = ("target_gradient", "others_gradient", "domain")
    return _Offer(*(pick(name, brighten, darken) for name in fields), pairs, pick("sign", brighten, darken))


def _why_stop(reached: bool, budget_left: bool, two_left: bool, pair_found: bool) -> Stop | None:
    if reached:
        return Stop.REACHED_TARGET
    if not budget_left:
        return Stop.BUDGET_SPENT
    if not two_left:
        return Stop.DOMAIN_EMPTY
    return None if pair_found else Stop.NO_ADMISSIBLE_PAIR


def _check_targets(targets: Tensor, classes: int) -> None:
    if targets.dtype != torch.int64:
        raise ValueError(f"Targets must be whole numbers (int64); found {targets.dtype}.")
    if not ((targets >= 0) & (targets < classes)).all():
        wrong = targets[(targets < 0) | (targets >= classes)][0].item()
        raise ValueError(f"Target {wrong} is no class of this model; it has the classes 0 to {classes - 1}.")


def _count_changed(images: Tensor, originals: Tensor) -> Tensor:
    return (images != originals).flatten(1).sum(dim=1)
