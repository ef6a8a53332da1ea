"""Chapter 4: why the attack changes two pixels at a time, and why just these two."""

import random
from collections import Counter
from copy import deepcopy

import streamlit as st
import torch
from torch import Tensor

from jsma import Attack, Output, Stop, jacobian, saliency_map
from jsma.baselines import Baseline
from jsma.glossary import TERMS, explained
from jsma.saliency import all_pairs
from jsma.stage.recording import Recording
from pages.ui.formatting import number, percent
from pages.ui.shared.comparison.methods import Trace, trace
from pages.ui.stage import stage
from pages.ui.walkthrough import excerpt, findings, shown, tasks
from pages.ui.walkthrough.lesson import Lesson
from pages.ui.walkthrough.plane import pair_plane
from pages.ui.walkthrough.tasks import Answer

TITLE = "The saliency map"
QUESTION = "Why two pixels, and why these?"
TASKS = (
    "which-map",
    "share-admissible",
    "which-pair-wins",
    "two-kinds",
    "one-or-two",
    "one-pixel-saliency",
    "explains-or-attacks",
    "alpha-and-beta-positive",
    "beta-near-zero",
    "kinds-on-probabilities",
)

NAMES = "ABC"
PLANE = "Every pixel by its pull on the target and its push on the others. Marked pairs:"
ON_PROBABILITIES = Attack(output=Output.PROBABILITIES)


def show(lesson: Lesson) -> None:
    """Draw the chapter."""
    recording = lesson.recording()
    _two_numbers(recording.target)
    if recording.steps[0].pair is None:
        st.info(shown.NOTHING_TO_DO if recording.stop is Stop.REACHED_TARGET else f"{shown.end(recording)}.")
    else:
        _which_map(lesson, recording)
        st.subheader("The pair plane", anchor=False)
        _admissible(lesson, recording)
        _which_wins(lesson, recording)
        _the_loop(recording)
        _good_alone(lesson, recording)
        _why_two(lesson, recording)
    _probabilities(lesson)
    _checks()
    st.subheader("The rule in the library", anchor=False)
    st.markdown(
        "For one image, with a table of all pairs. The attack itself searches only the skyband: it finds exactly the "
        "same pair without the table.",
        help=TERMS["skyband"],
    )
    excerpt.show(all_pairs, "alpha = ", "return torch.where")
    tasks.summary("A pair counts by the product of what it does for the target and against the rest.")


def _two_numbers(target: int) -> None:
    st.markdown(
        "From the ten maps of chapter 3 the attack computes two numbers for each pixel. **a** is its pull on the "
        f"target: how fast the logit of {target} rises as the pixel gets brighter. **−b** is its push on the others: "
        "how fast the other nine logits, added up, fall. For a pair of pixels, **α** is the sum of the two a, and "
        "**β** the sum of the two b."
    )
    st.markdown(
        "A pair is **admissible** for brightening when α > 0 and β < 0: to first order the target rises and "
        "the sum of the others falls. Of all admissible pairs, the one with the largest **score −α × β** is changed.",
        help=TERMS["admissible"],
    )


SHARES = {"few": "Less than a twentieth", "some": "From a twentieth to a half", "most": "More than a half"}


def _admissible(lesson: Lesson, recording: Recording) -> None:
    counts = recording.steps[0].counts
    share = counts.admissible / counts.compared
    locked = tasks.predict_one(
        "share-admissible",
        lesson.subject,
        f"On your untouched digit {counts.pixels} pixels can be brightened. They make {counts.compared:,} pairs. What "
        "share of these is admissible?",
        SHARES,
        lambda: "few" if share < 0.05 else "some" if share <= 0.5 else "most",
    )
    if locked is None:
        return
    st.markdown(tasks.verdict(*locked, SHARES))
    st.markdown(
        f"Of the {counts.compared:,} pairs, **{counts.admissible:,} are admissible** "
        f"({percent(counts.admissible / counts.compared)}). {counts.alpha_fails:,} fail because α is not above 0, "
        f"another {counts.only_beta_fails:,} because only β fails: it is not below 0. The search finds the best of all "
        "pairs exactly, although it compares only a few of them."
    )


