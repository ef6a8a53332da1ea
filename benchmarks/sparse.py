"""Few changed pixels, and what they cost: python -m benchmarks.sparse

`FIELD` is the table of attacks: this project's, and of others FMN-L0 (Pintor et al. 2021), VFGA (arXiv 2011.12423) and
σ-zero (Cinà et al. 2025) as adv-lib has them, and Brendel and Bethge's for L0 (2019) as foolbox has it; the last two
without a target only. They attack the same network and images, in one process, taking turns, so that a busy machine
slows all alike. Needs `pip install -c requirements.txt ".[benchmarks]"` in an environment of its own; an attack whose
package is not installed is left out.

The images are MNIST test images from --first on; the default leaves out the first thousand, on which the settings here
were chosen. Memory is what attacking one part of the images adds at most to the process (on Linux). Bold: no faster
attack changed as few pixels and succeeded as often.

--kinds measures the kinds of attack without a target in the field's place, and tells which classes M-JSMA serves.
"""

import argparse
import ctypes
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor

from benchmarks.peers import peak_memory
from jsma import Attack, Direction, Output, Rule, Untargeted, load_mnist, load_model, refine, sparsest
from jsma.data import _torchvision_mnist
from jsma.models import NETWORKS

Tool = Callable[[torch.nn.Module, Tensor, Tensor, Tensor | None], Tensor]
"""Returns adversarial images for a model, images, their predictions, and targets (None: any other class)."""

PARTS = 4
"""In how many parts the images are attacked, one tool after the other."""

UNLIKELY = 0.001
"""A class with a smaller probability is far from being the answer."""


@dataclass(frozen=True)
class Competitor:
    """An attack of the field. needs: the modules without which it is left out; knows_targets: if it can aim at one."""

    name: str
    tool: Tool
    needs: tuple[str, ...] = ()
    knows_targets: bool = True


@dataclass(frozen=True)
class Line:
    """What was measured of one attack: shares, pixels of the successful ones, attacks a second, megabytes."""

    name: str
    success: float
    mean: float
    median: float
    rate: float
    memory: float


def saliency(model: torch.nn.Module, images: Tensor, _: Tensor, targets: Tensor | None) -> Tensor:
    """Attack by pairs, both ways, and give back what is not needed."""
    attack = Attack(Rule.TJSMA, direction=Direction.BOTH)
    return refine(model, images, targets, attack.run(model, images, targets)).images


def search(width: int, candidates: int) -> Tool:
    """Return the search over single changes, of this width."""
    return lambda model, images, _, targets: sparsest(model, images, targets, width=width, candidates=candidates).images


def adv_lib(name: str, **settings: object) -> Tool:
    """Return an attack of adv-lib with these settings; without settings of a target if it takes none."""

    def attack(model: torch.nn.Module, images: Tensor, predictions: Tensor, targets: Tensor | None) -> Tensor:
        sys.modules.setdefault("visdom", ModuleType("visdom"))  # adv-lib imports it for plots that are not drawn here
        _torchvision_mnist()  # torchvision, which it imports, does not load by itself beside a CPU-only torch
        aim = {} if name == "sigma_zero" else {"targeted": targets is not None}
        labels = predictions if targets is None else targets
        return getattr(import_module("adv_lib.attacks"), name)(model, images, labels, **aim, **settings)

    return attack


def brendel_bethge(model: torch.nn.Module, images: Tensor, predictions: Tensor, _: Tensor | None) -> Tensor:
    """Attack as foolbox does by default; towards a target it would need an image of it to begin at."""
    _torchvision_mnist()
    attacks, whole = import_module("foolbox.attacks"), import_module("foolbox")
    attack = attacks.L0BrendelBethgeAttack(init_attack=attacks.LinearSearchBlendedUniformNoiseAttack())
    known = whole.PyTorchModel(model, bounds=(0, 1), device="cpu")
    return attack.run(known, images, whole.criteria.Misclassification(predictions))


