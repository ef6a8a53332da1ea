"""The figures over many digits: what benchmarks/explanations.py has written, read when the page is shown."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import streamlit as st

from jsma.explanations import MAPS, Change
from jsma.models import NETWORKS, WEIGHTS
from pages.ui.outside import plain

FOLDER = Path(__file__).parents[3] / "benchmarks" / "results" / "explanations"

COMMAND = "python -m benchmarks.explanations --models"


def show(model: str) -> None:
    """Show the figures of the network, with the command that measures them."""
    st.header("Over many digits", anchor=False)
    known = model if model in NETWORKS else next(iter(NETWORKS))
    path = FOLDER / f"{known}.json"
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        worth, races = tables(facts)
        about = f"the {facts['digits']}, each towards one other class. Network: {NETWORKS[known].label}"
        command, current = str(facts["command"]), facts["weights_sha256"] == _hash_of(known)
    except FileNotFoundError:
        st.markdown("These figures are not measured yet. With MNIST on the disk this takes half an hour:")
        st.code(f"{COMMAND} {known}", language="sh", wrap_lines=True)
        return
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        st.warning(
            f"{plain(path.name)} is not a result of benchmarks.explanations. Delete it and run the command again: "
            f"{COMMAND} {known}.",
            icon=":material/info:",
        )
        return
    st.markdown(f"Means over {plain(about)}.")
    st.dataframe(worth, hide_index=True, width="stretch")
    st.markdown(
        f"Attacks by each map, at most {facts['pixels_allowed']} pixels: how many of {facts['images']} reach the "
        "target, and the mean number of pixels of these."
    )
    st.dataframe(races, hide_index=True, width="stretch")
    st.caption("Measured by:")
    st.code(command, language="sh", wrap_lines=True)
    if not current:
        st.caption("Measured on other weights than those that are here now.")


def _hash_of(model: str) -> str:
    return hashlib.sha256((WEIGHTS / f"{model}.pt").read_bytes()).hexdigest()


def tables(facts: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what the maps are worth, and how they fare as attacks; KeyError and the like where `facts` are none."""
    maps = {name: facts["maps"][name] for name in MAPS if name in facts["maps"]}
    depth = max(int(each.split()[1]) for found in maps.values() for each in found if each.startswith("randomised"))
    columns = {
        "Rank correlation with S": "correlation",
        f"Overlap of the top {int(facts['top'])} with S": "overlap",
        "Deletion, area": "deletion",
        "Insertion, area": "insertion",
        "Last layer random": "randomised 1",
        "All layers random": f"randomised {depth}",
    }
    worth = pd.DataFrame(
        {"Map": MAPS[name].label} | {title: _mean(found, measure) for title, measure in columns.items()}
        for name, found in maps.items()
    )
    orders = {"once": "once", "again": "after every pixel"}
    races = pd.DataFrame(
        {"Map": MAPS[name].label}
        | {
            f"To {'white' if change is Change.WHITE else 'the far end'}, {words}": _race(
                found, f"{change.value} {order} target"
            )
            for change in Change
            for order, words in orders.items()
        }
        | {"Anything else, far end, once": _race(found, f"{Change.FAR_END.value} once other")}
        for name, found in maps.items()
    )
    return worth, races


def _mean(found: dict, measure: str) -> str:
    mean = found[measure]["mean"]
    return "–" if mean is None else f"{mean:.2f}".replace("-", "−")


def _race(found: dict, measure: str) -> str:
    if measure not in found:
        return "–"
    digits, mean = found[measure]["digits"], found[measure]["mean"]
    return "0" if not digits else f"{digits}, {mean:.0f} px"
