"""Coming in: join a class by its code, or open one."""

import streamlit as st

from pages.ui.outside import plain
from pages.ui.shared.classroom import membership
from pages.ui.shared.classroom.acting import act
from pages.ui.shared.classroom.activities import Activity
from pages.ui.shared.classroom.codes import read_code
from pages.ui.shared.classroom.errors import Refused


def show() -> None:
    """Offer the class that the address asks for, or both ways in."""
    asked = membership.asked_for()
    if asked:
        st.button(f"Join class {asked}", key="class-join-link", type="primary", on_click=act, args=(_join, asked))
    join, teach = st.columns(2, gap="large")
    with join:
        st.header("For students", anchor=False)
        st.markdown("Type the code that your teacher shows: five letters. No name and no account is asked for.")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            text = st.text_input("Code of the class", max_chars=12, key="class-code", width=180)
            st.button("Join", key="class-join", on_click=act, args=(_join, text))
    with teach:
        st.header("For teachers", anchor=False)
        st.markdown(
            "Open a class and project this page: it shows the code and a QR code. Then choose what all screens show."
        )
        st.button("Open a class", key="class-open", on_click=act, args=(_open,))


def _join(text: str) -> None:
    code = read_code(text)
    if code is None:
        raise Refused("A code has five letters, such as KMRTW. Type it as it is shown.")
    membership.join_class(code)


def _open() -> None:
    membership.open_class(Activity.WAIT.kind, "")


def unavailable(problem: OSError) -> None:
    """Say why there are no classes."""
    st.error(plain(problem), icon=":material/error:")
