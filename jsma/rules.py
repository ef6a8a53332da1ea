"""The table of rules, which weight the derivatives, and the goals of an attack without a target."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from .features import Features
from .jacobian import Output, vector_jacobian
from .saliency import Direction


@dataclass(frozen=True)
class RuleEntry:
    """All properties of a rule. Other code reads these properties and never asks which rule it is.

    value: its name in addresses, files and on the command line; label: its name on screen; meaning: its entry in the
    glossary.
    weighs_by_probability: whether b weights every other class by its probability; weighs_by_room: whether a and b
    are multiplied by the room, that is how far the pixel can still move.
    formula: a and b. beta_words: how β is computed; follows "all others, " in texts. a_caption and b_caption: the
    captions of the target's map and of the other maps; {others} is their number. character: one sentence on what the
    rule does, for the comparison of rules. compared: outputs and directions with which the rule is compared with others
    and measured on whole data sets.
    """

    value: str
    label: str
    meaning: str
    weighs_by_probability: bool
    weighs_by_room: bool
    formula: str
    beta_words: str
    a_caption: str
    b_caption: str
    character: str
    compared: tuple[tuple[Output, Direction], ...] = ((Output.LOGITS, Direction.INCREASE),)


class Rule(Enum):
    """The table of all rules: how the derivatives are weighted before pairs are compared.

    In the formulas Z are the differentiated outputs, p the probabilities, t is the target and x a pixel; room is 1 - x
    for brightening. For darkening, which the source of TJSMA does not define, it is x here. With other bounds than
    0 and 1, room is a share of the range. Sources: JSMA, Papernot et
    al. 2016, arXiv 1511.07528; WJSMA and TJSMA, Loison et al. 2020, arXiv 2007.06032.
    """

    JSMA = RuleEntry(
        value="jsma",
        label="JSMA",
        meaning="The paper's rule: a and b without weights; every other class counts the same. Later papers call it "
        "JSMA-Z where it differentiates the logits, as the paper says, and JSMA-F where it differentiates the "
        "probabilities.",
        weighs_by_probability=False,
        weighs_by_room=False,
        formula="a = dZ_t/dx, b = sum over j != t of dZ_j/dx",
        beta_words="added up",
        a_caption="this one is a",
        b_caption="the other {others}, added up, are b",
        character="β adds up all other classes with the same weight, also those with a probability near 0.",
        compared=((Output.LOGITS, Direction.INCREASE), (Output.PROBABILITIES, Direction.INCREASE)),
    )
    WJSMA = RuleEntry(
        value="wjsma",
        label="WJSMA",
        meaning="Weighted JSMA: in b, every other class counts by its probability, so that classes with a "
        "probability near 0 have almost no influence.",
        weighs_by_probability=True,
        weighs_by_room=False,
        formula="a = dZ_t/dx, b = sum over j != t of p_j dZ_j/dx",
        beta_words="each times its probability",
        a_caption="this one is a",
        b_caption="the other {others}, each times its probability, are b",
        character="Every other class counts by its probability, so β depends mostly on the classes that the network "
        "still considers likely.",
    )
    TJSMA = RuleEntry(
        value="tjsma",
        label="TJSMA",
        meaning="WJSMA with a and b of a pixel also multiplied by its room, so that pixels that can move far "
        "are preferred. Its paper defines the room for brightening, 1 − value; the room for darkening, the value, and "
        "so both directions together, are this project's.",
        weighs_by_probability=True,
        weighs_by_room=True,
        formula="a = room dZ_t/dx, b = room * sum over j != t of p_j dZ_j/dx",
        beta_words="each times its probability",
        a_caption="this one × room is a",
        b_caption="the other {others}, each times its probability, × room are b",
        character="A derivative is the effect per unit of brightness, but a pixel near the end of its range can only "
        "move a little. This rule weights classes by their probability, and multiplies by the room, so that pixels "
        "that can move far are preferred.",
        compared=((Output.LOGITS, Direction.INCREASE), (Output.LOGITS, Direction.BOTH)),
    )

    def __new__(cls, entry: RuleEntry) -> "Rule":
        """Use the entry's `value` as the member's value."""
        member = object.__new__(cls)
        member._value_ = entry.value
        return member

    def __init__(self, entry: RuleEntry) -> None:
        self.entry = entry

    @property
    def label(self) -> str:
        """The name on screen."""
        return self.entry.label

    @property
    def weighs_by_probability(self) -> bool:
        """Whether b weights every other class by its probability."""
        return self.entry.weighs_by_probability

    @property
    def weighs_by_room(self) -> bool:
        """Whether a and b are multiplied by the room, how far the pixel can still move."""
        return self.entry.weighs_by_room

    def in_direction(
        self, a: Tensor, b: Tensor, images: Tensor, direction: Direction, features: Features
    ) -> tuple[Tensor, Tensor]:
        """Return a and b (N, n) as this rule weights them for `direction`.

        images: the current ones, (N, C, H, W); features: theirs, which say how much room each has.
        """
        if not self.weighs_by_room:
            return a, b
        room = features.room(images, direction).flatten(1)  # (N, n)
        return a * room, b * room


@dataclass(frozen=True)
class Variant:
    """A rule with the outputs that it differentiates and the direction in which it changes pixels."""

    rule: Rule
    output: Output
    direction: Direction

    @property
    def subject(self) -> str:
        """The rule's name on screen; with the output, if the rule is compared on more than one."""
        outputs = {output for output, _ in self.rule.entry.compared}
        return f"{self.rule.label} on {self.output.value}" if len(outputs) > 1 else self.rule.label

    @property
    def file_name(self) -> str:
        """The name of its files without the ending, as jsma-logits or tjsma-both."""
        parts = [self.subject.replace(" on ", "-").lower()]
        return "-".join(parts + ([] if self.direction is Direction.INCREASE else [self.direction.value]))


