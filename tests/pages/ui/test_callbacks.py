"""A click that another request overtakes is carried out whole."""

from streamlit.runtime.state import SafeSessionState
from streamlit.testing.v1 import AppTest

from pages.ui import callbacks


def page() -> None:
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    def note() -> None:
        st.session_state.first = True
        get_script_run_ctx().script_requests.request_stop()  # another request comes while this one is at work
        st.session_state.second = True

    st.button("Send", on_click=note)


def clicked() -> set[str]:
    app = AppTest.from_function(page).run()
    app.button[0].click().run()
    return {name for name in ("first", "second") if name in app.session_state}


def test_what_a_click_does_is_done_whole_where_another_request_overtakes_it():
    callbacks.carry_out_whole()
    assert clicked() == {"first", "second"}


def test_streamlit_by_itself_would_end_it_half_way(monkeypatch):
    """If this fails, Streamlit has become better, and pages/ui/callbacks.py can go."""
    callbacks.carry_out_whole()
    monkeypatch.setattr(SafeSessionState, "on_script_will_rerun", SafeSessionState.on_script_will_rerun.interrupted)
    assert clicked() == {"first"}
