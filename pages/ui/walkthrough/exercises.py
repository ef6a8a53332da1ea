"""Exercises with the library, after the course: what to write, where to begin, and how to check it."""

from typing import NamedTuple

import streamlit as st


class Exercise(NamedTuple):
    """What to write; begin: code to begin with; check: code that fails until it is right; solution: one way."""

    title: str
    task: str
    begin: str
    check: str
    solution: str


EXERCISES = (
    Exercise(
        "The best pair of one image",
        "Write `best(a, b)`: of all pairs of pixels with α > 0 and β < 0, the one with the largest −α × β, or None.",
        """from itertools import combinations

def best(a, b):
    ...
""",
        """import torch
from jsma import Direction, best_pair

a, b = torch.randn(2, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
domain = torch.ones(1, 12, dtype=torch.bool)
pair = best_pair(a[None], b[None], domain, Direction.INCREASE)
assert tuple(best(a.tolist(), b.tolist())) == (int(pair.first), int(pair.second))
assert best([-1.0, -2.0], [-1.0, -1.0]) is None
""",
        """from itertools import combinations

def best(a, b):
    found, highest = None, 0
    for p, q in combinations(range(len(a)), 2):
        alpha, beta = a[p] + a[q], b[p] + b[q]
        if alpha > 0 and beta < 0 and -alpha * beta > highest:
            found, highest = (p, q), -alpha * beta
    return found
""",
    ),
    Exercise(
        "The rule WJSMA",
        "Write `gradients(jacobian, probabilities, target)`: a and b of every pixel, where b counts each other class "
        "by its probability. jacobian is (classes, n).",
        """def gradients(jacobian, probabilities, target):
    ...
""",
        """import torch
from jsma import Attack, Rule, load_model, load_uci_digits

step = next(Attack(rule=Rule.WJSMA).steps(load_model(), load_uci_digits().images[0], 2))
a, b = gradients(step.jacobian.flatten(1), step.probabilities, 2)
torch.testing.assert_close(a, step.target_gradient, rtol=1e-3, atol=1e-4)
torch.testing.assert_close(b, step.others_gradient, rtol=1e-3, atol=1e-4)
""",
        """def gradients(jacobian, probabilities, target):
    weights = probabilities.clone()
    weights[target] = 0
    return jacobian[target], weights @ jacobian
""",
    ),
)


def show() -> None:
    """Show every exercise with its check, the solution folded away."""
    st.subheader("Exercises", anchor=False)
    st.markdown("For Python with the library (`pip install .`). Each check is silent when your function is right.")
    for exercise in EXERCISES:
        st.markdown(f"**{exercise.title}.** {exercise.task}")
        st.code(f"{exercise.begin}\n\n# The check\n{exercise.check}", language="python")
        with st.expander(f"A solution: {exercise.title[0].lower()}{exercise.title[1:]}"):
            st.code(exercise.solution, language="python")
