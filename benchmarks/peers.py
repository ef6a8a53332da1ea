"""Attacks a second against torchattacks and ART: python -m benchmarks.peers

On the same network, images, targets, theta and gamma, in one process, taking turns, so that a busy
machine slows all alike. Needs `pip install -c requirements.txt ".[benchmarks]"` in an environment of
its own: torchattacks asks for older packages than the app does. The slower tools attack only some of
the images; success and changed pixels are those of all three on what all attack.
torchattacks rounds the budget up: it is given a gamma that comes to as many iterations as ours.
ART's attack is a simpler one: it takes the two largest derivatives of the target and does not look
at the other classes. advertorch 0.2.3 is left out: it can't be imported beside a current PyTorch.
Memory is what a process that attacks a few images with one tool holds at most, loading included (on Linux).
"""

import argparse
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from jsma import Attack, Rule, load_mnist, load_model
from jsma.data import _torchvision_mnist
from jsma.models import NETWORKS

GAMMA = 0.145
ROUNDS = 2
ONE_IN = {"torchattacks": 36, "ART": 4, "this project": 1}
"""Which share of the images each tool attacks, so that all take about as long."""
Tool = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def ours(model: torch.nn.Module, rule: Rule = Rule.JSMA) -> Tool:
    """Return a function of images and targets that attacks with this project."""
    return lambda images, targets: Attack(rule, gamma=GAMMA).run(model, images, targets).images


def torchattacks(model: torch.nn.Module) -> Tool:
    """Return the same with torchattacks 3.5.1."""
    _torchvision_mnist()  # torchvision, which torchattacks imports, does not load by itself beside a CPU-only torch
    from torchattacks import JSMA

    attack = JSMA(model, theta=1.0, gamma=(2 * Attack(gamma=GAMMA).iterations(784) - 0.5) / 784)
    attack.set_mode_targeted_by_label(quiet=True)
    return attack


def art(model: torch.nn.Module) -> Tool:
    """Return the same with ART 1.20, in batches of 64."""
    _torchvision_mnist()
    logging.disable(logging.WARNING)
    from art.attacks.evasion import SaliencyMapMethod
    from art.estimators.classification import PyTorchClassifier

    classifier = PyTorchClassifier(model, torch.nn.CrossEntropyLoss(), (1, 28, 28), 10, clip_values=(0.0, 1.0))
    attack = SaliencyMapMethod(classifier, theta=1.0, gamma=GAMMA, batch_size=64, verbose=False)
    return lambda images, targets: torch.from_numpy(attack.generate(images.numpy(), y=targets.numpy()))


TOOLS = {"torchattacks": torchattacks, "ART": art, "this project": ours}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=NETWORKS, default="lenet")
    parser.add_argument("--images", type=int, default=80, help="how many test images, towards nine targets each (80)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--memory-of", choices=TOOLS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    digits = load_mnist().first(options.images)
    images = digits.images.repeat_interleave(9, dim=0)
    targets = (digits.labels.repeat_interleave(9) + torch.arange(1, 10).repeat(len(digits))) % 10
    if options.memory_of:
        TOOLS[options.memory_of](load_model(options.model))(images[:4], targets[:4])
        print(peak_memory())
        return
    model = load_model(options.model)
    print(f"{options.model}, {len(targets)} attacks, gamma {GAMMA}, theta 1, {options.threads} threads")
    seconds, results = measure(model, images, targets)
    common = max(ONE_IN.values())
    count = len(targets[::common])
    print(f"{'':14}attacks/s   ratio   success   changed   peak memory   (success and changed: of {count})")
    rates = {name: len(results[name]) / seconds[name] for name in TOOLS}
    for name, rate in rates.items():
        ends = results[name][:: common // ONE_IN[name]]
        success = (model(ends).argmax(1) == targets[::common]).double().mean()
        changed = (ends != images[::common]).flatten(1).sum(1).double().mean()
        ratio, memory = rates["this project"] / rate, memory_of(name, options.model)
        print(f"{name:14}{rate:9.1f} {ratio:7.1f} {success:9.1%} {changed:9.1f} {memory:10.0f} MB")


def measure(
    model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor
) -> tuple[dict[str, float], dict[str, torch.Tensor]]:
    """Return the seconds each tool took and its images; the tools take turns, a part of the images each round."""
    tools = {name: make(model) for name, make in TOOLS.items()}
    seconds, results = dict.fromkeys(TOOLS, 0.0), {name: [] for name in TOOLS}
    for part in torch.arange(len(targets)).chunk(ROUNDS):
        for name, tool in tools.items():
            rows = part[part % ONE_IN[name] == 0]
            tool(images[rows[:2]], targets[rows[:2]])  # warm
            began = time.perf_counter()
            results[name].append(tool(images[rows], targets[rows]))
            seconds[name] += time.perf_counter() - began
    return seconds, {name: torch.cat(parts) for name, parts in results.items()}


def memory_of(tool: str, model: str) -> float:
    """Return the peak memory, in MB, of a process that attacks four images with one tool."""
    command = [sys.executable, "-m", "benchmarks.peers", "--memory-of", tool, "--model", model]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def peak_memory() -> float:
    """Return the most that this process has held, in MB; getrusage would count the process that started it, too."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
