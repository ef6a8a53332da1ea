"""The pair search against all pairs and against sorting, by number of features: python -m benchmarks.pair_search

For made-up derivatives (normal) and for the hardest ones (b = a: no pixel is good for both). "sorts" is
the time of sorting an array of this size twice. All pairs are tried up to 12,288 features; memory is
what the search adds to the process at most.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from jsma import Direction, best_pair
from jsma.saliency import all_pairs

SIZES = (784, 3_072, 12_288, 150_528)
MOST_FOR_ALL_PAIRS = 12_288


def derivatives(kind: str, n: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return a, b and a full domain, (1, n) each."""
    random = torch.Generator().manual_seed(n)
    a, b = torch.randn(2, 1, n, generator=random)
    if kind == "hard":
        b = a + 0.01 * b
    return a, b, torch.ones(1, n, dtype=torch.bool)


def milliseconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median time of one call."""
    work()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return 1000 * sorted(times)[repeats // 2]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--memory-of", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.memory_of:
        rows = derivatives(options.memory_of[0], int(options.memory_of[1]))
        best_pair(*derivatives("normal", 100), Direction.INCREASE)
        before = peak_kilobytes(forget=True)
        best_pair(*rows, Direction.INCREASE)
        print(peak_kilobytes() - before)
        return
    print(f"{'kind':8}{'features':>9}{'search':>11}{'/ sorts':>9}{'all pairs':>12}{'/ search':>10}{'memory':>9}")
    for kind in ("normal", "hard"):
        for n in SIZES:
            print(line(kind, n), flush=True)


def peak_kilobytes(forget: bool = False) -> int:
    """Return the most memory this process has held (Linux), if asked to forget what was before, since now."""
    if forget:
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    (text,) = [
        row for row in Path("/proc/self/status").read_text(encoding="utf-8").splitlines() if row.startswith("VmHWM")
    ]
    return int(text.split()[1])


def line(kind: str, n: int) -> str:
    """Return one line of the table."""
    rows = derivatives(kind, n)
    search = milliseconds(lambda: best_pair(*rows, Direction.INCREASE), 21)
    sorts = milliseconds(lambda: (rows[0].sort(dim=1), rows[0].sort(dim=1)), 21)
    text = f"{kind:8}{n:9,}{search:8.2f} ms{search / sorts:9.2f}"
    if n > MOST_FOR_ALL_PAIRS:
        return text + f"{'-':>12}{'-':>10}{memory_of(kind, n):6.1f} MB"
    whole = milliseconds(lambda: all_pairs(*(row[0] for row in rows), Direction.INCREASE)[0].argmax(), 3)
    place = int(all_pairs(*(row[0] for row in rows), Direction.INCREASE)[0].argmax())
    pairs = best_pair(*rows, Direction.INCREASE)
    assert (int(pairs.first), int(pairs.second)) == divmod(place, n) or not pairs.found
    return text + f"{whole:9.1f} ms{whole / search:10.0f}{memory_of(kind, n):6.1f} MB"


def memory_of(kind: str, n: int) -> float:
    """Return the most memory, in MB, that the search adds to a process of its own."""
    command = [sys.executable, "-m", "benchmarks.pair_search", "--threads", "1", "--memory-of", kind, str(n)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) / 1024


if __name__ == "__main__":
    main()
