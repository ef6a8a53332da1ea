"""What giving back unneeded pixels saves and costs: python -m benchmarks.refinement"""

import argparse
import time

import torch

from jsma import Attack, Direction, Rule, load_mnist, load_model, refine
from jsma.models import undefended


def main() -> None:
    """Attack, refine, and print a line a network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100, help="first test images, towards nine targets each (100)")
    options = parser.parse_args()
    digits, attack = load_mnist().first(options.images), Attack(Rule.TJSMA, direction=Direction.BOTH)
    images = digits.images.repeat_interleave(9, dim=0)
    targets = (digits.labels.repeat_interleave(9) + torch.arange(1, 10).repeat(len(digits))) % 10
    for name in undefended():
        model, began = load_model(name), time.monotonic()
        found, between = attack.run(model, images, targets), time.monotonic()
        refined, ended = refine(model, images, targets, found), time.monotonic()
        before, after = (result.changed.double().mean().item() for result in (found, refined))
        print(
            f"{name}: TJSMA, both directions, {len(targets)} attacks, {found.success.double().mean():.2%} successful; "
            f"changed pixels {before:.2f} -> {after:.2f} ({after / images[0].numel():.2%}); "
            f"the refinement took {(ended - between) / (between - began):.2f} times the attack's time"
        )


if __name__ == "__main__":
    main()
