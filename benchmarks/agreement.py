"""Whether a run of many images chooses what as many single traces choose: python -m benchmarks.agreement

Attacks the first MNIST test images towards the nine other classes, once as one `Attack.run` and
once image by image with `Attack.steps`, in float64 and in float32, and compares every pair, every
stop and every final image. A batch of another size rounds otherwise, so that in float32 near ties
may fall the other way. Where one does, the first differing step is shown, and as a proof that it is
one, what float64 chooses for copies of its image moved by no more than float32 rounds.
"""

import argparse
import copy
from collections import Counter

import torch

from jsma import Attack, Direction, Output, best_pair, jacobian, load_mnist, load_model


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


def compare(model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor) -> int:
    """Print how many attacks differ between `run` and `steps`, and what lies nearby; return their number."""
    attack = Attack()
    result = attack.run(model, images, targets)
    differing, turns = [], 0
    for row, (image, target) in enumerate(zip(images, targets.tolist(), strict=True)):
        steps = list(attack.steps(model, image, target))
        alone = [(step.pair.first, step.pair.second) for step in steps[:-1]]
        together = [tuple(pair) for pair in result.pairs[row, : result.iterations[row]].tolist()]
        turns += len(steps)
        same = (
            alone == together
            and steps[-1].stop is result.stop[row]
            and torch.equal(steps[-1].image, result.images[row])
        )
        if not same:
            differing.append((row, steps, alone, together))
    print(f"{images.dtype}: {len(images)} attacks, {turns} turns, {len(differing)} attacks differ")
    for row, steps, alone, together in differing:
        at = next(k for k, pairs in enumerate(zip(alone, together, strict=False)) if pairs[0] != pairs[1])
        exact = copy.deepcopy(model).double()
        chosen = choices_nearby(exact, steps[at].image.double(), int(targets[row]))
        print(f"  attack {row}, iteration {at}: {alone[at]} alone, {together[at]} in a batch;")
        print(f"    float64 on {COPIES} copies moved by at most {NEARBY:g}: {dict(chosen.most_common())}")
    return len(differing)


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
