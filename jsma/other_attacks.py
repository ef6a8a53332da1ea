"""The table of other attacks, to compare JSMA with: three that change all pixels a little, and one that changes one.

All are towards a target, start at the image itself, and give the same result every time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial

import torch
from torch import Tensor, nn

from .features import like_parameters
from .training_methods import fgsm, loss_gradient

STEPS = 40
"""How many steps PGD takes at most, as is usual for MNIST."""

STEP_SHARE = 2.5
"""The length of all steps of PGD together as a multiple of ε: it can reach the bound and move on along it."""

LEVELS = (0.0, 0.5, 1.0)
"""The values that the one-pixel attack tries for every pixel."""

AT_ONCE = 392
"""How many changed copies of the image the one-pixel attack gives to the network at once."""


class Norm(Enum):
    """How the size of a change is measured. The values are the names on screen."""

    L0 = "L0"
    """How many pixels are changed."""

    L2 = "L2"
    """The root of the sum of the squares of all changes."""

    LINF = "L∞"
    """The largest change of a pixel."""

    def of(self, change: Tensor) -> float:
        """Return the norm of a change, a tensor of any shape."""
        order = {Norm.L0: 0, Norm.L2: 2, Norm.LINF: torch.inf}[self]
        return float(torch.linalg.vector_norm(change.double(), order))


Steps = Callable[[nn.Module, Tensor, Tensor, float], Iterator[Tensor]]
"""From a model, an image (1, C, H, W), the target (1,) and ε to the images after every step; the last is the result."""


@dataclass(frozen=True)
class OtherAttackEntry:
    """An attack: its name on screen, its entry in the glossary, its source, and its steps.

    bounded: the norm of the change that ε bounds; None where there is no ε.
    """

    label: str
    meaning: str
    source: str
    bounded: Norm | None
    steps: Steps


def _fgsm(model: nn.Module, image: Tensor, target: Tensor, epsilon: float) -> Iterator[Tensor]:
    yield fgsm(model, image, target, -epsilon)  # backwards: the loss of the target is to fall


def _pgd(
    model: nn.Module,
    image: Tensor,
    target: Tensor,
    epsilon: float,
    steepest: Callable[[Tensor], Tensor],
    within: Callable[[Tensor, float], Tensor],
) -> Iterator[Tensor]:
    """Yield the image and each step, until the network reads the target.

    steepest: of a gradient, the change of size 1 that raises the loss most; within: of a change and ε, the nearest
    change that is not larger than ε.
    """
    now, length = image, STEP_SHARE * epsilon / STEPS
    for _ in range(STEPS):
        yield now
        if _margins(model, now, target) > 0:
            return
        change = now - length * steepest(loss_gradient(model, now, target)) - image
        now = (image + within(change, epsilon)).clamp(0, 1)
    yield now


def _unit(gradient: Tensor) -> Tensor:
    unit: Tensor = gradient / gradient.norm().clamp(min=torch.finfo(gradient.dtype).tiny)
    return unit


def _in_ball(change: Tensor, radius: float) -> Tensor:
    nearest: Tensor = change * (radius / change.norm().clamp(min=radius))
    return nearest


def _in_cube(change: Tensor, radius: float) -> Tensor:
    return change.clamp(-radius, radius)


def _one_pixel(model: nn.Module, image: Tensor, target: Tensor, _epsilon: float) -> Iterator[Tensor]:
    """Yield the best image so far, while every pixel is tried with every value of LEVELS."""
    best, margin = image, _margins(model, image, target)
    pixels, levels = image.flatten(), torch.tensor(LEVELS, dtype=image.dtype)
    for candidates in (pixels[:, None] != levels).nonzero().split(AT_ONCE):
        copies, (pixel, level) = pixels.repeat(len(candidates), 1), candidates.T
        copies[torch.arange(len(candidates)), pixel] = levels[level]
        changed = copies.view(-1, *image.shape[1:])
        margins = _margins(model, changed, target)
        at = int(margins.argmax())
        if margins[at] > margin:
            best, margin = changed[at : at + 1].clone(), margins[at : at + 1]
        yield best


@torch.no_grad()
def _margins(model: nn.Module, images: Tensor, target: Tensor) -> Tensor:
    """Return by how much the target's logit exceeds the largest other one, (N,)."""
    logits = model(images)
    others = logits.index_fill(1, target, -torch.inf)
    margins: Tensor = logits[:, target[0]] - others.max(dim=1).values
    return margins


class OtherAttack(Enum):
    """The table of all other attacks."""

    FGSM = OtherAttackEntry(
        label="FGSM",
        meaning="The fast gradient sign method: one step, in which every pixel moves by ε in the direction that lowers "
        "the loss of the target, but not beyond black and white.",
        source="Goodfellow et al. 2015, arXiv 1412.6572",
        bounded=Norm.LINF,
        steps=_fgsm,
    )
    PGD_LINF = OtherAttackEntry(
        label="PGD, L∞",
        meaning=f"Projected gradient descent: at most {STEPS} small steps of FGSM, each computed anew. No pixel gets "
        "further than ε from where it was. It stops when the network reads the target.",
        source="Madry et al. 2018, arXiv 1706.06083",
        bounded=Norm.LINF,
        steps=partial(_pgd, steepest=torch.sign, within=_in_cube),
    )
    PGD_L2 = OtherAttackEntry(
        label="PGD, L2",
        meaning=f"Projected gradient descent with another measure: at most {STEPS} small steps along the gradient "
        "itself. The root of the sum of the squares of all changes gets no larger than ε.",
        source="Madry et al. 2018, arXiv 1706.06083",
        bounded=Norm.L2,
        steps=partial(_pgd, steepest=_unit, within=_in_ball),
    )
    ONE_PIXEL = OtherAttackEntry(
        label="One-pixel attack",
        meaning="The single pixel, and its new value, after which the target leads most. Its source searches by "
        "differential evolution; here every pixel is tried as black, grey and white, so that among these changes "
        "none is better.",
        source="Su et al. 2019, arXiv 1710.08864",
        bounded=None,
        steps=_one_pixel,
    )

    @property
    def label(self) -> str:
        """The name on screen."""
        return self.value.label

    def steps(self, model: nn.Module, image: Tensor, target: int, epsilon: float = 0.0) -> Iterator[Tensor]:
        """Attack image (C, H, W) in [0, 1] towards class `target`; yield the image (C, H, W) after every step.

        The last one is the result, whether the network reads the target or not. model: maps images (N, C, H, W) to
        logits, in eval mode; it is not changed. epsilon: how large the change may be, in the norm `bounded`; not used
        where that is None. Raises ValueError where it has to be above 0 and is not, and for an invalid image or target.
        """
        if self.value.bounded and not epsilon > 0:
            raise ValueError(f"ε is {epsilon}; it must be above 0.")
        start = like_parameters(image[None], model)
        with torch.no_grad():
            classes = model(start).shape[1]
        if not 0 <= target < classes:
            raise ValueError(f"{target} is not a class of this model; its classes are 0 to {classes - 1}.")
        for changed in self.value.steps(model, start, torch.tensor([target]), epsilon):
            yield changed[0]
