"""What all screens of a class show alike is computed once, also where two hundred change at the same moment."""

from collections.abc import Callable
from functools import lru_cache, wraps
from threading import Lock
from typing import Any, TypeVar, cast

Work = TypeVar("Work", bound=Callable)


def once_for_all(most: int) -> Callable[[Work], Work]:
    """Let a function remember its `most` latest values; who asks while it computes waits for that value."""

    def decorate(work: Work) -> Work:
        remembered, lock = lru_cache(most)(work), Lock()

        @wraps(work)
        def shared(*arguments: Any) -> Any:
            with lock:
                return remembered(*arguments)

        return cast(Work, shared)

    return decorate
