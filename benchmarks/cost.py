"""Where the time of a run goes, and how near it is to its bound: python -m benchmarks.cost

The bound is what forward and two vector-Jacobian products at the best batch size and memory format
would do alone. "outside" is the share of the run's time that is spent outside the model's own passes. All times are of
the CPU, over all threads, so that waiting for a core that does other work does not count.
"""

import argparse
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import nn

from jsma import Attack, load_mnist, load_model
from jsma.convolution import FasterGradients
from jsma.models import undefended


def main() -> None:
    """Measure and print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=100, help="how many test images, towards nine targets each (100)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{options.threads} threads; attacks: {options.images} images x 9 targets, gamma 0.145")
    for name in undefended():
        print(share_outside(name, options.images))
        print(gradients(name), flush=True)


def share_outside(name: str, count: int) -> str:
    """Return one line: attacks a second, the share outside the model's passes, the bound, and single traces."""
    model, digits = load_model(name), load_mnist().first(count)
    images = digits.images.repeat_interleave(9, dim=0)
    targets = (digits.labels.repeat_interleave(9) + torch.arange(1, 10).repeat(len(digits))) % 10
    Attack().run(model, images[:9], targets[:9])
    with timed_passes() as spent:
        began = time.process_time()
        result = Attack().run(model, images, targets)
        whole = time.process_time() - began
    turns = int((result.iterations + 1).sum())
    rate = len(targets) / whole
    bound = min(pass_seconds(name, images, size, layout) for size in (32, 64, 128) for layout in LAYOUTS)
    return (
        f"{name:9} {rate:6.1f} attacks/s, {1 - sum(spent) / whole:6.1%} outside the model's passes; "
        f"bound {rate * whole / (turns * bound):6.1f} attacks/s, reached {turns * bound / whole:4.0%}; "
        f"single traces {trace_seconds(model, images[::9], targets[::9]) * 1e3:.1f} ms a turn"
    )


def trace_seconds(model: nn.Module, images: torch.Tensor, targets: torch.Tensor, count: int = 10) -> float:
    """Return the median of the seconds that a turn of a single trace takes, over `count` traces."""
    each = []
    for image, target in zip(images[:count], targets[:count].tolist(), strict=True):
        began = time.process_time()
        turns = len(list(Attack().steps(model, image, target)))
        each.append((time.process_time() - began) / turns)
    return sorted(each)[len(each) // 2]


def gradients(name: str, images: int = 128) -> str:
    """Return one line: for each convolution, how long torch's gradient by the image takes, ours being 1."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    signal, ratios = torch.rand(images, 1, 28, 28), []
    for layer in load_model(name).children():
        if isinstance(layer, nn.Conv2d):
            leaf = signal.detach().to(memory_format=torch.channels_last).requires_grad_()
            plain = layer(leaf)
            with FasterGradients():
                ours = layer(leaf)
            weights = torch.rand_like(plain)
            each = [seconds(partial(torch.autograd.grad, out, leaf, weights, True)) for out in (plain, ours)]
            ratios.append(f"{layer.in_channels} to {layer.out_channels}: {each[0] / each[1]:.1f}")
        signal = layer(signal)
    torch.set_num_threads(threads)
    return f"{name:9} torch's gradients by the image, ours being 1: {', '.join(ratios)}"


LAYOUTS = (torch.contiguous_format, torch.channels_last)


def pass_seconds(name: str, images: torch.Tensor, size: int, layout: torch.memory_format) -> float:
    """Return the seconds that one core takes for forward and two vector-Jacobian products of one image of a batch."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    model = load_model(name).to(memory_format=layout)
    size = min(size, len(images))
    leaf = images[:size].to(memory_format=layout).clone().requires_grad_()
    weights = torch.eye(10)[torch.arange(size) % 10]

    def passes() -> None:
        with FasterGradients():
            logits = model(leaf)
        torch.autograd.grad(logits, leaf, weights, retain_graph=True)
        torch.autograd.grad(logits, leaf, 1 - weights)

    needed = seconds(passes) / size
    torch.set_num_threads(threads)
    return needed


def seconds(work: Callable[[], object], repeats: int = 7) -> float:
    """Return the median time of one call."""
    work()
    times = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return sorted(times)[repeats // 2]


@contextmanager
def timed_passes() -> Iterator[list[float]]:
    """Collect in the list the seconds of all of the model's forward and backward passes, in any thread."""
    spent = []
    forward, backward = nn.Module.__call__, torch.autograd.grad
    thread = threading.local()

    def timed(call: Callable) -> Callable:
        def wrapper(*arguments, **options):
            if getattr(thread, "inside", False):  # a layer of the model: its time is counted already
                return call(*arguments, **options)
            thread.inside, began = True, time.thread_time()
            try:
                return call(*arguments, **options)
            finally:
                thread.inside = False
                spent.append(time.thread_time() - began)

        return wrapper

    nn.Module.__call__, torch.autograd.grad = timed(forward), timed(backward)
    try:
        yield spent
    finally:
        nn.Module.__call__, torch.autograd.grad = forward, backward


if __name__ == "__main__":
    sys.exit(main())
