"""Chapter 5: what a change is, what it costs, and the ways an attack ends."""

from typing import Any

import streamlit as st

from jsma import Attack, Direction, Stop, search_domain
from jsma.features import Features
from jsma.glossary import TERMS, explained
from jsma.stage.recording import Recording
from pages.ui import networks, resources
from pages.ui.choice import GAMMAS
from pages.ui.formatting import an, percent
from pages.ui.shared.channels import nominal, quantitative
from pages.ui.stage import stage
from pages.ui.theme import colours
from pages.ui.walkthrough import by_hand, excerpt, findings, shown, tasks
from pages.ui.walkthrough.lesson import Lesson
from pages.ui.walkthrough.tasks import Answer

TITLE = "Perturb, and when to stop"
QUESTION = "What is a change, and what does it cost?"
TASKS = (
    "small-theta",
    "domain-after-one",
    "darken-or-brighten",
    "half-the-budget",
    "how-it-ends",
    *by_hand.TASKS,
    "saturated-pixel",
    "theta-and-budget",
    "iterations-of-a-budget",
    "no-pair-left",
)

SMALL = Attack(theta=0.3)
DARKEN = Attack(direction=Direction.DECREASE)
GUESSES = {
    "fewer": "Fewer pixels",
    "as many": "As many",
    "more": "More pixels",
    "fails": "It does not reach the target",
}

WITHOUT_PAIR = (23, 8)
"""A built-in digit and a target: attacked by darkening, the tutorial's CNN leaves no admissible pair before the end."""


def show(lesson: Lesson) -> None:
    """Draw the chapter."""
    recording = lesson.recording()
    _one_change(recording)
    if recording.iterations:
        _watch(recording)
        _small_steps(lesson, recording, lesson.recording(SMALL))
        _darken(lesson, recording)
        _less_budget(lesson, recording)
    else:
        st.info(shown.NOTHING_TO_DO if recording.stop is Stop.REACHED_TARGET else f"{shown.end(recording)}.")
    _no_pair()
    by_hand.show()
    _checks()
    _program()
    tasks.summary("Distortion is the share of pixels changed; success without its cost says nothing.")


@st.fragment
def _watch(recording: Recording) -> None:
    st.markdown(
        "**Do.** Step through the attack: each pixel of the pair before and after, and what the map promised against "
        "what happened. At the end the four ways to stop are listed; a tick marks the one that happened."
    )
    stage(recording, views=("picture", "perturb"), key="stage-perturb", level=3)


def _one_change(recording: Recording) -> None:
    attack, n = Attack(), recording.pixels
    limit, first, last = attack.iterations(n), recording.steps[0].counts.pixels, recording.end.counts.pixels
    st.markdown(
        "**θ** says how much both pixels change at an iteration: with θ = 1 they go to the end of their range at "
        "once, white when brightening. A pixel at the end of its range cannot change further; it leaves the **search "
        "domain**.",
        help=explained("θ", "search domain"),
    )
    st.markdown(
        f"On your digit {first} of {n} pixels can be brightened at first, and {last} at the end of the attack. The "
        "rest are white. (To leave out pixels that are white from the start is cleverhans' way.)"
    )
    st.markdown(
        "**γ** is the budget: a share of the pixels. Two pixels are changed at each iteration, so the paper's γ = "
        f"{percent(attack.gamma)} allows {n} × {attack.gamma:g} / 2 = {n * attack.gamma / 2:.2f}, rounded down: "
        f"**{limit} iterations**, {2 * limit} pixels.",
        help=TERMS["γ"],
    )


LEAVES = {"none": "None", "one": "One", "two": "Two"}


