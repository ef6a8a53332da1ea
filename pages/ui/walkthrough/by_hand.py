"""A part of chapter 5: an attack on a picture of 2 × 2 pixels, worked out by hand through all its steps."""

from itertools import combinations

import streamlit as st
import torch
from torch import nn

from jsma import Attack, Step, Stop
from pages.ui.formatting import an
from pages.ui.walkthrough import tasks
from pages.ui.walkthrough.tasks import Answer

TASKS = ("hand-pair", "hand-reads", "hand-next")

WEIGHTS = ((-1.0, -3.0, 1.0, -1.0), (0.0, 1.0, 0.0, -1.0), (2.0, 1.0, 3.0, -1.0))
BIASES = (6.0, 4.0, 0.0)
"""A made-up network of three classes: each logit is its bias plus the sum of weight × pixel."""

TARGET = 2
NAMES = ("top left", "top right", "bottom left", "bottom right")
ATTACK = Attack(gamma=1.0)


def network() -> nn.Sequential:
    """Return the made-up network: (N, 1, 2, 2) to logits (N, 3)."""
    layer = nn.Linear(4, 3)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(WEIGHTS))
        layer.bias.copy_(torch.tensor(BIASES))
    return nn.Sequential(nn.Flatten(), layer).eval()


def steps() -> list[Step]:
    """Return the attack on a black picture, as the library carries it out."""
    return list(ATTACK.steps(network(), torch.zeros(1, 2, 2), TARGET))


def show() -> None:
    """Ask for the attack line by line, and check each line against the library."""
    attack = steps()
    st.subheader("A whole attack by hand", anchor=False)
    st.markdown(
        "A black picture of 2 × 2 pixels and a made-up network of three classes. It is linear, so its Jacobian is the "
        f"same at every step, and every change is exactly as promised. It reads {an(_reads(attack[0]))}; the target is "
        f"{TARGET}. θ = 1, and the budget allows {ATTACK.iterations(4)} iterations. Paper and pencil are enough."
    )
    st.markdown(f"{_table(attack[0])}\n\nLogits of the black picture: {_logits(attack[0])}.")
    _pair(attack[0])
    _what_it_reads(attack[1])
    _next(attack)


def _reads(step: Step) -> int:
    return int(step.outputs.argmax())


def _short(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _logits(step: Step) -> str:
    return ", ".join(f"z{digit} = {_short(value)}" for digit, value in enumerate(step.outputs.tolist()))


def _table(step: Step) -> str:
    slopes = step.jacobian.flatten(1).T.tolist()  # (pixels, classes)
    lines = [f"| {name} | {' | '.join(map(_short, row))} |" for name, row in zip(NAMES, slopes, strict=True)]
    return "\n".join(["| Slopes by | z0 | z1 | z2 |", "| --- | ---: | ---: | ---: |", *lines])


def _in_words(pair: tuple[int, int]) -> str:
    return f"{NAMES[pair[0]]} and {NAMES[pair[1]]}"


def _numbers(step: Step, pair: tuple[int, int]) -> tuple[float, float]:
    """Return α and β of a pair."""
    return float(step.target_gradient[list(pair)].sum()), float(step.others_gradient[list(pair)].sum())


def _pair(step: Step) -> None:
    best = (step.chosen.first, step.chosen.second)
    answers = []
    for pair in combinations(range(4), 2):
        alpha, beta = _numbers(step, pair)
        fails = " and ".join(["α is not above 0"] * (alpha <= 0) + ["β is not below 0"] * (beta >= 0))
        result = (
            f"not admissible, since {fails}"
            if fails
            else f"score −({_short(alpha)}) × ({_short(beta)}) = {_short(-alpha * beta)}"
        )
        why = f"α = {_short(alpha)}, β = {_short(beta)}: {result}."
        answers.append(Answer(_in_words(pair).capitalize(), why, pair == best))
    tasks.question(TASKS[0], "Line 1. Which pair has the largest score −α × β?", answers)


def _what_it_reads(after: Step) -> None:
    why = f"With both pixels white: {_logits(after)}."
    answers = [Answer(f"{digit}", why, digit == _reads(after)) for digit in range(len(BIASES))]
    tasks.question(TASKS[1], "Line 2. Both pixels turn white. What does the network read now?", answers)


def _next(attack: list[Step]) -> None:
    last, before = attack[-1], attack[-2]
    pair = (before.chosen.first, before.chosen.second)
    alpha, beta = map(_short, _numbers(before, pair))
    facts = (
        f"Left are {_in_words(pair)}: α = {alpha}, β = {beta}, admissible, score {_short(before.chosen.score)}. "
        f"Afterwards {_logits(last)}."
    )
    tasks.question(
        TASKS[2],
        "Line 3. Two pixels are left. How does the attack go on?",
        [
            Answer("It stops: no admissible pair is left.", facts),
            Answer("It changes the other two, and the budget is spent without the target.", facts),
            Answer(
                "It changes the other two, and the network reads the target.",
                facts,
                right=last.stop is Stop.REACHED_TARGET,
            ),
        ],
    )
