"""Two simpler ways of choosing pixels, to set beside the attack: what do its pairs and its β buy?"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor, nn

from .attack import Attack, count_changed, moved, resolve_targets, search_domain
from .jacobian import forward, like_parameters
from .rules import Rule, has_succeeded, weighted_gradients
from .saliency import Direction
from .stop import Stop


@dataclass(frozen=True)
class BaselineEntry:
    """All that is known of a baseline; label: its name on screen; meaning: what the glossary says of it.

    pixels_at_once: how many pixels one iteration changes; looks_at_others: whether b, what a pixel does for the other
    classes, is looked at. character: one sentence on what it does, for the comparison of rules.
    """

    value: str
    label: str
    meaning: str
    pixels_at_once: int
    looks_at_others: bool
    character: str


class Baseline(Enum):
    """Which pixels of the search domain are changed next: this is the table of all baselines.

    With Z the differentiated outputs, t the target, x the pixel, a = dZ_t/dx and b = sum over j != t
    of dZ_j/dx, when brightening (darkening is the same with the signs of a and b turned):

        TOP_TWO    the two pixels with the largest a, both above 0; b is not looked at
        ONE_PIXEL  the pixel with the largest -a * b among those with a > 0 and b < 0

    TOP_TWO is what the Adversarial Robustness Toolbox does in SaliencyMapMethod, which has no sign
    test at all: here a pixel must at least pull towards the target. ONE_PIXEL is the saliency of
    single features that Papernot et al. 2016 (arXiv 1511.07528) begin with.
    """

    TOP_TWO = BaselineEntry(
        value="top two",
        label="Top two",
        meaning="Not the paper's, but what one widely used library does under the name of JSMA: the two pixels with "
        "the largest a are changed, and the other classes are not looked at.",
        pixels_at_once=2,
        looks_at_others=False,
        character="It takes the two pixels that pull most on the target's logit and never looks at the other classes.",
    )
    ONE_PIXEL = BaselineEntry(
        value="one pixel",
        label="One pixel at a time",
        meaning="Not the paper's attack: each iteration changes the single admissible pixel (a above 0, b below 0) "
        "with the largest −a × b. It may change as many pixels as the rules that work in pairs.",
        pixels_at_once=1,
        looks_at_others=True,
        character="It looks for the best single pixel, so that none can make up for what another lacks, and asks the "
        "network again after every one.",
    )

    def __new__(cls, entry: BaselineEntry) -> "Baseline":
        """Let the entry's `value` be the member's."""
        member = object.__new__(cls)
        member._value_ = entry.value
        return member

    def __init__(self, entry: BaselineEntry) -> None:
        self.entry = entry

    @property
    def label(self) -> str:
        """The name on screen."""
        return self.entry.label

    @property
    def pixels_at_once(self) -> int:
        """How many pixels one iteration changes."""
        return self.entry.pixels_at_once


@dataclass(frozen=True, eq=False)
class BaselineStep:
    """One moment: the image as it stands, what the network says, and the pixels to change next.

    image (C, H, W); outputs (classes,), the logits; probabilities (classes,); pixels, flat indices
    into the image, the best first; alpha and beta, the sums of their a and b; direction, which way
    they are moved; changed, how many pixels differ from the original. On the last step there are no
    pixels, alpha and beta are 0 and direction is None; stop is None on all others.
    """

    iteration: int
    image: Tensor
    outputs: Tensor
    probabilities: Tensor
    pixels: tuple[int, ...]
    alpha: float
    beta: float
    direction: Direction | None
    changed: int
    stop: Stop | None


def baseline_steps(
    baseline: Baseline, model: nn.Module, image: Tensor, target: int, attack: Attack
) -> Iterator[BaselineStep]:
    """Change one image (C, H, W) in [0, 1] towards `target` by `baseline`; yield every step, the last with its stop.

    attack: its output, direction, theta and gamma hold here too; its rule is not used. The budget is
    that of its pairs, 2 * attack.iterations(n) changes. With Direction.BOTH the direction whose
    pixels have the larger sum of what the baseline compares is taken, on a tie brightening. Ties go to the lowest
    indices. Stop.NO_ADMISSIBLE_PAIR says that too few pixels pass the baseline's test, DOMAIN_EMPTY that
    too few are left that may be changed. The model is left as it was. Raises ValueError as
    `Attack.run` does.
    """
    originals = images = like_parameters(image[None], model).clone()
    labels, untargeted = resolve_targets(model, originals, target)
    if untargeted is not None:
        raise ValueError(f"A baseline needs a class as its target; found {target!r}.")
    ways = [Direction.INCREASE, Direction.DECREASE] if attack.direction is Direction.BOTH else [attack.direction]
    limit = 2 * attack.iterations(image.numel()) // baseline.pixels_at_once
    for iteration in range(limit + 1):
        leaf, logits = forward(model, images)
        ((a, b),) = weighted_gradients(Rule.JSMA, attack.output, None, leaf, logits, labels)
        offers = [_offer(baseline, way, search_domain(originals, images, way).flatten(), a[0], b[0]) for way in ways]
        choice = max(offers, key=lambda offer: (len(offer.pixels), offer.score))  # of equals the first, brightening
        left = max(offer.left for offer in offers)
        won = bool(has_succeeded(logits, labels, None))
        stop = _why_stop(
            won, iteration < limit, left >= baseline.pixels_at_once, len(choice.pixels) == baseline.pixels_at_once
        )
        chosen = list(choice.pixels) if stop is None else []
        yield BaselineStep(
            iteration=iteration,
            image=images[0],
            outputs=logits.detach()[0],
            probabilities=logits.detach()[0].softmax(dim=0),
            pixels=tuple(chosen),
            alpha=a[0, chosen].sum().item(),
            beta=b[0, chosen].sum().item(),
            direction=choice.direction if stop is None else None,
            changed=int(count_changed(images, originals)[0]),
            stop=stop,
        )
        if stop is not None:
            return
        sign = torch.tensor([choice.direction.sign], device=images.device)
        images = moved(images, torch.tensor([chosen], device=images.device), sign, attack.theta)


@dataclass(frozen=True)
class _Offer:
    """What one direction offers: its pixels (fewer where not enough pass), their score, how many may be changed."""

    direction: Direction
    pixels: tuple[int, ...]
    score: float
    left: int


def _offer(baseline: Baseline, way: Direction, domain: Tensor, a: Tensor, b: Tensor) -> _Offer:
    pull, push = way.sign * a.double(), -way.sign * b.double()  # in float64 products of tiny derivatives stay above 0
    passes = domain & (pull > 0) & (push > 0) if baseline.entry.looks_at_others else domain & (pull > 0)
    score = (pull * push if baseline.entry.looks_at_others else pull).masked_fill(~passes, -torch.inf)
    best = score.sort(descending=True, stable=True).indices[: baseline.pixels_at_once]
    best = best[passes[best]]
    return _Offer(way, tuple(best.tolist()), score[best].sum().item(), int(domain.sum()))


def _why_stop(won: bool, budget_left: bool, enough_left: bool, found: bool) -> Stop | None:
    """Return the first reason that holds, in the order of the attack."""
    reasons = {
        Stop.REACHED_TARGET: won,
        Stop.BUDGET_SPENT: not budget_left,
        Stop.DOMAIN_EMPTY: not enough_left,
        Stop.NO_ADMISSIBLE_PAIR: not found,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)
