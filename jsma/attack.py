"""The Jacobian-based saliency map attack: settings, the loop, and what it returns.

Until the network says the target, the budget is spent or no pair is left: differentiate, find the
best pair of pixels, change both, ask again (Papernot et al. 2016, arXiv 1511.07528).
"""

import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property, reduce

import torch
from torch import Tensor, nn

from .convolution import FasterGradients
from .jacobian import MIN_IMAGES_FOR_CLASS_LOOP, Output, forward, jacobian_of_classes, like_parameters
from .rules import Rule, Untargeted, has_won, weighed
from .saliency import Direction, Pairs, best_pair, rescale
from .stop import Stop
from .workers import exhaust

LARGEST_BATCH, FEATURES_AT_ONCE = 128, 1 << 19
"""A batch is as many images as repay the calls and fit the processor's caches: of 32, 64 and 128 the best."""

WORTH_A_THREAD = 16
"""With fewer images for each core, a run does not share them among threads."""


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

    image (C, H, W); outputs (classes,), the logits; probabilities (classes,); target_gradient and
    others_gradient (n,), a and b of the rule; domain (n,) bool, the pixels that may be changed;
    changed, how many pixels differ from the original. pair is None on the last step, stop is None on
    all others.
    With Direction.BOTH the gradients and the domain are those of the chosen pair's direction (of
    brightening on the last step), with Untargeted.MAXIMAL those of the chosen class (of class 0).
    """

    iteration: int
    image: Tensor
    outputs: Tensor
    probabilities: Tensor
    target_gradient: Tensor
    others_gradient: Tensor
    domain: Tensor
    pair: Pair | None
    changed: int
    stop: Stop | None
    differentiate: Callable[[], Tensor] = field(repr=False)

    @property
    def chosen(self) -> Pair:
        """The pair to change next; ValueError on the last step, which has none."""
        if self.pair is None:
            raise ValueError(f"Step {self.iteration} is the last one; it has no pair.")
        return self.pair

    @cached_property
    def jacobian(self) -> Tensor:
        """(classes, C, H, W), of the outputs that the attack differentiates; computed when first asked for."""
        return self.differentiate()


@dataclass(frozen=True, eq=False)
class Result:
    """The ends of N attacks: images (N, C, H, W), success (N,) bool, stop, iterations (N,), changed (N,) int64.

    pairs (N, budget, 2) int64: what was changed at each iteration, -1 where it ended before; a run
    with a smaller budget changes the first of these. stop is None for attacks that were not
    finished because the run was ended early; their images are as far as they came.
    """

    images: Tensor
    success: Tensor
    stop: list[Stop | None]
    iterations: Tensor
    changed: Tensor
    pairs: Tensor | None = None


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

    def steps(self, model: nn.Module, image: Tensor, target: int | Untargeted | None) -> Iterator[Step]:
        """Attack one image (C, H, W) in [0, 1] towards class `target`; yield every step, the last with its stop.

        target None is Untargeted.AWAY. Step 0 is the untouched image. The model is left as it was.
        Raises ValueError as `run` does.
        """
        originals = images = like_parameters(image[None], model).clone()  # not the caller's memory
        labels, untargeted = aims(model, originals, target)
        limit = self.iterations(image.numel())
        for iteration in range(limit + 1):
            budget_left = torch.tensor([iteration < limit], device=images.device)
            turn = self._turn(model, untargeted, originals, images, labels, budget_left)
            yield self._step(model, iteration, images, originals, turn)
            if not turn.goes_on:
                return
            images = turn.changed_images

    def run(
        self,
        model: nn.Module,
        images: Tensor,
        targets: Tensor | Untargeted | None,
        batch_size: int | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> Result:
        """Attack images (N, C, H, W) in [0, 1] towards targets (N,) int64 and return how each ended.

        targets: None is Untargeted.AWAY for all. batch_size: how many images are worked on at a
        time (None: chosen by their size); those that are done make room for waiting ones. progress:
        called from this thread, often, with how many attacks are done and how many there are;
        returning False ends the run with what is done so far.
        On a processor the images are shared among torch.get_num_threads() threads that use the
        model at the same time; a model that cannot take that needs torch.set_num_threads(1).
        The choices are those of `steps`, up to ties at the level of rounding. The model is left as
        it was; result.images lies on its device. Raises ValueError for images out of [0, 1], a
        target that is no class, shapes that do not fit and outputs that are not finite.
        """
        originals = like_parameters(images, model)
        labels, untargeted = aims(model, originals, targets)
        count, features = len(originals), math.prod(originals.shape[1:])
        at_once = _batch_size(batch_size, features)
        pairs = labels.new_full((count, self.iterations(features) + 1, 2), -1)  # one more, for what would be next
        state = _State(originals, originals.clone(), labels, labels * 0, torch.full_like(labels, GOES_ON), pairs)
        cores = torch.get_num_threads() if originals.device.type == "cpu" else 1
        shares = max(1, min(cores, count // WORTH_A_THREAD))
        works = [
            self._work(model, untargeted, state, torch.arange(k, count, shares, device=labels.device), at_once)
            for k in range(shares)
        ]
        exhaust(works, progress and (lambda done: progress(done, count)))
        return state.result()

    def _work(
        self, model: nn.Module, untargeted: Untargeted | None, state: "_State", waiting: Tensor, at_once: int
    ) -> Iterator[int]:
        """Attack the rows of `state` named by `waiting`, `at_once` at a time; yield each turn how many are done."""
        limit = state.pairs.shape[1] - 1
        rows, begun = waiting[:0], 0
        while begun < len(waiting) or len(rows):
            room = at_once - len(rows)
            rows = torch.cat([rows, waiting[begun : begun + room]])
            begun = min(begun + room, len(waiting))
            iterations = state.iterations[rows]
            turn = self._turn(
                model, untargeted, state.originals[rows], state.images[rows], state.labels[rows], iterations < limit
            )
            state.images[rows] = turn.changed_images
            state.pairs[rows, iterations] = turn.pair
            state.iterations[rows] = iterations + turn.goes_on
            state.stop[rows] = turn.stop
            rows = rows[turn.goes_on]
            yield begun - len(rows)

    def _turn(
        self,
        model: nn.Module,
        untargeted: Untargeted | None,
        originals: Tensor,
        images: Tensor,
        labels: Tensor,
        budget_left: Tensor,
    ) -> "_Turn":
        """Take every image of a batch once round the loop. This is the attack; all else is bookkeeping."""
        with (
            FasterGradients() if len(images) >= MIN_IMAGES_FOR_CLASS_LOOP else nullcontext()
        ):  # for few images torch's own are as fast
            leaf, logits = forward(model, images)
        ways = [Direction.INCREASE, Direction.DECREASE] if self.direction is Direction.BOTH else [self.direction]
        domains = [search_domain(originals, images, way).flatten(1) for way in ways]
        derivatives = weighed(self.rule, self.output, untargeted, leaf, logits, labels)
        offers = (
            self._offer(way, domain, images, a, b)
            for a, b in derivatives
            for way, domain in zip(ways, domains, strict=True)
        )
        first = next(offers)
        best = reduce(_better, offers, first)
        two_left = reduce(torch.logical_or, (domain.count_nonzero(dim=1) >= 2 for domain in domains))
        stop = _why_stop(has_won(logits, labels, untargeted), budget_left, two_left, best.pairs.found)
        goes_on = stop == GOES_ON
        pair = torch.stack([best.pairs.first, best.pairs.second], dim=1).where(goes_on[:, None], -1)
        return _Turn(logits.detach(), first, best, stop, goes_on, pair, moved(images, pair, best.sign, self.theta))

    def _offer(self, way: Direction, domain: Tensor, images: Tensor, a: Tensor, b: Tensor) -> "_Offer":
        """Return the best pair of each image for one direction, with what it was chosen from."""
        a, b = self.rule.in_direction(a, b, images, way)
        sign = torch.full((len(images),), way.sign, device=images.device)
        return _Offer(a, b, domain, best_pair(a, b, domain, way), sign)

    def _step(self, model: nn.Module, iteration: int, images: Tensor, originals: Tensor, turn: "_Turn") -> Step:
        if turn.goes_on:
            pairs, shown, stop = turn.best.pairs, turn.best, None
            direction = Direction.INCREASE if shown.sign[0] > 0 else Direction.DECREASE
            first, second = int(pairs.first[0]), int(pairs.second[0])
            alpha, beta = float(pairs.alpha[0]), float(pairs.beta[0])
            pair = Pair(first, second, alpha, beta, -alpha * beta, direction)  # in float64, where it cannot vanish
        else:
            pair, shown, stop = None, turn.first, REASONS[turn.stop[0]]
        classes = turn.logits.shape[1]
        return Step(
            iteration=iteration,
            image=images[0],
            outputs=turn.logits[0],
            probabilities=turn.logits[0].softmax(dim=0),
            target_gradient=shown.target_gradient[0],
            others_gradient=shown.others_gradient[0],
            domain=shown.domain[0],
            pair=pair,
            changed=int(count_changed(images, originals)[0]),
            stop=stop,
            differentiate=lambda: jacobian_of_classes(model, images, self.output, classes)[0],
        )


@dataclass(frozen=True, eq=False)
class _State:
    """Where N attacks of a run stand; written in place, a row an attack.

    originals and images (N, C, H, W); labels, iterations and stop (N,) int64; pairs (N, budget + 1, 2).
    """

    originals: Tensor
    images: Tensor
    labels: Tensor
    iterations: Tensor
    stop: Tensor
    pairs: Tensor

    def result(self) -> Result:
        """Return what there is."""
        reasons = [None if number == GOES_ON else REASONS[number] for number in self.stop.tolist()]
        success = self.stop == REASONS.index(Stop.REACHED_TARGET)
        changed = count_changed(self.images, self.originals)
        pairs = self.pairs[:, :-1].cpu()
        return Result(self.images, success.cpu(), reasons, self.iterations.cpu(), changed.cpu(), pairs)


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
    """What came of one time round the loop for a batch; images that stopped are unchanged.

    first: what was offered first, the brightening where there is a choice; best: what is taken;
    stop (N,) int64: places in REASONS, or GOES_ON; goes_on (N,) bool; pair (N, 2) int64, the features changed, -1
    where nothing is.
    """

    logits: Tensor
    first: _Offer
    best: _Offer
    stop: Tensor
    goes_on: Tensor
    pair: Tensor
    changed_images: Tensor


def search_domain(originals: Tensor, images: Tensor, direction: Direction) -> Tensor:
    """Return bool, shaped like `images`: the pixels that may still be moved in `direction`.

    A pixel is out once it has reached the end of its range, as in the paper. One that was moved the
    other way is out as well, so that Direction.BOTH never takes a change back.
    """
    if direction is Direction.INCREASE:
        return (images < 1) & (images >= originals)
    return (images > 0) & (images <= originals)


def moved(images: Tensor, features: Tensor, sign: Tensor, theta: float) -> Tensor:
    """Return the images with the features (N, k) of each moved by sign (N,) times theta; a feature -1 is none."""
    pixels = images.flatten(1)
    moves, features, sign = features >= 0, features.clamp(min=0), sign[:, None].to(pixels.dtype)
    before = pixels.gather(1, features)
    after = (before + sign * theta).clamp(0, 1)
    end = sign.clamp(min=0)
    rounding = min(theta / 4, torch.finfo(after.dtype).eps * (8 + 1 / theta))  # of 1 / theta additions
    after = torch.where((after - end).abs() < rounding, end, after)
    return pixels.scatter(1, features, torch.where(moves, after, before)).view_as(images)


def _better(one: _Offer, two: _Offer) -> _Offer:
    """Return for each image the offer whose pair scores higher; on a tie, the first."""
    both = one.pairs, two.pairs
    alpha, beta = (torch.stack([getattr(pairs, name).abs() for pairs in both], dim=1) for name in ("alpha", "beta"))
    score = rescale(alpha) * rescale(beta)  # Pairs.score of tiny derivatives may have vanished
    lost = two.pairs.found & (~one.pairs.found | (score[:, 1] > score[:, 0]))

    def pick(first: Tensor, second: Tensor) -> Tensor:
        return torch.where(lost if first.ndim == 1 else lost[:, None], second, first)

    def fields(of: object, names: tuple[str, ...]) -> list[Tensor]:
        return [getattr(of, name) for name in names]

    of_pairs, of_offer = ("first", "second", "alpha", "beta", "score", "found"), ("target_gradient", "others_gradient")
    pairs = Pairs(*map(pick, fields(one.pairs, of_pairs), fields(two.pairs, of_pairs)))
    a, b = map(pick, fields(one, of_offer), fields(two, of_offer))
    return _Offer(a, b, pick(one.domain, two.domain), pairs, pick(one.sign, two.sign))


REASONS = list(Stop)
GOES_ON = -1


def _why_stop(won: Tensor, budget_left: Tensor, two_left: Tensor, pair_found: Tensor) -> Tensor:
    """Return for each image the place in REASONS of the first that holds, or GOES_ON."""
    stop = torch.where(pair_found, GOES_ON, REASONS.index(Stop.NO_ADMISSIBLE_PAIR))
    stop = torch.where(two_left, stop, REASONS.index(Stop.DOMAIN_EMPTY))
    stop = torch.where(budget_left, stop, REASONS.index(Stop.BUDGET_SPENT))
    return torch.where(won, REASONS.index(Stop.REACHED_TARGET), stop)


def aims(
    model: nn.Module, images: Tensor, target: int | Tensor | Untargeted | None
) -> tuple[Tensor, Untargeted | None]:
    """Return labels (N,), the targets or the answers to leave, and the kind of untargeted attack if it is one."""
    if target is None or isinstance(target, Untargeted):
        return _answers(model, images), target or Untargeted.AWAY
    labels = torch.as_tensor(target, device=images.device)
    if labels.ndim == 0 and not isinstance(target, Tensor):
        labels = labels.reshape(1)
    _check_targets(labels, model, images)
    return labels, None


def _answers(model: nn.Module, images: Tensor) -> Tensor:
    """Return the class (N,) that the model answers for each image."""
    batches = images.split(_batch_size(None, math.prod(images.shape[1:]))) if len(images) else []
    answers = [forward(model, batch)[1].argmax(dim=1) for batch in batches]
    return torch.cat(answers) if answers else torch.zeros(0, dtype=torch.int64, device=images.device)


def _check_targets(targets: Tensor, model: nn.Module, images: Tensor) -> None:
    if targets.shape != (len(images),):
        raise ValueError(
            f"There are {len(images)} images, but targets has shape {tuple(targets.shape)}; expected ({len(images)},)."
        )
    if targets.dtype != torch.int64:
        raise ValueError(f"Targets must be whole numbers (int64); found {targets.dtype}.")
    if len(images):
        classes = forward(model, images[:1])[1].shape[1]
        wrong = targets[(targets < 0) | (targets >= classes)].tolist()
        if wrong:
            raise ValueError(f"Target {wrong[0]} is no class of this model; it has the classes 0 to {classes - 1}.")


def _batch_size(given: int | None, features: int) -> int:
    if given is None:
        return max(1, min(LARGEST_BATCH, FEATURES_AT_ONCE // max(1, features)))
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise ValueError(f"batch_size is {given!r}; it must be a whole number of at least 1.")
    return given


def count_changed(images: Tensor, originals: Tensor) -> Tensor:
    """Return how many features of each image differ from the original's, (N,)."""
    return (images != originals).flatten(1).sum(dim=1)
