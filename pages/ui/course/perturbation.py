"""A chapter that is still to be written."""

from pages.ui.course.lesson import Lesson

TITLE = "Perturb, and when to stop"
QUESTION = "What is a change, and what does it cost?"
TASKS: tuple[str, ...] = ()


def show(lesson: Lesson) -> None:
    """Show the chapter on the digit of `lesson`."""
