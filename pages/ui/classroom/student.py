"""A student's view: whatever the teacher has chosen, drawn again as soon as that changes."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from pages.ui import navigation, scheduling, session
from pages.ui.classroom import drawing, reveal
from pages.ui.formatting import an
from pages.ui.outside import plain
from pages.ui.shared import picker
from pages.ui.shared.classroom import membership, service
from pages.ui.shared.classroom.acting import act
from pages.ui.shared.classroom.activities import (
    Activity,
    Question,
    activity_of,
    checked_option,
    checked_pair,
    choice_of,
)
from pages.ui.shared.classroom.errors import NoSuchClass, Refused
from pages.ui.shared.classroom.membership import Member
from pages.ui.shared.classroom.store import Answer, Round
from pages.ui.shared.classroom.subject import subject
from pages.ui.shared.classroom.watch import NOTHING, watch
from pages.ui.stage import stage
from pages.ui.theme import theme


def show(member: Member, questions: Mapping[str, Question]) -> None:
    """Show a student what is going on in the class of `member`."""

    @st.fragment
    def view() -> None:
        scheduling.admit_fragment()
        _head(member)
        session.show_notices()
        try:
            now = service.current(member.code)
            _draw(member, now, questions)
        except NoSuchClass as ended:
            st.info(plain(ended), icon=":material/info:")
            return
        except OSError as problem:
            st.error(plain(problem), icon=":material/error:")
            watch(member, NOTHING)
            return
        watch(member, now.version)

    view()


def _head(member: Member) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="class-head"):
        st.title(f"Class {member.code}", anchor=False, width="content")
        st.caption(f"You are participant {member.number}.", width="content")
        if st.button("Leave", key="class-leave"):
            membership.leave(member)
            st.rerun()


def _draw(member: Member, now: Round, questions: Mapping[str, Question]) -> None:
    match activity_of(now.kind):
        case Activity.WAIT:
            st.header("You are in.", anchor=False)
            st.markdown("Wait for your teacher. This page changes by itself.")
        case Activity.FOLLOW:
            _follow(now)
        case Activity.PREDICT:
            _predict(member, now)
        case Activity.QUESTION:
            _question(member, now, questions)
        case Activity.EXPLORE:
            _explore(now)


def _follow(now: Round) -> None:
    followed = subject(now.setting)
    stage(followed.recording, followed.step, now.version, followed.choice.views, key="class-stage", level=2)


def _explore(now: Round) -> None:
    st.header("Explore", anchor=False)
    st.markdown("Try attacks of your own: other digits, other targets. Your teacher sees how many all have tried.")
    st.page_link(
        navigation.PAGES["The lab"].file,
        label="Open the lab",
        icon=":material/arrow_forward:",
        query_params=choice_of(now.setting).to_url(),
    )


def _predict(member: Member, now: Round) -> None:
    asked = subject(now.setting)
    recording, step = asked.recording, asked.step
    own, all_answers = _answers(member, now)
    pair = (own.first, own.second) if own else None
    target = an(recording.target, "**")
    st.header("Which two pixels are changed next?", anchor=False)
    if now.revealed:
        reveal.predictions(asked, all_answers, pair, best=True)
    elif pair:
        st.success("Your pick is sent. Wait for the others.", icon=":material/check:")
        url, size = drawing.picks(recording, step, [pair]), (recording.height, recording.width)
        st.html(drawing.board(url, size, {"own": pair}, "The picture with your pick"))
    else:
        verb = "brighter" if recording.steps[step].sign > 0 else "darker"
        st.markdown(
            f"The attack wants the network to read {target}. Pick the two pixels that it makes {verb} next: they have "
            "to raise the target and lower the others."
        )
        size, name = (recording.height, recording.width), f"{member.code}-{now.number}"
        picks = picker.pick(drawing.pictures_to_pick_on(recording, step, theme()), size, 2, name, "class-picks")
        _send(member, now, len(picks) == 2, lambda: checked_pair(picks, asked.pixels))


def _question(member: Member, now: Round, questions: Mapping[str, Question]) -> None:
    question = questions.get(now.setting)
    if question is None:
        st.info("This server does not know the question that is asked.", icon=":material/info:")
        return
    own, all_answers = _answers(member, now)
    st.header(question.text, anchor=False)
    if now.revealed:
        chosen = own.first if own else None
        reveal.answers_to(question, all_answers, chosen, explained=True)
    elif own:
        st.success(f"Your answer is sent: {question.options[own.first].text}", icon=":material/check:")
        st.markdown("Wait for the others.")
    else:
        chosen = st.radio(
            question.text,
            range(len(question.options)),
            index=None,
            format_func=lambda index: question.options[index].text,
            key=f"class-answer-{member.code}-{now.number}",
            label_visibility="collapsed",
        )
        _send(member, now, chosen is not None, lambda: (checked_option(chosen, question), 0))


def _answers(member: Member, now: Round) -> tuple[Answer | None, Sequence[Answer]]:
    """Return what this student has answered, and once it is revealed what all have."""
    if not now.revealed:
        return service.store().own_answer(member.code, member.token, now.number), []
    answers = service.revealed(member.code, now)
    return next((answer for answer in answers if answer.number == member.number), None), answers


def _send(member: Member, now: Round, whole: bool, answer: Callable[[], tuple[int, int]]) -> None:
    """Offer to send `answer`, once it is whole; it cannot be changed afterwards."""

    def send() -> None:
        if not service.store().answer(member.code, member.token, now.number, *answer()):
            raise Refused("You have answered already; the first answer counts.")

    st.button("Send", key=f"class-send-{now.number}", type="primary", disabled=not whole, on_click=act, args=(send,))
    st.caption("Once sent, it cannot be changed.")
