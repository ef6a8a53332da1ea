"""The final quiz: a question or two from every chapter, mixed."""

import streamlit as st

from jsma import Attack
from pages.ui.walkthrough import tasks
from pages.ui.walkthrough.lesson import Lesson
from pages.ui.walkthrough.tasks import Answer

PIXELS, GAMMA = 400, 0.07
"""A made-up picture and budget."""

QUESTIONS: dict[str, tuple[str, tuple[Answer, ...]]] = {
    "quiz-product": (
        "Two admissible pairs. First: α = 4, β = −0.5. Second: α = 2, β = −1.5. Which one is changed?",
        (
            Answer("The first: its α is larger", "Its score is 4 × 0.5 = 2, that of the second 2 × 1.5 = 3."),
            Answer("The second", "Right: 2 × 1.5 = 3 against 4 × 0.5 = 2.", right=True),
            Answer("Both", "Each iteration changes one pair, then asks the network again."),
        ),
    ),
    "quiz-softmax": (
        "All ten logits rise by 3. What happens to the probabilities?",
        (
            Answer("All rise", "They add up to 1 before and after, so they cannot all rise."),
            Answer("Nothing", "Right. Only differences between logits count.", right=True),
            Answer("The largest rises", "The differences are as before, and so are the shares."),
        ),
    ),
    "quiz-budget": (
        f"{PIXELS} pixels, γ = {100 * GAMMA:g} %, θ = 1. How many pixels may an attack change at most?",
        (
            Answer(
                f"{2 * Attack(gamma=GAMMA).iterations(PIXELS)}",
                f"Right: {Attack(gamma=GAMMA).iterations(PIXELS)} iterations, two pixels each.",
                right=True,
            ),
            Answer(f"{Attack(gamma=GAMMA).iterations(PIXELS)}", "These are the iterations. Each changes two pixels."),
            Answer(f"{PIXELS}", "γ is a share of these."),
        ),
    ),
    "quiz-promise": (
        "At one step the map promised the target's logit a rise of 0.9, and it rose by 0.4. Is the Jacobian wrong?",
        (
            Answer("Yes: it should have said 0.4", "It is exact for tiny changes only. The pixels changed by a lot."),
            Answer("No: a slope holds for a small change only", "Right. It is a promise to first order.", right=True),
            Answer("No: the network has learned in between", "The weights never change in an attack."),
        ),
    ),
    "quiz-flat": (
        "On probabilities all slopes are tiny at the untouched digit. Do the maps hold less information?",
        (
            Answer("Yes: softmax destroys the information", "The factor p is the same for all pixels."),
            Answer(
                "No: a common factor does not change which pair is best",
                "Right, as long as the numbers do not underflow.",
                right=True,
            ),
            Answer("Yes, unless the network is unsure", "When it is sure, p is small: still the same for all pixels."),
        ),
    ),
    "quiz-pairs": (
        "What is the sure advantage of pairs over one pixel at a time?",
        (
            Answer("Half as many Jacobians for the same number of pixels", "Right.", right=True),
            Answer("Always fewer changed pixels", "On many digits they need as many pixels, on some more."),
            Answer("They need no β", "Pairs are scored by −α × β."),
        ),
    ),
    "quiz-explains": (
        "A map of |∂z/∂x| of the true class has its largest values on the strokes of the digit. Which question does "
        "it answer?",
        (
            Answer(
                "What would make it another digit?",
                "It does not depend on any target. The attack's map answers this question.",
            ),
            Answer("What does the present answer depend on?", "Right. An explanation is not an attack.", right=True),
            Answer("Which pixels may be changed?", "That is the search domain."),
        ),
    ),
    "quiz-success": (
        "“Our attack changes only 2 % of the pixels.” What is missing?",
        (
            Answer(
                "Nothing: fewer pixels are better", "A mean over the successful attacks says nothing about the others."
            ),
            Answer("How often it succeeds, and over which attacks the mean is", "Right.", right=True),
            Answer("The value of θ", "It helps to know, but success and denominators decide what 2 % means."),
        ),
    ),
}
"""By task: the text and the answers."""

TASKS = tuple(QUESTIONS)


def show(_: Lesson) -> None:
    """Ask all questions, and count the first answers."""
    st.subheader("Final quiz", anchor=False)
    st.markdown(f"{len(QUESTIONS)} questions from all chapters. The first answer counts; trying again is welcome.")
    tasks.questions(QUESTIONS)
    first = [answer for task, answer in tasks.first_answers().items() if task in QUESTIONS]
    if len(first) == len(QUESTIONS):
        st.markdown(f"**{sum(answer.right for answer in first)} of {len(first)}** right at the first try.")
