"""The features of samples: the range of each, which of them may change, and the check of what is passed as samples.

A sample is an image (C, H, W), a row (F,), a sequence (T, F) or any other shape; its n values are its features.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .saliency import Direction

Bound = float | Tensor | np.ndarray | Sequence[Any]
Bounds = tuple[Bound, Bound]
"""The lower and the upper end of the features' ranges: numbers, or arrays that broadcast to one sample."""

UNIT: Bounds = (0.0, 1.0)
"""The bounds of an image's pixels."""

ROUNDING = 8 * torch.finfo(torch.float32).eps
"""Values beyond a bound by at most this share of its size are taken for it."""


@dataclass(frozen=True, eq=False)
class Features:
    """The features of N samples: how far each may move, and which may change at all.

    low, high: the ends of the ranges; step: the size of one change, theta times the range; rounding: the distance
    from an end at which a value is that end. Each is one value for all features, (), or one for each, (1, *shape).
    changeable: (N, *shape) or (1, *shape) bool; None if all features may change.
    """

    low: Tensor
    high: Tensor
    step: Tensor
    rounding: Tensor
    changeable: Tensor | None = None

    def of(self, rows: Tensor) -> "Features":
        """Return the features of the samples with the indices `rows` (M,)."""
        same = self.changeable is None or len(self.changeable) == 1
        return self if same else replace(self, changeable=self.changeable[rows])  # type: ignore[index]

    def domain(self, originals: Tensor, samples: Tensor, direction: Direction) -> Tensor:
        """Return the features that may be changed in `direction`, (N, *shape) bool; see `search_domain`."""
        domain = search_domain(originals, samples, direction, self.low, self.high)
        return domain if self.changeable is None else domain & self.changeable

    def room(self, samples: Tensor, direction: Direction) -> Tensor:
        """Return how far each feature can move in `direction`, (N, *shape), as a share of its range."""
        span = self.high - self.low
        way = self.high - samples if direction is Direction.INCREASE else samples - self.low
        return way / torch.where(span > 0, span, 1)  # features that may not change may have an empty range

    def moved(self, samples: Tensor, chosen: Tensor, sign: Tensor) -> Tensor:
        """Return samples (N, *shape) with features `chosen` (N, k) moved by sign (N,) times step; -1 is no feature.

        A feature ends at the end of its range.
        """
        values = samples.flatten(1)  # (N, n)
        is_feature, chosen, sign = chosen >= 0, chosen.clamp(min=0), sign[:, None].to(values.dtype)
        low, high, step, rounding = (_at(each, chosen) for each in (self.low, self.high, self.step, self.rounding))
        before = values.gather(1, chosen)  # (N, k)
        after = (before + sign * step).clamp(low, high)
        end = torch.where(sign > 0, high, low)
        after = torch.where((after - end).abs() < rounding, end, after)
        return values.scatter(1, chosen, torch.where(is_feature, after, before)).view_as(samples)

    def changeable_counts(self, count: int) -> Tensor | None:
        """Return how many features of each of `count` samples may change, (count,) int64; None for all features."""
        return None if self.changeable is None else self.changeable.flatten(1).sum(dim=1).expand(count).cpu()


def search_domain(
    originals: Tensor, images: Tensor, direction: Direction, low: Tensor | float = 0, high: Tensor | float = 1
) -> Tensor:
    """Return the features that may be changed in `direction`, (N, *shape) bool; originals, images: (N, *shape).

    As in the paper, a feature leaves the domain when it reaches the end of its range, low or high. A feature that was
    changed in the other direction is excluded, too, so that Direction.BOTH never undoes a change. low, high: numbers or
    tensors that broadcast to the samples. Raises ValueError for Direction.BOTH, which has a domain for each direction.
    """
    if direction.sign > 0:
        return (images < high) & (images >= originals)
    return (images > low) & (images <= originals)


def like_parameters(
    samples: Tensor, model: nn.Module, bounds: Bounds = UNIT, changeable: Tensor | None = None
) -> Tensor:
    """Return samples (N, *shape) on the device and in the dtype of the model's parameters; errors as in `prepare`."""
    return prepare(samples, model, bounds, changeable)[0]


