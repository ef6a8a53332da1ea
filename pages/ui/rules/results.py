"""The measured table: what benchmarks/table.py has written, read when the page is shown."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from jsma.models import WEIGHTS, undefended
from pages.ui.shared.comparison.methods import MEASURED

FOLDER = Path(__file__).parents[3] / "benchmarks" / "results"

NUMBERS = ("attacks", "success_rate", "mean_distortion", "mean_distortion_of_successful")


@dataclass(frozen=True)
class Measurement:
    """One line of the table; shares from 0 to 1, the last None where no attack succeeded; digits: which were attacked.

    current: whether the weights it was measured on are those that are here now.
    """

    model: str
    setting: str
    attacks: int
    success_rate: float
    mean_distortion: float
    mean_distortion_of_successful: float | None
    digits: str
    command: str
    current: bool


@dataclass(frozen=True)
class Results:
    """All that is there; missing: (model, setting) without a file; damaged: names of files that are no results."""

    measurements: list[Measurement]
    missing: list[tuple[str, str]]
    damaged: list[str]

    @property
    def commands(self) -> list[str]:
        """The commands that make what is missing, one a network."""
        settings = {model: [setting for of, setting in self.missing if of == model] for model in undefended()}
        start = "python -m benchmarks.table --models"
        return [f"{start} {model} --settings {' '.join(names)}" for model, names in settings.items() if names]


def measured(folder: Path | None = None) -> Results:
    """Return what there is in `folder`, by default this repository's, for every undefended network and setting."""
    folder = FOLDER if folder is None else folder
    measurements, missing, damaged = [], [], []
    for model in undefended():
        for setting in MEASURED:
            path = folder / f"{model}-{setting}.json"
            try:
                measurements.append(_read(path, model, setting))
            except FileNotFoundError:
                missing.append((model, setting))
            except (OSError, ValueError, KeyError, TypeError, RecursionError):
                damaged.append(path.name)
    return Results(measurements, missing, damaged)


def _read(path: Path, model: str, setting: str) -> Measurement:
    facts = json.loads(path.read_text(encoding="utf-8"))
    if facts["model"] != model:
        raise ValueError(f"{path.name} is about another network.")
    attacks, success, distortion, of_successful = (facts[name] for name in NUMBERS)
    if isinstance(attacks, bool) or not isinstance(attacks, int) or attacks < 1:
        raise ValueError(f"{path.name} counts no attacks.")
    shares = (success, distortion) if of_successful is None else (success, distortion, of_successful)
    if not all(0 <= share <= 1 for share in shares):
        raise ValueError(f"{path.name} holds a share that is none.")
    current = facts["weights_sha256"] == hashlib.sha256((WEIGHTS / f"{model}.pt").read_bytes()).hexdigest()
    about = str(facts["digits"]), str(facts["command"]), current
    return Measurement(model, setting, attacks, success, distortion, of_successful, *about)