FIELD = [
    Competitor("TJSMA, both directions, refined", saliency),
    Competitor("sparsest, 1 × 4", search(1, 4)),
    Competitor("sparsest, 2 × 4", search(2, 4)),
    Competitor("sparsest, 4 × 4", search(4, 4)),
    Competitor("sparsest, 6 × 6", search(6, 6)),
    Competitor("VFGA", adv_lib("vfga"), ("adv_lib",)),
    Competitor("σ-zero, 100 steps", adv_lib("sigma_zero", num_steps=100), ("adv_lib",), knows_targets=False),
    Competitor("σ-zero, 1,000 steps", adv_lib("sigma_zero", num_steps=1000), ("adv_lib",), knows_targets=False),
    Competitor("FMN-L0, 1,000 steps", adv_lib("fmn", norm=0, steps=1000), ("adv_lib",)),
    Competitor("L0 Brendel–Bethge, 1,000 steps", brendel_bethge, ("foolbox", "numba"), knows_targets=False),
]
"""The table of all attacks that are compared; a line more is an attack more."""


def kinds() -> list[Competitor]:
    """Return the kinds of attack without a target, with every rule and output; NT-JSMA brightens, or goes both ways."""

    def tool(attack: Attack, kind: Untargeted) -> Tool:
        return lambda model, images, _, __: attack.run(model, images, kind).images

    both, up = Direction.BOTH, Direction.INCREASE
    ways = [("NT-JSMA", Untargeted.AWAY, up), ("NT-JSMA", Untargeted.AWAY, both), ("M-JSMA", Untargeted.MAXIMAL, both)]
    return [
        Competitor(f"{name}, {rule.label} on {output.value}, {way.value}", tool(Attack(rule, output, way), kind))
        for rule in Rule
        for output in Output
        for name, kind, way in ways
    ]


def main() -> None:
    """Measure and print a table for each network and kind of goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=NETWORKS, default=list(NETWORKS), help="all, if not given")
    parser.add_argument("--first", type=int, default=1000, help="the first test image (%(default)s)")
    parser.add_argument("--targeted", type=int, default=2, help="images, towards 9 targets each (%(default)s)")
    parser.add_argument("--untargeted", type=int, default=20, help="how many images (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (%(default)s)")
    parser.add_argument("--only", nargs="+", default=[""], metavar="TEXT", help="attacks with one of these in the name")
    parser.add_argument("--kinds", action="store_true", help="NT-JSMA beside M-JSMA, without a target")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    whole = kinds() if options.kinds else FIELD
    field = installed([each for each in whole if any(text in each.name for text in options.only)])
    for name in options.models:
        for targeted, count in ((False, options.untargeted), (True, 0 if options.kinds else options.targeted)):
            if count:
                show(field, name, targeted, options.first, count)
        if options.kinds:
            images = load_mnist().images[options.first : options.first + options.untargeted]
            print("", *(served(load_model(name), images, output) for output in Output), sep="\n", flush=True)


def installed(field: list[Competitor]) -> list[Competitor]:
    """Return the attacks whose packages are installed, and print a sentence for each of the others."""
    for each in field:
        missing = [module for module in each.needs if find_spec(module) is None]
        if missing:
            print(f"{each.name} is left out: {' and '.join(missing)} cannot be imported.")
    return [each for each in field if all(find_spec(module) for module in each.needs)]


def show(field: list[Competitor], name: str, targeted: bool, first: int, count: int) -> None:
    """Measure all attacks of the field on one network, and print a table."""
    whole, model = load_mnist(), load_model(name)
    images, labels, targets = whole.images[first : first + count], whole.labels[first : first + count], None
    if targeted:
        field = [each for each in field if each.knows_targets]
        images = images.repeat_interleave(9, dim=0)
        targets = (labels.repeat_interleave(9) + torch.arange(1, 10).repeat(count)) % 10
    predictions = model(images).argmax(dim=1)
    goal = "towards nine targets" if targeted else "without a target"
    print(f"\n{name}, {len(images)} attacks {goal}, {-(-len(images) // PARTS)} at once\n")
    print("| attack | success | mean pixels | median | attacks/s | memory, MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    lines = measure(field, model, images, predictions, targets)
    for line in lines:
        shown = f"**{line.name}**" if line in sparsest_for_the_time(lines) else line.name
        print(
            f"| {shown} | {line.success:.1%} | {line.mean:.2f} | {line.median:.0f} | {line.rate:.2f} | "
            f"{line.memory:.0f} |",
            flush=True,
        )


def measure(
    field: list[Competitor], model: torch.nn.Module, images: Tensor, predictions: Tensor, targets: Tensor | None
) -> list[Line]:
    """Return what was measured of each attack; they take turns."""
    parts = torch.arange(len(images)).chunk(PARTS)
    seconds, memory = dict.fromkeys(field, 0.0), dict.fromkeys(field, 0.0)
    results: dict[Competitor, list[Tensor]] = {each: [] for each in field}
    for number, rows in enumerate([parts[0][:1], *parts]):  # one image first: what is compiled or loaded is not timed
        part = None if targets is None else targets[rows]
        for each in field:
            before, began = memory_held(), time.perf_counter()
            ends = each.tool(model, images[rows], predictions[rows], part).detach()
            if number:
                seconds[each] += time.perf_counter() - began
                memory[each] = max(memory[each], peak_memory() - before)
                results[each].append(ends)
    return [
        line(each.name, model, images, torch.cat(results[each]), predictions, targets, seconds[each], memory[each])
        for each in field
    ]


def memory_held() -> float:
    """Return what the process holds, in MB, after it has given back what it can; its peak begins anew."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return peak_memory()


