"""Chapter 7: whether a network can be defended, and what an attacker does who knows the defence."""

import streamlit as st

from jsma import Attack, Output
from jsma.defences import DEFENCES, PROTECTED, Filter, subjects
from jsma.glossary import TERMS
from jsma.training_methods import TrainingMethod
from pages.ui import navigation
from pages.ui.choice import OWN
from pages.ui.formatting import an
from pages.ui.shared import defended
from pages.ui.shared.comparison import show_comparison
from pages.ui.shared.comparison.methods import METHODS
from pages.ui.shared.defended import Defended
from pages.ui.walkthrough import excerpt, tasks
from pages.ui.walkthrough.lesson import Lesson
from pages.ui.walkthrough.tasks import Answer

TITLE = "Can one defend?"
QUESTION = "Does a defence make the network safe?"
TASKS = (
    "distilled-safe",
    "price-of-training",
    "median-repairs",
    "fools-another",
    "masked-or-safe",
    "transfer-and-defence",
)

DISTILLED, ADVERSARIAL, MEDIAN, OTHER = "lenet-distilled", "lenet-adversarial", f"{PROTECTED}-median", "tutorial"
ATTACKS = {label: METHODS[label].attack(Attack().theta, Attack().gamma) for label in defended.ATTACKS.values()}
ON_LOGITS, ON_PROBABILITIES, STRONG = ATTACKS
"""The labels of the attacks. The last succeeds most often on the undefended network (docs/defences.md)."""


def show(lesson: Lesson) -> None:
    """Draw the chapter."""
    st.markdown(
        f"This chapter attacks your {lesson.choice.digit} on **{defended.model(PROTECTED).label}** and on models that "
        "defend it. A defence is judged by its best attacker: one who knows it, and chooses the attack for it."
    )
    _masking(lesson)
    _price(lesson)
    _median(lesson)
    _transfer(lesson)
    tasks.questions(CHECKS)
    _program()
    navigation.link_to("Defend", "All defences side by side, and over many digits", ":material/shield:")
    tasks.summary(defended.LESSON)


def _ran(lesson: Lesson, name: str, attack: str = STRONG, knows: bool = True) -> Defended:
    """Return the attack with the label `attack` on the model `name`."""
    own = lesson.choice.data == OWN
    return defended.attacked(name, lesson.image, lesson.choice.target, ATTACKS[attack], knows, own)


SAFE = {
    "logits": "Yes, on logits only",
    "probabilities": "Yes, on probabilities only",
    "both": "Yes, on both",
    "none": "No, on neither",
}


def _masking(lesson: Lesson) -> None:
    st.subheader("Masked derivatives", anchor=False)
    st.markdown(f"**{subjects()[DISTILLED]}.** {TrainingMethod.DISTILLED.meaning}")

    def truth() -> str:
        outputs = {Output.LOGITS: ON_LOGITS, Output.PROBABILITIES: ON_PROBABILITIES}
        reached = [output.value for output, attack in outputs.items() if _ran(lesson, DISTILLED, attack).success]
        return "both" if len(reached) == len(outputs) else reached[0] if reached else "none"

    locked = tasks.predict_one(
        "distilled-safe",
        lesson.subject,
        f"Does JSMA still make it read your {lesson.choice.digit} as {an(lesson.choice.target)}?",
        SAFE,
        truth,
    )
    if locked is None:
        return
    st.markdown(tasks.verdict(*locked, SAFE))
    _table(lesson, (PROTECTED, DISTILLED))
    reason = _ran(lesson, DISTILLED, ON_PROBABILITIES).reason
    if reason:
        st.caption(f"On probabilities: {reason}")


def _table(lesson: Lesson, names: tuple[str, ...]) -> None:
    """Show how every attack ends on the models `names`, and its cost."""
    st.table(
        [
            {"Attack": attack} | {subjects()[name]: _end(_ran(lesson, name, attack)) for name in names}
            for attack in ATTACKS
        ],
        border="horizontal",
        hide_index=True,
    )


def _end(ran: Defended) -> str:
    return f"{ran.ending}, {ran.end.changed} pixels"


PRICES = {
    "same": "No more",
    "more": "More, at most twice as many",
    "much": "More than twice as many",
    "fails": "The attack fails",
}