def _which_wins(lesson: Lesson, recording: Recording) -> None:
    pairs = findings.tempting_pairs(recording, 0)
    names = NAMES[: len(pairs)]
    chart, words = st.columns([3, 2], gap="large")
    with words:
        st.markdown(
            "Every dot is a pixel. Further to the right, it raises the target more; further up, it lowers the others "
            "more. The letter of a pair stands at its midpoint."
        )
        st.markdown(
            "In the tinted quarter the pair is admissible, and its score is **four times the area** of the rectangle "
            "between the origin and the letter."
        )
        guess = tasks.predict(
            "which-pair-wins",
            lesson.subject,
            "These pairs are all admissible. Which one has the largest score?",
            lambda key: st.radio(
                "Pair", list(names), index=None, horizontal=True, key=key, format_func=lambda name: f"Pair {name}"
            ),
            list(names),
        )
        if guess is not None:
            _reveal(pairs, names, guess)
    with chart:
        plane = pair_plane(recording, 0, pairs, names, areas=guess is not None)
        st.vega_lite_chart(plane, alt=f"{PLANE} {names}; where they are is said below.")
        st.caption(_places(recording, pairs, names))


def _places(recording: Recording, pairs: list[findings.Marked], names: str) -> str:
    where = (
        f"{name}: {shown.place(recording, pair.first)} and {shown.place(recording, pair.second)}"
        for name, pair in zip(names, pairs, strict=True)
    )
    large = len(recording.steps[0].skyband)
    return (
        f"{'. '.join(where)}. Large dots: the skyband, {large} pixels. For any other pixel there are two that are at "
        "least as good in both directions, so the best pair is found among the large dots. Pixels far away on the "
        "wrong sides are not drawn."
    )


def _reveal(pairs: list[findings.Marked], names: str, guess: str) -> None:
    winner = next(at for at, pair in enumerate(pairs) if pair.wins)
    tasks.note_first("which-pair-wins", f"Pair {guess}", f"Pair {names[winner]}")
    opening = "You are right." if names[winner] == guess else f"You said {guess}; it is {names[winner]}."
    alpha, beta, score = pairs[winner][2:5]
    rows = [
        f"| {'**' if pair.wins else ''}{name}{'**' if pair.wins else ''} | {number(pair.alpha)} | {number(pair.beta)} "
        f"| {number(pair.score)} |"
        for name, pair in zip(names, pairs, strict=True)
    ]
    st.markdown(
        f"{opening} −α × β = −({number(alpha)}) × ({number(beta)}) = **{number(score)}**, the most of all pairs of "
        "this digit.\n\n" + "\n".join(["| Pair | α | β | −αβ |", "| --- | ---: | ---: | ---: |", *rows])
    )
    if len(pairs) == len(NAMES):
        st.markdown(
            "The other two look good, too. Of the admissible pairs without the best pair's pixels, one "
            "has the largest α; of the remaining pairs, the other has the largest −β. The score is a product, so both "
            "factors have to be large."
        )


def _the_loop(recording: Recording) -> None:
    st.subheader("The same plane, step by step", anchor=False)
    st.markdown(
        "**Do.** *Predict first* is on: pick two pixels in the picture or in the plane and ask for the best pair. You "
        "see the rank of your pair among all admissible pairs. Do it for three steps. Then switch to *Watch* and "
        "click a pixel to see its best partner pixel."
    )

    @st.fragment
    def draw() -> None:
        start = min(1, recording.iterations - 1)  # the pair of step 0 is revealed above
        stage(recording, start, views=("picture", "saliency"), predict=True, key="walkthrough-saliency-stage", level=4)

    draw()


KINDS = {
    "all": "In all of them",
    "most": "In more than half of them, but not all",
    "few": "In half of them or fewer",
}


