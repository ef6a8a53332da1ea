"""Chapter 1: what is attacked and by whom; what the network says of a digit, and how logits become probabilities."""

import streamlit as st
import torch
from torch import Tensor

from jsma.export import picture
from jsma.glossary import explained
from jsma.models import NETWORKS
from pages.ui.choice import OWN, data_labels
from pages.ui.formatting import an, number, percent, size
from pages.ui.shared.anatomy import Layer, dissect
from pages.ui.tiles import data_url
from pages.ui.walkthrough import blind_test, charts, excerpt, opening, tasks
from pages.ui.walkthrough.lesson import Lesson
from pages.ui.walkthrough.tasks import Answer

TITLE = "What is attacked, by whom"
QUESTION = "What may the attacker do, and what does the network look at?"
TASKS = ("by-hand", blind_test.TASK, "white-box", "second-choice", "one-rival-down", "small-but-equal")

DOWN = 5
"""By how much a rival's logit is lowered in thought."""

EFFECTS = {
    "both": "The target's logit and its probability both rise a lot.",
    "probability": "Its logit stays, and its probability at least doubles.",
    "neither": "Its logit stays, and its probability hardly changes.",
}


def show(lesson: Lesson) -> None:
    """Show the chapter on the digit of `lesson`."""
    logits = reading(lesson)
    opening.show(lesson)
    blind_test.show(lesson)
    _the_attacker()
    _the_network(lesson)
    _the_answer(lesson, logits)
    second = logits.argsort(descending=True)[1].item()
    said = _predict(lesson, logits)
    if said is None:
        return
    tasks.note_first("second-choice", f"{said}", f"{second}")
    verdict = "You said so." if said == second else f"You said {said}, which is number {_place(logits, said)}."
    st.markdown(f"**The second choice is {second}.** {verdict} {_of_the_target(lesson, logits)}")
    _scores_and_shares(lesson, logits)
    _softmax(logits)
    _one_rival_down(lesson, logits)
    _check(logits)
    tasks.summary("a logit can be any number; softmax turns the ten logits into probabilities that add up to 1.")


@torch.no_grad()
def reading(lesson: Lesson) -> Tensor:
    """Return the logits (classes,) of the chosen digit, float64."""
    return lesson.network.module(lesson.image[None])[0].double()


def _the_attacker() -> None:
    st.subheader("The attacker", anchor=False)
    st.markdown(
        "This course explains one attack: JSMA, the Jacobian-based saliency map attack, published by Papernot and "
        "others in 2016. Where it says *the paper*, it means theirs. The attacker has\n\n- a **goal**: a target "
        "class, chosen before;\n- **knowledge**: the network with all its weights (a *white box*);\n- **power**: to "
        "change pixels of the picture, each by any amount;\n- a **cost**: the number of changed pixels (the L0 "
        "distance). By how much a pixel changes does not count.",
        help=explained("adversarial example", "threat model"),
    )
    tasks.question(
        "white-box",
        "Which of these does this attacker need?",
        [
            Answer("The training digits", "The attack never trains anything. It needs the trained network only."),
            Answer(
                "The network's weights, to differentiate its outputs",
                "Right. Slopes are computed from the weights. An attacker who sees only answers (a black box) needs "
                "another method.",
                right=True,
            ),
            Answer("Permission to change the weights", "The network stays as it is. Only the picture is changed."),
        ],
    )


