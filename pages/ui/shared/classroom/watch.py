"""Notices when something changes in a class: the browser asks the server for the pulse, and only then for a run."""

from pathlib import Path

import streamlit as st

from jsma.stage.modules import join
from pages.ui import address
from pages.ui.shared.classroom import service
from pages.ui.shared.classroom.membership import Member

NOTHING, ENDED = -1, 0
"""In place of a version: nothing could be drawn, which is tried again when the server answers; the class has ended."""

MILLISECONDS = 800
"""How long a browser waits, on average, before it asks again after a change, or where nobody answers."""

_component = st.components.v2.component(
    "jsma_class_watch", html="<span></span>", js=join(Path(__file__).with_name("watch.js"))
)


def watch(member: Member, version: int, counts: tuple[int, int] | None = None) -> None:
    """Run the fragment in which this is called again when the class has another `version` than the one that is drawn.

    counts: how many have answered and are here, as drawn; None: other counts are no reason.
    """
    parameters = {"code": member.code} | ({} if member.teacher else {"who": str(member.number)})
    drawn = [version, *(counts or ())]
    data = {"url": address.to_page(service.PATH, parameters), "drawn": drawn, "every": MILLISECONDS}
    _component(key="class-watch", data=[data], on_changed_change=lambda: None, height=0)
