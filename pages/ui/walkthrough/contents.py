"""The chapters in their order: which one is open, how many of its tasks are done, and the buttons between them."""

import streamlit as st

from pages.ui import access, address, navigation, session
from pages.ui.outside import cut
from pages.ui.walkthrough import (
    defending,
    exercises,
    forward_derivative,
    judgement,
    network,
    overview,
    perturbation,
    quiz,
    remembering,
    saliency,
    summary,
    tasks,
)
from pages.ui.walkthrough.lesson import Lesson

CHAPTERS = (network, overview, forward_derivative, saliency, perturbation, judgement, defending)
"""A chapter is a module with TITLE, QUESTION, TASKS (the names of what it asks) and show(lesson)."""

_NUMBERS = {str(number) for number in range(1, len(CHAPTERS) + 1)}

_to_the_top = st.components.v2.component(
    "jsma_to_the_top",
    html="<span></span>",
    js="""
const shown = new WeakMap(); // the chapter that was open before, by the page it was open in
export default function ({ data, parentElement }) {
  const page = parentElement.ownerDocument.querySelector('[data-testid="stMain"]');
  if (page && shown.has(page) && shown.get(page) !== data.chapter) page.scrollTo(0, 0);
  if (page) shown.set(page, data.chapter);
}
""",
)


def current() -> int:
    """Return the number of the open chapter, from 1: that of the link which has led here, else the one before.

    An earlier chapter in the address changes nothing, for the reason that `session.current` gives.
    """
    state, asked = st.session_state, st.query_params.get("chapter")
    arrives = state.get("walkthrough_arrivals") != state.arrivals
    if asked is not None and (arrives or asked not in state.walkthrough_earlier):
        if asked in _NUMBERS:
            state.walkthrough_chapter = int(asked)
        else:
            session.notify(
                f"The link asks for chapter “{cut(asked)}”, but there are the chapters 1 to {len(CHAPTERS)}. "
                f"Showing chapter {_kept()}."
            )
    state.walkthrough_arrivals = state.arrivals
    state.walkthrough_earlier = [*state.get("walkthrough_earlier", ())[-session.MOST_EARLIER :], asked, str(_kept())]
    return _kept()


def _kept() -> int:
    return st.session_state.setdefault("walkthrough_chapter", 1)


def window() -> str:
    """Return the window's title: number and title of the open chapter."""
    return f"Chapter {current()}, {CHAPTERS[current() - 1].TITLE}"


def _open(number: int) -> None:
    if number != _kept():
        st.session_state.walkthrough_chapter = number
        session.note_choice()


def publish() -> None:
    """Bring the address bar up to date, with the open chapter."""
    session.publish(chapter=str(_kept()))


def _turn_to(number: int) -> None:
    """Open a chapter by a button that goes away with the one before."""
    _open(number)
    access.focus_on(f"chapter-body-{number}", "h2")


def row(chapter: int) -> None:
    """Draw a button for every chapter, with how many of its tasks are done."""
    with st.container(key="chapters"):
        for number, each in enumerate(CHAPTERS, start=1):
            st.button(
                f"**{number}** {each.TITLE}  \n:small[{progress(each.TASKS)}]",
                key=f"chapter-{number}",
                on_click=_open,
                args=(number,),
                width="stretch",
            )
        access.navigation("chapters", "Chapters", chapter - 1)


def progress(names: tuple[str, ...]) -> str:
    """Return how many of the tasks `names` are done, in words."""
    done = sum(tasks.is_done(name) for name in names)
    return f"{'✓ ' if names and done == len(names) else ''}{done} of {len(names)} done"


def chapter(number: int, lesson: Lesson) -> None:
    """Show a chapter, under its title and its question.

    Each chapter has its own container on the page, so that the previous one disappears at once, and not
    only when this one has been drawn.
    """
    _to_the_top(key="to-the-top", data={"chapter": number}, height=0)
    places = [
        st.container(key=f"chapter-body-{place}") if place == number else st.empty()
        for place in range(1, len(CHAPTERS) + 1)
    ]
    module = CHAPTERS[number - 1]
    with places[number - 1]:
        tasks.begin_sheet()
        st.header(f"{number}. {module.TITLE}", anchor=False)
        st.markdown(f"*{module.QUESTION}*")
        module.show(lesson)


def foot(chapter: int, lesson: Lesson) -> None:
    """Draw links to the previous and next chapter; after the last, what to do next."""
    if chapter == len(CHAPTERS):
        with st.container(key="chapter-body-after"):
            _after_the_walkthrough(lesson)
    tasks.answers_on_paper()
    with st.container(horizontal=True, horizontal_alignment="distribute", key="chapter-turn"):
        for number, way in ((chapter - 1, "← {}"), (chapter + 1, "{} →")):
            if 1 <= number <= len(CHAPTERS):
                st.button(
                    way.format(f"{number}. {CHAPTERS[number - 1].TITLE}"),
                    key=f"turn-from-{chapter}-to-{number}",
                    on_click=_turn_to,
                    args=(number,),
                )


def tasks_by_chapter() -> dict[str, tuple[str, ...]]:
    """Return the tasks of every chapter and of the quiz, by title."""
    chapters = {f"{number}. {each.TITLE}": each.TASKS for number, each in enumerate(CHAPTERS, start=1)}
    return chapters | {"Final quiz": quiz.TASKS}


def remember() -> None:
    """Keep what is answered in the reader's browser."""
    remembering.remember({name for names in tasks_by_chapter().values() for name in names})


def _after_the_walkthrough(lesson: Lesson) -> None:
    quiz.show(lesson)
    summary.show(lesson, tasks_by_chapter())
    exercises.show()
    st.subheader("After the walkthrough", anchor=False)
    st.markdown(
        "You have finished the course. Attack this digit with your own settings in the lab, attack your own "
        "handwriting, train a network and see whether it is harder to attack, or send somebody this digit and this "
        "target: the link opens them in the lab."
    )
    with st.container(horizontal=True):
        navigation.link_to_lab("Open this digit in the lab", ":material/biotech:")
        navigation.link_to("Your digit", "Attack your own handwriting", ":material/draw:")
        navigation.link_to("Model", "Train a network", ":material/model_training:")
    st.code(address.to_lab(session.requested().to_url()), language=None, wrap_lines=True)
