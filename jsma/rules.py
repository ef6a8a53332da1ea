"""What an attack is after, and how a rule weighs the derivatives that lead there."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from .jacobian import Output, vector_jacobian
from .saliency import Direction


@dataclass(frozen=True)
class RuleEntry:
    """All that is known of a rule; whoever needs to know a rule asks for these, never which rule it is.

    value: its name in addresses, files and on the command line; label: its name on screen; meaning: what the glossary
    says of it.
    weighs_by_probability: whether every other class counts in b by its probability; weighs_by_room: whether a and b
    are multiplied by how far the pixel can still move.
    formula: a and b. beta_words: how β comes about, read after "all others, ". a_caption and b_caption stand under
    the target's map and under the other maps, of which there are {others}. character: one sentence on what the rule
    does, for the comparison of rules. compared: the settings that are compared and measured on whole data sets.
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
    """How the derivatives are weighed before pairs are compared: this is the table of all rules.

    In the formulas Z are the differentiated outputs, p the probabilities, t the target, x a pixel, and room 1 - x when
    brightening; for darkening we read it as x. Sources: JSMA, Papernot et al. 2016, arXiv 1511.07528; WJSMA and TJSMA,
    arXiv 2007.06032.
    """

    JSMA = RuleEntry(
        value="jsma",
        label="JSMA",
        meaning="The paper's rule: a and b as they are, every other class counting the same.",
        weighs_by_probability=False,
        weighs_by_room=False,
        formula="a = dZ_t/dx, b = sum over j != t of dZ_j/dx",
        beta_words="added up",
        a_caption="this one is a",
        b_caption="the other {others}, added up, are b",
        character="β adds up the other classes as if all of them mattered.",
        compared=((Output.LOGITS, Direction.INCREASE), (Output.PROBABILITIES, Direction.INCREASE)),
    )
    WJSMA = RuleEntry(
        value="wjsma",
        label="WJSMA",
        meaning="Weighted JSMA: in b, every other class counts by its probability, so that those that the network has "
        "all but ruled out do not distract.",
        weighs_by_probability=True,
        weighs_by_room=False,
        formula="a = dZ_t/dx, b = sum over j != t of p_j dZ_j/dx",
        beta_words="each times its probability",
        a_caption="this one is a",
        b_caption="the other {others}, each times its probability, are b",
        character="Every other class counts by its probability, so β is about the classes that are still in the "
        "running.",
    )
    TJSMA = RuleEntry(
        value="tjsma",
        label="TJSMA",
        meaning="WJSMA with both derivatives of a pixel also multiplied by the room it has left, so that pixels that "
        "can move far come first.",
        weighs_by_probability=True,
        weighs_by_room=True,
        formula="a = room dZ_t/dx, b = room * sum over j != t of p_j dZ_j/dx",
        beta_words="each times its probability",
        a_caption="this one × room is a",
        b_caption="the other {others}, each times its probability, × room are b",
        character="A derivative says what a pixel does per unit of brightness; one that is nearly at its end can do "
        "little of it. This rule weighs classes by their probability, and multiplies by the room left, so that pixels "
        "that can move far come first.",
        compared=((Output.LOGITS, Direction.INCREASE), (Output.LOGITS, Direction.BOTH)),
    )

    def __new__(cls, entry: RuleEntry) -> "Rule":
        """Let the entry's `value` be the member's."""
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
        """Whether every other class counts in b by its probability."""
        return self.entry.weighs_by_probability

    @property
    def weighs_by_room(self) -> bool:
        """Whether a and b are multiplied by the room that the pixel has left."""
        return self.entry.weighs_by_room

    def in_direction(self, a: Tensor, b: Tensor, images: Tensor, direction: Direction) -> tuple[Tensor, Tensor]:
        """Return a and b (N, n) as pairs are compared that are moved in `direction`; images (N, ...) as they stand."""
        if not self.weighs_by_room:
            return a, b
        left = room(images, direction).flatten(1)
        return a * left, b * left