def _small_steps(lesson: Lesson, large: Recording, small: Recording) -> None:
    st.subheader("A large θ against a small one", anchor=False)
    theta = f"θ = {small.attack.theta:g}"
    st.markdown(
        f"With {theta} a pixel changes by at most {small.attack.theta:g} at an iteration, and it can be chosen again. "
        "The budget counts every change, two at each iteration; distortion counts each changed pixel once."
    )
    cost = tasks.predict_one(
        "small-theta",
        lesson.subject,
        f"With θ = 1 the attack changed {large.end.changed} pixels in {large.iterations} iterations "
        f"({large.stop.value}). How many pixels will it change with {theta}?",
        GUESSES,
        lambda: findings.compare_cost(large, small),
    )
    if cost is not None:
        st.markdown(tasks.verdict(*cost, GUESSES))
    leaves = tasks.predict_one(
        "domain-after-one",
        lesson.subject,
        f"{theta}. How many of the two pixels of the first pair leave the search domain?",
        LEAVES,
        lambda: list(LEAVES)[small.steps[0].counts.pixels - small.steps[min(1, small.iterations)].counts.pixels],
    )
    if leaves is not None:
        st.markdown(f"{tasks.verdict(*leaves, LEAVES)} A pixel leaves the domain only when it is white.")
    if cost is None or leaves is None:
        return
    st.markdown(
        "| θ | iterations | pixels changed | how it ended |\n| --- | ---: | ---: | --- |\n"
        + "\n".join(
            f"| θ = {each.attack.theta:g} | {each.iterations} of {each.budget // 2} | {each.end.changed} | "
            f"{each.stop.value} |"
            for each in (large, small)
        )
    )
    thetas = [f"θ = {recording.attack.theta:g}" for recording in (large, small)]
    columns = st.columns([1, 1, 2], gap="large")
    for column, theta, recording in zip(columns[:2], thetas, (large, small), strict=True):
        with column:
            shown.image(recording, f"{theta}: {shown.end(recording)}.")
    with columns[2]:
        sizes = [[step.counts.pixels for step in recording.steps] for recording in (large, small)]
        ends = [f"from {pixels[0]} to {pixels[-1]} with {theta}" for theta, pixels in zip(thetas, sizes, strict=True)]
        shrinks = f"How the search domain shrinks: {', '.join(ends)}."
        st.vega_lite_chart(_domains(thetas, (large, small)), alt=shrinks)
        st.caption(shrinks)
    pixel, values = findings.most_chosen(small)
    if len(values) > 2:
        st.markdown(
            f"With {thetas[1]} a pixel can be chosen again until it is white: the one at {shown.place(small, pixel)} "
            f"went {' → '.join(f'{value:.2g}' for value in values)}. Each choice counts in the budget; distortion "
            "counts the pixel once. Between two choices the map is computed again."
        )
    else:
        st.markdown(f"With {thetas[1]} a pixel may be chosen again; in this attack none was.")


def _domains(thetas: list[str], recordings: tuple[Recording, Recording]) -> dict[str, Any]:
    rows = [
        {"step": theta, "iteration": k, "pixels": step.counts.pixels}
        for theta, recording in zip(thetas, recordings, strict=True)
        for k, step in enumerate(recording.steps)
    ]
    scale = {"domain": thetas, "range": [colours()[name] for name in ("raises", "target")]}
    return {
        "data": rows,
        "height": 260,
        "mark": {"type": "line", "interpolate": "step-after", "point": True},
        "encoding": {
            "x": quantitative("iteration", axis={"tickMinStep": 1}),
            "y": quantitative("pixels", title="pixels in the search domain", scale={"zero": False}),
            "color": nominal("step", title=None, scale=scale, legend={"orient": "top"}),
            "strokeDash": nominal("step", title=None, scale={"domain": thetas, "range": [[1, 0], [5, 3]]}),
            "tooltip": [nominal("step"), quantitative("iteration"), quantitative("pixels")],
        },
    }