def compared() -> list[Variant]:
    """Return the variants of all rules that are compared and measured on whole data sets."""
    return [Variant(rule, output, direction) for rule in Rule for output, direction in rule.entry.compared]


class Untargeted(Enum):
    """The kinds of attack without a target; the goal is any prediction except c, the one for the original image.

    Pass one in place of a target; both work with every `Rule` and direction. Below, a_k and b_k are the rule's a
    and b for the class k as the target. Source: Wiyatno and Xu 2018, arXiv 1808.07945.
    """

    AWAY = "away"
    """NT-JSMA: a = -a_c and b = -b_c, so that the output of c falls and the others rise.

    A rule that weighs the others by their probabilities weighs them by these as shares of their sum, which changes no
    choice: where a network is sure of c, the probabilities themselves are 0 in floating point, and no pair admissible.
    """

    MAXIMAL = "maximal"
    """M-JSMA: at every iteration, the best pair over all classes k and directions.

    For k != c, a = a_k and b = b_k; for c, a = -a_c and b = -b_c. The paper uses Direction.BOTH. Ties: the lowest
    class. A change is never undone (the paper's oscillation rule). Scores of different classes are compared as they
    are: with Output.LOGITS the best one often belongs to a class far from being the answer, and more pixels are changed
    than with AWAY; with Output.PROBABILITIES about as few.
    """


def has_succeeded(logits: Tensor, labels: Tensor, untargeted: Untargeted | None) -> Tensor:
    """Return (N,) bool: with a target, whether the prediction is the label; without, whether it is another class.

    logits: (N, classes); labels: (N,), as `jsma.attack.resolve_targets` returns them.
    """
    predictions = logits.argmax(dim=1)
    return predictions == labels if untargeted is None else predictions != labels


def weighted_gradients(
    rule: Rule, output: Output, untargeted: Untargeted | None, leaf: Tensor, logits: Tensor, labels: Tensor
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield a and b, (N, n) each, with the signs of brightening: once, or once per class for Untargeted.MAXIMAL.

    leaf (N, C, H, W) and logits (N, classes): from `jsma.jacobian.forward`; labels (N,): from
    `jsma.attack.resolve_targets`. Only the vector-Jacobian products that the rule needs are computed. The room depends
    on the direction and is not applied here, see `Rule.in_direction`.
    """
    outputs, probabilities = output.of(logits), logits.detach().softmax(dim=1)
    if untargeted is Untargeted.AWAY:  # shares of what c leaves: the same pairs, and they do not underflow to 0
        probabilities = logits.detach().scatter(1, labels[:, None], -torch.inf).softmax(dim=1)
    if untargeted is not Untargeted.MAXIMAL:
        a, b = _gradients_towards(rule, output, leaf, outputs, probabilities, labels)
        yield (a, b) if untargeted is None else (-a, -b)
        return
    for k in range(logits.shape[1]):
        a, b = _gradients_towards(rule, output, leaf, outputs, probabilities, torch.full_like(labels, k))
        sign = torch.where(labels == k, -1, 1)[:, None]  # (N, 1)
        yield sign * a, sign * b


def _gradients_towards(
    rule: Rule, output: Output, leaf: Tensor, outputs: Tensor, probabilities: Tensor, classes: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the rule's a and b, (N, n) each, for one target class per image, classes (N,)."""
    target_weights = torch.zeros_like(outputs).scatter(1, classes[:, None], 1)  # (N, classes); one_hot reads values
    a = vector_jacobian(outputs, leaf, target_weights).flatten(1)  # (N, C, H, W) to (N, n)
    if output is Output.PROBABILITIES and not rule.weighs_by_probability:
        return a, -a  # probabilities sum to one, so the derivatives of all classes sum to zero
    others_weights = 1 - target_weights  # (N, classes)
    if rule.weighs_by_probability:
        others_weights = others_weights * probabilities
    return a, vector_jacobian(outputs, leaf, others_weights).flatten(1)
