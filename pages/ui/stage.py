"""The stage: a whole attack, drawn and stepped through in the browser.

How data gets in: once, as bytes; one line of JSON (which recording this is, where to start, which
views to show), then the payload of jsma/stage/codec.py. How events get out: one value, `settled`,
says where the viewer has stayed for a moment: recording, visit, step, and whether the pair of that
step is hidden because the viewer is to predict it. Everything else happens in the browser.

The stage itself is jsma/stage and knows nothing of Streamlit; stage.js mounts it in Streamlit's page.
"""

import json
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from jsma.stage import pieces
from jsma.stage.page import VIEWS, skeleton
from jsma.stage.recording import Recording

ACTIONS = """<div class="guide" data-testid="stage-guide-card" role="dialog" aria-label="Guide" hidden></div>
<span class="actions"><button class="present" data-testid="stage-present" title="Key P">Present</button>
<button class="copy" data-testid="stage-copy">Copy link</button></span>
<div class="present-keys" role="dialog" aria-label="Keys" hidden></div>
<div class="picker-menu" role="group" hidden></div>"""
GUIDE = """<button class="watch">Watch</button><button class="guide-me" data-testid="stage-guide">Guide me</button>"""

_component = st.components.v2.component(
    "jsma_stage",
    html=skeleton(actions=ACTIONS, guide=GUIDE),
    css=pieces.css(pieces.HERE, "stage"),
    js=pieces.script(Path(__file__).with_name("stage.js")),
)


class Together(NamedTuple):
    """A group of stages on a page that step together in the browser: its name, and the last iteration of any."""

    name: str
    last: int


class Settled(NamedTuple):
    """Where the viewer is: the step, and whether its pair is still to be predicted."""

    step: int
    hidden: bool


def stage(
    recording: Recording,
    start: int = 0,
    visit: int = 0,
    views: tuple[str, ...] = tuple(VIEWS),
    predict: bool = False,
    key: str = "stage",
    level: int = 1,
    together: Together | None = None,
) -> Settled:
    """Show `recording`, beginning at step `start`, and return where the viewer has settled.

    views: what is shown: names in VIEWS, and "loop", the attack as five lines of code with the one at work lit.
    visit: another number makes the browser jump to `start` again, even within the same recording.
    predict: begin in the mode in which the next pair is hidden and the viewer predicts it.
    level: that of its title among the page's headings, at most 4; those of its parts are one and two below.
    together: the group that it steps with; such a stage does not report where the viewer is.
    """
    setting = {"recording": recording.name, "start": start, "visit": visit}
    setting |= {"views": views, "predict": predict, "level": level}
    setting |= {"together": together._asdict()} if together else {}
    result = _component(
        key=key,
        data=json.dumps(setting).encode() + b"\n" + recording.payload,
        default={"settled": None},
        on_settled_change=lambda: None,
        height="content",
    )
    return settled(result.settled, recording, visit) or Settled(start, predict and start < recording.iterations)


def settled(value: object, recording: Recording, visit: int) -> Settled | None:
    """Return what the browser reports; None where it is of another recording or visit, or no report at all."""
    match value:
        case {"recording": recording.name, "visit": int(now), "step": int(step) | float(step), "hidden": bool(hidden)}:
            if now == visit and 0 <= step <= recording.iterations:
                return Settled(int(step), hidden)
    return None
