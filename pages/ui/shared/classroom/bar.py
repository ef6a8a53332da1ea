"""The bar above the lab while one is in a class: what goes on there, the way back, and what has been explored."""

import streamlit as st

from jsma.stage.recording import Recording
from pages.ui import navigation, scheduling
from pages.ui.outside import plain
from pages.ui.shared.classroom import membership, service
from pages.ui.shared.classroom.errors import NoSuchClass, Refused
from pages.ui.shared.classroom.membership import Member
from pages.ui.shared.classroom.watch import ENDED, NOTHING, watch

SENTENCES = {
    "wait": "the class has not begun.",
    "follow": "your teacher shows an attack.",
    "predict": "**the class predicts a pair.**",
    "question": "**the class answers a question.**",
    "explore": "explore: what you try here is counted.",
}
"""What the bar says a student is missing, by the kind of the round."""


def show() -> None:
    """Draw the bar, for members only; it changes by itself."""
    if not st.session_state.get("class_member") and membership.asked_for() is None:
        return
    try:
        member = membership.current()
        membership.remember()
    except OSError as problem:
        st.error(plain(problem), icon=":material/error:")
        return
    if member is not None:
        st.fragment(_bar)(member)


def _bar(member: Member) -> None:
    scheduling.admit_fragment()
    with st.container(horizontal=True, vertical_alignment="center", key="class-bar"):
        try:
            now = service.current(member.code)
        except (NoSuchClass, OSError) as problem:
            st.markdown(plain(problem), width="content")
            if st.button("Leave the class", key="class-leave"):
                _leave(member)
            watch(member, NOTHING if isinstance(problem, OSError) else ENDED)
            return
        st.session_state.class_round = now.number if now.kind == "explore" and not now.revealed else None
        words = "you are the teacher." if member.teacher else SENTENCES[now.kind]
        st.markdown(f"Class {member.code}: {words}", width="content")
        navigation.link_to("Class", "Go to the class", ":material/arrow_forward:")
        if not member.teacher and st.button("Leave", key="class-leave"):
            _leave(member)
        watch(member, now.version)


def _leave(member: Member) -> None:
    try:
        membership.leave(member)
    except OSError:
        st.session_state.class_member = None  # who cannot be noted as gone counts as gone soon
    st.rerun()


def report(recording: Recording, step: int) -> None:
    """Count the attack that a student looks at, if the class explores; with its last step, whether it succeeded."""
    state = st.session_state
    member: Member | None = state.get("class_member")
    number = state.get("class_round")
    if member is None or member.teacher or number is None:
        return
    opened, succeeded = state.setdefault("class_explored", {}).setdefault((member.code, number), (set(), set()))
    before = len(opened), len(succeeded)
    opened.add(recording.name)
    if step == recording.iterations and recording.stop.success:
        succeeded.add(recording.name)
    if (len(opened), len(succeeded)) == before:
        return
    try:
        service.store().report(member.code, member.token, number, len(opened), len(succeeded))
    except (Refused, OSError):
        opened.discard(recording.name)  # it is tried again with the next step
