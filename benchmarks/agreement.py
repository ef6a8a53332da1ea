"""Whether many images together give what as many single traces give: python -m benchmarks.agreement

Attacks the first MNIST test images towards the nine other classes: once image by image with `Attack.steps`, once
as one `Attack.run`, and once with `advance`, sixteen at a time as the app does for visitors, where one joins when
another has ended. In float64 and in float32 it compares every pair, every stop and every final image. A batch of
another size rounds otherwise, so that in float32 near ties may fall the other way. Where one does, the first
differing step is shown, and as a proof that it is one, what float64 chooses for copies of its image moved by no more
than float32 rounds.
"""

import argparse
import copy
from collections import Counter
from typing import NamedTuple

import torch

from jsma import (
    Attack,
    Direction,
    Output,
    Step,
    Stop,
    Trace,
    advance,
    best_pair,
    jacobian,
    load_mnist,
    load_model,
)


def main() -> None:
    """Compare and print the counts; exit with an error if float64 differs anywhere."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--model", default="lenet")
    options = parser.parse_args()
    digits = load_mnist().first(options.images)
    images = digits.images.repeat_interleave(9, dim=0)
    targets = (digits.labels.repeat_interleave(9) + torch.arange(1, 10).repeat(len(digits))) % 10
    for dtype in (torch.float64, torch.float32):
        differing = compare(load_model(options.model).to(dtype), images.to(dtype), targets)
        if dtype == torch.float64 and differing:
            raise SystemExit("float64 must not differ")


class Attacked(NamedTuple):
    """What is compared of an attack: the pairs, why it ended, and its last image."""

    pairs: list[tuple[int, int]]
    stop: Stop | None
    image: torch.Tensor

    @classmethod
    def of(cls, steps: list[Step]) -> "Attacked":
        """Return that of all steps."""
        return cls([(step.chosen.first, step.chosen.second) for step in steps[:-1]], steps[-1].stop, steps[-1].image)

    def agrees(self, other: "Attacked") -> bool:
        """Return whether both are the same."""
        return self[:2] == other[:2] and torch.equal(self.image, other.image)


def compare(model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor) -> int:
    """Print how many attacks of `run` and of `advance` differ from `steps`, and what lies nearby; return how many."""
    attack, total = Attack(), 0
    alone = [list(attack.steps(model, image, target)) for image, target in zip(images, targets.tolist(), strict=True)]
    ways = {"Attack.run": at_once(attack, model, images, targets), "advance": together(attack, model, images, targets)}
    print(f"{images.dtype}: {len(images)} attacks, {sum(map(len, alone))} turns")
    for way, attacked in ways.items():
        ended = [Attacked.of(steps) for steps in alone]
        differing = [k for k, (one, other) in enumerate(zip(ended, attacked, strict=True)) if not one.agrees(other)]
        print(f"  {way}: {len(differing)} attacks differ")
        for k in differing:
            show(k, alone[k], ended[k].pairs, attacked[k].pairs, model, int(targets[k]))
        total += len(differing)
    return total


def at_once(attack: Attack, model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor) -> list[Attacked]:
    """Attack all images in one run."""
    result = attack.run(model, images, targets)
    pairs = [
        [(p, q) for p, q in row[:count].tolist()] for row, count in zip(result.pairs, result.iterations, strict=True)
    ]
    return [Attacked(*each) for each in zip(pairs, result.stop, result.images, strict=True)]


def together(attack: Attack, model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor) -> list[Attacked]:
    """Attack all images, AT_ONCE of them together."""
    traces = [Trace(attack, model, *each) for each in zip(images, targets.tolist(), strict=True)]
    while under_way := [trace for trace in traces if not trace.ended][:AT_ONCE]:
        advance(under_way)
    return [Attacked.of(trace.steps) for trace in traces]


def show(
    number: int,
    steps: list[Step],
    alone: list[tuple[int, int]],
    together: list[tuple[int, int]],
    model: torch.nn.Module,
    target: int,
) -> None:
    """Print the first step at which an attack differs, and what float64 chooses near its image."""
    at = next(k for k, pairs in enumerate(zip(alone, together, strict=False)) if pairs[0] != pairs[1])
    chosen = choices_nearby(copy.deepcopy(model).double(), steps[at].image.double(), target)
    print(f"    attack {number}, iteration {at}: {alone[at]} alone, {together[at]} in a batch;")
    print(f"      float64 on {COPIES} copies moved by at most {NEARBY:g}: {dict(chosen.most_common())}")


AT_ONCE = 16

COPIES, NEARBY = 200, 1e-6


def choices_nearby(model: torch.nn.Module, image: torch.Tensor, target: int) -> Counter:
    """Count the best pairs of copies of `image` that differ from it by noise of at most NEARBY a pixel."""
    noise = (torch.rand(COPIES, *image.shape, generator=torch.Generator().manual_seed(0), dtype=image.dtype) - 0.5) * 2
    gradients = jacobian(model, (image + NEARBY * noise).clamp(0, 1), Output.LOGITS).flatten(2)
    a, b = gradients[:, target], gradients.sum(1) - gradients[:, target]
    pairs = best_pair(a, b, (image < 1).flatten().expand(COPIES, -1), Direction.INCREASE)
    return Counter(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))


if __name__ == "__main__":
    main()