def _the_network(lesson: Lesson) -> None:
    own = lesson.choice.model == OWN
    st.subheader("The network", anchor=False)
    st.markdown(
        f"The input of the network is {lesson.image.numel()} numbers, one for each pixel, from 0 (black) to 1 (white). "
        "Its layers turn them into ten numbers, one for each digit. "
        + ("You have trained this one yourself." if own else "It was trained on MNIST's training digits."),
        help=explained("parameter", "MNIST"),
    )
    left, right = st.columns([1, 3], gap="medium")
    choice, height, width = lesson.choice, *lesson.image.shape[1:]
    left.image(
        data_url(picture(lesson.image, lesson.image, scale=7)),
        f"{an(choice.digit).capitalize()}, sample {choice.sample + 1}: {height} × {width} pixels",
        alt=f"A handwritten {choice.digit}, white on black",
    )
    layers = dissect(lesson.network.module, lesson.image)
    lines = [f"| The picture | {size(lesson.image.shape)} | |"]
    lines += [f"| {layer.kind}: {layer.does} | {layer.shape} | {_weights(layer)} |" for layer in layers]
    lines += [f"| Softmax turns the ten **logits** into ten **probabilities** | {layers[-1].shape} | |"]
    right.markdown(
        f"The network has {len(layers)} layers. The last one gives the ten **logits**; softmax turns them into "
        "probabilities."
    )
    with right.expander("The layers as a table, and their source code"):
        st.markdown("\n".join(["| Layer | Gives | Weights |", "| :-- | :-- | --: |", *lines]))
        excerpt.show(NETWORKS[lesson.network.architecture].architecture, "nn.Conv2d(1,", ", 10)")


def _weights(layer: Layer) -> str:
    return f"{layer.parameters:,}" if layer.parameters else ""


def _the_answer(lesson: Lesson, logits: Tensor) -> None:
    reads, digit = int(logits.argmax()), lesson.choice.digit
    words = f"It reads your {digit} as {an(reads, '**')} and is {percent(logits.softmax(0)[reads].item())} sure. "
    if reads == lesson.choice.target:
        words += "That is your target already, so there is nothing to attack: pick another target. "
    elif reads != digit:
        words += f"That is wrong, before any attack: the class that your target has to beat is {reads}, not {digit}. "
    share = lesson.network.accuracy.get(lesson.choice.data)
    if share is not None:
        data = data_labels()[lesson.choice.data]
        words += f"Of the {len(lesson.digits):,} digits in “{data}” it reads {percent(share)} right."
    st.markdown(words)


def _predict(lesson: Lesson, logits: Tensor) -> int | None:
    reads = logits.argmax().item()
    others = [digit for digit in range(len(logits)) if digit != reads]
    return tasks.predict(
        "second-choice",
        f"{lesson.choice.data}-{lesson.position}-{lesson.network.key}",
        f"Its first choice is {reads}. Which digit is its second choice?",
        lambda key: st.segmented_control("Second choice", others, key=key, label_visibility="collapsed"),
        others,
    )


def _place(logits: Tensor, digit: int) -> int:
    return int((logits > logits[digit]).sum()) + 1


def _of_the_target(lesson: Lesson, logits: Tensor) -> str:
    target = lesson.choice.target
    return (
        f"Your target, {target}, is choice number {_place(logits, target)} of ten, "
        f"{number((logits.max() - logits[target]).item())} behind the first in logits."
    )


def _scores_and_shares(lesson: Lesson, logits: Tensor) -> None:
    shares = logits.softmax(0)
    scores, parts = [number(value) for value in logits.tolist()], [_share(value) for value in shares.tolist()]
    digits = lesson.choice.digit, lesson.choice.target
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Ten logits**", help=explained("logit"))
        charts.bars_by_class(logits.tolist(), scores, "logit", *digits)
    with right:
        st.markdown("**Softmax makes ten probabilities of them**", help=explained("softmax", "probability"))
        charts.bars_by_class(shares.tolist(), parts, "probability", *digits)
    with st.expander("The same numbers as a table"):
        lines = [f"| {digit} | {scores[digit]} | {parts[digit]} |" for digit in range(len(logits))]
        st.markdown("\n".join(["| Digit | Logit | Probability |", "| --: | --: | --: |", *lines]))


def _share(value: float) -> str:
    return percent(value) if value >= 0.0005 else number(value)


