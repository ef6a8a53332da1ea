"""Whether a run of many images chooses what as many single traces choose: python -m benchmarks.agreement

Attacks the first MNIST test images towards the nine other classes, once as one `Attack.run` and
once image by image with `Attack.steps`, in float64 and in float32, and compares every pair, every
stop and every final image. A batch of another size rounds otherwise, so that in float32 near ties
may fall the other way. Where one does, the first differing step is shown, with how far apart float64
sees the scores of the two pairs and how near the network is to a kink, both in units of rounding: at
a kink of a ReLU or a maximum the derivative itself jumps.
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
        exact, image = copy.deepcopy(model).double(), steps[at].image[None].double()
        scores = [exact_score(exact, image, int(targets[row]), pair) for pair in (alone[at], together[at])]
        rounding = torch.finfo(images.dtype).eps
        gap, kink = abs(scores[0] - scores[1]) / max(scores) / rounding, nearest_kink(exact, image) / rounding
        print(
            f"  attack {row}, iteration {at}: {alone[at]} or {together[at]}; in units of rounding, their scores are "
            f"{gap:.3g} apart and the nearest kink is {kink:.3g} away"
        )
    return len(differing)


def exact_score(model: torch.nn.Module, image: torch.Tensor, target: int, pair: tuple[int, int]) -> float:
    """Return the score of a pair for one image (1, C, H, W) in the model's precision."""
    gradient = jacobian(model, image, Output.LOGITS)[0].flatten(1)[:, list(pair)].sum(1)
    return float(-gradient[target] * (gradient.sum() - gradient[target]))


def nearest_kink(model: torch.nn.Module, image: torch.Tensor) -> float:
    """Return how near any ReLU is to zero, or any maximum to a tie, as a share of its layer's largest value."""
    distances = []

    def measure(layer, inputs, _):
        (values,) = inputs
        if isinstance(layer, torch.nn.ReLU):
            distances.append(values.abs().min() / values.abs().max())
        elif isinstance(layer, torch.nn.MaxPool2d):
            windows = torch.nn.functional.unfold(values[0][:, None], layer.kernel_size, stride=layer.stride)
            first, second = windows.topk(2, dim=1).values.unbind(1)
            distances.append((first - second)[first > 0].min() / values.abs().max())

    hooks = [layer.register_forward_hook(measure) for layer in model.modules()]
    with torch.no_grad():
        model(image)
    for hook in hooks:
        hook.remove()
    return float(min(distances))


WATCHED: dict = defaultdict(list)


def key(image: torch.Tensor, target: int) -> tuple:
    """Tell attacks apart by their original image and target."""
    return image.numpy().tobytes(), target


class Watched(Attack):
    """An attack that notes the pairs chosen at each turn, whatever batch they were chosen in."""

    def _turn(self, model, originals, images, targets, budget_left):
        turn = super()._turn(model, originals, images, targets, budget_left)
        pairs = zip(turn.best.pairs.first.tolist(), turn.best.pairs.second.tolist(), strict=True)
        for image, target, pair, stop in zip(originals, targets.tolist(), pairs, turn.stop, strict=True):
            WATCHED[key(image, target)].extend([pair] if stop is None else [])
        return turn


if __name__ == "__main__":
    main()
