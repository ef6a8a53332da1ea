"""Chapter 3: the Jacobian, read pixel by pixel, tested by hand, and small on probabilities."""

from typing import NamedTuple

import pandas as pd
import streamlit as st
import torch
from torch import Tensor

from jsma import Attack, Output, jacobian
from jsma.glossary import explained
from jsma.jacobian import jacobian_of_classes
from pages.ui.formatting import number
from pages.ui.shared import picker
from pages.ui.stage import stage
from pages.ui.walkthrough import charts, excerpt, once, shown, tasks
from pages.ui.walkthrough.lesson import Lesson
from pages.ui.walkthrough.tasks import Answer

TITLE = "The Jacobian"
QUESTION = "Which pixel moves which class?"
TASKS = (
    "good-pixel",
    "promise",
    once.TASK,
    "made-up-signs",
    "made-up-size",
    "size-of-all",
    "why-recompute",
)

OUTPUTS = {Output.LOGITS: "Logits", Output.PROBABILITIES: "Probabilities"}


def show(lesson: Lesson) -> None:
    """Show the chapter on the digit of `lesson`."""
    st.markdown(
        "Brighten one pixel a little: how do the ten outputs change? The answer, for every pixel and every class, is "
        "the Jacobian: ten maps, one for each class. An orange pixel raises the class, a blue one lowers it. Point at "
        "a pixel to read its number below each map.",
        help=explained("Jacobian", "forward derivative", "logit"),
    )
    output = st.segmented_control(
        "Outputs that are differentiated",
        OUTPUTS,
        format_func=OUTPUTS.__getitem__,
        default=Output.LOGITS,
        required=True,
        key="walkthrough-output",
        persist_state="session",
    )
    _maps(lesson, output)
    _how_steep(lesson, output)
    pixel = _find_a_pixel(lesson)
    if pixel is not None:
        _change_by_hand(lesson, pixel)
    once.show(lesson)
    _in_the_library()
    _checks(lesson)
    tasks.summary("the map is a promise for a small step, renewed each time.")


@st.fragment
def _maps(lesson: Lesson, output: Output) -> None:
    recording = lesson.recording(Attack(output=output))
    views = ("picture", "jacobian")
    stage(recording, views=views, predict=True, key="stage-maps", level=3)  # the best pair would give it away


def largest(lesson: Lesson, output: Output) -> float:
    """Return the largest absolute entry of the Jacobian of `output` at the untouched digit."""
    return jacobian(lesson.network.module, lesson.image[None], output).abs().max().item()


def _how_steep(lesson: Lesson, output: Output) -> None:
    """Compare the two Jacobians, whose maps are each coloured on a scale of their own."""
    of_logits, of_probabilities = (largest(lesson, each) for each in Output)
    words = (
        f"At the untouched digit the largest of all slopes is **{number(of_logits)}** for logits and "
        f"**{number(of_probabilities)}** for probabilities. The colours do not show that, since each output has its "
        "own scale: read the numbers at the ends of the scale. The paper differentiates the logits."
    )
    st.markdown(words, help=explained("softmax", "probability"))
    st.markdown(
        "On probabilities the ten numbers of a pixel add up to 0: what one class gains, the others lose together."
    )
    _why_flat(lesson)


class Slope(NamedTuple):
    """The slope of the target's probability at one pixel, and what it is made of.

    share: the target's probability; own: the slope of its logit; mean: that of all logits, weighted by probability.
    """

    pixel: int
    share: float
    own: float
    mean: float

    @property
    def of_probability(self) -> float:
        """The slope of the target's probability."""
        return self.share * (self.own - self.mean)


def steepest(lesson: Lesson) -> Slope:
    """Return the pixel at which the target's probability rises most, at the untouched digit."""
    of_logits = jacobian(lesson.network.module, lesson.image[None])[0].flatten(1).double()  # (classes, n)
    shares, target = _logits(lesson, lesson.image[None])[0].softmax(0), lesson.choice.target
    means = shares @ of_logits  # (n,)
    pixel = int((of_logits[target] - means).argmax())
    return Slope(pixel, shares[target].item(), of_logits[target, pixel].item(), means[pixel].item())


