"""The big table: every setting on all MNIST test images towards nine targets: python -m benchmarks.table

90,000 attacks a line. Interrupt it whenever you like: finished parts are kept in --work and the next
call goes on from there. Each line ends as benchmarks/results/MODEL-SETTING.json (figures, tables by
source and target, the command, versions and the weights' hash); --print shows them as a table.
"""

import argparse
import hashlib
import json
import platform
import shutil
import sys
import time
from pathlib import Path

import torch

from jsma import Attack, evaluate, load_mnist, load_model
from jsma.models import NETWORKS, WEIGHTS, undefended
from jsma.rules import compared
from jsma.starting import STOPPED, say_stopped
from jsma.writing import make_folder, write_whole

RESULTS = Path(__file__).parent / "results"
GAMMA = 0.145
SETTINGS = {each.file_name: Attack(each.rule, each.output, each.direction, gamma=GAMMA) for each in compared()}


def main() -> None:
    """Measure what is missing, or print what there is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=NETWORKS, default=undefended(), help="those without a defence")
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--images", type=int, default=10_000, help="attack the first so many (%(default)s)")
    parser.add_argument("--work", type=Path, default=Path("table-unfinished"), help="for finished parts (%(default)s)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the results")
    parser.add_argument("--print", action="store_true", help="only show what there is")
    options = parser.parse_args()
    if not options.print:
        make_folder(options.out)
        for model in options.models:
            for setting in options.settings:
                measure(model, setting, options)
    show(options.out)


def measure(name: str, setting: str, options: argparse.Namespace) -> None:
    """Bring one line of the table to the disk, unless it is there."""
    path = options.out / f"{name}-{setting}.json"
    if path.exists():
        return
    digits = load_mnist().first(options.images)
    folder = options.work / f"{name}-{setting}"
    began = time.monotonic()

    def progress(done: int, whole: int) -> None:
        if sys.stdout.isatty():
            print(f"\r{name} {setting}: {done:,} of {whole:,}, {time.monotonic() - began:.0f} s ", end="", flush=True)

    report = evaluate(load_model(name), digits, SETTINGS[setting], folder=folder, progress=progress)
    print(f"\r{name} {setting}: {len(report.targets):,} attacks, {time.monotonic() - began:.0f} s since this start")
    weights = hashlib.sha256((WEIGHTS / f"{name}.pt").read_bytes()).hexdigest()
    facts = {
        "command": " ".join(["python -m benchmarks.table", *sys.argv[1:]]),
        "model": name,
        "weights_sha256": weights,
        "digits": f"first {len(digits):,} of {digits.name}",
        "torch": torch.__version__,
        "python": platform.python_version(),
        **report.summary(),
        "mean_changed": report.result.changed.double().mean().item(),
    }
    write_whole(path, (json.dumps(facts, indent=1) + "\n").encode())
    shutil.rmtree(folder)


def show(folder: Path) -> None:
    """Print the results as a table in Markdown."""
    print("| network | setting | attacks | success | mean distortion, all | mean distortion, successful |")
    print("| --- | --- | --- | --- | --- | --- |")
    for path in sorted(folder.glob("*.json")):
        try:
            print(line(path))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            print(f"{path} is damaged; delete it and it is measured again.", file=sys.stderr)


def line(path: Path) -> str:
    """Return one result as a line of the table."""
    facts = json.loads(path.read_text(encoding="utf-8"))
    setting = path.stem.removeprefix(facts["model"] + "-")
    shares = [facts[name] for name in ("success_rate", "mean_distortion", "mean_distortion_of_successful")]
    cells = [f"{share:.2%}" if share is not None else "none" for share in shares]
    return f"| {facts['model']} | {setting} | {facts['attacks']:,} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        say_stopped()
        sys.exit(STOPPED)