def prepare(
    samples: Tensor, model: nn.Module, bounds: Bounds = UNIT, changeable: Tensor | None = None, theta: float = 1.0
) -> tuple[Tensor, Features]:
    """Return samples (N, *shape) on the device and in the dtype of the model's parameters, and their `Features`.

    bounds: numbers or arrays that broadcast to one sample; changeable: bool, broadcasts to the samples; theta: the size
    of one change as a share of the range. Values that rounding has brought beyond a bound are set to it. Raises
    ValueError for samples that are not floating-point tensors, values outside `bounds` of features that may change,
    values that are not finite, bounds that are not finite or leave a feature that may change no range, and for
    bounds and masks of other shapes or types.
    """
    check_kind(samples)
    like = next(iter(getattr(model, "parameters", tuple)()), samples)
    samples = samples.detach().to(device=like.device, dtype=like.dtype)
    mask = None if changeable is None else mask_for(changeable, samples)
    low, high = ends(bounds, mask, samples.shape[1:])
    largest, epsilon = torch.maximum(low.abs(), high.abs()), torch.finfo(samples.dtype).eps
    step = _whole(theta * (high - low))
    rounding = (epsilon * (8 + 1 / theta) * largest).minimum(step / 4)  # error of 1 / theta sums
    low, high, step, rounding, slack = (
        each.to(samples) for each in (low, high, step, rounding, largest * max(ROUNDING, epsilon))
    )
    return _within(samples, low, high, slack, mask), Features(low, high, step, rounding, mask)


