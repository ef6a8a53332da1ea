"""A chapter that is still to be written."""

from pages.ui.course.lesson import Lesson

TITLE = "The saliency map"
QUESTION = "Why two pixels, and why these?"
TASKS: tuple[str, ...] = ()


def show(lesson: Lesson) -> None:
    """Show the chapter on the digit of `lesson`."""
