"""Whether a run of many images chooses what as many single traces choose: python -m benchmarks.agreement

Attacks the first MNIST test images towards the nine other classes, once as one `Attack.run` and
once image by image with `Attack.steps`, in float64 and in float32, and compares every pair, every
stop and every final image. Where float32 differs, the first differing step is shown with the scores
that float64 gives both pairs: a batch of another size rounds otherwise, and near ties may fall the
other way.
"""

import argparse
import copy
from collections import defaultdict

import torch

from jsma import Attack, Output, jacobian, load_mnist, load_model


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
    """Print how many attacks differ between `run` and `steps`, and how near each is to a tie; return their number."""
    attack = Watched()
    WATCHED.clear()
    result = attack.run(model, images, targets)
    in_batches = dict(WATCHED)
    differing, turns = [], 0
    for row, (image, target) in enumerate(zip(images, targets.tolist(), strict=True)):
        WATCHED.clear()
        steps = list(attack.steps(model, image, target))
        alone, together = [(step.pair.first, step.pair.second) for step in steps[:-1]], in_batches[key(image, target)]
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
        scores = [exact_score(model, steps[at].image, int(targets[row]), pair) for pair in (alone[at], together[at])]
        gap = abs(scores[0] - scores[1]) / max(scores)
        print(f"  attack {row}, iteration {at}: {alone[at]} or {together[at]}, scores {gap:.1e} of the larger apart")
    return len(differing)


def exact_score(model: torch.nn.Module, image: torch.Tensor, target: int, pair: tuple[int, int]) -> float:
    """Return a pair's score from float64 derivatives."""
    gradient = jacobian(load_like(model), image[None].double(), Output.LOGITS)[0].flatten(1)[:, list(pair)].sum(1)
    return float(-gradient[target] * (gradient.sum() - gradient[target]))


def load_like(model: torch.nn.Module) -> torch.nn.Module:
    """Return a float64 copy of the model."""
    return copy.deepcopy(model).double()


WATCHED: dict = defaultdict(list)


def key(image: torch.Tensor, target: int) -> tuple:
    """Tell attacks apart by their original image and target."""
    return image.numpy().tobytes(), target


class Watched(Attack):
    """An attack that notes the pairs chosen at each turn, whatever batch they were chosen in."""

    def _turn(self, model, untargeted, originals, images, targets, budget_left):
        turn = super()._turn(model, untargeted, originals, images, targets, budget_left)
        pairs = zip(turn.best.pairs.first.tolist(), turn.best.pairs.second.tolist(), strict=True)
        for image, target, pair, goes_on in zip(originals, targets.tolist(), pairs, turn.goes_on, strict=True):
            WATCHED[key(image, target)].extend([pair] if goes_on else [])
        return turn


if __name__ == "__main__":
    main()