def room(values: Tensor, direction: Direction) -> Tensor:
    """Return how far values in [0, 1] can move in `direction`, up or down, shaped as they are."""
    return 1 - values if direction is Direction.INCREASE else values


@dataclass(frozen=True)
class Variant:
    """A rule with what it differentiates and which way it changes pixels."""

    rule: Rule
    output: Output
    direction: Direction

    @property
    def subject(self) -> str:
        """The rule on screen, with the output where the rule is compared on several."""
        outputs = {output for output, _ in self.rule.entry.compared}
        return f"{self.rule.label} on {self.output.value}" if len(outputs) > 1 else self.rule.label

    @property
    def file_name(self) -> str:
        """What files about it are called: jsma-logits, tjsma-both."""
        parts = [self.subject.replace(" on ", "-").lower()]
        return "-".join(parts + ([] if self.direction is Direction.INCREASE else [self.direction.value]))


def compared() -> list[Variant]:
    """Return the variants of all rules that are compared with one another, and measured on whole data sets."""
    return [Variant(rule, output, direction) for rule in Rule for output, direction in rule.entry.compared]


class Untargeted(Enum):
    """What an attack without a target is after: any answer but c, the class answered for the untouched image.

    Given in the place of a target; both are of Wiyatno and Xu, arXiv 1808.07945, and go with every
    `Rule` and direction. With a_k and b_k the rule's a and b towards class k:

        AWAY     NT-JSMA: a = -a_c, b = -b_c, so that c falls and the others rise
        MAXIMAL  M-JSMA: at every iteration the best pair of all classes k and directions, with
                 a = a_k, b = b_k for k other than c, and AWAY's for c; Direction.BOTH is the paper's.
                 Ties go to the lowest class. A pixel is never moved back (the paper's oscillation rule).
    """

    AWAY = "away"
    MAXIMAL = "maximal"


def has_won(logits: Tensor, labels: Tensor, untargeted: Untargeted | None) -> Tensor:
    """Return (N,) bool: whether the answer is the label (with a target), or no longer is it (without)."""
    answers = logits.argmax(dim=1)
    return answers == labels if untargeted is None else answers != labels


def weighed(
    rule: Rule, output: Output, untargeted: Untargeted | None, leaf: Tensor, logits: Tensor, labels: Tensor
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield a and b, (N, n) each and signed for brightening: once, or once a class for MAXIMAL.

    leaf and logits: as from `jsma.jacobian.forward`; labels (N,): the targets, or what is to be left. Only the
    vector-Jacobian products that the rule needs are computed. Room depends on the direction: `Rule.in_direction`.
    """
    outputs, probabilities = output.of(logits), logits.detach().softmax(dim=1)
    if untargeted is not Untargeted.MAXIMAL:
        a, b = _towards(rule, output, leaf, outputs, probabilities, labels)
        yield (a, b) if untargeted is None else (-a, -b)
        return
    for k in range(logits.shape[1]):
        a, b = _towards(rule, output, leaf, outputs, probabilities, torch.full_like(labels, k))
        sign = torch.where(labels == k, -1, 1)[:, None]
        yield sign * a, sign * b


def _towards(
    rule: Rule, output: Output, leaf: Tensor, outputs: Tensor, probabilities: Tensor, classes: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the rule's a and b towards one class an image."""
    of_class = one_hot(classes, outputs.shape[1]).to(outputs.dtype)
    a = vector_jacobian(outputs, leaf, of_class).flatten(1)
    if (
        not rule.weighs_by_probability and output is Output.PROBABILITIES
    ):  # they add up to one: what one gains the others lose
        return a, -a
    of_others = (1 - of_class) * probabilities if rule.weighs_by_probability else 1 - of_class
    return a, vector_jacobian(outputs, leaf, of_others).flatten(1)