@contextmanager
def shapes_explained(samples: Tensor) -> Iterator[None]:
    """Turn the error of a model that cannot read samples (N, *shape) into a ValueError that says what to do."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, IndexError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        shape = tuple(samples.shape)
        advice = "images must be (N, C, H, W), rows (N, F), as the model was trained on them"
        if samples.ndim == 4 and shape[3] in (1, 3, 4) and shape[1] not in (1, 3, 4):
            advice = "images must be (N, C, H, W), but here the channels come last: pass images.permute(0, 3, 1, 2)"
        raise ValueError(f"The model cannot read samples of the shape {shape} ({reason}); {advice}.") from error


def check_kind(samples: object) -> Tensor:
    """Return `samples`; ValueError unless they are a floating-point tensor of two or more dimensions, (N, *shape)."""
    expected = "images must be a floating-point tensor: images (N, C, H, W), rows (N, F) or any (N, *shape)"
    if isinstance(samples, np.ndarray):
        found = f"a NumPy array of {samples.dtype} {samples.shape}: pass torch.from_numpy(images)"
    elif not isinstance(samples, Tensor):
        convert = "torch.from_numpy(images.to_numpy())" if hasattr(samples, "to_numpy") else "torch.tensor(images)"
        found = f"{type(samples).__name__}: pass {convert}"
    elif not samples.is_floating_point():
        convert = "images / 255" if samples.dtype == torch.uint8 and samples.ndim > 2 else "images.float()"
        found = f"{samples.dtype} {tuple(samples.shape)}: pass {convert}"
    elif samples.ndim < 2:
        found = f"the shape {tuple(samples.shape)}: pass images[None] if it is a single one"
    else:
        return samples
    raise ValueError(f"{expected}; found {found}.")


def batch_of_one(sample: Tensor) -> Tensor:
    """Return a sample (*shape) as a batch, (1, *shape). Raises ValueError for what is no tensor, as `check_kind`."""
    return sample[None] if isinstance(sample, Tensor) else check_kind(sample)


def mask_for(changeable: object, samples: Tensor) -> Tensor:
    """Return `changeable` as a bool tensor that broadcasts to samples (N, *shape): (N, *shape) or (1, *shape).

    Raises ValueError if it is not bool or does not broadcast.
    """
    try:
        mask = torch.as_tensor(changeable)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(
            f"changeable must be a bool tensor that broadcasts to the samples; found {type(changeable).__name__}."
        ) from None
    if mask.dtype != torch.bool:
        raise ValueError(f"changeable must be a bool tensor; found {mask.dtype}: pass changeable.bool().")
    shape = samples.shape
    one_for_all = mask.ndim < samples.ndim or len(mask) == 1
    try:
        return mask.to(samples.device).broadcast_to((1, *shape[1:]) if one_for_all else shape)
    except RuntimeError:
        raise ValueError(
            f"changeable has the shape {tuple(mask.shape)}, which does not broadcast to that of the samples, "
            f"{tuple(shape)}."
        ) from None


def ends(bounds: Bounds, mask: Tensor | None, shape: torch.Size) -> tuple[Tensor, Tensor]:
    """Return the lower and upper ends, () or (1, *shape) float64; ValueError if they cannot be those of samples."""
    try:
        low, high = (torch.as_tensor(end, dtype=torch.float64).detach().cpu() for end in bounds)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"bounds must be a pair (low, high) of numbers or tensors; found {bounds!r}.") from None
    try:
        low, high = (end if end.ndim == 0 else end.broadcast_to((1, *shape)) for end in (low, high))
    except RuntimeError:
        raise ValueError(
            f"bounds has the shapes {tuple(low.shape)} and {tuple(high.shape)}; numbers or tensors that broadcast to "
            f"one sample, {tuple(shape)}, are allowed."
        ) from None
    wrong = ~(low.isfinite() & high.isfinite())
    if wrong.any():
        raise ValueError(
            f"{_bounds_of(wrong, low, high)}; bounds must be finite, for example the smallest and largest value in the "
            "data."
        )
    may_change = torch.tensor(True) if mask is None else mask.any(dim=0, keepdim=True).cpu()
    wrong = (low > high) | (low == high) & may_change
    if wrong.any():
        raise ValueError(
            f"{_bounds_of(wrong, low, high)}; the lower one must be below the upper one (changeable= leaves out "
            "features that are constant)."
        )
    return low, high


def _bounds_of(wrong: Tensor, low: Tensor, high: Tensor) -> str:
    """Return the beginning of a sentence on the first feature that is True in `wrong`, () or (1, *shape)."""
    wrong, low, high = torch.broadcast_tensors(wrong, low, high)
    where = wrong.nonzero()[0]
    of = f" of feature {_name(where[1:])}" if wrong.ndim else ""
    return f"The bounds{of} are {low[tuple(where)].item():.7g} and {high[tuple(where)].item():.7g}"


def _within(samples: Tensor, low: Tensor, high: Tensor, slack: Tensor, mask: Tensor | None) -> Tensor:
    """Return the samples with what lies beyond a bound by at most `slack` set to it; ValueError for other values."""
    beyond = ~((samples >= low) & (samples <= high))  # also NaN
    if not beyond.any():
        return samples
    outside = ~((samples >= low - slack) & (samples <= high + slack))
    if mask is not None:
        outside = outside & mask | ~samples.isfinite()
    if outside.any():
        sample, *feature = where = tuple(outside.nonzero()[0].tolist())
        values = samples[(slice(None), *feature)]
        smallest, largest = (end.expand_as(samples)[where] for end in (low, high))
        raise ValueError(
            f"images must lie in [{smallest:.7g}, {largest:.7g}]; feature {_name(feature)} has {values.min():.7g} to "
            f"{values.max():.7g} (in sample {sample}: {samples[where]:.7g}). Scale the samples, or pass "
            "bounds=(low, high) with the range of each feature."
        )
    clamped = samples.clamp(low, high)
    return clamped if mask is None else torch.where(mask, clamped, samples)


def _name(index: Sequence[int] | Tensor) -> str:
    """Return a feature's index as 3 or (0, 3, 1)."""
    numbers = [int(number) for number in index]
    return str(numbers[0]) if len(numbers) == 1 else str(tuple(numbers))


def _whole(steps: Tensor) -> Tensor:
    """Return the steps with those that are whole numbers but for rounding made whole: whole values then stay whole."""
    nearest = steps.round()
    return torch.where((steps - nearest).abs() <= 4 * torch.finfo(steps.dtype).eps * nearest, nearest, steps)


def _at(values: Tensor, chosen: Tensor) -> Tensor:
    """Return values (1, *shape) at the features `chosen` (N, k), (N, k); a single value () as it is."""
    return values.flatten(1).expand(len(chosen), -1).gather(1, chosen) if values.ndim else values