def _darken(lesson: Lesson, brighter: Recording) -> None:
    st.subheader("Brighten or darken", anchor=False)
    st.markdown(
        f"Result of brightening: {shown.end(brighter)}. Darkening reverses the signs: a pair is admissible when α < 0 "
        "and β > 0, and pixels move towards black. It can remove ink, but not add any.",
        help=TERMS["brighten"],
    )
    guess = tasks.predict(
        "darken-or-brighten",
        lesson.subject,
        "Does darkening need more or fewer pixels on this digit?",
        lambda key: st.radio(
            "Darkening needs", list(GUESSES), index=None, key=key, format_func=GUESSES.get, label_visibility="collapsed"
        ),
        GUESSES,
    )
    if guess is None:
        return
    darker = lesson.recording(DARKEN)
    answer = findings.compare_cost(brighter, darker)
    tasks.note_first("darken-or-brighten", GUESSES[guess], GUESSES[answer])
    said = "as you said" if guess == answer else f"you said: {GUESSES[guess].lower()}"
    left, right, words = st.columns([1, 1, 2], gap="large")
    with left:
        shown.image(brighter, f"Brightened: {shown.end(brighter)}.")
    with right:
        shown.image(darker, f"Darkened: {shown.end(darker)}.")
    with words:
        room = [recording.steps[0].counts.pixels for recording in (brighter, darker)]
        st.markdown(
            f"**{GUESSES[answer]}** ({said}).\n\nDarkening can choose from {room[1]} pixels, brightening from "
            f"{room[0]}. The changed pixels are tinted in the pictures."
        )


HALF = {"yes": "It still succeeds", "no": "It fails"}


def _less_budget(lesson: Lesson, recording: Recording) -> None:
    st.subheader("Less budget, until it fails", anchor=False)
    half = Attack(gamma=Attack().gamma / 2).iterations(recording.pixels)
    locked = tasks.predict_one(
        "half-the-budget",
        lesson.subject,
        f"With γ = {percent(Attack().gamma)}: {shown.end(recording)}. What would it do with half of this budget, "
        f"{half} iterations?",
        HALF,
        lambda: "yes" if recording.stop.success and recording.iterations <= half else "no",
    )
    if locked is None:
        return
    st.markdown(tasks.verdict(*locked, HALF))
    task = "Move γ down until the attack fails."
    if findings.smallest_gamma(recording) is None:
        task = (
            "This attack fails with the whole budget, too. Move γ to see how far it gets, or choose an easier target."
        )
    st.markdown(
        "An attack with less budget makes the same choices and ends earlier. So one recorded attack is enough for "
        f"every γ. {task}"
    )

    @st.fragment
    def draw() -> None:
        gamma = st.slider("Budget γ", *GAMMAS, Attack().gamma, step=0.005, format="percent", key="walkthrough-gamma")
        limit = Attack(gamma=gamma).iterations(recording.pixels)
        step = min(limit, recording.iterations)
        now, target = recording.steps[step], recording.target
        left, right = st.columns([1, 3], gap="large")
        with left:
            shown.image(recording, f"γ = {percent(gamma)}: {shown.cost(recording, step)}.", step)
        with right:
            iterations = f"{limit} iteration{'' if limit == 1 else 's'}"
            st.markdown(
                f"γ = {percent(gamma)} allows **{iterations}**. After {step} of them the network reads "
                f"{an(now.reads, '**')}, and the probability of {target} is {percent(now.probabilities[target])}. "
                f"{(Stop.BUDGET_SPENT if step < recording.iterations else recording.stop).sentence}"
            )
            st.markdown(_least(recording))

    draw()


def _least(recording: Recording) -> str:
    least = findings.smallest_gamma(recording)
    if least is None:
        return "With this digit and target, no γ up to the paper's is enough."
    return (
        f"The attack needs {recording.iterations} iterations. The smallest γ that allows them is 2 × "
        f"{recording.iterations} / {recording.pixels} = **{percent(least, 2)}**."
    )


