"""What an attack is after, and how a rule weighs the derivatives that lead there."""

from collections.abc import Iterator
from enum import Enum

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from .jacobian import Output, vector_jacobian


class Rule(Enum):
    """How the derivatives are weighed before pairs are compared.

    With Z the differentiated outputs, p the probabilities, t the target and x the pixel:

        JSMA   a = dZ_t/dx               b = sum over j != t of dZ_j/dx            Papernot et al. 2016
        WJSMA  a = dZ_t/dx               b = sum over j != t of p_j dZ_j/dx        arXiv 2007.06032
        TJSMA  WJSMA's a and b, both multiplied by the room the pixel has left     arXiv 2007.06032

    The room is 1 - x when brightening; for darkening we read it as x.
    """

    JSMA = "jsma"
    WJSMA = "wjsma"
    TJSMA = "tjsma"

    @property
    def weighs_by_probability(self) -> bool:
        """Whether each of the other classes counts by its probability."""
        return self is not Rule.JSMA

    @property
    def weighs_by_room(self) -> bool:
        """Whether a pixel counts by the room it has left."""
        return self is Rule.TJSMA


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
    vector-Jacobian products that the rule needs are computed. TJSMA's room depends on the direction
    and is left to the caller.
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
    if rule is Rule.JSMA and output is Output.PROBABILITIES:  # they add up to one: what one gains the others lose
        return a, -a
    of_others = 1 - of_class if rule is Rule.JSMA else (1 - of_class) * probabilities
    return a, vector_jacobian(outputs, leaf, of_others).flatten(1)
