"""The reason beside the stop, where derivatives that are exactly 0 leave no pair admissible."""

from collections.abc import Iterable

from torch import Tensor

from .jacobian import Output


def why_no_pair(gradients: Iterable[tuple[Tensor, Tensor]], output: Output) -> str | None:
    """Return what derivatives tell of why no pair is admissible, as a sentence or two; None for the usual case.

    gradients: pairs of a and b, (k,) each, of the pixels that may be changed, with the sign of their direction, so that
    α > 0 and β < 0 is right; one pair per direction and class that was compared. output: what was differentiated.
    """
    gradients = list(gradients)
    if not any(a.any() or b.any() for a, b in gradients):
        return _ALL_ZERO[output]
    if output is Output.PROBABILITIES:
        return None
    if not any(a.any() for a, _ in gradients):
        return f"α is 0: the target's logit depends on no pixel that may be changed. {_TRY_PROBABILITIES}"
    if any(((a > 0) & (b == 0)).any() and (b == 0).sum() > 1 for a, b in gradients):
        return f"β is 0 for pairs that raise the target: the other logits, added up, do not fall. {_TRY_PROBABILITIES}"
    return None


_ALL_ZERO = {
    Output.LOGITS: "All derivatives are 0: the model rounds, thresholds or saturates, so that no small change moves a "
    "logit. Attack it without that step.",
    Output.PROBABILITIES: "All derivatives are 0: softmax is saturated, or the model rounds or thresholds. "
    "Differentiate the logits instead (Output.LOGITS).",
}
_TRY_PROBABILITIES = (
    "Differentiate the probabilities instead (Output.PROBABILITIES), where such pairs can be admissible."
)
