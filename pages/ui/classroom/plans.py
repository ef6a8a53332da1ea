"""Two plans for a lesson: what the class does in each part, what to ask, what to expect, and what is often believed."""

from typing import NamedTuple

from pages.ui.shared.classroom.activities import Activity


class Part(NamedTuple):
    """A part of a lesson. ask: what to ask; expect: good answers; believed: what is often believed instead.

    step: that of the attack, question: a name in the course's table, where the activity needs one.
    """

    minutes: int
    title: str
    activity: Activity
    ask: str
    expect: str
    believed: str
    step: int = 0
    question: str = ""


OPENING = Part(
    5,
    "The question",
    Activity.FOLLOW,
    "Play the attack to its end. Why does the network read another digit, while you do not?",
    "The changed pixels are few and look like noise to us; the network weighs every pixel, and these few count much.",
    "“The network is bad.” It reads nearly all digits right; the attack uses its own derivatives.",
)
TRY = Part(
    5,
    "Everybody attacks",
    Activity.EXPLORE,
    "Which target needs the fewest pixels on your digit? Which one fails?",
    "Targets that share strokes with the digit are cheap. Some attacks spend their budget.",
    "“All targets are equally hard.” Compare the numbers of pixels in the row.",
)
MAPS = Part(
    8,
    "The two derivatives",
    Activity.FOLLOW,
    "Point at pixels of the Jacobian. Which raise the target? Which lower the others? Is there one that does both?",
    "a is the slope of the target's logit, b the sum of the slopes of all others. Few pixels are good at both.",
    "“The brightest pixels of the digit matter.” A white pixel has no room left to become brighter.",
)
FIRST_VOTE = Part(
    10,
    "The first prediction",
    Activity.PREDICT,
    "Pick two pixels alone. Show the picks, let neighbours convince each other for two minutes, then reveal.",
    "A pair wins by −α × β, both sums of two: one pixel that pulls and one that pushes may win together.",
    "“The largest a wins.” A pair whose β is close to 0 scores little, however large its α.",
)
SECOND_VOTE = Part(
    7,
    "Once more, one step on",
    Activity.PREDICT,
    "Is it the runner-up of before? Pick again. Has the class become better?",
    "Often not: the picture has changed, and with it all slopes, so the Jacobian is computed again.",
    "“The second best pair comes next.” It was the second best for another picture.",
    step=1,
)
PRODUCT = Part(
    5,
    "Check: the score",
    Activity.QUESTION,
    "Ask, wait until nearly all have answered, then reveal with the explanation.",
    "Multiply α by −β for each pair, and take the larger product.",
    "“The pair with the larger α.”",
    question="quiz-product",
)
SUCCESS = Part(
    5,
    "What a number hides",
    Activity.QUESTION,
    "Ask, reveal, and close: what would you want to know of an attack in a report?",
    "How often it succeeds, and over which attacks the mean is taken.",
    "“Fewer pixels are always better.”",
    question="quiz-success",
)
SOFTMAX = Part(
    8,
    "Logits and probabilities",
    Activity.QUESTION,
    "Ask before you explain softmax; let those who were right explain.",
    "Only the differences between logits count.",
    "“All probabilities rise.” They add up to 1.",
    question="quiz-softmax",
)
BUDGET = Part(
    5,
    "The budget",
    Activity.QUESTION,
    "Ask, then let the class compute the budget of the attack on the screen.",
    "γ is the share of the pixels; each iteration changes two of them.",
    "“γ counts iterations.”",
    question="quiz-budget",
)
PROMISE = Part(
    7,
    "First order",
    Activity.QUESTION,
    "Compare the promised and the actual change of a logit in the lab, then ask.",
    "A slope holds for a small change; the pixels move by a lot.",
    "“The Jacobian is wrong.”",
    question="quiz-promise",
)
PAPER = Part(
    15,
    "The worksheet",
    Activity.EXPLORE,
    "In pairs, on paper; the lab is open to check. Collect the answers of the last task on the board.",
    "See the key.",
    "Signs are lost most often: β of an admissible pair is below 0, so its score is above 0.",
)
SETTINGS = Part(
    10,
    "Change the rules",
    Activity.EXPLORE,
    "A smaller θ, darken instead of brighten, half the budget: predict first, then try. What changes, what stays?",
    "A small θ needs more iterations; darkening has only the strokes to work on; half the budget fails more often.",
    "“A small θ changes fewer pixels.” It changes each by less, and some of them again.",
)

PLANS: dict[int, tuple[Part, ...]] = {
    45: (OPENING, TRY, MAPS, FIRST_VOTE, SECOND_VOTE, PRODUCT, SUCCESS),
    90: (
        OPENING,
        TRY,
        SOFTMAX,
        MAPS,
        FIRST_VOTE,
        SECOND_VOTE,
        PRODUCT,
        PAPER,
        BUDGET,
        PROMISE,
        SETTINGS,
        SUCCESS,
    ),
}
"""By their minutes."""
