"""The Jacobian-based saliency map attack: its settings, the loop, and its results.

Each iteration differentiates the network, finds the best pair of pixels and changes both. The loop ends when
the network predicts the target, the budget is spent, or no admissible pair is left (Papernot et al. 2016,
arXiv 1511.07528).
"""

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce

import torch
from torch import Tensor

from .features import UNIT, Bounds, Features, batch_of_one, prepare, shapes_explained
from .jacobian import Output, jacobian_of
from .network import Model, Network, forward, network_of
from .reason import why_no_pair
from .rules import Rule, Untargeted, has_succeeded, weighted_gradients
from .saliency import Direction, Pairs, best_pair, rescale
from .stop import Stop
from .workers import exhaust

MAX_BATCH, MAX_BATCH_FEATURES = 128, 1 << 19
"""A batch is large enough to amortise the calls, and small enough for the CPU's caches. Best of 32, 64 and 128."""

MIN_IMAGES_PER_THREAD = 16
"""A run starts only as many threads as have at least this many images each."""

ATTACKS_TO_EXPLAIN = 8
"""A run looks at this many attacks without an admissible pair for a reason to warn of."""


@dataclass(frozen=True)
class Pair:
    """The best pair of a step: two features, first < second, as flat indices into (C, H, W).

    alpha and beta: the sums of the two features' a and b; score: -alpha * beta; direction: INCREASE or DECREASE.
    Derivatives are per unit of the feature: for an image, from black to white.
    """

    first: int
    second: int
    alpha: float
    beta: float
    score: float
    direction: Direction