def _why_flat(lesson: Lesson) -> None:
    """Say what the slope of a probability is made of, with the numbers of one pixel."""
    slope, target = steepest(lesson), lesson.choice.target
    st.latex(
        rf"\frac{{\partial p_{{{target}}}}}{{\partial x}} = p_{{{target}}} \left( \frac{{\partial z_{{{target}}}}}"
        r"{\partial x} - \sum_j p_j \frac{\partial z_j}{\partial x} \right)"
    )
    st.markdown(
        f"At row {slope.pixel // lesson.image.shape[2]}, column {slope.pixel % lesson.image.shape[2]}, where the "
        f"probability of {target} rises most: {number(slope.share)} × ({number(slope.own)} − ({number(slope.mean)})) = "
        f"**{number(slope.of_probability)}**. The factor p = {number(slope.share)} is the same for all pixels. A small "
        "factor makes all slopes small, but it cannot change which pixel is best, and the attack needs only that. So "
        "small slopes are a question of scale, not of information (as long as the numbers do not underflow).\n\nThe "
        "bracket is not the slope of the target's logit alone: the mean slope of all logits is subtracted, and each "
        "class counts by its probability. So it compares the target with the leading classes. Later papers call the "
        "attack on logits **JSMA-Z** and the one on probabilities **JSMA-F**. Which of them wins is measured in "
        "chapter 6."
    )


def _logits(lesson: Lesson, images: Tensor) -> Tensor:
    """Return the logits (N, classes) of images (N, 1, H, W), float64."""
    with torch.no_grad():
        return lesson.network.module(images).double()


HUNT = "walkthrough-hunt"


def _hunt(lesson: Lesson) -> None:
    """Draw the maps of the target and of the class to beat; a click fills in row and column."""
    slopes = jacobian(lesson.network.module, lesson.image[None])[0, :, 0]  # (classes, H, W)
    maps = {
        f"Map of the target, {lesson.choice.target}": shown.signed(slopes[lesson.choice.target]),
        f"Map of {lesson.to_beat}": shown.signed(slopes[lesson.to_beat]),
    }
    height, width = lesson.image.shape[1:]

    def fill() -> None:
        picked = picker.picks(HUNT, lesson.subject, height * width, 1)
        if picked:
            st.session_state["walkthrough-Row"], st.session_state["walkthrough-Column"] = divmod(picked[0], width)

    picker.pick(maps, (height, width), 1, lesson.subject, HUNT, on_pick=fill)


def _find_a_pixel(lesson: Lesson) -> int | None:
    """Let the reader look for a pixel that raises the target and lowers the true class; return one that does."""
    choice, (height, width) = lesson.choice, lesson.image.shape[1:]
    st.subheader("Find a pixel", anchor=False)
    st.markdown(
        f"**Do.** Find a pixel that raises the target, {choice.target}, and lowers {lesson.class_to_beat}: orange in "
        f"the map of {choice.target}, blue in the map of {lesson.to_beat}. Click it on either map, or enter its row "
        "and column. (Logits of the untouched digit; each map has its own scale.)"
    )
    _hunt(lesson)
    with st.container(horizontal=True):
        row, column = (
            st.number_input(
                name, 0, last - 1, value=None, step=1, key=f"walkthrough-{name}", persist_state="session", width=150
            )
            for name, last in (("Row", height), ("Column", width))
        )
    if row is None or column is None:
        return None
    pixel = row * width + column
    slopes = jacobian(lesson.network.module, lesson.image[None])[0].flatten(1)[:, pixel].double()
    pull, push = slopes[choice.target].item(), slopes[lesson.to_beat].item()
    room = 1 - lesson.image.flatten()[pixel].item()
    found = pull > 0 and push < 0 and room > 0
    if found:
        tasks.mark_done("good-pixel")
    does = (
        f"The pixel at row {row}, column {column} {'raises' if pull > 0 else 'does not raise'} the target "
        f"({choice.target}: **{number(pull, sign=True)}**) and {'lowers' if push < 0 else 'does not lower'} "
        f"the class to beat ({lesson.to_beat}: **{number(push, sign=True)}**)."
    )
    if pull > 0 and push < 0 and not room:
        does += " But it is white already: it cannot get any brighter."
    say, icon = (st.success, ":material/check:") if found else (st.error, ":material/close:")
    say(f"{does} {'This pixel does both.' if found else 'Try another pixel.'}", icon=icon)
    with st.expander("All ten numbers of this pixel"):
        words = [number(slope, sign=True) for slope in slopes.tolist()]
        charts.bars_by_class(slopes.tolist(), words, "slope of the logit", choice.digit, choice.target)
    return pixel if found else None


