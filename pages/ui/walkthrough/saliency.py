"""Chapter 4: why the attack changes two pixels at a time, and why just these two."""

from collections import Counter
from copy import deepcopy

import streamlit as st

from jsma import Attack, Output, Stop, jacobian
from jsma.glossary import TERMS, explained
from jsma.saliency import all_pairs
from jsma.stage.recording import Recording
from pages.ui.formatting import number, percent
from pages.ui.stage import stage
from pages.ui.walkthrough import excerpt, findings, shown, tasks
from pages.ui.walkthrough.lesson import Lesson
from pages.ui.walkthrough.plane import pair_plane
from pages.ui.walkthrough.tasks import Answer

TITLE = "The saliency map"
QUESTION = "Why two pixels, and why these?"
TASKS = ("which-pair-wins", "alpha-and-beta-positive", "beta-near-zero")

NAMES = "ABC"
PLANE = "Every pixel by its pull on the target and its push on the others. Marked pairs:"
ON_PROBABILITIES = Attack(output=Output.PROBABILITIES)


def show(lesson: Lesson) -> None:
    """Draw the chapter."""
    recording = lesson.recording()
    _two_numbers(recording)
    if recording.steps[0].pair is None:
        st.info(shown.NOTHING_TO_DO if recording.stop is Stop.REACHED_TARGET else f"{shown.end(recording)}.")
    else:
        _which_wins(lesson, recording)
        _the_loop(recording)
        _good_alone(recording)
    _checks()
    _probabilities(lesson)
    st.subheader("The rule in the program", anchor=False)
    st.markdown(
        "For one image, with a table of all pairs. The attack itself searches only the skyband: the same pair, "
        "exactly, without the table.",
        help=TERMS["skyband"],
    )
    excerpt.show(all_pairs, "alpha = ", "return torch.where")
    tasks.summary("A pair counts by the product of what it does for the target and against the rest.")


def _two_numbers(recording: Recording) -> None:
    target, counts = recording.target, recording.steps[0].counts
    st.markdown(
        "Of the ten maps of chapter 3 the attack keeps two numbers for each pixel. **a** is its pull on the target: "
        f"how fast the logit of {target} rises as the pixel gets brighter. **−b** is its push on the others: how fast "
        "the other nine logits, added up, fall. A pair of pixels has **α**, the sum of its two a, and **β**, the sum "
        "of its two b."
    )
    st.markdown(
        "A pair is **admissible** for brightening when α > 0 and β < 0: to first order the target rises and "
        "the sum of the others falls. Of all admissible pairs, the one with the largest **score −α × β** is changed.",
        help=TERMS["admissible"],
    )
    st.markdown(
        f"On your untouched digit {counts.pixels} pixels can be brightened. They make {counts.compared:,} "
        f"pairs, and **{counts.admissible:,} of them are admissible** "
        f"({percent(counts.admissible / counts.compared)}). {counts.alpha_fails:,} fail since α is not above "
        f"0, another {counts.only_beta_fails:,} since β is not below 0. The search accounts for all of them, "
        "exactly, though it compares only a few."
    )


def _which_wins(lesson: Lesson, recording: Recording) -> None:
    st.subheader("The pair plane", anchor=False)
    pairs = findings.tempting_pairs(recording, 0)
    names = NAMES[: len(pairs)]
    chart, words = st.columns([3, 2], gap="large")
    with words:
        st.markdown(
            "Every dot is a pixel: the further right, the more it pulls on the target; the further up, the more it "
            "pushes the others down. The letter of a pair is at its midpoint."
        )
        st.markdown(
            "In the tinted quarter the pair is admissible, and its score is **four times the area** of the rectangle "
            "from the crossing of the axes to the letter."
        )
        guess = tasks.predict(
            "which-pair-wins",
            lesson.subject,
            "These pairs are all admissible. Which one has the largest score?",
            lambda key: st.radio(
                "Pair", list(names), index=None, horizontal=True, key=key, format_func=lambda name: f"Pair {name}"
            ),
        )
        if guess is not None:
            _reveal(pairs, names, guess)
    with chart:
        plane = pair_plane(recording, 0, pairs, names, areas=guess is not None)
        st.altair_chart(plane, width="stretch", alt=f"{PLANE} {names}; where they are is said below.")
        st.caption(_places(recording, pairs, names))


def _places(recording: Recording, pairs: list[findings.Marked], names: str) -> str:
    where = (
        f"{name}: {shown.place(recording, pair.first)} and {shown.place(recording, pair.second)}"
        for name, pair in zip(names, pairs, strict=True)
    )
    large = len(recording.steps[0].skyband)
    return (
        f"{'. '.join(where)}. Large dots: the skyband, {large} pixels. For any other pixel there are two that are at "
        "least as good both ways, so that only these can be in the best pair. Pixels far out on the wrong sides are "
        "not drawn."
    )


def _reveal(pairs: list[findings.Marked], names: str, guess: str) -> None:
    winner = next(at for at, pair in enumerate(pairs) if pair.wins)
    opening = "That is the one." if names[winner] == guess else f"You said {guess}; it is {names[winner]}."
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
            "The others were chosen to tempt you. Of the admissible pairs without the winner's pixels, one has the "
            "largest α; of those left, the other has the largest −β. The score is a product, so both have to be large."
        )


