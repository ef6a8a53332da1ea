"""What a click does is done whole, whatever else the browser asks for at that moment.

Streamlit ends a script which another request overtakes as soon as that touches the session; in a callback, too. Half of
what the callback does would then be done, or nothing, and no request repeats the click.
"""

import logging
from typing import Any

from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state import SafeSessionState


def carry_out_whole() -> None:
    """Let no script end within its callbacks, for all sessions; to be called when the app is loaded."""
    original = getattr(SafeSessionState, "on_script_will_rerun", None)
    if original is None:
        logging.getLogger(__name__).warning("On this Streamlit a click may be lost where two requests meet.")
    elif not hasattr(original, "interrupted"):
        SafeSessionState.on_script_will_rerun = _whole(original)  # type: ignore[method-assign]


def _whole(call_callbacks: Any) -> Any:
    """Return `call_callbacks` without the places in it where Streamlit asks whether the script is to end."""

    def called(state: SafeSessionState, *arguments: Any, **named: Any) -> None:
        context = get_script_run_ctx()
        requests: Any = context and context.script_requests
        if requests is None:
            return call_callbacks(state, *arguments, **named)
        requests.on_scriptrunner_yield = lambda: None  # of this script alone
        try:
            call_callbacks(state, *arguments, **named)
        finally:
            del requests.on_scriptrunner_yield  # the script ends right after, where it is to end

    called.interrupted = call_callbacks  # type: ignore[attr-defined]
    return called
