"""How an attack's cost grows with features, classes, images and processes: python -m benchmarks.growth

Features, classes and images: rows through a network of one layer, towards a target that is never reached, so that what
is measured is mostly the attack's own work. Time is that of the CPU, on one core, for one iteration of one row, the
least of some runs; memory is what the run adds at most to the process, its copies of the rows included (on Linux). Each
size has a process of its own. The exponent p is the slope of a line through the logarithms: cost = c × size^p.

Processes: the same evaluation shared by torchrun among 1, 2 and 4. The share of the ideal is the CPU time of one
process, divided by the number of processes and by the CPU time of the one that worked longest: what processes with a
free core each would reach, whatever else the machine does. Beside it the speed-up that the clock saw on this machine.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn

from benchmarks.peers import peak_memory
from jsma import Attack, Rule, evaluate, load_model, load_uci_digits

SIZES = {
    "features": [784, 3_072, 12_288, 49_152, 150_528],
    "classes": [10, 100, 1_000],
    "images": [600, 6_000, 60_000],
}
OTHERWISE = {"features": 784, "classes": 10, "images": 32}
TURNS, ROWS_AT_LEAST = 3, 192
"""How many iterations of each row are measured, the last of which changes nothing; few rows are attacked repeatedly."""

RANKS = 1, 2, 4


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--evaluated", type=int, default=100, help="digits that the processes share (%(default)s)")
    parser.add_argument("--size", help=argparse.SUPPRESS)  # measure one size, in this process
    parser.add_argument("--rank", action="store_true", help=argparse.SUPPRESS)  # this is one of torchrun's processes
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.size:
        print(json.dumps(cost(**json.loads(options.size))))
    elif options.rank:
        one_of_many(options.evaluated)
    else:
        for what in SIZES:
            print(growth(what), flush=True)
        print(sharing(options.evaluated))


def growth(what: str) -> str:
    """Return a table: time and memory by the number of `what`, and the exponents."""
    rows = []
    for size in SIZES[what]:
        arguments = ["--size", json.dumps({**OTHERWISE, what: size})]
        rows.append((size, *json.loads(run(["benchmarks.growth", *arguments]))))
    sizes, microseconds, megabytes = zip(*rows, strict=True)
    lines = [f"\n| {what} | µs an iteration and row | memory, MB |", "| ---: | ---: | ---: |"]
    lines += [f"| {size:,} | {time:,.0f} | {memory:,.1f} |" for size, time, memory in rows]
    return "\n".join([*lines, f"| *exponent* | *{exponent(sizes, microseconds)}* | *{exponent(sizes, megabytes)}* |"])


def cost(features: int, classes: int, images: int) -> tuple[float, float]:
    """Return the CPU microseconds of one iteration of one row, and the megabytes that the attack needs at most."""
    torch.manual_seed(0)
    model, attack = nn.Linear(features, classes).eval(), Attack(gamma=2 * (TURNS - 1) / features)
    with torch.no_grad():
        model.bias[0] = 1e6  # the network reads class 0, whatever is changed
    rows, targets = torch.rand(images, features) * 0.9, torch.ones(images, dtype=torch.int64)
    attack.run(model, rows[:2], targets[:2])
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew at what is held now
    before = peak_memory()
    times, memory = [], math.nan
    for _ in range(max(1, ROWS_AT_LEAST // images)):
        began = time.process_time()
        attack.run(model, rows, targets)
        times.append(time.process_time() - began)
        memory = peak_memory() - before if math.isnan(memory) else memory  # of the first: later ones reuse its memory
    return 1e6 * min(times) / (images * TURNS), memory


def exponent(sizes: tuple[int, ...], costs: tuple[float, ...]) -> str:
    """Return the slope of the line that fits log cost over log size best (least squares), with two decimals."""
    x, y = ([math.log(max(value, 1e-9)) for value in values] for values in (sizes, costs))
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    covariance = sum((each - middle_x) * (other - middle_y) for each, other in zip(x, y, strict=True))
    return f"{covariance / sum((each - middle_x) ** 2 for each in x):.2f}"


def sharing(evaluated: int) -> str:
    """Return a table: what 1, 2 and 4 processes gain."""
    lines = [f"\n| processes, on {os.cpu_count()} cores | share of the ideal | speed-up by the clock |"]
    lines += ["| ---: | ---: | ---: |"]
    for ranks in RANKS:
        torchrun = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks), "-m", "benchmarks.growth"]
        clock, *cpu = json.loads(run([*torchrun, "--rank", "--evaluated", str(evaluated)]).splitlines()[-1])
        if ranks == 1:
            clock_of_one, (cpu_of_one,) = clock, cpu
        share, speed_up = cpu_of_one / (ranks * max(cpu)), clock_of_one / clock
        lines.append(f"| {ranks} | {share:.0%} | {speed_up:.2f} |")
    return "\n".join(lines)


def one_of_many(evaluated: int) -> None:
    """Evaluate together with the other processes; the first prints the clock's seconds and the CPU's of each."""
    dist.init_process_group("gloo")
    model, digits, attack = load_model(), load_uci_digits().first(evaluated), Attack(Rule.TJSMA, gamma=0.02)
    attack.run(model, digits.images[:2], digits.labels[:2])
    dist.barrier()
    began, cpu = time.perf_counter(), time.process_time()
    evaluate(model, digits, attack)
    spent = torch.tensor([time.process_time() - cpu], dtype=torch.float64)
    clock, each = time.perf_counter() - began, [torch.zeros_like(spent) for _ in range(dist.get_world_size())]
    dist.all_gather(each, spent)
    if dist.get_rank() == 0:
        print(json.dumps([clock, *torch.cat(each).tolist()]))
    dist.destroy_process_group()


def run(command: list[str]) -> str:
    """Return what a module prints."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    whole = [sys.executable, "-m", *command]
    return subprocess.run(whole, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    main()
