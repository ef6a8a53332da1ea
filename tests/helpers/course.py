"""A reader who works through chapters of the walkthrough in Streamlit's test harness."""

from typing import Any

from streamlit.testing.v1 import AppTest

from pages.ui.walkthrough import forward_derivative, tasks
from tests.helpers.app import checked

LOCK, AGAIN = "lock-", "again-"

GUESSES: dict[str, Any] = {
    "second-choice": 9,
    "how-many-pixels": 10,
    "promise": forward_derivative.PROMISES[0],
    "which-pair-wins": "A",
    "darken-or-brighten": "more",
    "hardest-classes": (1, 8),
}
"""What the reader says where a prediction is not one of `tasks.predict_one`, for which it is the first option."""


class Asked:
    """What the chapters ask while this watches: answers, and options and truths of predictions, by task."""

    def __init__(self, monkeypatch: Any) -> None:
        self.answers: dict[str, Any] = {}
        self.options: dict[str, Any] = {}
        self.truths: dict[str, Any] = {}
        ask, predict_one = tasks.question, tasks.predict_one

        def question(task, text, answers):
            self.answers[task] = answers
            ask(task, text, answers)

        def prediction(task, subject, text, options, truth):
            self.options[task], self.truths[task] = options, truth
            return predict_one(task, subject, text, options, truth)

        monkeypatch.setattr(tasks, "question", question)
        monkeypatch.setattr(tasks, "predict_one", prediction)


def to_predict(app: AppTest) -> list[str]:
    """Return the tasks whose predictions are asked for and not locked in."""
    locks = [button.key for button in app.button if button.key and button.key.startswith(LOCK)]
    return [key.removeprefix(LOCK).partition("|")[0] for key in locks]


def predict(app: AppTest, task: str, value: Any) -> None:
    """Make the prediction for `task` and lock it in."""
    (lock,) = [each for each in app.button if each.key and each.key.startswith(f"{LOCK}{task}|")]
    key = f"prediction-{lock.key.removeprefix(LOCK)}"
    parts = {f"{key}-source": 0, f"{key}-target": 1}
    for widget in (*app.radio, *app.segmented_control, *app.number_input, *app.selectbox):
        if widget.key == key:
            widget.set_value(value)
        elif widget.key in parts:
            widget.set_value(value[parts[widget.key]])
    checked(app.run())
    checked(app.button(key=lock.key).click().run())


def take_back(app: AppTest, task: str) -> None:
    """Take a prediction back."""
    (button,) = [each for each in app.button if each.key and each.key.startswith(f"{AGAIN}{task}|")]
    checked(button.click().run())