def _the_loop(recording: Recording) -> None:
    st.subheader("The same plane, step by step", anchor=False)
    st.markdown(
        "**Now you.** *Predict first* is on: pick two pixels in the picture or in the plane and ask for the best pair. "
        "You see how yours ranks among all admissible pairs. Do it for three steps. Then switch to *Watch* and click a "
        "pixel: the picture turns into a map of its best partners."
    )

    @st.fragment
    def draw() -> None:
        start = min(1, recording.iterations - 1)  # the pair of step 0 is revealed above
        stage(recording, start, views=("picture", "saliency"), predict=True, key="walkthrough-saliency-stage", level=4)

    draw()


def _good_alone(recording: Recording) -> None:
    st.subheader("Does one pixel pull and the other push?", anchor=False)
    counts, steps = [each.good_alone for each in findings.analyses(recording)], recording.iterations
    kinds = Counter(counts)
    st.markdown(
        "The usual story says that the best pair joins a pixel that pulls the target up with one that pushes the "
        "others down, since pixels good at both are rare. Here is what this attack did.\n\n"
        f"| In its {steps} steps | steps | share |\n| --- | ---: | ---: |\n"
        f"| both pixels are good alone (a > 0 and b < 0) | {kinds[2]} | {percent(kinds[2] / steps, 0)} |\n"
        f"| one is good alone and covers for the other | {kinds[1]} | {percent(kinds[1] / steps, 0)} |\n"
        f"| neither is: one only pulls, the other only pushes | {kinds[0]} | {percent(kinds[0] / steps, 0)} |"
    )
    late = [str(k) for k, good in enumerate(counts) if good < 2]
    if late:
        st.markdown(
            f"So a partner was needed at iteration{'s' if len(late) > 1 else ''} {', '.join(late)} of 0 to "
            f"{steps - 1}. *Colour by kind*, beside the plane, shows which pixels are good at what."
        )
    else:
        st.markdown(
            "So in this attack no pixel ever needed its partner: two good single pixels were always there. Pairs "
            "matter where good single pixels run out. *Colour by kind*, beside the plane, shows which pixels are good "
            "at what."
        )


def _checks() -> None:
    tasks.question(
        "alpha-and-beta-positive",
        "A pair has α > 0 and β > 0. Is it admissible when brightening?",
        (
            Answer(
                "Yes: the target rises", "The target rises, but β > 0 says that the others, added up, rise as well."
            ),
            Answer("No: the others rise, too", "Right. β has to be below 0, so that the others fall.", right=True),
            Answer(
                "Yes, if α is larger than β",
                "The two are not weighed against each other: each has to have its sign. Here −αβ is below 0.",
            ),
        ),
    )
    tasks.question(
        "beta-near-zero",
        "A pair has the largest α of all, and a β close to 0, just below it. Can it win?",
        (
            Answer(
                "Yes: the largest α wins", "α is only one factor. Multiplied by almost nothing it gives almost nothing."
            ),
            Answer(
                "No: it is not admissible", "β is below 0 and α above 0, so it is admissible. Its score is just small."
            ),
            Answer(
                "Only if every other admissible pair scores even less",
                "Right. −α × β is close to 0, so almost any pair that is fair both ways beats it.",
                right=True,
            ),
        ),
    )


def _probabilities(lesson: Lesson) -> None:
    st.subheader("What if it looked at probabilities?", anchor=False)
    st.markdown(
        "The paper differentiates the logits. Differentiate the probabilities instead, and watch the plane.",
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
        st.altair_chart(plane, width="stretch", alt=f"{PLANE} {'★' if chosen else 'none'}; {output.lower()}.")
        if pair:
            pixels = " and ".join(shown.place(recording, pixel) for pixel in pair.pixels)
            numbers = f"α = {number(pair.alpha)}, β = {number(pair.beta)}, −αβ = {number(pair.score)}"
            st.caption(f"{output} of the untouched digit. ★: the best pair, {pixels}; {numbers}.")
    with words:
        if output == "Probabilities":
            _collapsed(lesson, recording)
        else:
            st.markdown(
                "On logits the dots spread over the plane: a pixel may pull on the target without pushing on the "
                "others, since no logit knows of the others. Switch to probabilities."
            )


def _collapsed(lesson: Lesson, recording: Recording) -> None:
    in_float64 = deepcopy(lesson.network.module).double()  # in float32 a sure network's derivatives drown in rounding
    derivatives = jacobian(in_float64, lesson.image[None], Output.PROBABILITIES)[0]
    remainder = findings.largest_remainder(derivatives, recording.target)
    largest = float(derivatives[recording.target].abs().max())
    st.markdown(
        "Probabilities add up to 1. What a pixel gives to the target it takes from the others, to the last digit: "
        "**b = −a**, and the plane collapses onto its diagonal. So β = −α, every pair with α > 0 is admissible, and "
        "its score is α²."
    )
    st.markdown(
        f"Computed here, on this digit, in double precision: the largest |α + β| of all pairs is "
        f"**{number(remainder)}**, where |a| goes up to {number(largest)}. What is left is rounding."
    )
    if recording.iterations:
        best = sum(each.two_strongest for each in findings.analyses(recording))
        st.markdown(
            "The search for a pair becomes a search for the two best single pixels: the attack took exactly these in "
            f"**{best} of its {recording.iterations} steps**."
        )
