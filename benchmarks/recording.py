"""What one new recording costs, in CPU time of one core, beside earlier versions: python -m benchmarks.recording

Each version (--checkout FOLDER) records the same attacks on the built-in digits in a process of its own, in turns, so
that other work on the machine slows all of them alike. Printed is the least of all turns, and the attack's part of it:
alone, and where all attacks are advanced together, as the app does for visitors who ask at the same time.
"""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

PROGRAM = """
import sys, time
import torch
import jsma
from jsma import Attack, load_model, load_uci_digits
from jsma.stage.recording import record

torch.set_num_threads(1)
digits, model, attack = load_uci_digits(), load_model(sys.argv[1]), Attack()
cases = [(digits.images[k], int(digits.labels[k]), (int(digits.labels[k]) + 3) % 10) for k in range(12)]
record(model, *cases[0], attack)
began = time.thread_time()
steps = sum(len(record(model, *case, attack).steps) for case in cases)
recorded = time.thread_time()
for image, _, target in cases:
    list(attack.steps(model, image, target))
attacked = time.thread_time()
if hasattr(jsma, "advance"):
    traces = [jsma.Trace(attack, model, image, target) for image, _, target in cases]
    while under_way := [trace for trace in traces if not trace.ended]:
        jsma.advance(under_way)
together = time.thread_time() - attacked if hasattr(jsma, "advance") else 0.0
print(recorded - began, attacked - recorded, together, steps, len(cases))
"""


def main() -> None:
    """Measure all versions in turns and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="tutorial")
    parser.add_argument("--checkout", nargs="+", default=[], help="earlier versions, to be measured too")
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    folders = [*options.checkout, str(ROOT)]
    measured: dict[str, list[list[float]]] = {folder: [] for folder in folders}
    for _ in range(options.turns):
        for folder in folders:
            command = [sys.executable, "-c", PROGRAM, options.model]
            printed = subprocess.run(command, cwd=folder, check=True, capture_output=True, encoding="utf-8").stdout
            measured[folder].append([float(each) for each in printed.split()])
    for folder, turns in measured.items():
        recorded, attacked, together, steps, count = map(min, zip(*turns, strict=True))
        print(
            f"{folder}: {1000 * recorded / count:.0f} ms a recording of {steps / count:.0f} steps, "
            f"{1000 * recorded / steps:.1f} ms a step, {1000 * attacked / steps:.1f} of them the attack"
            + (f", {1000 * together / steps:.1f} if all are advanced together" if together > 0 else "")
        )


if __name__ == "__main__":
    main()