@dataclass(frozen=True, eq=False)
class Step:
    """One step of an attack: the current image, the network's outputs, and the pair to change next.

    image (C, H, W); outputs (classes,), the logits; probabilities (classes,); target_gradient and
    others_gradient (n,), the rule's a and b; domain (n,) bool, the pixels that may be changed;
    changed, the number of pixels that differ from the original. pair is None on the last step, stop is None on
    all others. reason: a sentence beside the stop, where derivatives that are exactly 0 left no pair admissible.
    differentiate: computes `jacobian`.
    With Direction.BOTH the gradients and the domain are those of the chosen pair's direction (on the last step,
    of INCREASE); with Untargeted.MAXIMAL they are those of the chosen class (on the last step, of class 0).
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
    reason: str | None = None

    @property
    def chosen(self) -> Pair:
        """The pair to change next. Raises ValueError on the last step, which has none."""
        if self.pair is None:
            raise ValueError(f"Step {self.iteration} is the last one; it has no pair.")
        return self.pair

    @cached_property
    def jacobian(self) -> Tensor:
        """The Jacobian (classes, C, H, W) of the outputs that the attack differentiates; computed on first access."""
        return self.differentiate()


@dataclass(frozen=True, eq=False)
class Result:
    """The results of N attacks: images (N, C, H, W), success (N,) bool, stop, iterations (N,), changed (N,) int64.

    images is on the model's device, all other tensors on the CPU. changed: the number of features that differ from the
    original.
    pairs (N, budget, 2) int64: the features changed at each iteration, -1 after the attack has ended. A run with
    a smaller budget changes the same pairs, but fewer. stop is None for attacks that did not end because the run
    was cancelled; their images are those of the last iteration. changeable (N,) int64: how many features of each
    could change; None if all could. predictions (N,) int64: the class that the model predicts for each image at the
    end, -1 for attacks that did not end; None if unknown.
    """

    images: Tensor
    success: Tensor
    stop: list[Stop | None]
    iterations: Tensor
    changed: Tensor
    pairs: Tensor | None = None
    changeable: Tensor | None = None
    predictions: Tensor | None = None

    @property
    def distortion(self) -> Tensor:
        """The share of all features that each attack changed, (N,) float64."""
        return self.changed.double() / math.prod(self.images.shape[1:])

    @property
    def distortion_of_changeable(self) -> Tensor:
        """The share of the features that could change which each attack changed, (N,) float64; 0 if none could."""
        return self.distortion if self.changeable is None else self.changed.double() / self.changeable.clamp(min=1)


@dataclass(frozen=True)
class Attack:
    """The settings of an attack: immutable and hashable. Raises ValueError for invalid values.

    rule: how derivatives are weighted; output: which outputs are differentiated; direction: which way pixels move.
    theta: the magnitude of one change of a pixel, as a share of its range, in (0, 1]; the direction gives the sign.
    gamma: the largest share of features that may be changed, in (0, 1]; the paper's upsilon.
    Source: Papernot et al. 2016, arXiv 1511.07528; those of the rules are in `Rule`.

    >>> attack = Attack(Rule.TJSMA, direction=Direction.BOTH, gamma=0.1)
    >>> attack.iterations(784)
    39
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
        """Return the maximum number of iterations, one pair each: floor(features * gamma / 2)."""
        return math.floor(round(features * self.gamma / 2, 9))  # rounded, so that 100 * 0.58 / 2 is 29

    def budget(self, features: int) -> int:
        """Return `iterations(features)`. Raises ValueError for fewer than 2 features or a gamma without a pair."""
        if features < 2:
            raise ValueError(f"An image has {features} features; the attack changes pairs, so it needs at least 2.")
        limit = self.iterations(features)
        if limit == 0:
            unit = 10 ** (len(str(features)) + 3)  # four significant digits, rounded up
            raise ValueError(
                f"gamma is {self.gamma:g}, which allows no pair of {features} features; the smallest gamma that does "
                f"is {math.ceil(2 / features * unit) / unit:g} (2 / {features})."
            )
        return limit

    def steps(
        self,
        model: Model,
        image: Tensor,
        target: int | Untargeted | None,
        *,
        bounds: Bounds = UNIT,
        changeable: Tensor | None = None,
    ) -> Iterator[Step]:
        """Attack one image (C, H, W) in [0, 1] towards class `target`; yield every step, the last with its stop.

        target: None is Untargeted.AWAY. Step 0 is the original image. The model is not changed. Any other sample,
        such as a row (F,), is attacked in the same way; bounds and changeable are those of `run`.
        Raises ValueError as `run` does.
        """
        model = network_of(model)
        originals, features = prepare(batch_of_one(image), model, bounds, changeable, self.theta)  # (1, C, H, W)
        originals = images = originals.clone()  # not the caller's memory
        with shapes_explained(originals):
            model.check(originals)
            labels, untargeted = resolve_targets(model, originals, target)
        limit = self.budget(image.numel())
        for iteration in range(limit + 1):
            budget_left = torch.tensor([iteration < limit], device=images.device)
            turn = self._turn(model, untargeted, features, originals, images, labels, budget_left)
            reason = self._reason(model, untargeted, features, originals, images, labels) if turn.lacks_pair else None
            yield self._step(model, iteration, images, originals, turn, reason)
            if not turn.continues:
                return
            images = turn.changed_images

    @torch.inference_mode(False)
    def run(
        self,
        model: Model,
        images: Tensor,
        targets: Tensor | Untargeted | None,
        batch_size: int | None = None,
        progress: Callable[[int, int], object] | None = None,
        *,
        bounds: Bounds = UNIT,
        changeable: Tensor | None = None,
    ) -> Result:
        """Attack images (N, C, H, W) in [0, 1] towards targets (N,) int64 and return a Result of N attacks.

        targets: None is Untargeted.AWAY for all. batch_size: the number of images in a batch (None: depends on
        their size); when an attack ends, the next image takes its place. progress: called often, from this
        thread, with the number of finished attacks and N; returning False cancels the run, which then returns
        the results so far.
        On a CPU the images are divided among torch.get_num_threads() threads, which call the model concurrently;
        if the model is not thread-safe, call torch.set_num_threads(1) first.
        The pairs are those of `steps`, except for ties within rounding errors. The model is not changed;
        result.images is on its device. Raises ValueError for images outside [0, 1], targets that are not
        classes of the model, shapes that do not match, a gamma that allows no pair, and a model whose outputs are
        not finite or not repeatable. Warns of outputs that already are probabilities, and where attacks found no
        admissible pair although they might on other outputs.

        Samples of any other shape, such as rows (N, F) or sequences (N, T, F), are attacked in the same way.
        bounds: the ends (low, high) of the features' ranges, numbers or tensors that broadcast to one sample; theta is
        a share of each range. Derivatives are by the features as they are, so the pairs depend on their units.
        changeable: bool, broadcasts to the samples; the others are never changed, and may have any finite value. The
        budget counts all features: gamma is a share of all. Raises ValueError for bounds that are not finite, that
        leave a feature no range, or that a value exceeds by more than rounding.
        """
        model = network_of(model)
        originals, features = prepare(images, model, bounds, changeable, self.theta)
        with shapes_explained(originals):
            model.check(originals)
            labels, untargeted = resolve_targets(model, originals, targets)
        count, n = len(originals), math.prod(originals.shape[1:])
        at_once = _batch_size(batch_size, n)
        limit = self.budget(n) if count else 0
        pairs = labels.new_full((count, limit + 1, 2), -1)  # the last column stays -1
        continues, unread = torch.full_like(labels, CONTINUES), torch.full_like(labels, -1)
        state = _State(originals, originals.clone(), labels, labels * 0, continues, unread, pairs)
        cores = torch.get_num_threads() if originals.device.type == "cpu" else 1
        threads = max(1, min(cores, count // MIN_IMAGES_PER_THREAD))
        tasks = [
            self._attack_rows(model, untargeted, features, state, queue, at_once)
            for queue in (torch.arange(k, count, threads, device=labels.device) for k in range(threads))
        ]
        exhaust(tasks, progress and (lambda done: progress(done, count)))
        self._warn_of_reason(model, untargeted, features, state)
        return replace(state.result(), changeable=features.changeable_counts(count))

    def _attack_rows(
        self,
        model: Network,
        untargeted: Untargeted | None,
        features: Features,
        state: "_State",
        queue: Tensor,
        at_once: int,
    ) -> Iterator[int]:
        """Attack the rows of `state` with the indices `queue` (M,), in batches of `at_once`; yield how many have ended.

        It yields after every turn. A row whose attack has ended is replaced by the next one of the queue.
        """
        limit = state.pairs.shape[1] - 1
        rows, started = queue[:0], 0
        while started < len(queue) or len(rows):
            free = at_once - len(rows)
            rows = torch.cat([rows, queue[started : started + free]])
            started = min(started + free, len(queue))
            iterations = state.iterations[rows]
            turn = self._turn(
                model,
                untargeted,
                features.of(rows),
                state.originals[rows],
                state.images[rows],
                state.labels[rows],
                iterations < limit,
            )
            state.images[rows] = turn.changed_images
            state.pairs[rows, iterations] = turn.pair
            state.iterations[rows] = iterations + turn.continues
            state.stop[rows] = turn.stop
            state.predictions[rows] = turn.predictions
            rows = rows[turn.continues]
            yield started - len(rows)

    @torch.inference_mode(False)
    def _turn(
        self,
        model: Network,
        untargeted: Untargeted | None,
        features: Features,
        originals: Tensor,
        images: Tensor,
        labels: Tensor,
        budget_left: Tensor,
    ) -> "_Turn":
        """Carry out one turn, that is one iteration, for every image (N, C, H, W) of a batch: the attack itself.

        features: those of the images; originals, images: (N, C, H, W); labels: (N,) int64; budget_left: (N,) bool.
        """
        leaf, logits = forward(model, images)
        directions = self.direction.each
        domains = [features.domain(originals, images, direction).flatten(1) for direction in directions]  # (N, n) each
        gradients = weighted_gradients(self.rule, self.output, untargeted, leaf, logits, labels)
        proposals = (
            self._proposal(direction, domain, features, images, a, b)
            for a, b in gradients  # (N, n) each
            for direction, domain in zip(directions, domains, strict=True)
        )
        first = next(proposals)
        best = reduce(_better, proposals, first)
        enough_pixels = reduce(torch.logical_or, (domain.count_nonzero(dim=1) >= 2 for domain in domains))  # (N,)
        succeeded = has_succeeded(logits, labels, untargeted)
        stop = _stop_reason(succeeded, budget_left, enough_pixels, best.pairs.found)  # (N,)
        continues = stop == CONTINUES
        pair = torch.stack([best.pairs.first, best.pairs.second], dim=1).where(continues[:, None], -1)  # (N, 2)
        return _Turn(logits.detach(), first, best, stop, continues, pair, features.moved(images, pair, best.sign))

    def _proposal(
        self, direction: Direction, domain: Tensor, features: Features, images: Tensor, a: Tensor, b: Tensor
    ) -> "_Proposal":
        """Return the best pair of each image for one direction; domain, a and b: (N, n)."""
        a, b = self.rule.in_direction(a, b, images, direction, features)
        sign = torch.full((len(images),), direction.sign, device=images.device)  # (N,)
        return _Proposal(a, b, domain, best_pair(a, b, domain, direction), sign)

    def _reason(
        self,
        model: Network,
        untargeted: Untargeted | None,
        features: Features,
        originals: Tensor,
        images: Tensor,
        labels: Tensor,
    ) -> str | None:
        """Return why an attack on one image found no admissible pair, if its derivatives tell; all tensors (1, ...)."""
        leaf, logits = forward(model, images)
        gradients = weighted_gradients(self.rule, self.output, untargeted, leaf, logits, labels)
        domains = [(each.sign, features.domain(originals, images, each).flatten(1)) for each in self.direction.each]
        in_domain = [(sign * a[domain], sign * b[domain]) for a, b in gradients for sign, domain in domains]
        return why_no_pair(in_domain, self.output)

    def _warn_of_reason(
        self, model: Network, untargeted: Untargeted | None, features: Features, state: "_State"
    ) -> None:
        """Warn with the first reason that one of the attacks without an admissible pair has."""
        lacking = (state.stop == REASONS.index(Stop.NO_ADMISSIBLE_PAIR)).nonzero()  # (M, 1)
        reasons = (
            self._reason(
                model, untargeted, features.of(row), state.originals[row], state.images[row], state.labels[row]
            )
            for row in lacking[:ATTACKS_TO_EXPLAIN]
        )
        reason = next(filter(None, reasons), None)
        if reason:
            warnings.warn(f"Some attacks found no admissible pair. {reason}", stacklevel=2)

    def _step(
        self, model: Network, iteration: int, images: Tensor, originals: Tensor, turn: "_Turn", reason: str | None
    ) -> Step:
        if turn.continues:
            pairs, proposal, stop = turn.best.pairs, turn.best, None
            direction = Direction.INCREASE if proposal.sign[0] > 0 else Direction.DECREASE
            first, second = int(pairs.first[0]), int(pairs.second[0])
            alpha, beta = float(pairs.alpha[0]), float(pairs.beta[0])
            pair = Pair(first, second, alpha, beta, -alpha * beta, direction)  # in float64, without underflow
        else:
            pair, proposal, stop = None, turn.first, REASONS[turn.stop[0]]
        classes = turn.logits.shape[1]
        return Step(
            iteration=iteration,
            image=images[0],
            outputs=turn.logits[0],
            probabilities=turn.logits[0].softmax(dim=0),
            target_gradient=proposal.target_gradient[0],
            others_gradient=proposal.others_gradient[0],
            domain=proposal.domain[0],
            pair=pair,
            changed=int(count_changed(images, originals)[0]),
            stop=stop,
            differentiate=lambda: jacobian_of(model, images, self.output, classes)[0],
            reason=reason,
        )


@dataclass(frozen=True, eq=False)
class _State:
    """The state of the N attacks of a run, one row per attack; updated in place.

    originals and images (N, C, H, W); labels, iterations, stop and predictions (N,) int64; pairs (N, budget + 1, 2).
    """

    originals: Tensor
    images: Tensor
    labels: Tensor
    iterations: Tensor
    stop: Tensor
    predictions: Tensor
    pairs: Tensor

    def result(self) -> Result:
        """Return the results so far."""
        reasons = [None if number == CONTINUES else REASONS[number] for number in self.stop.tolist()]
        success = self.stop == REASONS.index(Stop.REACHED_TARGET)
        changed = count_changed(self.images, self.originals)
        pairs = self.pairs[:, :-1].cpu()
        predictions = self.predictions.cpu()
        return Result(
            self.images, success.cpu(), reasons, self.iterations.cpu(), changed.cpu(), pairs, predictions=predictions
        )


@dataclass(frozen=True, eq=False)
class _Proposal:
    """The best pairs of a batch for one direction, with a, b and domain (N, n), and the direction's sign (N,)."""

    target_gradient: Tensor
    others_gradient: Tensor
    domain: Tensor
    pairs: Pairs
    sign: Tensor


@dataclass(frozen=True, eq=False)
class _Turn:
    """The result of one turn for a batch.

    logits (N, classes). first: the first proposal (with Direction.BOTH, that of INCREASE); best: the chosen one.
    stop (N,) int64: index in REASONS, or CONTINUES; continues (N,) bool. pair (N, 2) int64: the features changed,
    -1 for none. changed_images (N, C, H, W): images whose attack has ended are unchanged.
    """

    logits: Tensor
    first: _Proposal
    best: _Proposal
    stop: Tensor
    continues: Tensor
    pair: Tensor
    changed_images: Tensor

    @property
    def predictions(self) -> Tensor:
        """The class that the model predicts for each image whose attack has ended, -1 for the others, (N,) int64."""
        return self.logits.argmax(dim=1).where(~self.continues, -1)

    @property
    def lacks_pair(self) -> bool:
        """Whether the attack on the first image ended because there is no admissible pair."""
        return int(self.stop[0]) == REASONS.index(Stop.NO_ADMISSIBLE_PAIR)


def _better(one: _Proposal, two: _Proposal) -> _Proposal:
    """Return the proposal with the larger score, for each image of the batch; on a tie, the first."""
    both = one.pairs, two.pairs
    alpha, beta = (torch.stack([getattr(pairs, name).abs() for pairs in both], dim=1) for name in ("alpha", "beta"))
    score = rescale(alpha) * rescale(beta)  # (N, 2); Pairs.score may have underflowed
    take_second = two.pairs.found & (~one.pairs.found | (score[:, 1] > score[:, 0]))

    def pick(first: Tensor, second: Tensor) -> Tensor:
        return torch.where(take_second if first.ndim == 1 else take_second[:, None], second, first)

    def fields(of: object, names: tuple[str, ...]) -> list[Tensor]:
        return [getattr(of, name) for name in names]

    of_pairs, gradients = ("first", "second", "alpha", "beta", "score", "found"), ("target_gradient", "others_gradient")
    pairs = Pairs(*map(pick, fields(one.pairs, of_pairs), fields(two.pairs, of_pairs)))
    a, b = map(pick, fields(one, gradients), fields(two, gradients))
    return _Proposal(a, b, pick(one.domain, two.domain), pairs, pick(one.sign, two.sign))


REASONS = list(Stop)
CONTINUES = -1


def _stop_reason(succeeded: Tensor, budget_left: Tensor, enough_pixels: Tensor, pair_found: Tensor) -> Tensor:
    """Return the index in REASONS of the first reason that applies, or CONTINUES; all tensors (N,)."""
    stop = torch.where(pair_found, CONTINUES, REASONS.index(Stop.NO_ADMISSIBLE_PAIR))
    stop = torch.where(enough_pixels, stop, REASONS.index(Stop.DOMAIN_EMPTY))
    stop = torch.where(budget_left, stop, REASONS.index(Stop.BUDGET_SPENT))
    return torch.where(succeeded, REASONS.index(Stop.REACHED_TARGET), stop)


def resolve_targets(
    model: Model, images: Tensor, target: int | Tensor | Untargeted | None
) -> tuple[Tensor, Untargeted | None]:
    """Return labels (N,) int64 and the kind of untargeted attack, None for a targeted one.

    The labels are the targets; for an untargeted attack, the classes that the model predicts for images
    (N, C, H, W). For one image, the target may be a number. Raises ValueError for targets that are not classes of
    the model, or not (N,) int64.
    """
    if target is None or isinstance(target, Untargeted):
        return _predictions(model, images), target or Untargeted.AWAY
    try:
        labels = torch.as_tensor(target, device=images.device)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(
            f"The target is {target!r}; it must be a class as a whole number, such as 3, or an Untargeted."
        ) from None
    if labels.ndim == 0 and len(images) == 1:
        is_whole = not (labels.is_floating_point() or labels.dtype == torch.bool)
        labels = labels.reshape(1).to(torch.int64 if is_whole else labels.dtype)
    _check_targets(labels, model, images)
    return labels, None


def _predictions(model: Model, images: Tensor) -> Tensor:
    """Return the class (N,) that the model predicts for each image (N, C, H, W)."""
    batches = images.split(_batch_size(None, math.prod(images.shape[1:]))) if len(images) else []
    predictions = [forward(model, batch)[1].argmax(dim=1) for batch in batches]
    return torch.cat(predictions) if predictions else torch.zeros(0, dtype=torch.int64, device=images.device)


def _check_targets(targets: Tensor, model: Model, images: Tensor) -> None:
    if targets.shape != (len(images),):
        raise ValueError(
            f"There are {len(images)} images, but targets has the shape {tuple(targets.shape)}; "
            f"expected ({len(images)},)."
        )
    if targets.dtype != torch.int64:
        raise ValueError(f"Targets must be whole numbers (int64); found {targets.dtype}.")
    if len(images):
        classes = forward(model, images[:1])[1].shape[1]
        wrong = targets[(targets < 0) | (targets >= classes)].tolist()
        if wrong:
            raise ValueError(f"Target {wrong[0]} is not a class of this model; its classes are 0 to {classes - 1}.")


def _batch_size(given: int | None, features: int) -> int:
    """Return `given`, or for None the default for images of so many features; ValueError if it is not at least 1."""
    if given is None:
        return max(1, min(MAX_BATCH, MAX_BATCH_FEATURES // max(1, features)))
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise ValueError(f"batch_size is {given!r}; it must be a whole number of at least 1.")
    return given


def count_changed(images: Tensor, originals: Tensor) -> Tensor:
    """Return the number of features of each image that differ from its original, (N,) int64.

    In parts, since torch adds up bool values as int64: all at once would need twice the memory of the images.
    """
    parts = zip(images.split(MAX_BATCH), originals.split(MAX_BATCH), strict=True)
    return torch.cat([(part != original).flatten(1).sum(dim=1) for part, original in parts])
