"""The plan beside a class: begin each part with one click; print it, and a worksheet on the digit at hand."""

from dataclasses import replace

import streamlit as st

from pages.ui import address, session
from pages.ui.choice import Choice
from pages.ui.classroom import printing
from pages.ui.classroom.plans import PLANS, Part
from pages.ui.download import download
from pages.ui.shared.classroom import service
from pages.ui.shared.classroom.acting import act
from pages.ui.shared.classroom.activities import Activity, setting_of
from pages.ui.shared.classroom.membership import Member
from pages.ui.shared.classroom.subject import subject


def show(member: Member, choice: Choice) -> None:
    """Offer the parts of a plan, to be begun on the attack of `choice`, and what there is to print."""
    minutes = st.segmented_control("Minutes", list(PLANS), default=45, required=True, key="class-plan")
    for number, part in enumerate(PLANS[minutes]):
        st.button(
            f"{part.minutes} min · {part.activity.label} · {part.title}",
            key=f"class-plan-{minutes}-{number}",
            width="stretch",
            on_click=act,
            args=(_begin, member, part, choice),
        )
    at = replace(choice, step=session.requested().step)
    download("The plan, to print", f"plan-{minutes}.html", "text/html", lambda: _plan(minutes, at), key="class-print")
    st.caption("The worksheet is about the digit, the target and the step that are chosen now.")
    download(
        "Worksheet and key, to print", "worksheet.html", "text/html", lambda: _worksheet(at), key="class-worksheet"
    )


def _begin(member: Member, part: Part, choice: Choice) -> None:
    follows = part.activity is Activity.FOLLOW  # what all follow is the teacher's own stage, wherever it is
    at = replace(choice, step=session.requested().step if follows else part.step)
    setting = part.question if part.activity is Activity.QUESTION else setting_of(at)
    service.store().begin(member.code, member.secret, part.activity.kind, setting)


def _worksheet(choice: Choice) -> str:
    return printing.worksheet(subject(setting_of(choice)))


def _plan(minutes: int, choice: Choice) -> str:
    def link(part: Part) -> str:
        return address.to_page("Class", replace(choice, step=part.step).to_url())

    return printing.plan(minutes, PLANS[minutes], link)