def _price(lesson: Lesson) -> None:
    st.subheader("The price of an attack", anchor=False)
    st.markdown(f"**{subjects()[ADVERSARIAL]}.** {TrainingMethod.ADVERSARIAL.meaning}")

    def truth() -> str:
        plain, trained = (_ran(lesson, name) for name in (PROTECTED, ADVERSARIAL))
        if not trained.success:
            return "fails"
        ratio = trained.end.changed / max(1, plain.end.changed)
        return "same" if ratio <= 1 else "more" if ratio <= 2 else "much"

    locked = tasks.predict_one(
        "price-of-training",
        lesson.subject,
        f"How many pixels must **{STRONG}** change in your {lesson.choice.digit}, compared with the network without a "
        "defence?",
        PRICES,
        truth,
    )
    if locked is not None:
        st.markdown(tasks.verdict(*locked, PRICES))
        _table(lesson, (PROTECTED, ADVERSARIAL))


def _readings(lesson: Lesson, reader: str) -> dict[str, str]:
    read = {"label": an(lesson.choice.digit), "target": an(lesson.choice.target), "other": "something else"}
    return {name: f"{reader}: {what}" for name, what in read.items()}


def _reading(lesson: Lesson, ran: Defended) -> str:
    return {lesson.choice.digit: "label", lesson.choice.target: "target"}.get(ran.end.reads, "other")


def _median(lesson: Lesson) -> None:
    st.subheader("A filter, and who knows it", anchor=False)
    st.markdown(f"**{DEFENCES['median'].label}.** {DEFENCES['median'].meaning}")
    options = _readings(lesson, "Behind the filter")
    locked = tasks.predict_one(
        "median-repairs",
        lesson.subject,
        f"The result of **{STRONG}** on the network without a defence goes through the filter. What does the network "
        "read then?",
        options,
        lambda: _reading(lesson, _ran(lesson, MEDIAN, knows=False)),
    )
    if locked is None:
        return
    st.markdown(tasks.verdict(*locked, options))
    st.markdown(
        f"Now the attacker knows the filter and attacks through it: **{_end(_ran(lesson, MEDIAN))}**. Without the "
        f"filter: {_end(_ran(lesson, PROTECTED))}. The same on every model, by an attacker who knows it:"
    )
    show_comparison(lesson.image, [_ran(lesson, name) for name in subjects()])


def _transfer(lesson: Lesson) -> None:
    st.subheader("Does the picture fool another network?", anchor=False)
    st.markdown(f"**Transfer.** {TERMS['transfer']}")
    options, label = _readings(lesson, "The other network"), defended.model(OTHER).label
    locked = tasks.predict_one(
        "fools-another",
        lesson.subject,
        f"The result of **{STRONG}** on {defended.model(PROTECTED).label} is shown to **{label}**, which has other "
        "layers. What does that read?",
        options,
        lambda: _reading(lesson, _ran(lesson, OTHER, knows=False)),
    )
    if locked is not None:
        st.markdown(tasks.verdict(*locked, options))
        st.caption("One picture says little. How often it happens over many digits is on the page Defend.")


CHECKS: dict[str, tuple[str, tuple[Answer, ...]]] = {
    "masked-or-safe": (
        "An attack on a network's probabilities ends at step 0, because all their derivatives are 0. What follows?",
        (
            Answer("The network is safe.", "The attack could not see a way. Another output, or rule, may show one."),
            Answer(
                "Only that this attack has nothing to follow.",
                "The derivatives are masked. The logits of the same network still have theirs.",
                right=True,
            ),
            Answer(
                "No other network can be misled by the picture.",
                "Nothing was changed in the picture, so it says nothing about other networks.",
            ),
        ),
    ),
    "transfer-and-defence": (
        "A filter undoes most of what was made for the network without it. When does that make it a defence?",
        (
            Answer(
                "Always: fewer attacks succeed.",
                "These attacks were made without the filter. Somebody who knows it attacks through it.",
            ),
            Answer(
                "When attacks made through the filter fail, too.",
                "It counts against the attacker who knows it, and chooses the attack for it.",
                right=True,
            ),
            Answer("Never: filters blur the digit.", "Accuracy on untouched digits is a cost, and it can be measured."),
        ),
    ),
}


def _program() -> None:
    st.subheader("The filter in the library", anchor=False)
    st.markdown("The network sees the values of the filter; an attacker who knows it may choose other derivatives.")
    excerpt.show(Filter, "def forward", "self.similar")
