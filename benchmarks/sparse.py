"""Few changed pixels, and what they cost: python -m benchmarks.sparse

FMN-L0 (Pintor et al. 2021) and σ-zero (Cinà et al. 2025; without a target only), both as adv-lib has them, against this
project, on the same network and images, in one process, taking turns, so that a busy machine slows all alike. Needs
`pip install -c requirements.txt ".[benchmarks]"` in an environment of its own. The images are MNIST test images from
--first on; the default leaves out the first thousand, on which the settings here were chosen.
"""

import argparse
import sys
import time
from collections.abc import Callable
from types import ModuleType

import torch
from torch import Tensor

from jsma import Attack, Direction, Rule, load_mnist, load_model, refine, sparsest
from jsma.data import _torchvision_mnist
from jsma.models import NETWORKS, undefended

Tool = Callable[[torch.nn.Module, Tensor, Tensor, Tensor | None], Tensor]
"""Returns adversarial images for a model, images, their predictions, and targets (None: any other class)."""

PARTS = 4
"""In how many parts the images are attacked, one tool after the other."""


def saliency(model: torch.nn.Module, images: Tensor, _: Tensor, targets: Tensor | None) -> Tensor:
    """Attack by pairs, both ways, and give back what is not needed."""
    attack = Attack(Rule.TJSMA, direction=Direction.BOTH)
    return refine(model, images, targets, attack.run(model, images, targets)).images


def search(width: int, candidates: int) -> Tool:
    """Return the search over single changes, of this width."""
    return lambda model, images, _, targets: sparsest(model, images, targets, width=width, candidates=candidates).images


def sigma_zero(steps: int) -> Tool:
    """Return σ-zero with so many steps; it knows no targets."""
    from adv_lib.attacks import sigma_zero

    return lambda model, images, predictions, _: sigma_zero(model, images, predictions, num_steps=steps)


def fmn(steps: int) -> Tool:
    """Return FMN-L0 with so many steps."""
    from adv_lib.attacks import fmn

    def attack(model: torch.nn.Module, images: Tensor, predictions: Tensor, targets: Tensor | None) -> Tensor:
        labels = predictions if targets is None else targets
        return fmn(model, images, labels, norm=0, targeted=targets is not None, steps=steps)

    return attack


def tools(targeted: bool) -> dict[str, Tool]:
    """Return all tools by name."""
    sys.modules.setdefault("visdom", ModuleType("visdom"))  # adv-lib imports it for plots that are not drawn here
    _torchvision_mnist()  # torchvision, which adv-lib imports, does not load by itself beside a CPU-only torch
    found = {"TJSMA, both directions, refined": saliency}
    found |= {f"sparsest, {width} × {count}": search(width, count) for width, count in ((1, 4), (2, 4), (4, 4), (6, 6))}
    if not targeted:
        found |= {f"σ-zero, {steps:,} steps": sigma_zero(steps) for steps in (100, 1000)}
    return found | {"FMN-L0, 1,000 steps": fmn(1000)}


def main() -> None:
    """Measure and print a table for each network and kind of goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=NETWORKS, default=undefended(), help="those without a defence")
    parser.add_argument("--first", type=int, default=1000, help="the first test image (%(default)s)")
    parser.add_argument("--targeted", type=int, default=100, help="images, towards 9 targets each (%(default)s)")
    parser.add_argument("--untargeted", type=int, default=200, help="how many images (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (%(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name in options.models:
        for targeted, count in ((False, options.untargeted), (True, options.targeted)):
            if count:
                show(name, targeted, options.first, count)


def show(name: str, targeted: bool, first: int, count: int) -> None:
    """Measure all tools on one network, and print a table."""
    whole, model = load_mnist(), load_model(name)
    images, labels, targets = whole.images[first : first + count], whole.labels[first : first + count], None
    if targeted:
        images = images.repeat_interleave(9, dim=0)
        targets = (labels.repeat_interleave(9) + torch.arange(1, 10).repeat(count)) % 10
    predictions = model(images).argmax(dim=1)
    print(f"\n{name}, {len(images)} attacks {'towards nine targets' if targeted else 'without a target'}\n")
    print("| attack | success | mean pixels | median | attacks/s | its seconds in those of the slowest |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    seconds, results = measure(tools(targeted), model, images, predictions, targets)
    for tool, ends in results.items():
        reads = model(ends).argmax(dim=1)
        success = reads != predictions if targets is None else reads == targets
        changed = (ends != images).flatten(1).sum(dim=1)[success].double()
        share = f"{max(seconds.values()) / seconds[tool]:.1f}"
        print(
            f"| {tool} | {success.double().mean():.1%} | {changed.mean():.2f} | {changed.median():.0f} | "
            f"{len(ends) / seconds[tool]:.1f} | {share} |",
            flush=True,
        )


def measure(
    found: dict[str, Tool], model: torch.nn.Module, images: Tensor, predictions: Tensor, targets: Tensor | None
) -> tuple[dict[str, float], dict[str, Tensor]]:
    """Return the seconds that each tool took, and its images; the tools take turns."""
    seconds, results = dict.fromkeys(found, 0.0), {name: [] for name in found}
    for rows in torch.arange(len(images)).chunk(PARTS):
        part = None if targets is None else targets[rows]
        for name, tool in found.items():
            began = time.perf_counter()
            results[name].append(tool(model, images[rows], predictions[rows], part).detach())
            seconds[name] += time.perf_counter() - began
    return seconds, {name: torch.cat(parts) for name, parts in results.items()}


if __name__ == "__main__":
    main()
