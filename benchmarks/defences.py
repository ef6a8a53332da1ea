"""Defences against attackers who know them and who do not, and transfer: python -m benchmarks.defences

The first images of MNIST's test set are attacked towards nine targets each, on every model; what comes of it is shown
to all other models. One JSON for each model and attack in benchmarks/results/defences/, which the page Defend shows.
Interrupt it whenever you like: finished parts are kept in --work, and the next call goes on from there, also to more
--images. --print shows the tables of docs/defences.md.
"""

import argparse
import json
import math
import platform
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.table import SETTINGS
from jsma import Attack, Digits, accuracy, load_mnist
from jsma.defences import (
    DEFENCES,
    FALSE_ALARMS,
    PROTECTED,
    Derivative,
    alarms,
    disagreement,
    load_subject,
    subjects,
    threshold,
)
from jsma.evaluation import fingerprint
from jsma.models import NETWORKS
from jsma.report import settings_of
from jsma.sharing import in_chunks
from jsma.starting import STOPPED, say_stopped
from jsma.writing import make_folder, write_whole
from pages.ui.defend import results

READERS = list(dict.fromkeys([*subjects(), *NETWORKS]))
"""The models that read what was made for the others."""

EXACT = {results.exact(name): name for name in subjects() if name not in NETWORKS}
"""The names of the filtered models as an attacker sees them who uses the filters' exact derivatives."""

IMAGES_IN_A_CHUNK = 25
UNTOUCHED = 1000
"""The last so many images of the test set are not attacked; the detectors' thresholds come from them."""


def main() -> None:
    """Measure what is missing, or print what there is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=[*READERS, *EXACT], default=[*READERS, *EXACT])
    parser.add_argument("--attacks", nargs="+", choices=results.ATTACKS, default=list(results.ATTACKS))
    parser.add_argument("--images", type=int, default=1000, help="attack the first so many (%(default)s)")
    parser.add_argument(
        "--work", type=Path, default=Path("defences-unfinished"), help="for finished parts (%(default)s)"
    )
    parser.add_argument("--out", type=Path, default=results.FOLDER, help="folder for the results")
    parser.add_argument("--print", action="store_true", help="only show what there is")
    options = parser.parse_args()
    if not options.print:
        torch.set_num_threads(1)
        make_folder(options.out)
        models = {name: load_subject(name) for name in READERS}
        about = untouched(models, options.out)
        for attack in options.attacks:
            for name in options.models:
                measure(name, attack, models, about["thresholds"], options)
    print("\n\n".join(results.in_markdown(results.measured(options.out))))


def untouched(models: dict[str, nn.Module], folder: Path) -> dict[str, Any]:
    """Return, and bring to the disk, how well each model reads the test set, and the detectors' thresholds."""
    path, weights = folder / results.UNTOUCHED, hashes(models)
    if path.exists() and (facts := json.loads(path.read_text(encoding="utf-8")))["weights"] == weights:
        return facts
    digits = load_mnist()  # all of them, whatever --images says of the attacks
    moved = disagreements(models, digits.images[-UNTOUCHED:])
    facts = {
        "command": results.COMMAND,
        "weights": weights,
        "digits": f"{digits.name}; thresholds: its last {UNTOUCHED:,}",
        "accuracy": {name: accuracy(model, digits) for name, model in models.items()},
        "false_alarms": FALSE_ALARMS,
        "thresholds": {name: threshold(values) for name, values in zip(DEFENCES, moved.T, strict=True)},
    }
    write_whole(path, (json.dumps(facts, indent=1) + "\n").encode())
    return facts


