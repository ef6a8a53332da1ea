"""The teacher's view, made for a projector: what the class does now, who has answered, and the reveal."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

import streamlit as st

from pages.ui import access, address, resources, session
from pages.ui.choice import Choice
from pages.ui.classroom import drawing, planning, results, reveal
from pages.ui.download import download
from pages.ui.networks import network
from pages.ui.outside import plain
from pages.ui.shared.classroom import membership, service
from pages.ui.shared.classroom.acting import act
from pages.ui.shared.classroom.activities import (
    CHOSEN,
    Activity,
    Question,
    activity_of,
    explored,
    setting_of,
)
from pages.ui.shared.classroom.errors import NoSuchClass, Refused
from pages.ui.shared.classroom.membership import Member
from pages.ui.shared.classroom.store import Pulse, Round
from pages.ui.shared.classroom.subject import subject
from pages.ui.shared.classroom.watch import NOTHING, watch
from pages.ui.stage import stage

PRESENTED = """<style>
[data-testid="stSidebar"] { display: none; }
.stMain .block-container { max-width: none; }
</style>"""
"""For a projector: the class alone, as wide as the window."""

Questions = Mapping[str, Question]


def show(member: Member, choice: Choice, questions: Questions) -> None:
    """Show the teacher the class of `member`; choice: the attack chosen in the sidebar."""

    @st.fragment
    def view() -> None:
        try:
            store = service.store()
            now, pulse = store.current(member.code), store.pulse(member.code) or Pulse(0, 0, 0)
            _head(member, pulse, choice, questions)
            session.show_notices()
            _activities(member, now, choice, questions)
            _draw(member, now, pulse, choice, questions)
            watch(member, store.current(member.code).version, (pulse.answered, pulse.here))
        except NoSuchClass as ended:
            st.info(plain(ended), icon=":material/info:")
            if st.button("Open or join another", key="class-over"):
                membership.leave(member)
                st.rerun()
        except OSError as problem:
            st.error(plain(problem), icon=":material/error:")
            watch(member, NOTHING)

    view()


# --- Code, link, results, end --------------------------------------------------------------------


def _head(member: Member, pulse: Pulse, choice: Choice, questions: Questions) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="class-head"):
        st.title(f"Class {member.code}", anchor=False, width="content")
        st.markdown(f"**{pulse.here}** here", width="content")
        with st.popover("Join", icon=":material/qr_code:"):
            _way_in(member)
        with st.popover("Plan", icon=":material/checklist:"):
            planning.show(member, choice)
        with st.popover("Class", icon=":material/settings:"):
            _settings(member, questions)
        if st.toggle("Present", key="class-present", persist_state="session"):
            st.html(PRESENTED)


def _way_in(member: Member) -> None:
    """Show how to join: the QR code and the link."""
    link = address.to_page("Class", {membership.PARAMETER: member.code})
    st.image(drawing.qr_code(link), width=260, alt=f"QR code of the link {link}")
    st.code(link, language=None, wrap_lines=True)
    if urlsplit(link).hostname in ("localhost", "127.0.0.1", "::1"):
        st.caption(
            "This address works on this computer only. Open the app by the computer's name or number in the network, "
            "and students reach it, too."
        )


def _settings(member: Member, questions: Questions) -> None:
    def table() -> str:
        return results.as_csv(*service.store().results(member.code, member.secret), questions)

    download("Results (CSV)", f"class-{member.code}.csv", "text/csv", table, key="class-results")
    with st.expander("The teacher's link"):
        st.markdown("With it you are the teacher on another computer. Keep it to yourself, and do not project it.")
        secret = {membership.PARAMETER: member.code, membership.TEACHER: member.secret}
        st.code(address.to_page("Class", secret), language=None, wrap_lines=True)
    st.markdown(
        "Ending the class deletes it at once, with all answers. Otherwise it is deleted a day after its last use."
    )
    if st.button("End the class", key="class-end"):
        act(service.store().end, member.code, member.secret)
        membership.leave(member)
        st.rerun()


# --- What the class does -------------------------------------------------------------------------


def _activities(member: Member, now: Round, choice: Choice, questions: Questions) -> None:
    current = activity_of(now.kind)
    with st.container(horizontal=True, key="class-activities"):
        for each in CHOSEN:
            st.button(
                each.label,
                key=f"class-{each.kind}",
                on_click=act,
                args=(_begin, member, each, choice, questions),
            )
        pressed = CHOSEN.index(current) if current in CHOSEN else None
        access.group("class-activities", "What the class does", pressed=pressed)
        st.caption(current.meaning, width="content")


def _begin(member: Member, activity: Activity, choice: Choice, questions: Questions) -> None:
    if activity is Activity.QUESTION:
        setting = next(iter(questions))
    else:
        setting = setting_of(replace(choice, step=session.requested().step))
    if activity is Activity.PREDICT:
        asked = subject(setting)
        if asked.step == asked.recording.iterations:  # no pair is left to predict there
            setting = setting_of(replace(asked.choice, step=0))
    service.store().begin(member.code, member.secret, activity.kind, setting)


def _draw(member: Member, now: Round, pulse: Pulse, choice: Choice, questions: Questions) -> None:
    match activity_of(now.kind):
        case Activity.WAIT:
            _wait(member)
        case Activity.FOLLOW:
            _follow(member, now, choice)
        case Activity.PREDICT:
            _predict(member, now, pulse, choice)
        case Activity.QUESTION:
            _question(member, now, pulse, questions)
        case Activity.EXPLORE:
            _explore(member)


def _wait(member: Member) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.html(f'<p class="class-code" translate="no">{" ".join(member.code)}</p>')
        st.markdown(
            "Students open the page **Class** and type this code, or scan the picture. When all are here, choose above "
            "what the class does; in the sidebar, on which digit and target."
        )
    with right:
        _way_in(member)


def _follow(member: Member, now: Round, choice: Choice) -> None:
    position = int(resources.digits(choice.data).of_class(choice.digit)[choice.sample])
    recording = resources.recording(choice.data, network(choice.model), position, choice.target, choice.attack)
    start, visit = session.start_within(recording.iterations)
    step, _ = stage(recording, start, visit, choice.views, level=2)
    session.settle(step)
    try:
        setting = setting_of(replace(choice, step=step))
        if setting != now.setting:
            service.store().change(member.code, member.secret, setting)
    except Refused as problem:
        st.warning(plain(problem), icon=":material/info:")


def _predict(member: Member, now: Round, pulse: Pulse, choice: Choice) -> None:
    asked = subject(now.setting)
    recording = asked.recording
    st.header(
        f"{recording.label} → {recording.target}, step {asked.step}: which two pixels are changed next?", anchor=False
    )
    if replace(asked.choice, step=0) != replace(choice, step=0):
        st.caption("The sidebar names another attack. Press *Predict* to ask about that one.")
    answers = service.store().answers_for_teacher(member.code, member.secret)
    shown = _answered(member, now, pulse, len(answers), "Show the picks")
    if now.revealed or shown:
        reveal.predictions(asked, answers, None, best=now.revealed)
    else:
        left, _ = st.columns([1, 1], gap="large")
        url, size = drawing.picks(recording, asked.step, []), (recording.height, recording.width)
        left.html(drawing.board(url, size, {}, f"The picture at step {asked.step}"))
    if now.revealed and asked.step + 1 < recording.iterations:
        after = setting_of(replace(asked.choice, step=asked.step + 1))
        again = (service.store().begin, member.code, member.secret, Activity.PREDICT.kind, after)
        st.button("Predict the next step", key="class-next", on_click=act, args=again)


def _question(member: Member, now: Round, pulse: Pulse, questions: Questions) -> None:
    names = list(questions)

    def ask() -> None:
        chosen = st.session_state["class-asked"]
        if chosen in questions and chosen != now.setting:
            act(service.store().begin, member.code, member.secret, Activity.QUESTION.kind, chosen)

    st.session_state["class-asked"] = now.setting if now.setting in questions else names[0]
    st.selectbox(
        "Question", names, format_func=lambda name: questions[name].text, key="class-asked", on_change=ask, width=640
    )
    question = questions.get(now.setting)
    if question is None:
        return
    st.header(question.text, anchor=False)
    answers = service.store().answers_for_teacher(member.code, member.secret)
    if _answered(member, now, pulse, len(answers), "Show the answers") or now.revealed:
        reveal.answers_to(question, answers, None, explained=now.revealed)
    else:
        st.markdown("\n".join(f"- {option.text}" for option in question.options))


def _answered(member: Member, now: Round, pulse: Pulse, count: int, label: str) -> bool:
    """Say how many have answered, with the buttons to show and to reveal; return whether they are shown here."""
    shown = st.session_state.get("class-shown") == (member.code, now.number)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f'<p class="class-count"><b>{count}</b> of {max(pulse.here, count)} have answered</p>', width="content")
        if now.revealed:
            return shown
        if not shown:
            now_shown = {"class-shown": (member.code, now.number)}
            st.button(label, key="class-show", on_click=st.session_state.update, args=(now_shown,))
        st.button(
            "Reveal to all",
            key="class-reveal",
            type="primary",
            on_click=act,
            args=(service.store().reveal, member.code, member.secret),
        )
    return shown


def _explore(member: Member) -> None:
    found = explored(service.store().answers_for_teacher(member.code, member.secret))
    st.header("All explore in the lab", anchor=False)
    st.html(
        f'<p class="class-count">Participants who have tried attacks: <b>{found.participants}</b><br>'
        f"Attacks that they have opened: <b>{found.attacks}</b><br>"
        f"Seen to reach their target: <b>{found.succeeded}</b></p>"
    )
