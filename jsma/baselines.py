"""Two simpler attacks, to compare with JSMA: they show the benefit of choosing pairs, and of β."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from .attack import Attack, count_changed, resolve_targets
from .features import batch_of_one, prepare
from .network import Model, forward, network_of
from .rules import Rule, has_succeeded, weighted_gradients
from .saliency import Direction
from .stop import Stop


@dataclass(frozen=True)
class BaselineEntry:
    """All properties of a baseline.

    value: its name in addresses; label: its name on screen; meaning: its entry in the glossary. pixels_at_once: how
    many pixels one iteration changes; looks_at_others: whether it uses b, the derivative of the other classes.
    character: one sentence on what it does, for the comparison of rules.
    """

    value: str
    label: str
    meaning: str
    pixels_at_once: int
    looks_at_others: bool
    character: str


class Baseline(Enum):
    """The table of all baselines: how the pixels to change next are chosen from the search domain.

    With Z the differentiated outputs, t the target, x the pixel, a = dZ_t/dx and b = sum over j != t
    of dZ_j/dx, for brightening (darkening is the same with the signs of a and b flipped):

        TOP_TWO    the two pixels with the largest a, both above 0; b is not used
        ONE_PIXEL  the pixel with the largest -a * b among those with a > 0 and b < 0

    TOP_TWO is what SaliencyMapMethod of the Adversarial Robustness Toolbox does, except that it has no sign
    test: here a must be above 0. ONE_PIXEL is the saliency map of single features of Papernot et al. 2016
    (arXiv 1511.07528).
    """

    TOP_TWO = BaselineEntry(
        value="top two",
        label="Top two",
        meaning="Not the paper's attack, but what one widely used library calls JSMA: each iteration changes the two "
        "pixels with the largest a, and the other classes are not used.",
        pixels_at_once=2,
        looks_at_others=False,
        character="It takes the two pixels with the largest pull on the target's logit and does not use the other "
        "classes.",
    )
    ONE_PIXEL = BaselineEntry(
        value="one pixel",
        label="One pixel at a time",
        meaning="Not the paper's attack: each iteration changes the single admissible pixel (a above 0, b below 0) "
        "with the largest −a × b. It may change as many pixels as the rules that work in pairs.",
        pixels_at_once=1,
        looks_at_others=True,
        character="It chooses the best single pixel, so that no pixel can make up for a weakness of another, and runs "
        "the network again after every pixel.",
    )

    def __new__(cls, entry: BaselineEntry) -> "Baseline":
        """Use the entry's `value` as the member's value."""
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
    """One step of a baseline: the current image, the network's outputs, and the pixels to change next.

    image (C, H, W); outputs (classes,), the logits; probabilities (classes,); pixels, flat indices
    into the image, the best first; alpha and beta, the sums of their a and b; direction, in which
    they are changed; changed, the number of pixels that differ from the original. On the last step there are no
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
    baseline: Baseline, model: Model, image: Tensor, target: int, attack: Attack
) -> Iterator[BaselineStep]:
    """Attack one image (C, H, W) in [0, 1] towards `target` by `baseline`; yield every step, the last with its stop.

    attack: its output, direction, theta and gamma apply; its rule is not used. The budget is the same number of
    changes, 2 * attack.iterations(n). With Direction.BOTH the direction is chosen whose pixels have the larger sum of
    the values that the baseline compares; on a tie, brightening. Other ties: the lowest indices.
    Stop.NO_ADMISSIBLE_PAIR means that too few pixels pass the baseline's test, DOMAIN_EMPTY that too few pixels may
    still be changed. The model is not changed. Raises ValueError as `Attack.run` does.
    """
    model = network_of(model)
    originals, features = prepare(batch_of_one(image), model, theta=attack.theta)
    images = originals = originals.clone()
    model.check(originals)
    labels, untargeted = resolve_targets(model, originals, target)
    if untargeted is not None:
        raise ValueError(f"A baseline needs a class as its target; found {target!r}.")
    limit = 2 * attack.budget(image.numel()) // baseline.pixels_at_once
    for iteration in range(limit + 1):
        leaf, logits = forward(model, images)
        ((a, b),) = weighted_gradients(Rule.JSMA, attack.output, None, leaf, logits, labels)
        proposals = [
            _proposal(baseline, direction, features.domain(originals, images, direction).flatten(), a[0], b[0])
            for direction in attack.direction.each
        ]
        choice = max(proposals, key=lambda proposal: (len(proposal.pixels), proposal.score))  # on a tie, the first
        needed = baseline.pixels_at_once
        stop = _stop_reason(
            succeeded=bool(has_succeeded(logits, labels, None)),
            budget_left=iteration < limit,
            enough_pixels=max(proposal.domain_size for proposal in proposals) >= needed,
            found=len(choice.pixels) == needed,
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
        images = features.moved(images, torch.tensor([chosen], device=images.device), sign)


@dataclass(frozen=True)
class _Proposal:
    """The best pixels for one direction (fewer if too few pass the test), their score, and the size of the domain."""

    direction: Direction
    pixels: tuple[int, ...]
    score: float
    domain_size: int


def _proposal(baseline: Baseline, direction: Direction, domain: Tensor, a: Tensor, b: Tensor) -> _Proposal:
    """Return the best pixels for one direction; domain, a and b: (n,)."""
    sign = direction.sign
    pull, push = sign * a.double(), -sign * b.double()  # float64, so that products of tiny derivatives do not underflow
    passes = domain & (pull > 0) & (push > 0) if baseline.entry.looks_at_others else domain & (pull > 0)
    score = (pull * push if baseline.entry.looks_at_others else pull).masked_fill(~passes, -torch.inf)
    best = score.sort(descending=True, stable=True).indices[: baseline.pixels_at_once]
    best = best[passes[best]]
    return _Proposal(direction, tuple(best.tolist()), score[best].sum().item(), int(domain.sum()))


def _stop_reason(succeeded: bool, budget_left: bool, enough_pixels: bool, found: bool) -> Stop | None:
    """Return the first reason that applies, in the same order as `Attack`; None to continue."""
    reasons = {
        Stop.REACHED_TARGET: succeeded,
        Stop.BUDGET_SPENT: not budget_left,
        Stop.DOMAIN_EMPTY: not enough_pixels,
        Stop.NO_ADMISSIBLE_PAIR: not found,
    }
    return next((reason for reason, applies in reasons.items() if applies), None)
