"""What maps that explain are worth, beside the one that attacks: python -m benchmarks.explanations

On the first 100 digits of MNIST's test set, each towards one wrong class, all nine in turn. One JSON
a network in benchmarks/results/explanations/, which the page Saliency maps shows; --print shows them as tables.
"""

import argparse
import hashlib
import json
import math
import platform
import sys
import time
from collections import defaultdict
from pathlib import Path
from statistics import mean

import torch
from torch import Tensor, nn

from jsma import Attack, load_mnist, load_model
from jsma.explanations import MAPS, Change, Question, explain
from jsma.measures import attack_by_map, deletion, insertion, layers_from_the_end, overlap, randomised, spearman
from jsma.models import NETWORKS, WEIGHTS, undefended
from jsma.writing import make_folder, write_whole

RESULTS = Path(__file__).parent / "results" / "explanations"
TOP = 40
"""So many of the strongest pixels of two maps are compared."""

REFERENCE = "attack"
"""The map with which all others are compared."""


def main() -> None:
    """Measure what is asked for, or print what there is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=NETWORKS, default=undefended(), help="those without a defence")
    parser.add_argument("--images", type=int, default=100, help="the first so many of MNIST's test set (%(default)s)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the results")
    parser.add_argument("--print", action="store_true", help="only show what there is")
    options = parser.parse_args()
    if not options.print:
        make_folder(options.out)
        for model in options.models:
            measure(model, options.images, options.out)
    for path in sorted(options.out.glob("*.json")):
        print(table(json.loads(path.read_text(encoding="utf-8"))))


def measure(name: str, count: int, folder: Path) -> None:
    """Write the figures of one network to `folder`."""
    torch.set_num_threads(1)
    model, digits, began = load_model(name), load_mnist().first(count), time.monotonic()
    random_networks = [randomised(model, layers) for layers in range(1, len(layers_from_the_end(model)) + 1)]
    values: dict[str, dict[str, list[float]]] = {each: defaultdict(list) for each in MAPS}
    for at, (image, label) in enumerate(zip(digits.images, digits.labels.tolist(), strict=True)):
        target = (label + 1 + at % 9) % 10
        of_one(model, random_networks, image, target, values)
        print(f"\r{name}: {at + 1} of {count} digits, {time.monotonic() - began:.0f} s ", end="", flush=True)
    print()
    facts = {
        "command": " ".join(["python -m benchmarks.explanations", *sys.argv[1:]]),
        "model": name,
        "weights_sha256": hashlib.sha256((WEIGHTS / f"{name}.pt").read_bytes()).hexdigest(),
        "digits": f"first {count:,} of {digits.name}",
        "images": count,
        "pixels_allowed": limit(digits.images[0]),
        "top": TOP,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "maps": {each: summary(found) for each, found in values.items()},
    }
    write_whole(folder / f"{name}.json", (json.dumps(facts, indent=1) + "\n").encode())


def limit(image: Tensor) -> int:
    """Return how many pixels an attack may change: as many as with the paper's γ."""
    return 2 * Attack().iterations(image.numel())


def of_one(
    model: nn.Module, random_networks: list[nn.Module], image: Tensor, target: int, values: dict[str, dict[str, list]]
) -> None:
    """Add to `values` the measures of every map of one digit; the class explained is the one that the network reads."""
    with torch.no_grad():
        question = Question(int(model(image[None]).argmax()), target)
    found = {name: explain(name, model, image, question) for name in MAPS}
    for name, values_of_one in found.items():
        mine = values[name]
        mine["correlation"].append(spearman(values_of_one.abs(), found[REFERENCE].abs()))
        mine["overlap"].append(overlap(values_of_one, found[REFERENCE], TOP))
        for curve in (deletion, insertion):
            area = curve(model, image, values_of_one, question.explained, question.baseline).area
            mine[curve.__name__].append(area)
        for layers, network in enumerate(random_networks, start=1):
            other = explain(name, network, image, question)
            mine[f"randomised {layers}"].append(spearman(values_of_one.abs(), other.abs()))
        for change in Change:
            asked = Question(question.explained, target, change=change)
            for order in ["once", "again"] if MAPS[name].quick else ["once"]:
                ran = attack_by_map(name, model, image, asked, limit(image), order == "again")
                for goal in ("target", "other"):
                    needed = getattr(ran, f"until_{goal}")
                    mine[f"{change.value} {order} {goal}"].append(math.nan if needed is None else needed)


def summary(measures: dict[str, list[float]]) -> dict[str, dict[str, float | int | None]]:
    """Return for each measure the mean of the digits that have it, and how many these are."""
    return {
        name: {"mean": mean(there) if there else None, "digits": len(there)}
        for name, each in measures.items()
        for there in [[value for value in each if not math.isnan(value)]]
    }


def table(facts: dict) -> str:
    """Return the figures of one network as tables in Markdown."""
    maps = facts["maps"]

    def cell(name: str, measure: str, form: str = ".2f") -> str:
        value = maps[name].get(measure, {}).get("mean")
        return "–" if value is None else f"{value:{form}}".replace("-", "−")

    def race(name: str, order: str) -> str:
        if order not in maps[name]:
            return "–"
        return f"{maps[name][order]['digits']}: {cell(name, order, '.1f')}"

    depth = max(int(key.split()[1]) for key in maps[REFERENCE] if key.startswith("randomised"))
    lines = [
        f"`{facts['model']}`, {facts['digits']}:",
        "",
        "| map | rank correlation with S | overlap of the top "
        f"{facts['top']} | deletion | insertion | last layer random | all layers random |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    measures = ("correlation", "overlap", "deletion", "insertion", "randomised 1", f"randomised {depth}")
    lines += [f"| {MAPS[name].label} | " + " | ".join(cell(name, each) for each in measures) + " |" for name in maps]
    columns = [(change.value, order, goal) for change in Change for order in ("once", "again") for goal in GOALS]
    lines += ["", "| map | " + " | ".join(f"{change}, {order}: {goal}" for change, order, goal in columns) + " |"]
    lines += ["| --- |" + " --- |" * len(columns)]
    lines += [f"| {MAPS[name].label} | " + " | ".join(race(name, " ".join(c)) for c in columns) + " |" for name in maps]
    return "\n".join([*lines, ""])


GOALS = ("target", "other")

if __name__ == "__main__":
    main()
