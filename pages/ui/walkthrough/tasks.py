"""The tasks of a chapter: questions whose answers are explained, and predictions made before the result is shown.

Answers are kept in the session, so that they are still there after another page was open, and in the reader's
browser (pages/ui/walkthrough/remembering.py), so that they are there tomorrow.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, NamedTuple

import streamlit as st

from pages.ui import access


class Answer(NamedTuple):
    """One answer to a question: its text, whether it is right, and why."""

    text: str
    why: str
    right: bool = False


class First(NamedTuple):
    """The first answer to a task: what was said, what is true, and whether these are the same."""

    said: str
    true: str
    right: bool


def first_answers() -> dict[str, First]:
    """Return the first answer to each question and prediction, by task; later ones do not change it."""
    return st.session_state.setdefault("walkthrough_first", {})


def forget_all() -> None:
    """Forget all answers, so that the course begins again."""
    for name in list(st.session_state):
        if str(name).startswith(("walkthrough_given", "walkthrough_first", "walkthrough_done", "question-")):
            del st.session_state[name]
    st.session_state.walkthrough_first = {}
    st.session_state.walkthrough_taken_up = True  # what the browser still holds is not to come back


def note_first(task: str, said: str, true: str) -> None:
    """Note the answer to `task`, unless there was one before."""
    first_answers().setdefault(task, First(said, true, said == true))


def _given() -> dict[str, Any]:
    """Return all answers and predictions of this session, by task."""
    return st.session_state.setdefault("walkthrough_given", {})


def is_done(task: str) -> bool:
    """Whether the question `task` was answered correctly, or a prediction for `task` was made."""
    return task in st.session_state.get("walkthrough_done", set())


def mark_done(task: str) -> None:
    """Count `task` as done; for tasks that are neither a question nor a prediction."""
    st.session_state.setdefault("walkthrough_done", set()).add(task)


def question(task: str, text: str, answers: Sequence[Answer]) -> None:
    """Ask `text`; under the chosen answer stands why it is right or wrong, and the reader may choose again."""
    given = _given()

    def take() -> None:
        given[task] = st.session_state[f"question-{task}"]
        right = next(answer for answer in answers if answer.right)
        note_first(task, answers[given[task]].text, right.text)
        if answers[given[task]].right:
            mark_done(task)  # before the page is drawn, so that its progress shows it

    if given.get(task) not in range(len(answers)):  # it may come from a browser
        given.pop(task, None)
    st.markdown(f"**Check.** {text}")
    _asked().append((text, next(answer for answer in answers if answer.right)))
    chosen = st.radio(
        text,
        range(len(answers)),
        index=None if f"question-{task}" in st.session_state else given.get(task),
        format_func=lambda index: answers[index].text,
        key=f"question-{task}",
        on_change=take,
        label_visibility="collapsed",
    )
    if chosen is None:
        return
    with st.container(key=f"verdict-{task}"):
        if answers[chosen].right:
            st.success(answers[chosen].why, icon=":material/check:")
        else:
            st.error(answers[chosen].why, icon=":material/close:")


def _asked() -> list[tuple[str, Answer]]:
    """Return the questions asked in this run of the page, each with its right answer."""
    return st.session_state.setdefault("walkthrough_asked", [])


def begin_sheet() -> None:
    """Begin to collect the questions of a chapter."""
    st.session_state.walkthrough_asked = []


def answers_on_paper() -> None:
    """Write the right answers to the questions above, for the printed page only."""
    with st.container(key="on-paper"):
        st.subheader("Answers", anchor=False)
        st.markdown("\n".join(f"1. {text} **{right.text}** {right.why}" for text, right in _asked()))


def questions(table: Mapping[str, tuple[str, Sequence[Answer]]]) -> None:
    """Ask all questions of a table: by task, the text and the answers."""
    for task, (text, answers) in table.items():
        question(task, text, answers)


def predict(task: str, subject: str, text: str, ask: Callable[[str], Any], allowed: Container[Any]) -> Any:
    """Ask for a prediction; return it once it is locked in, None until then. The result is to be shown only after.

    subject: what the prediction is about; each has its own. ask: draws the widget for the key it is
    given and returns its value, None while nothing is chosen. allowed: the values that can be predicted.
    """
    given, name = _given(), f"{task}|{subject}"
    st.markdown(f"**Predict.** {text}")
    if isinstance(given.get(name), list):  # a pair that comes back from a browser
        given[name] = tuple(given[name])
    if name in given and given[name] not in allowed:
        del given[name]
    if name in given:
        st.button("Predict again", key=f"again-{name}", on_click=lambda: given.pop(name, None), type="tertiary")
        return given[name]
    value = ask(f"prediction-{name}")

    def lock() -> None:
        given[name] = value
        mark_done(task)
        access.focus_on(f"again-{name}", "+ *")  # what comes next is the result

    st.button("Lock in and see", key=f"lock-{name}", on_click=lock, disabled=value is None, type="primary")
    return None


def answers_to(task: str) -> list[int]:
    """Return the list of answers to a task that asks for several, empty at first; the caller appends to it."""
    given = _given()
    if not isinstance(given.get(task), list):
        given[task] = []
    return given[task]


def predict_one(
    task: str, subject: str, text: str, options: Mapping[str, str], truth: Callable[[], str]
) -> tuple[str, str] | None:
    """Ask which of `options` will be true; return what was said and what is true once it is locked in.

    options: what is shown, by name; truth: returns the name of the one that is true, called only after the prediction.
    """
    said = predict(
        task,
        subject,
        text,
        lambda key: st.radio(
            text, list(options), index=None, key=key, format_func=options.get, label_visibility="collapsed"
        ),
        options,
    )
    if said is None:
        return None
    true = truth()
    note_first(task, options[said], options[true])
    return said, true


def verdict(said: str, true: str, options: Mapping[str, str]) -> str:
    """Return in words whether the prediction `said` came true, with what is true in bold."""
    happened = f"**{options[true].removesuffix('.')}.**"
    return f"{happened} You said so." if said == true else f"{happened} You said: “{options[said]}”"


def summary(sentence: str) -> None:
    """Close a chapter with the one sentence to remember."""
    st.info(f"**Keep:** *{sentence}*", icon=":material/bookmark:")
