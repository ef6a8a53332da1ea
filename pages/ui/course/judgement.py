"""A chapter that is still to be written."""

from pages.ui.course.lesson import Lesson

TITLE = "Judging the result"
QUESTION = "How good is the attack, how weak the network?"
TASKS: tuple[str, ...] = ()


def show(lesson: Lesson) -> None:
    """Show the chapter on the digit of `lesson`."""