PROMISES = ("It rises by exactly that much.", "It rises, but by less.", "It rises by more.", "It falls.")


def _change_by_hand(lesson: Lesson, pixel: int) -> None:
    """Turn the pixel white: what the map promises against what happens."""
    values, target = lesson.image.flatten(), lesson.choice.target
    before = values[pixel].item()
    slope = jacobian(lesson.network.module, lesson.image[None])[0, target].flatten()[pixel].item()
    promise = slope * (1 - before)
    st.subheader("Change it by hand", anchor=False)
    said = tasks.predict(
        "promise",
        f"{lesson.subject}-{pixel}",
        f"The pixel has the value {before:.2f}. Turned white, it rises by {1 - before:.2f}, so the map promises the "
        f"logit of {target} a rise of {number(slope)} × {1 - before:.2f} = {number(promise)}. What will really happen?",
        lambda key: st.radio("What happens", PROMISES, index=None, key=key, label_visibility="collapsed"),
        PROMISES,
    )
    if said is None:
        return
    brightness = torch.linspace(before, 1, 21)
    changed = values.repeat(len(brightness), 1)
    changed[:, pixel] = brightness
    logits = _logits(lesson, changed.view(-1, *lesson.image.shape))[:, target]
    happened = (logits[-1] - logits[0]).item()
    outcome = what_became(promise, happened)
    tasks.note_first("promise", said, outcome)
    verdict = "As you said." if said == outcome else f"You said: “{said}”"
    st.markdown(
        f"**{outcome}** The map promised {number(promise, sign=True)}, the logit of {target} went from "
        f"{number(logits[0].item())} to {number(logits[-1].item())}: **{number(happened, sign=True)}**. {verdict}",
        help=explained("first order"),
    )
    straight = logits[0] + slope * (brightness - before)
    charts.lines(
        pd.DataFrame(
            {
                "value of the pixel": brightness.repeat(2),
                f"logit of {target}": torch.cat([straight, logits]),
                "line": ["promised"] * len(brightness) + ["happened"] * len(brightness),
            }
        ),
        "value of the pixel",
        f"logit of {target}",
        "line",
        dashed="promised",
    )
    st.caption("Where the two lines separate, the slope has changed. At the left end they have the same slope.")
    _whole_attack(lesson)


def what_became(promise: float, happened: float) -> str:
    """Return the one of PROMISES that is true; 2 % more or less count as just that much."""
    if abs(happened - promise) <= 0.02 * abs(promise):
        return PROMISES[0]
    if happened < 0:
        return PROMISES[3]
    return PROMISES[1] if happened < promise else PROMISES[2]


def _whole_attack(lesson: Lesson) -> None:
    """Sum up the promises of chapter 2's attack, from its recording."""
    pairs = [step.pair for step in lesson.recording().steps if step.pair]
    if not pairs:
        return
    promised, happened = sum(pair.forecast for pair in pairs), sum(pair.happened for pair in pairs)
    less = sum(0 <= pair.happened < pair.forecast for pair in pairs)
    back = sum(pair.happened < 0 for pair in pairs)
    st.markdown(
        f"Over all {len(pairs)} steps of the attack in chapter 2, the maps promised {number(promised, sign=True)} in "
        f"all, and the logit changed by {number(happened, sign=True)}. It rose by less than promised in {less} steps, "
        f"and fell in {back}. That is why the loop computes a new Jacobian at every step."
    )


def _in_the_library() -> None:
    st.subheader("In the library", anchor=False)
    st.markdown(
        "The name *forward derivative* says what is differentiated: the outputs, by the inputs, and not the loss by "
        "the weights. It is computed by backward passes, one for each output. Here all ten go in one batch: the "
        "picture is copied ten times, and each copy is differentiated for its own class."
    )
    excerpt.show(jacobian_of_classes, "copies, logits", "return")


