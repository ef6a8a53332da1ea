"""The data of a recorded attack: of the attack, of every step, and of the pair that a step changes.

jsma/stage/codec.py sends them to the browser, where jsma/stage/scripts/recording.js uses the same names.
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
"""The value of a white pixel in `Recording.image_codes`; black is 0."""


@dataclass(frozen=True)
class Counts:
    """The numbers of pixels that may be changed, of their pairs, and of those that are admissible or not.

    pixels: in the domain; compared: all their pairs; admissible: pairs with both signs right; alpha_fails: pairs with a
    wrong sign of α; only_beta_fails: pairs with a right sign of α and a wrong sign of β.
    """

    pixels: int
    compared: int
    admissible: int
    alpha_fails: int
    only_beta_fails: int


@dataclass(frozen=True)
class PairFacts:
    """The pair that a step changes: two pixels, first < second, as flat indices, with alpha, beta and score.

    before and after: the values of the two pixels; forecast: the change of the target's output (logit or probability,
    as the attack differentiates it) by first-order approximation; happened: its actual change.
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
        """Both flat indices."""
        return [self.first, self.second]


@dataclass(frozen=True)
class StepFacts:
    """The data of one step except the arrays.

    reads: the predicted class; outputs (classes,): the logits; probabilities (classes,); changed: the number of pixels
    that differ from the original; sign: +1 for brightening, -1 for darkening; jacobian_unit: the unit of
    `Recording.jacobian_codes`; jacobian_limit and map_limits (classes,): the end of the colour scale, for all maps
    and for each map; skyband: see `jsma.skyband`, as flat indices; best_pairs: first, second and score, best first.
    pair is None on the last step, stop is None on all others. reason: as in `Step`.
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
    reason: str | None

    @property
    def direction(self) -> Direction:
        """The direction in which this step changes pixels."""
        return Direction.INCREASE if self.sign > 0 else Direction.DECREASE

    @property
    def chosen(self) -> Pair | None:
        """The pair as `Attack.steps` yields it."""
        pair = self.pair
        if pair is None:
            return None
        return Pair(pair.first, pair.second, pair.alpha, pair.beta, pair.score, self.direction)


@dataclass(frozen=True, eq=False)
class Recording:
    """A recorded attack on a digit labelled `label` towards `target`, with the precision that the browser gets.

    budget: the number of pixels that may be changed; jacobian_limit: the end of the colour scale common to all maps of
    all steps. The arrays are read-only; n = height * width:

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
        """The recording as bytes, in the format of jsma/stage/codec.py."""
        from .codec import encode  # here: it imports this module

        return encode(self)

    @cached_property
    def name(self) -> str:
        """A hash of the payload, by which the browser recognises a recording that it already has."""
        return hashlib.sha256(self.payload).hexdigest()[:16]

    @property
    def iterations(self) -> int:
        """The number of pairs changed, which is also the number of the last step."""
        return len(self.steps) - 1

    @property
    def end(self) -> StepFacts:
        """The last step, which has a stop."""
        return self.steps[-1]

    @property
    def stop(self) -> Stop:
        """Why the attack ended."""
        assert self.end.stop is not None, "the last step has a stop"
        return self.end.stop

    @property
    def pairs(self) -> list[PairFacts]:
        """The changed pairs, in order."""
        return [step.pair for step in self.steps if step.pair]

    @property
    def pixels(self) -> int:
        """The number of pixels of the image."""
        return self.height * self.width

    def image(self, step: int) -> Tensor:
        """Return the image (1, H, W) at `step`, float32, quantised to 1 / 65535."""
        values = self.image_codes[step] / np.float32(WHITE)
        return torch.from_numpy(values).view(1, self.height, self.width)

    def jacobian(self, step: int) -> Tensor:
        """Return the Jacobian (classes, 1, H, W) at `step`, float64, exact to half a jacobian_unit."""
        values = self.jacobian_codes[step] * self.steps[step].jacobian_unit
        return torch.from_numpy(values).view(self.classes, 1, self.height, self.width)

    def as_step(self, iteration: int) -> Step:
        """Return the `Step` that `Attack.steps` yielded at `iteration`, with image and Jacobian quantised."""
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
            reason=facts.reason,
        )

    def to_html(self) -> str:
        """Return the recording as a self-contained HTML page, which needs no server and no network; see page.page."""
        from .page import page  # here: it imports this module

        return page(self)

    def to_gif(self) -> bytes:
        """Return the recording as an animated GIF with a frame for each step; see pictures.to_gif."""
        from .pictures import to_gif  # here: it imports this module

        return to_gif(self)

    def to_png(self, step: int) -> bytes:
        """Return one step as a PNG; see pictures.to_png."""
        from .pictures import to_png  # here: it imports this module

        return to_png(self, step)

    def _repr_html_(self) -> str:
        """Return the HTML that shows the recording in a notebook."""
        from .page import frame  # here: it imports this module

        return frame(self)

    def __reduce__(self) -> tuple[Callable[[bytes], "Recording"], tuple[bytes]]:
        """Pickle only the payload, which contains the arrays."""
        from .codec import decode  # here: it imports this module

        return decode, (self.payload,)