def _good_alone(lesson: Lesson, recording: Recording) -> None:
    st.subheader("Does one pixel pull and the other push?", anchor=False)
    st.markdown(
        "The tutorial that this course follows explains pairs by two kinds of pixel: the best pair joins a pixel that "
        "raises the target with one that lowers the others, since pixels that are good at both are rare. Is that so "
        "here?"
    )
    steps = recording.iterations
    kinds = Counter(each.good_alone for each in findings.analyses(recording))
    locked = tasks.predict_one(
        "two-kinds",
        lesson.subject,
        f"This attack has {steps} step{'' if steps == 1 else 's'}. In how many of them is each pixel of the pair good "
        "at both: does it raise the target and lower the sum of the others by itself?",
        KINDS,
        lambda: "all" if kinds[2] == steps else "most" if 2 * kinds[2] > steps else "few",
    )
    if locked is None:
        return
    st.markdown(
        f"{tasks.verdict(*locked, KINDS)}\n\n| In its {steps} steps | steps | share |\n| --- | ---: | ---: |\n| both "
        f"pixels are good alone (a > 0 and b < 0) | {kinds[2]} | {percent(kinds[2] / steps, 0)} |\n| only one is good "
        f"alone, and it makes up for the other | {kinds[1]} | {percent(kinds[1] / steps, 0)} |\n| neither is good "
        f"alone | {kinds[0]} | {percent(kinds[0] / steps, 0)} |"
    )
    st.markdown(
        "Two kinds can exist only where a and b are independent of each other: on **logits**, as here. The tutorial's "
        "network ends in softmax, and its attack differentiates the probabilities. There b = −a, so every pixel with "
        "a > 0 is good at both, and the two kinds do not exist. *Colour by kind*, beside the plane above, shows the "
        "kind of every pixel."
    )


COSTS = {
    "more": "It needs more pixels than the pairs",
    "equal": "As many pixels, give or take two",
    "fewer": "It needs fewer pixels than the pairs",
    "fails": "It does not reach the target",
}


def one_at_a_time(lesson: Lesson) -> Trace:
    """Return the attack that changes the best single pixel at each iteration, with the same budget of pixels."""
    subject = (lesson.choice.data, lesson.network, lesson.position, lesson.choice.target)
    return trace(*subject, Baseline.ONE_PIXEL.label, Attack().theta, Attack().gamma)


def compare_with_pairs(pairs: Recording, singles: Trace) -> str:
    """Return which of COSTS is true of `singles`; where only the pairs fail it is "fewer"."""
    if not singles.success:
        return "fails"
    if not pairs.stop.success:
        return "fewer"
    more = singles.end.changed - pairs.end.changed
    return "equal" if abs(more) <= 2 else "more" if more > 0 else "fewer"


def _why_two(lesson: Lesson, recording: Recording) -> None:
    st.subheader("Why two at a time?", anchor=False)
    st.markdown(
        "If there are good single pixels, the attack could change the best one of them (the largest −a × b with a > 0 "
        "and b < 0), ask again, and so on."
    )
    locked = tasks.predict_one(
        "one-or-two",
        lesson.subject,
        f"In pairs the attack changed {recording.end.changed} pixels ({recording.stop.value}). One pixel at a time, "
        "with the same budget of pixels, what will happen?",
        COSTS,
        lambda: compare_with_pairs(recording, one_at_a_time(lesson)),
    )
    if locked is None:
        return
    end, singles = recording.end, one_at_a_time(lesson)
    st.markdown(
        f"{tasks.verdict(*locked, COSTS)}\n\n| Attack | pixels changed | Jacobians computed | how it ended |\n"
        "| --- | ---: | ---: | --- |\n"
        f"| in pairs | {end.changed} | {recording.iterations} | {recording.stop.value} |\n"
        f"| one at a time | {singles.end.changed} | {singles.end.iteration} | {singles.stop.value} |"
    )
    ratio = singles.end.iteration / recording.iterations
    st.markdown(
        f"One at a time costs **{ratio:.1f} times** the Jacobians here. That is the sure advantage of pairs: one "
        "Jacobian for every two pixels. In a pair, a pixel with one wrong sign can also be joined with a partner that "
        "makes up for it. That matters late in an attack, when few good single pixels are left. On one digit either "
        "way may need fewer pixels: the page Rules runs both on any digit."
    )


MAPS = {
    "explains": "|∂z/∂x| of the true class: which pixels its logit depends on",
    "attacks": "S, towards the target: each pixel with its best partner",
    "shuffled": "the values of S in a random order",
}