def measure(
    name: str, attack: str, models: dict[str, nn.Module], thresholds: dict[str, float], options: argparse.Namespace
) -> None:
    """Bring the results of one attack on one model to the disk, unless as many images are there already."""
    path, digits = options.out / f"{name}-{attack}.json", load_mnist().first(options.images)
    identity = {"model": name, "weights": hashes(models), "attack": settings_of(SETTINGS[attack])}
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["weights"] == identity["weights"] and found["images"] >= len(digits):
            return
    attacked = load_subject(EXACT[name], Derivative.EXACT) if name in EXACT else models[name]
    folder, began = options.work / f"{name}-{attack}", time.monotonic()
    starts = range(0, len(digits), IMAGES_IN_A_CHUNK)

    def compute(k: int) -> dict[str, Tensor]:
        rows = slice(starts[k], starts[k] + IMAGES_IN_A_CHUNK)
        few = Digits(digits.name, digits.images[rows], digits.labels[rows])
        record, seconds = of_chunk(attacked, SETTINGS[attack], models, few), time.monotonic() - began
        print(f"\r{name} {attack}: {starts[k] + len(few)} images, {seconds:.0f} s ", end="", flush=True)
        return record

    records = in_chunks(len(starts), compute, folder, identity | {"torch": torch.__version__})
    print()
    whole = {column: torch.cat([record[column] for record in records]) for column in records[0]}
    facts = {
        "command": command(),
        **identity,
        "digits": f"first {len(digits):,} of {digits.name}",
        "images": len(digits),
        "torch": torch.__version__,
        "python": platform.python_version(),
        **figures(whole, thresholds if name == PROTECTED else {}),
    }
    write_whole(path, (json.dumps(facts, indent=1) + "\n").encode())


def of_chunk(attacked: nn.Module, attack: Attack, models: dict[str, nn.Module], digits: Digits) -> dict[str, Tensor]:
    """Return what came of attacking every digit towards all nine other classes, (9 N,) each.

    reads: (9 N, models), what every model reads in the end; disagreements: (9 N, filters), of the protected network.
    """
    labels = digits.labels.repeat_interleave(9)
    targets = (labels + torch.arange(1, 10).repeat(len(digits))) % 10
    result = attack.run(attacked, digits.images.repeat_interleave(9, dim=0), targets)
    with torch.no_grad():
        reads = torch.stack([model(result.images).argmax(dim=1) for model in models.values()], dim=1)
    return {
        "labels": labels,
        "targets": targets,
        "success": result.success,
        "changed": result.changed,
        "iterations": result.iterations,
        "reads": reads,
        "disagreements": disagreements(models, result.images),
    }


def disagreements(models: dict[str, nn.Module], images: Tensor) -> Tensor:
    """Return how far each filter moves the protected network's probabilities, (N, filters)."""
    pairs = [(models[PROTECTED], models[f"{PROTECTED}-{name}"]) for name in DEFENCES]
    return torch.stack([disagreement(*pair, images) for pair in pairs], dim=1)


def figures(whole: dict[str, Tensor], thresholds: dict[str, float]) -> dict[str, Any]:
    """Return the figures of the attacks on one model; what is a mean over no attack is None.

    shown_to: by model, the shares of all attacks' final images that it reads as the target and as the label, and the
    mean number of pixels changed in those that it reads as the target. detected: by filter in `thresholds`, the share
    of the successful attacks that it takes for an attack.
    """
    success, changed = whole["success"], whole["changed"].double()

    def shown(reads: Tensor) -> dict[str, float | None]:
        fooled = reads == whole["targets"]
        return {
            "as_target": fooled.double().mean().item(),
            "as_label": (reads == whole["labels"]).double().mean().item(),
            "mean_changed_of_as_target": plain(changed[fooled].mean().item()),
        }

    return {
        "attacks": len(success),
        "success_rate": success.double().mean().item(),
        "ended_at_step_0": (~success & (whole["iterations"] == 0)).double().mean().item(),
        "mean_changed": changed.mean().item(),
        "mean_changed_of_successful": plain(changed[success].mean().item()),
        "shown_to": {name: shown(reads) for name, reads in zip(READERS, whole["reads"].T, strict=True)},
        "detected": {
            name: plain(alarms(moved[success], thresholds[name]))
            for name, moved in zip(DEFENCES, whole["disagreements"].T, strict=True)
            if name in thresholds
        },
    }


def plain(value: float) -> float | None:
    """Return `value`, with None in place of NaN, which JSON does not have."""
    return None if math.isnan(value) else value


def hashes(models: dict[str, nn.Module]) -> dict[str, str]:
    """Return the first digits of a hash of the weights of every model."""
    return {
        name: fingerprint([value for _, value in sorted(model.state_dict().items())])[:16]
        for name, model in models.items()
    }


def command() -> str:
    """Return the command that runs now."""
    return " ".join([results.COMMAND, *sys.argv[1:]])


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        say_stopped()
        sys.exit(STOPPED)
