"""The comparison: several attacks on the same digit, drawn side by side and stepped together in the browser.

The data is sent once, as JSON: the untouched picture, and for every attack and iteration the pixels
that changed and the words and numbers to show, so that stepping needs no server. The component reports nothing.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import streamlit as st
from torch import Tensor

from jsma.stage import pieces
from pages.ui.formatting import percent
from pages.ui.shared.comparison.methods import Moment

HERE = Path(__file__).parent

_component = st.components.v2.component(
    "jsma_comparison",
    html=pieces.html(HERE, "comparison"),
    css=pieces.css(HERE, "comparison"),
    js=pieces.script(HERE / "comparison.js"),
)


class Look(Protocol):
    """The name of a method, and its line and mark as SVG."""

    @property
    def label(self) -> str: ...
    @property
    def sign(self) -> str: ...


class Shown(Protocol):
    """An attack that can be compared, such as methods.Trace: every iteration, and in a few words why it ended."""

    @property
    def method(self) -> Look: ...
    @property
    def target(self) -> int: ...
    @property
    def moments(self) -> tuple[Moment, ...]: ...
    @property
    def success(self) -> bool: ...
    @property
    def ending(self) -> str: ...
    @property
    def end(self) -> Moment: ...


def show_comparison(image: Tensor, traces: Sequence[Shown]) -> None:
    """Draw `traces`, attacks on image (1, H, W) towards one target, all at one iteration that the viewer moves.

    It begins where the first of them reaches the target, at the end if none does.
    """
    _component(key="comparison", data=_message(image, traces), height="content")


def begins_at(traces: Sequence[Shown]) -> int:
    """Return the iteration at which the first attack succeeds, or else the last one ends."""
    successes = [trace.end.iteration for trace in traces if trace.success]
    return min(successes) if successes else max(trace.end.iteration for trace in traces)


def _message(image: Tensor, traces: Sequence[Shown]) -> dict:
    message = {
        "original": [round(value, 4) for value in image.flatten().tolist()],
        "height": image.shape[1],
        "width": image.shape[2],
        "target": traces[0].target,
        "start": begins_at(traces),
        "traces": [
            {
                "label": trace.method.label,
                "sign": trace.method.sign,
                "end": trace.ending,
                "success": trace.success,
                "steps": [_step(moment) for moment in trace.moments],
            }
            for trace in traces
        ],
    }
    return message | {"name": _fingerprint(message), "subject": _subject(image, traces)}


def _step(moment: Moment) -> dict:
    return {
        "reads": moment.reads,
        "sure": percent(moment.sure),
        "target": percent(moment.probability),
        "share": moment.probability,
        "changed": f"{moment.changed} pixel{'' if moment.changed == 1 else 's'}",
        "moves": [[pixel, round(value, 4)] for pixel, value in moment.moves],
    }


def _subject(image: Tensor, traces: Sequence[Shown]) -> str:
    """Return a name of what is attacked, the same for all methods: when it changes, the comparison starts again."""
    start = traces[0].moments[0]
    return _fingerprint([image.flatten().tolist(), traces[0].target, start.logit, start.sure])


def _fingerprint(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
