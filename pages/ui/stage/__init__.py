"""The stage: a whole attack, drawn and stepped through in the browser.

Data goes in once as bytes: one line of JSON (which recording this is, where to start, which views
to show), then the payload of pages/ui/recording.py. One value comes out: the step the viewer has
settled on. The scripts are plain, in the order of SCRIPTS, and share one module scope.
"""

import json
from pathlib import Path

import streamlit as st

from pages.ui.recording import Recording

HERE = Path(__file__).parent
SCRIPTS = (
    "recording.js",
    "words.js",
    "drawing.js",
    "picture.js",
    "maps.js",
    "plane.js",
    "card.js",
    "perturb.js",
    "reading.js",
    "stage.js",
)
VIEWS = ("picture", "reading", "jacobian", "saliency", "perturb")
"""The views there are; a page names those it wants."""

_component = st.components.v2.component(
    "jsma_stage",
    html=(HERE / "stage.html").read_text(),
    css=(HERE / "stage.css").read_text(),
    js="\n".join((HERE / script).read_text() for script in SCRIPTS),
)


def stage(
    recording: Recording, start: int = 0, visit: int = 0, views: tuple[str, ...] = VIEWS, key: str = "stage"
) -> int:
    """Show `recording`, beginning at step `start`, and return the step the viewer has settled on.

    visit: another number makes the browser jump to `start` again, even within the same recording.
    """
    setting = {"recording": recording.name, "start": start, "visit": visit, "views": views}
    result = _component(
        key=key,
        data=json.dumps(setting).encode() + b"\n" + recording.payload,
        default={"settled": None},
        on_settled_change=lambda: None,
        height="content",
    )
    settled = result.settled
    if not settled or settled["recording"] != recording.name or settled["visit"] != visit:
        return start
    return min(max(int(settled["step"]), 0), recording.iterations)
