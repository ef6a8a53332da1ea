"""The course as a whole: every concept has its four places, and every task can be got wrong and right."""

import pytest

from jsma import jacobian, load_model
from jsma.glossary import TERMS
from pages.ui.walkthrough import quiz, tasks
from pages.ui.walkthrough.concepts import CONCEPTS
from pages.ui.walkthrough.contents import CHAPTERS
from tests.helpers.app import checked, words
from tests.helpers.course import GUESSES, predict, take_back, to_predict

NAMES = [chapter.__name__.rpartition(".")[2] for chapter in CHAPTERS]
OTHER_ACTS = {"by-hand", "blind-test", "good-pixel", *(f"ending-{k}" for k in (1, 2, 3))}
"""Tasks that are neither asked by `tasks.predict` nor shown by a chapter without data of its own."""

CONCEPTS_OF_THE_COURSE = {
    *("forward derivative", "logits and softmax", "α and β", "admissibility", "two kinds of pixel", "pair product"),
    *("domain and saturation", "θ", "γ", "recomputation", "stop reasons", "distortion against success"),
    *("source–target hardness", "variants", "threat model", "saliency map", "explanation against attack"),
    *("transfer", "defence"),
}


def done(app) -> set[str]:
    return getattr(app.session_state, "walkthrough_done", set())


def test_the_table_has_every_concept_of_the_course_once():
    assert set(CONCEPTS) == CONCEPTS_OF_THE_COURSE


@pytest.mark.parametrize("name", CONCEPTS)
def test_every_concept_is_explained_and_names_tasks_that_there_are(name):
    concept, names = CONCEPTS[name], {task for chapter in CHAPTERS for task in chapter.TASKS}
    assert concept.explained
    assert set(concept.explained) <= set(TERMS)
    assert {concept.predicted, concept.checked} <= names
    assert concept.predicted != concept.checked
    assert 1 <= concept.seen[0] <= len(CHAPTERS)


@pytest.mark.parametrize("name", NAMES)
def test_every_question_of_a_chapter_is_walked_wrong_and_right(chapter, asked, name):
    app = chapter(name)
    if name == "network":
        predict(app, "second-choice", GUESSES["second-choice"])
    for task, answers in list(asked.answers.items()):
        right = [answer.right for answer in answers].index(True)
        assert [answer.right for answer in answers].count(True) == 1
        assert len({answer.text for answer in answers}) == len(answers)
        wrong = (right + 1) % len(answers)
        checked(app.radio(key=f"question-{task}").set_value(wrong).run())
        assert any(answers[wrong].why == error.value for error in app.error)
        assert task not in done(app)
        checked(app.radio(key=f"question-{task}").set_value(right).run())
        assert any(answers[right].why == success.value for success in app.success)
        assert task in done(app)
        first = app.session_state["walkthrough_first"][task]
        assert first == tasks.First(answers[wrong].text, answers[right].text, right=False)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "name"), list(enumerate(NAMES, start=1)))
def test_every_prediction_of_a_chapter_is_walked_wrong_and_right(chapter, asked, subject, number, name):
    app, predicted = chapter(name), set()
    if name == "forward_derivative":
        for label, value in zip(("Row", "Column"), divmod(good_pixel(subject), 28), strict=True):
            app.number_input(key=f"walkthrough-{label}").set_value(value)
        checked(app.run())
    while waiting := to_predict(app):
        predicted.add(waiting[0])
        walk(app, asked, waiting[0])
    tasks_here = set(CHAPTERS[number - 1].TASKS)
    assert predicted | set(asked.answers) | OTHER_ACTS & tasks_here == tasks_here
    headings = words(app, "subheader").splitlines()
    for concept in CONCEPTS.values():
        assert concept.seen[0] != number or concept.seen[1] in headings
        assert concept.predicted not in tasks_here or concept.predicted in predicted | {"blind-test"}
        assert concept.checked not in tasks_here or concept.checked in asked.answers


def walk(app, asked, task: str) -> None:
    """Predict what is not true, take it back, and predict what is."""
    if task not in asked.options:
        predict(app, task, GUESSES[task])
        assert task in done(app)
        return
    options, true = asked.options[task], asked.truths[task]()
    wrong = next(option for option in options if option != true)
    happened = f"**{options[true].removesuffix('.')}.** You said"
    assert happened not in words(app)
    predict(app, task, wrong)
    assert f"{happened}: “{options[wrong]}”" in words(app)
    take_back(app, task)
    assert happened not in words(app)
    predict(app, task, true)
    assert f"{happened} so." in words(app)
    assert task in done(app)
    assert app.session_state["walkthrough_first"][task] == tasks.First(options[wrong], options[true], right=False)


@pytest.fixture(scope="module")
def subject(uci):
    """The digit and the network of the tests."""
    return uci.images[uci.of_class(7)[0]], load_model("tutorial")


def good_pixel(subject) -> int:
    """Return a pixel of the 7 that raises the 3, lowers the 7 and is not white."""
    image, model = subject
    slopes = jacobian(model, image[None])[0].flatten(1)
    return int(((slopes[3] > 0) & (slopes[7] < 0) & (image.flatten() < 0.5)).nonzero()[0])


def test_the_final_quiz_counts_first_answers_only(chapter, asked):
    app = chapter("quiz")
    assert set(asked.answers) == set(quiz.TASKS)
    for place, (task, answers) in enumerate(asked.answers.items()):
        right = [answer.right for answer in answers].index(True)
        if not place:
            checked(app.radio(key=f"question-{task}").set_value((right + 1) % len(answers)).run())
        checked(app.radio(key=f"question-{task}").set_value(right).run())
    assert f"**{len(quiz.TASKS) - 1} of {len(quiz.TASKS)}** right at the first try." in words(app)
