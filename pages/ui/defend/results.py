"""What defences are worth: what benchmarks/defences.py has measured, read when the page is shown, as tables."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from jsma.defences import DEFENCES, PROTECTED, subjects
from jsma.models import NETWORKS
from pages.ui.formatting import percent
from pages.ui.shared.defended import ATTACKS

FOLDER = Path(__file__).parents[3] / "benchmarks" / "results" / "defences"
COMMAND = "python -m benchmarks.defences"
"""The command that measures what is missing."""

UNTOUCHED = "untouched.json"
"""The file with the models' accuracies and the detectors' thresholds."""

ADAPTIVE = "Adaptive"


def exact(name: str) -> str:
    """Return the name under which attacks on the filtered model `name` by exact derivatives are measured."""
    return f"{name}-exact"


class Figures(NamedTuple):
    """What attacks did to a defended model: shares from 0 to 1; pixels: the mean of the successful, None without any.

    attack: a name in ATTACKS.
    """

    attack: str
    success: float
    pixels: float | None
    accuracy: float


@dataclass(frozen=True)
class Results:
    """What is there: `untouched`, and by model and attack what was found; missing and damaged: names of files."""

    untouched: dict[str, Any]
    found: dict[tuple[str, str], dict[str, Any]]
    missing: list[str]
    damaged: list[str]

    def seen_by(self, reader: str, maker: str, attack: str) -> Figures | None:
        """Return what attacks made for the model `maker` do to `reader`; None if they are not measured."""
        facts = self.found.get((maker, attack))
        if facts is None:
            return None
        shown = facts["shown_to"][reader]
        return Figures(attack, shown["as_target"], shown["mean_changed_of_as_target"], shown["as_label"])

    def by(self, knows: bool, defence: str, attack: str) -> Figures | None:
        """Return what `attack` does to a defence, one of `subjects`; None if it is not measured.

        knows: whether the attacker knows the defence and attacks the defended model itself; else the attack is made for
        the undefended network. As ADAPTIVE, the attacker takes the attack that succeeds most often, of equal ones that
        with the fewest pixels.
        """
        maker = defence if knows else PROTECTED
        names = ATTACKS if attack == ADAPTIVE else (attack,)
        able = [each for name in names if (each := self.seen_by(defence, maker, name)) is not None]
        return min(able, key=lambda each: (-each.success, each.pixels or 0), default=None)


def measured(folder: Path | None = None) -> Results:
    """Return what there is in `folder`, by default this repository's."""
    folder = FOLDER if folder is None else folder
    models = [*subjects(), *NETWORKS, *(exact(name) for name in subjects() if name not in NETWORKS)]
    found: dict[tuple[str, str], dict[str, Any]] = {}
    missing: list[str] = []
    damaged: list[str] = []
    for model in dict.fromkeys(models):
        for attack in ATTACKS:
            facts = _read(folder / f"{model}-{attack}.json", missing, damaged, ("shown_to", "attacks", "digits"))
            if facts:
                found[model, attack] = facts
    return Results(_read(folder / UNTOUCHED, missing, damaged, ("accuracy",)), found, missing, damaged)


def _read(path: Path, missing: list[str], damaged: list[str], needed: Iterable[str]) -> dict[str, Any]:
    """Return what a file says, {} if there is none, or none that holds what is `needed`."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(facts, dict) or not set(needed) <= set(facts):
            raise ValueError("it is no result")
    except FileNotFoundError:
        missing.append(path.name)
    except (OSError, ValueError, RecursionError):
        damaged.append(path.name)
    else:
        return facts
    return {}


KNOWS = {True: "knows the defence", False: "does not know it"}
"""What the attacker can know."""


def by_defence(results: Results, attack: str, knows: bool) -> list[dict[str, str]]:
    """Return a row for each defence under `attack`, or ADAPTIVE, by such an attacker, as texts by column."""
    rows = []
    for name, label in subjects().items():
        figures = results.by(knows, name, attack)
        if figures is not None:
            clean = results.untouched.get("accuracy", {}).get(name)
            row = {"Defence": label, "Clean accuracy": "–" if clean is None else percent(clean, 2)}
            row |= {"Attack": ATTACKS[figures.attack]} if attack == ADAPTIVE else {}
            rows.append(row | texts(*figures[1:]))
    return rows


def texts(success: float, pixels: float | None, accuracy: float) -> dict[str, str]:
    """Return figures, as in `Figures`, as texts by column."""
    return {
        "Success": percent(success),
        "Pixels, mean of the successful": "none" if pixels is None else f"{pixels:.1f}",
        "Adversarial accuracy": percent(accuracy),
    }


def exact_or_similar(results: Results) -> list[dict[str, str]]:
    """Return a row for each filter and kind of derivative: the attack through it that knows it."""
    rows = []
    for name, entry in DEFENCES.items():
        model = f"{PROTECTED}-{name}"
        for maker, derivative in ((exact(model), "exact"), (model, "similar")):
            for attack in ATTACKS:
                figures = results.seen_by(model, maker, attack)
                if figures is not None:
                    row = {"Filter": entry.label, "Derivative": derivative, "Attack": ATTACKS[attack]}
                    ended = results.found[maker, attack]["ended_at_step_0"]
                    rows.append(row | texts(*figures[1:]) | {"Ended at step 0": percent(ended)})
    return rows


def detection(results: Results) -> list[dict[str, str]]:
    """Return a row for each attack on the undefended network: how many of its successes each filter detects."""
    return [
        {"Attack": ATTACKS[attack]}
        | {
            entry.label: "–" if (share := facts["detected"].get(name)) is None else percent(share)
            for name, entry in DEFENCES.items()
        }
        for attack in ATTACKS
        if (facts := results.found.get((PROTECTED, attack)))
    ]


def transfer(results: Results, attack: str, measure: str = "as_target") -> list[dict[str, str]]:
    """Return a row for each model that was attacked: the share of its adversarial images that every model reads so.

    measure: "as_target" or "as_label".
    """
    labels = subjects() | {name: entry.label for name, entry in NETWORKS.items()}
    labels = {name: labels[name] for name in [*NETWORKS, *subjects()]}  # no name twice, the networks first
    return [
        {"Made for": label} | {of: percent(facts["shown_to"][reader][measure]) for reader, of in labels.items()}
        for maker, label in labels.items()
        if (facts := results.found.get((maker, attack)))
    ]


def in_markdown(results: Results) -> list[str]:
    """Return all tables in Markdown, each under a line that says what it shows."""
    tables = [
        (f"{label}, the attacker {words}:", by_defence(results, name, knows))
        for name, label in [*ATTACKS.items(), (ADAPTIVE, ADAPTIVE)]
        for knows, words in KNOWS.items()
    ]
    tables += [("Through a filter that the attacker knows:", exact_or_similar(results))]
    tables += [("Attacks on the undefended network that are detected:", detection(results))]
    tables += [(f"Read as the target, {ATTACKS[name]}:", transfer(results, name)) for name in ATTACKS]
    return [f"{title}\n\n{_markdown(rows)}" for title, rows in tables if rows]


def _markdown(rows: list[dict[str, str]]) -> str:
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