def line(
    name: str,
    model: torch.nn.Module,
    images: Tensor,
    ends: Tensor,
    predictions: Tensor,
    targets: Tensor | None,
    seconds: float,
    memory: float,
) -> Line:
    """Return the line of an attack that turned images into `ends`."""
    reads = model(ends).argmax(dim=1)
    success = reads != predictions if targets is None else reads == targets
    changed = (ends != images).flatten(1).sum(dim=1).double()
    changed = changed[success] if success.any() else changed.new_full((1,), torch.inf)
    share = success.double().mean().item()
    return Line(name, share, changed.mean().item(), changed.median().item(), len(ends) / seconds, memory)


def sparsest_for_the_time(lines: list[Line]) -> list[Line]:
    """Return the lines that no faster one equals in success and pixels."""
    return [
        each
        for each in lines
        if not any(
            other.rate > each.rate and other.success >= each.success and other.mean <= each.mean for other in lines
        )
    ]


def served(model: torch.nn.Module, images: Tensor, output: Output) -> str:
    """Say which classes the pairs of M-JSMA serve: whether they lower the first one or raise another, how likely it is.

    By the rule JSMA, whose a is the row of the Jacobian of the class that is served, for the first one with its sign
    changed.
    """
    attack, raised, steps = Attack(output=output, direction=Direction.BOTH), [], 0
    for image in images:
        *chosen, _ = trace = list(attack.steps(model, image, Untargeted.MAXIMAL))
        first, steps = trace[0].outputs.argmax(), steps + len(chosen)
        for step in chosen:
            rows = step.jacobian.flatten(1)  # (classes, n)
            away = torch.where(torch.arange(len(rows)) == first, -1, 1)[:, None]
            k = (away * rows - step.target_gradient).abs().sum(dim=1).argmin()
            if k != first:
                raised.append(step.probabilities[k].item())
    unlikely = sum(probability < UNLIKELY for probability in raised)
    return (
        f"M-JSMA on {output.value}: of {steps:,} pairs, {(steps - len(raised)) / steps:.0%} lower the first class, "
        f"{unlikely / steps:.0%} raise a class of a probability below {UNLIKELY:.1%}."
    )


if __name__ == "__main__":
    main()