TARGET_MAP = ((0.8, -0.2), (0.0, 0.5))
TRUE_MAP = ((0.6, -0.7), (-0.9, -0.4))
PICTURE = ((0.1, 0.0), (0.3, 0.6))
"""Made up: the maps of target and true class, and the values, of a picture of 2 × 2 pixels."""

PLACES = {"top left": (0, 0), "top right": (0, 1), "bottom left": (1, 0), "bottom right": (1, 1)}


def _checks(lesson: Lesson) -> None:
    st.subheader("Read a small one", anchor=False)
    st.markdown("A made-up picture of 2 × 2 pixels, and two of its maps:")
    for column, name, table in zip(
        st.columns([1, 1, 1, 1.5], gap="medium"),
        ("The picture", "Map of the target", "Map of the true class"),
        (PICTURE, TARGET_MAP, TRUE_MAP),
        strict=False,
    ):
        column.markdown(f"**{name}**\n\n" + _as_table(table, signed=table is not PICTURE))
    tasks.question(
        "made-up-signs",
        "Which pixel, made a little brighter, raises the target and lowers the true class?",
        [_of_place(name, *PLACES[name]) for name in PLACES],
    )
    room = 1 - PICTURE[1][1]
    promise = TARGET_MAP[1][1] * room
    tasks.question(
        "made-up-size",
        "The bottom right pixel is turned white. Going by its map, by how much does the target's logit rise?",
        [
            Answer(
                number(TARGET_MAP[1][1]), f"That is the slope: the rise for a whole unit. There is room for {room:g}."
            ),
            Answer(number(promise), f"Slope times move: {TARGET_MAP[1][1]:g} × {room:g} = {promise:g}.", right=True),
            Answer(number(room), "That is how much the pixel changes. Multiply it by the slope in the target's map."),
        ],
    )
    _size_of_all(lesson)
    tasks.question(
        "why-recompute",
        "Why does the attack compute the Jacobian again after every pair?",
        [
            Answer(
                "The weights of the network have changed",
                "The attack never changes weights. It changes the picture, and the slopes depend on the picture.",
            ),
            Answer(
                "The slopes hold for small changes around one picture, and the picture has changed",
                "Right. The Jacobian belongs to one picture. Turning two pixels white is a large change, and "
                "afterwards the slopes are different.",
                right=True,
            ),
            Answer(
                "To leave out pixels that are white already",
                "That needs no Jacobian: the values of the pixels show it.",
            ),
        ],
    )


def _as_table(rows: tuple, signed: bool) -> str:
    def written(value: float) -> str:
        return f"{value:{'+' if signed and value else ''}.1f}".replace("-", "−")

    lines = [
        f"| {name} | {written(left)} | {written(right)} |"
        for name, (left, right) in zip(("top", "bottom"), rows, strict=True)
    ]
    return "\n".join(["| Row | left | right |", "| :-- | --: | --: |", *lines])


def _of_place(name: str, row: int, column: int) -> Answer:
    pull, push = TARGET_MAP[row][column], TRUE_MAP[row][column]
    target = "raises" if pull > 0 else "lowers" if pull < 0 else "does not move"
    true = "raises" if push > 0 else "lowers"
    why = f"It {target} the target ({number(pull, sign=True)}) and {true} the true class ({number(push, sign=True)})."
    return Answer(name.capitalize(), why, pull > 0 > push)


def _size_of_all(lesson: Lesson) -> None:
    classes, pixels = 10, lesson.image.numel()
    height, width = lesson.image.shape[1:]
    whole = f"{classes} × {height} × {width}"
    tasks.question(
        "size-of-all",
        "How many numbers does the whole Jacobian of your digit hold?",
        [
            Answer(f"{classes}", f"That is one for each class: the logits themselves. Each has a whole map: {whole}."),
            Answer(f"{pixels}", f"That is the map of one class. There are {classes} of them: {whole}."),
            Answer(
                f"{classes * pixels:,}", f"One for each class and pixel: {whole} = {classes * pixels:,}.", right=True
            ),
            Answer(
                f"{pixels**2:,}",
                f"That would be one for each pair of pixels. The Jacobian has one for each class and pixel: {whole}.",
            ),
        ],
    )