def three_maps(lesson: Lesson, recording: Recording) -> dict[str, Tensor]:
    """Return the maps of MAPS at the untouched digit, (n,) each, in an order that gives nothing away."""
    a, b = (torch.tensor(rows[:1]) for rows in (recording.target_gradient, recording.others_gradient))
    domain, direction = torch.tensor(recording.domain[0])[None], recording.steps[0].direction
    attacks = saliency_map(a, b, domain, direction, partners=True)[0]
    mixed = random.Random(recording.name)
    order = list(range(len(attacks)))
    mixed.shuffle(order)
    explains = recording.jacobian(0)[recording.label].flatten().abs()
    maps = {"explains": explains, "attacks": attacks, "shuffled": attacks[order]}
    names = list(maps)
    mixed.shuffle(names)
    return {name: maps[name] for name in names}


def _which_map(lesson: Lesson, recording: Recording) -> None:
    st.subheader("The map itself", anchor=False)
    st.markdown(
        "The paper's saliency map begins with single pixels: **S = −a × b** where a > 0 and b < 0, else 0. For pairs, "
        "a pixel's value is the best score that it reaches with any partner. Here are three maps of your digit, each "
        "on a scale of its own. The stronger the violet, the larger the value.",
        help=TERMS["saliency map"],
    )
    maps = three_maps(lesson, recording)
    letters = dict(zip(maps, NAMES, strict=True))
    for column, (name, values) in zip(st.columns(len(maps), gap="medium"), maps.items(), strict=True):
        drawn = shown.heat(values.view(recording.height, recording.width))
        column.image(drawn, f"Map {letters[name]}", width=224, alt=f"Map {letters[name]} of every pixel")
    options = {name: f"Map {letters[name]}" for name in maps}
    locked = tasks.predict_one(
        "which-map", lesson.subject, "Which one does the attack use?", options, lambda: "attacks"
    )
    if locked is None:
        return
    best = int(maps["attacks"].argmax())
    st.markdown(
        f"{tasks.verdict(*locked, options)}\n\n"
        + "\n".join(f"- {options[name]}: {MAPS[name]}." for name in maps)
        + f"\n\nThe largest value of the attack's map is {number(float(maps['attacks'][best]))}, at "
        f"{shown.place(recording, best)}: this pixel is in the pair that is changed next. The map of the true class "
        "shows what the present answer depends on; the attack's map shows which changes lead to the target."
    )


CHECKS: dict[str, tuple[str, tuple[Answer, ...]]] = {
    "one-pixel-saliency": (
        "A pixel has a = 0.5 and b = −2. What is its own saliency, S = −a × b?",
        (
            Answer("−1", "a × b is −1; the minus sign before it makes it positive."),
            Answer("1", "Right: −(0.5 × −2) = 1. It raises the target and lowers the sum of the others.", right=True),
            Answer("0", "It would be 0 if a were not above 0, or b not below 0. Here both signs are right."),
        ),
    ),
    "explains-or-attacks": (
        "A pixel has a large value in the map of |∂z/∂x| of the true class. Will the attack change it?",
        (
            Answer(
                "Yes: it matters most to the network",
                "That map shows what the logit of the true class depends on. It does not depend on the target, and "
                "|…| drops the sign.",
            ),
            Answer(
                "It may be, but the map does not say so",
                "Right. The attack has another question: what raises the target and lowers the others? A map that "
                "explains an answer is not the map that attacks it.",
                right=True,
            ),
            Answer("No: the attack avoids such pixels", "It does not use that map at all."),
        ),
    ),
    "alpha-and-beta-positive": (
        "A pair has α > 0 and β > 0. Is it admissible when brightening?",
        (
            Answer("Yes: the target rises", "The target rises, but β > 0 means that the others, added up, rise, too."),
            Answer("No: the others rise, too", "Right. β has to be below 0, so that the others fall.", right=True),
            Answer(
                "Yes, if α is larger than β",
                "α and β are not compared with each other: each must have its sign. Here −αβ is below 0.",
            ),
        ),
    ),
    "beta-near-zero": (
        "A pair has the largest α of all, and a β close to 0, just below it. Can it win?",
        (
            Answer("Yes: the largest α wins", "α is only one factor. The product with a β close to 0 is close to 0."),
            Answer(
                "No: it is not admissible", "β is below 0 and α above 0, so it is admissible. Its score is just small."
            ),
            Answer(
                "Only if every other admissible pair scores even less",
                "Right. −α × β is close to 0, so a pair with two factors of medium size has a higher score.",
                right=True,
            ),
        ),
    ),
    "kinds-on-probabilities": (
        "The attack differentiates probabilities. A pixel has a = 0.02. What is its b?",
        (
            Answer(
                "It can be anything, as on logits",
                "The probabilities add up to 1, so their derivatives at a pixel add up to 0: a + b = 0.",
            ),
            Answer(
                "−0.02",
                "Right: b = −a. What the target gains, the others lose. Every pixel with a > 0 is good at both.",
                right=True,
            ),
            Answer("0", "The others have to lose what the target gains, so b is not 0."),
        ),
    ),
}
"""The questions of this chapter's end: by task, the text and the answers."""


