"""Acting before the page is drawn: what is refused is said above it, and nothing is lost."""

from collections.abc import Callable

from pages.ui import session
from pages.ui.shared.classroom.errors import Refused


def act(change: Callable[..., object], *arguments: object) -> None:
    """Call `change`, in a callback of a button; where it is refused or cannot be stored, notify the visitor."""
    session.dismiss_notices()
    try:
        change(*arguments)
    except (Refused, OSError) as problem:
        session.notify(str(problem))