def _no_pair() -> None:
    st.subheader("When no pair is left", anchor=False)
    index, target = WITHOUT_PAIR
    recording = resources.recording("uci", networks.network("tutorial"), index, target, DARKEN)
    options = {stop.name: stop.title for stop in Stop}
    locked = tasks.predict_one(
        "how-it-ends",
        "built-in",
        f"A built-in {recording.label} is darkened towards {an(target)}. Darkening can remove ink, but not add any. "
        "How will the attack end?",
        options,
        lambda: recording.stop.name,
    )
    if locked is None:
        return
    st.markdown(tasks.verdict(*locked, options))
    left, right = st.columns([1, 3], gap="large")
    with left:
        shown.image(
            recording, f"{an(recording.label).capitalize()} darkened towards {an(target)}: {shown.end(recording)}."
        )
    with right:
        counts = recording.end.counts
        st.markdown(
            f"A real run: a built-in {recording.label}, the target {target}, darkening, the tutorial's CNN. After "
            f"{recording.iterations} iterations {counts.pixels} pixels are left that are not black yet. They make "
            f"{counts.compared:,} pairs: {counts.alpha_fails:,} would not raise the target, another "
            f"{counts.only_beta_fails:,} would not lower the sum of the others, **{counts.admissible} are "
            f"admissible**. The budget would have allowed {recording.budget // 2 - recording.iterations} more "
            "iterations."
        )
        said = recording.stop.sentence
        st.markdown(f"**What this program says.** {said}")


ITERATIONS = Attack(gamma=0.1).iterations(784)
"""Of the made-up budget in a question."""

CHECKS: dict[str, tuple[str, tuple[Answer, ...]]] = {
    "saturated-pixel": (
        "A pixel is white already, with a = 3 and b = −3. Can it be in the next pair when brightening?",
        (
            Answer(
                "Yes: both its signs are right",
                "The signs are right, but there is no room: a white pixel cannot get brighter.",
            ),
            Answer(
                "No: it is not in the search domain",
                "Right. A slope says what a change would do, but this pixel cannot change.",
                right=True,
            ),
            Answer(
                "Only together with a pixel that can move",
                "Both pixels of a pair are changed, so both have to be in the search domain.",
            ),
        ),
    ),
    "theta-and-budget": (
        "θ = 0.5, and one black pixel is chosen in two iterations. What does it add to the distortion, and what to the "
        "spent budget?",
        (
            Answer(
                "One pixel; two changes", "Right. It is one changed pixel, and the budget counts it twice.", right=True
            ),
            Answer("Two pixels; two changes", "It is one pixel, now white. Distortion counts pixels, not changes."),
            Answer("One pixel; one change", "It was changed at two iterations, and the budget counts each change."),
        ),
    ),
    "iterations-of-a-budget": (
        "784 pixels, γ = 10 %: how many iterations?",
        (
            Answer("78", "78.4 is how many pixels may be changed. Each iteration changes two."),
            Answer(f"{ITERATIONS + 1}", "784 × 0.1 / 2 = 39.2. One more iteration would go beyond the budget."),
            Answer(f"{ITERATIONS}", "Right. 784 × 0.1 / 2 = 39.2, rounded down.", right=True),
            Answer("10", "γ is a share of the pixels, not a number of iterations."),
        ),
    ),
    "no-pair-left": (
        "No admissible pair is left. What should a correct program do?",
        (
            Answer(
                "Change the first two pixels and go on",
                "These pixels may even make it worse. Yet two widely used libraries do something like this: they "
                "change the top-left pixel, again and again, until the budget is spent.",
            ),
            Answer(
                "Take the pair with the largest −αβ all the same",
                "With α < 0 and β > 0 the product is positive, too, and brightening such a pair lowers the target and "
                "raises the others.",
            ),
            Answer(
                "Stop and say so",
                "Right. The attack has failed, and its cost is the pixels changed so far. Two widely used libraries "
                "change the top-left pixel instead.",
                right=True,
            ),
        ),
    ),
}
"""The questions of this chapter's end: by task, the text and the answers."""


def _checks() -> None:
    tasks.questions(CHECKS)


def _program() -> None:
    st.subheader("The change in the library", anchor=False)
    st.markdown("The two pixels of the pair change by θ, with the sign of the direction, and stay within the range.")
    excerpt.show(Features.moved, "before = ", "clamp(low, high)")
    st.markdown("At every iteration the search domain is computed again.")
    excerpt.show(search_domain, "if direction.sign", "return (images > low)")