def _checks() -> None:
    tasks.questions(CHECKS)


def _probabilities(lesson: Lesson) -> None:
    st.subheader("What changes on probabilities?", anchor=False)
    st.markdown(
        "The paper differentiates the logits. Differentiate the probabilities instead, and see how the plane changes.",
        help=explained("logit", "probability"),
    )
    output = st.segmented_control(
        "Differentiate", ["Logits", "Probabilities"], default="Logits", required=True, key="walkthrough-plane-output"
    )
    recording = lesson.recording(ON_PROBABILITIES if output == "Probabilities" else Attack())
    pair = recording.steps[0].pair
    chosen = [findings.Marked(pair.first, pair.second, pair.alpha, pair.beta, pair.score, wins=True)] if pair else []
    chart, words = st.columns([3, 2], gap="large")
    with chart:
        plane = pair_plane(recording, 0, chosen, "★" * len(chosen), areas=bool(chosen))
        st.vega_lite_chart(plane, alt=f"{PLANE} {'★' if chosen else 'none'}; {output.lower()}.")
        if pair:
            pixels = " and ".join(shown.place(recording, pixel) for pixel in pair.pixels)
            numbers = f"α = {number(pair.alpha)}, β = {number(pair.beta)}, −αβ = {number(pair.score)}"
            st.caption(f"{output} of the untouched digit. ★: the best pair, {pixels}; {numbers}.")
    with words:
        if output == "Probabilities":
            _collapsed(lesson, recording)
        else:
            st.markdown(
                "On logits the dots are spread over the plane: a pixel may raise the target without lowering the "
                "others. Now switch to probabilities."
            )


def _collapsed(lesson: Lesson, recording: Recording) -> None:
    in_float64 = deepcopy(lesson.network.module).double()  # in float32 a sure network's derivatives drown in rounding
    derivatives = jacobian(in_float64, lesson.image[None], Output.PROBABILITIES)[0]
    remainder = findings.largest_remainder(derivatives, recording.target)
    largest = float(derivatives[recording.target].abs().max())
    st.markdown(
        "Probabilities add up to 1. If the target's probability rises, the others together fall by the same amount: "
        "**b = −a**, and all dots lie on the diagonal of the plane. So β = −α, every pair with α > 0 is admissible, "
        "and its score is α²."
    )
    st.markdown(
        "Computed here, on this digit, in double precision: the largest |α + β| of all pairs is "
        f"**{number(remainder)}**, where |a| goes up to {number(largest)}. The rest is rounding."
    )
    told, on_logits = findings.analyses(recording), findings.analyses(lesson.recording())
    if told and on_logits:
        st.markdown(
            "The attack also chooses other pixels: the slope of the target's probability compares the target with the "
            "leading classes (chapter 3). The pair raised the leading rival's logit in "
            f"**{sum(each.raises_rival for each in told)} of {len(told)}** steps; on logits in "
            f"**{sum(each.raises_rival for each in on_logits)} of {len(on_logits)}**."
        )
    if recording.iterations:
        best = sum(each.two_strongest for each in told)
        st.markdown(
            "The search for a pair becomes a search for the two best single pixels: the attack took exactly these in "
            f"**{best} of its {recording.iterations} steps**."
        )
