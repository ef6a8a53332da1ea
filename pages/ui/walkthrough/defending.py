"""Chapter 7: whether a network can be defended, and what an attacker does who knows the defence."""

import streamlit as st

from jsma import Attack, Direction, Output, Rule
from jsma.defences import DEFENCES, PROTECTED, subjects
from jsma.glossary import TERMS
from pages.ui import navigation
from pages.ui.choice import OWN
from pages.ui.formatting import an
from pages.ui.shared import defended
from pages.ui.shared.comparison import show_comparison
from pages.ui.shared.defended import Defended
from pages.ui.walkthrough import tasks
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
STRONG = Attack(Rule.TJSMA, direction=Direction.BOTH)
ATTACKS = {
    "JSMA on logits": Attack(),
    "JSMA on probabilities": Attack(output=Output.PROBABILITIES),
    "TJSMA, both ways": STRONG,
}


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
    _checks()
    navigation.link_to("Defend", "All defences side by side, and over many digits", ":material/shield:")
    tasks.summary("A defence counts only against an attacker who knows it.")


def _ran(lesson: Lesson, name: str, attack: Attack, knows: bool = True) -> Defended:
    own = lesson.choice.data == OWN
    return defended.attacked(name, lesson.image, lesson.choice.target, attack, knows, own)


SAFE = {
    "logits": "Yes, on logits only",
    "probabilities": "Yes, on probabilities only",
    "both": "Yes, on both",
    "none": "No, on neither",
}


def _masking(lesson: Lesson) -> None:
    st.subheader("Masked derivatives", anchor=False)
    st.markdown(
        f"**{subjects()[DISTILLED]}**: the layers of the undefended one, trained so that its logits are very large "
        "(defensive distillation). Then softmax gives almost exactly 0 or 1."
    )

    def truth() -> str:
        reached = {output: _ran(lesson, DISTILLED, Attack(output=output)).success for output in Output}
        if all(reached.values()):
            return "both"
        return next((output.value for output, success in reached.items() if success), "none")

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
    reason = _ran(lesson, DISTILLED, ATTACKS["JSMA on probabilities"]).reason
    if reason:
        st.caption(f"On probabilities: {reason}")


def _table(lesson: Lesson, names: tuple[str, ...]) -> None:
    """Show how every attack ends on the models `names`, and its cost."""
    st.table(
        [
            {"Attack": label} | {subjects()[name]: _end(_ran(lesson, name, attack)) for name in names}
            for label, attack in ATTACKS.items()
        ],
        border="horizontal",
        hide_index=True,
    )


def _end(ran: Defended) -> str:
    return f"{ran.ending}, {ran.end.changed} pixels"


PRICES = {
    "same": "No more than without it",
    "more": "More, at most twice as many",
    "much": "More than twice as many",
    "fails": "The attack fails",
}


def _price(lesson: Lesson) -> None:
    st.subheader("The price of an attack", anchor=False)
    label = subjects()[ADVERSARIAL]

    def truth() -> str:
        plain, trained = (_ran(lesson, name, STRONG) for name in (PROTECTED, ADVERSARIAL))
        if not trained.success:
            return "fails"
        ratio = trained.end.changed / max(1, plain.end.changed)
        return "same" if ratio <= 1 else "more" if ratio <= 2 else "much"

    locked = tasks.predict_one(
        "price-of-training",
        lesson.subject,
        f"**{label}** has learnt attacked digits with their true labels. The strongest of the three, TJSMA both ways: "
        "how many pixels does it take?",
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
        "TJSMA both ways was made for the undefended network. What does the network read of its result behind the "
        "filter?",
        options,
        lambda: _reading(lesson, _ran(lesson, MEDIAN, STRONG, knows=False)),
    )
    if locked is None:
        return
    st.markdown(tasks.verdict(*locked, options))
    knowing = _ran(lesson, MEDIAN, STRONG)
    st.markdown(
        f"Now the attacker knows the filter and attacks through it. **{knowing.ending}**, {knowing.end.changed} pixels "
        f"changed; without the filter it takes {_ran(lesson, PROTECTED, STRONG).end.changed}. Side by side:"
    )
    show_comparison(lesson.image, [_ran(lesson, name, STRONG) for name in subjects()])


def _transfer(lesson: Lesson) -> None:
    st.subheader("Does the picture fool another network?", anchor=False)
    options, label = _readings(lesson, "The other network"), defended.model(OTHER).label
    locked = tasks.predict_one(
        "fools-another",
        lesson.subject,
        f"The same result, made for {defended.model(PROTECTED).label}, is shown to **{label}**, which has other "
        "layers. What does that read?",
        options,
        lambda: _reading(lesson, _ran(lesson, OTHER, STRONG, knows=False)),
    )
    if locked is not None:
        st.markdown(tasks.verdict(*locked, options))
        st.caption("One picture says little. How often it happens over many digits is on the page Defend.")


def _checks() -> None:
    tasks.question(
        "masked-or-safe",
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
    )
    tasks.question(
        "transfer-and-defence",
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
    )
    st.caption(TERMS["transfer"])
