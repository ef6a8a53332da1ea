"""What is known of a recorded attack: of the whole, of every step, and of the pair that a step changes.

The script jsma/stage/scripts/recording.js reads the same names; jsma/stage/codec.py brings them there.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ..attack import Attack, Pair, Step
from ..saliency import Direction
from ..stop import Stop

WHITE = 65535
"""The code of a white pixel; black is 0."""


@dataclass(frozen=True)
class Counts:
    """How many pixels may be changed, and how many pairs they make: all, the admissible, those that a sign rules out.

    alpha_fails: the wrong sign of α, whatever β is; only_beta_fails: the right sign of α, the wrong one of β.
    """

    pixels: int
    compared: int
    admissible: int
    alpha_fails: int
    only_beta_fails: int


@dataclass(frozen=True)
class PairFacts:
    """The pair that a step changes: flat indices, first < second, and what makes it the best.

    before and after: the values of the two pixels; forecast: what the Jacobian says that the change does to the
    target's output (the differentiated one); happened: what it did.
    """

    first: int
    second: int
    alpha: float
    beta: float
    score: float
    before: tuple[float, float]
    after: tuple[float, float]
    forecast: float
    happened: float

    @property
    def pixels(self) -> list[int]:
        """Both indices."""
        return [self.first, self.second]


@dataclass(frozen=True)
class StepFacts:
    """What is known at one step, apart from the arrays; a tuple by class has a value for every class.

    reads: the class that the network answers; outputs: the logits; changed: how many pixels differ from the
    original; sign: +1 where pixels are brightened, -1 where they are darkened; jacobian_unit: that of
    `Recording.jacobian_codes`; jacobian_limit and map_limits: where the colours of all maps, and of each, end;
    skyband: the pixels that can be in the best pair; best_pairs: first, second and score, best first. pair is None on
    the last step, stop is None on all others.
    """

    reads: int
    outputs: tuple[float, ...]
    probabilities: tuple[float, ...]
    changed: int
    sign: int
    jacobian_unit: float
    jacobian_limit: float
    map_limits: tuple[float, ...]
    skyband: tuple[int, ...]
    counts: Counts
    best_pairs: tuple[tuple[int, int, float], ...]
    pair: PairFacts | None
    stop: Stop | None

    @property
    def direction(self) -> Direction:
        """Which way the pixels of this step are changed."""
        return Direction.INCREASE if self.sign > 0 else Direction.DECREASE

    @property
    def chosen(self) -> Pair | None:
        """The pair as `Attack.steps` yields it."""
        of = self.pair
        return None if of is None else Pair(of.first, of.second, of.alpha, of.beta, of.score, self.direction)


@dataclass(frozen=True, eq=False)
class Recording:
    """A whole attack on a digit labelled `label` towards `target`, as exact as the browser gets it.

    budget: how many pixels may be changed; jacobian_limit: where the colours of all maps of all steps end. The
    arrays are read-only, a row a step, n = height * width pixels each:

        target_gradient  (steps, n) float32           a of every pixel
        others_gradient  (steps, n) float32           b of every pixel
        jacobian_codes   (steps, classes, n) int16    in units of the step's jacobian_unit: see `jacobian`
        image_codes      (steps, n) uint16            65535 is white: see `image`
        domain           (steps, n) bool              whether the pixel may be changed
    """

    height: int
    width: int
    classes: int
    label: int
    target: int
    attack: Attack
    budget: int
    jacobian_limit: float
    steps: tuple[StepFacts, ...] = field(repr=False)
    target_gradient: np.ndarray = field(repr=False)
    others_gradient: np.ndarray = field(repr=False)
    jacobian_codes: np.ndarray = field(repr=False)
    image_codes: np.ndarray = field(repr=False)
    domain: np.ndarray = field(repr=False)

    @cached_property
    def payload(self) -> bytes:
        """All of it for the browser, as jsma/stage/codec.py lays it out."""
        from .codec import encode  # here: it imports this module

        return encode(self)

    @cached_property
    def name(self) -> str:
        """A fingerprint of the payload, by which the browser knows whether it has it already."""
        return hashlib.sha256(self.payload).hexdigest()[:16]

    @property
    def iterations(self) -> int:
        """How many pairs were changed; also the number of the last step."""
        return len(self.steps) - 1

    @property
    def end(self) -> StepFacts:
        """The last step, which says why the attack ended."""
        return self.steps[-1]

    @property
    def stop(self) -> Stop:
        """Why the attack ended."""
        assert self.end.stop is not None, "the last step says why"
        return self.end.stop

    @property
    def pairs(self) -> list[PairFacts]:
        """The pairs that were changed, in their order."""
        return [step.pair for step in self.steps if step.pair]

    @property
    def pixels(self) -> int:
        """How many pixels the image has."""
        return self.height * self.width

    def image(self, step: int) -> Tensor:
        """Return the image (1, H, W) as it stood at `step`, float32, to 1 / 65535."""
        values = self.image_codes[step] / np.float32(WHITE)
        return torch.from_numpy(values).view(1, self.height, self.width)

    def jacobian(self, step: int) -> Tensor:
        """Return the Jacobian (classes, 1, H, W) at `step`, float64, to half a jacobian_unit."""
        values = self.jacobian_codes[step] * self.steps[step].jacobian_unit
        return torch.from_numpy(values).view(self.classes, 1, self.height, self.width)

    def as_step(self, iteration: int) -> Step:
        """Return what `Attack.steps` yielded at `iteration`; its image and Jacobian as exact as these are kept."""
        facts = self.steps[iteration]
        return Step(
            iteration=iteration,
            image=self.image(iteration),
            outputs=torch.tensor(facts.outputs),
            probabilities=torch.tensor(facts.probabilities),
            target_gradient=torch.tensor(self.target_gradient[iteration]),
            others_gradient=torch.tensor(self.others_gradient[iteration]),
            domain=torch.tensor(self.domain[iteration]),
            pair=facts.chosen,
            changed=facts.changed,
            stop=facts.stop,
            differentiate=lambda: self.jacobian(iteration),
        )

    def to_html(self) -> str:
        """Return the recording as one HTML page that needs neither server nor network; see page.page."""
        from .page import page  # here: it imports this module

        return page(self)

    def _repr_html_(self) -> str:
        """Show the recording in a notebook."""
        from .page import frame  # here: it imports this module

        return frame(self)

    def __reduce__(self) -> tuple[Callable[[bytes], "Recording"], tuple[bytes]]:
        """Pickle the payload alone, of which the arrays are views."""
        from .codec import decode  # here: it imports this module

        return decode, (self.payload,)
