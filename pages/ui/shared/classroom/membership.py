"""Who this visitor is in a class: kept in the session, and in the browser, so that who loses the connection comes back.

What a browser or an address brings is checked against the database; nobody becomes a member by it who was none.
"""

import json
from dataclasses import asdict, dataclass

import streamlit as st

from pages.ui import session
from pages.ui.kept_text import keep_text
from pages.ui.shared.classroom import service
from pages.ui.shared.classroom.codes import is_secret, read_code

PARAMETER, TEACHER = "class", "teacher"
"""What addresses call the code of a class, and its teacher's secret."""

MOST_OPENED = 5
"""How many classes one visitor may open."""


@dataclass(frozen=True)
class Member:
    """The teacher of a class, with the secret, or a participant, with a token and a number."""

    code: str
    secret: str = ""
    token: str = ""
    number: int = 0

    @property
    def teacher(self) -> bool:
        """Whether this is the teacher."""
        return bool(self.secret)


def current() -> Member | None:
    """Return which member of a class this visitor is, None if of none."""
    asked, secret = asked_for(), st.query_params.get(TEACHER)
    if secret is not None:
        right = asked and is_secret(secret) and _checked(Member(asked, secret=secret))
        del st.query_params[TEACHER]  # a projector shows the address
        if asked and right:
            _be(Member(asked, secret=secret))
        else:
            session.notify("This link is not that of a teacher: the class has ended, or a part of the link is missing.")
    member = st.session_state.get("class_member")
    if member and asked and asked != member.code:
        return None  # a link to another class: to be joined first
    return member


def is_teacher() -> bool:
    """Return whether this visitor is the teacher of a class."""
    member = current()
    return member is not None and member.teacher


def asked_for() -> str | None:
    """Return the code of the class that the address asks for, or None."""
    return read_code(st.query_params.get(PARAMETER))


def open_class(kind: str, setting: str) -> None:
    """Open a class and be its teacher. Raises Refused and DatabaseUnavailable."""
    opened = st.session_state.get("class_opened", 0)
    if opened >= MOST_OPENED:
        session.notify(f"You have opened {MOST_OPENED} classes. End one, or open the next in another window.")
        return
    code, secret = service.store().open_class(kind, setting)
    st.session_state.class_opened = opened + 1
    _be(Member(code, secret=secret))


def join_class(code: str) -> None:
    """Be a participant of class `code`, the same as before in this browser. Raises Refused and DatabaseUnavailable."""
    kept = st.session_state.get("class_kept")
    token, number = service.store().join(code, kept.token if kept and kept.code == code else "")
    _be(Member(code, token=token, number=number))


def leave(member: Member) -> None:
    """Be no member any more; a participant who joins the class again is the same one. Raises DatabaseUnavailable."""
    if not member.teacher:
        service.store().leave(member.code, member.token)
        st.session_state.class_kept = member
    st.session_state.class_member = None
    st.query_params.pop(PARAMETER, None)


def remember() -> None:
    """Keep the membership in the browser; a new session takes up the one that is there."""
    state = st.session_state
    fresh = "class_member" not in state and "class_taken_up" not in state
    kept = state.get("class_member") or state.get("class_kept")
    record = json.dumps(asdict(kept) | {"here": bool(state.get("class_member"))}) if kept else ""

    def take_up(text: object) -> None:
        state.class_taken_up = True  # a browser is asked once, whatever it says
        if "class_member" not in state:
            _take_up(text)

    keep_text("class", record, fresh, take_up)
    member = state.get("class_member")
    if member and st.query_params.get(PARAMETER) != member.code and not asked_for():
        st.query_params[PARAMETER] = member.code


def _take_up(text: object) -> None:
    """Be the member that `text`, from a browser, stands for, if there is one."""
    member, here = read(text)
    if member is None or not _checked(member):
        return
    st.session_state.class_kept = member
    if here and asked_for() in (None, member.code):
        _be(member)


def read(text: object) -> tuple[Member | None, bool]:
    """Return the member that `text`, from a browser, claims to be, and whether still there; it may be anything."""
    try:
        kept = json.loads(text) if isinstance(text, str) and len(text) <= 300 else None
    except (ValueError, RecursionError):
        kept = None
    match kept:
        case {"code": str(code), "secret": secret, "token": token, "here": bool(here)} if read_code(code) == code:
            if is_secret(secret) and not token:
                return Member(code, secret=secret), here
            if is_secret(token) and not secret:
                return Member(code, token=token), here
    return None, False


def _checked(member: Member) -> bool:
    """Return whether the database knows `member`."""
    if member.teacher:
        return service.store().is_teacher(member.code, member.secret)
    return service.store().participant(member.code, member.token, left=True) is not None


def _be(member: Member) -> None:
    if not member.teacher and not member.number:
        _, number = service.store().join(member.code, member.token)
        member = Member(member.code, token=member.token, number=number)
    st.session_state.class_member = member
    st.query_params[PARAMETER] = member.code