def _softmax(logits: Tensor) -> None:
    first, second = logits.argsort(descending=True)[:2].tolist()
    lead = (logits[first] - logits[second]).item()
    powers = (logits - logits.max()).exp()
    st.markdown(
        "**How softmax does it.** It computes e to the power of each logit, which is always positive, and divides it "
        "by the sum of all ten, so that the results add up to 1. Only differences between logits count. If the logit "
        f"of the first choice, {first}, is taken as 0, that of the second choice, {second}, is {number(-lead)}.",
        help=explained("softmax"),
    )
    whole = rf"\frac{{e^{{z_{{{second}}}}}}}{{e^{{z_0}} + e^{{z_1}} + \dots + e^{{z_9}}}}"
    here = rf"\frac{{e^{{{-lead:.3f}}}}}{{{powers.sum():.5f}}} = {_tex(logits.softmax(0)[second].item())}"
    st.latex(rf"\begin{{aligned}} p_{{{second}}} &= {whole} \\[6pt] &= {here} \end{{aligned}}")
    st.markdown(
        f"A lead of {number(lead)} in logits makes the {first} **{_times(lead)} times as likely** as the {second}: "
        f"e to the power of {number(lead)}."
    )


def _one_rival_down(lesson: Lesson, logits: Tensor) -> None:
    """Let the reader predict what lowering one rival does to the target: little, unless the rival leads."""
    target = lesson.choice.target
    leader, last = leading_and_last(logits, target)
    before = logits.softmax(0)[target].item()
    after = {rival: lowered(logits, rival).softmax(0)[target].item() for rival in (leader, last)}
    locked = tasks.predict_one(
        "one-rival-down",
        lesson.subject,
        f"Suppose an attack lowers the logit of {last} by {DOWN} and changes no other logit. What happens to the "
        f"target, {target}?",
        EFFECTS,
        lambda: "probability" if after[last] >= 2 * before else "neither",
    )
    if locked is None:
        return
    st.markdown(
        f"{tasks.verdict(*locked, EFFECTS)} The logit of {target} is {number(logits[target].item())} before and after. "
        f"Its probability goes from {_share(before)} to {_share(after[last])}: the probability of {last} was only "
        f"{_share(logits.softmax(0)[last].item())}, and no more than that can go to other classes.\n\nLower the logit "
        f"of {leader} by {DOWN} instead, whose probability is {_share(logits.softmax(0)[leader].item())}, and the "
        f"probability of {target} becomes **{_share(after[leader])}**. So what counts for the answer is the target "
        "against the *leading* classes. The sum of all logits does not show that; the probabilities do. Chapter 3 has "
        "the formula, chapter 6 the result."
    )


def leading_and_last(logits: Tensor, target: int) -> tuple[int, int]:
    """Return the classes other than `target` with the largest and the smallest logit."""
    order = [rival for rival in logits.argsort(descending=True).tolist() if rival != target]
    return order[0], order[-1]


def lowered(logits: Tensor, rival: int) -> Tensor:
    """Return the logits (classes,) with that of `rival` lowered by DOWN."""
    return logits.index_add(0, torch.tensor([rival]), logits.new_tensor([-float(DOWN)]))


def _tex(value: float) -> str:
    if value >= 0.001:
        return f"{value:.3f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"


def _times(lead: float) -> str:
    ratio = torch.tensor(lead, dtype=torch.float64).exp().item()
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.1f}"


def _check(logits: Tensor) -> None:
    others = logits.sort(descending=True)[0][1:]
    shares = others.exp() / logits.exp().sum()
    here = (
        f"Here the other nine probabilities lie between {_share(shares[-1].item())} and {_share(shares[0].item())}, "
        f"their logits between {number(others[-1].item())} and {number(others[0].item())}."
    )
    tasks.question(
        "small-but-equal",
        "Nine of the ten probabilities are close to 0. Are the logits of these nine classes equal?",
        [
            Answer("Yes, nearly: all nine are close to 0.", f"That holds for the probabilities only. {here}"),
            Answer(
                "No: they can be far apart.",
                f"Among small probabilities you do not see the differences of the logits. {here} A class whose logit "
                "is far below the first has a probability near 0, and changing that logit changes no answer.",
                right=True,
            ),
            Answer(
                "Yes: softmax makes all but the largest equal.",
                f"Softmax keeps the order and every ratio; it makes nothing equal. {here}",
            ),
        ],
    )
