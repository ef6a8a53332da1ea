"""The table of what the course teaches: where each concept is explained, seen, predicted and checked."""

from typing import NamedTuple


class Concept(NamedTuple):
    """A concept of the course. A test holds every entry complete, and each part to what it names.

    explained: its terms in the glossary; seen: the number of the chapter that shows it on live data, and the heading
    there; predicted: the task that asks for it before it is shown; checked: the question about it.
    """

    explained: tuple[str, ...]
    seen: tuple[int, str]
    predicted: str
    checked: str


CONCEPTS = {
    "threat model": Concept(
        ("adversarial example", "threat model"), (1, "You are the attacker"), "blind-test", "white-box"
    ),
    "logits and softmax": Concept(
        ("logit", "softmax", "probability"), (1, "The network"), "one-rival-down", "small-but-equal"
    ),
    "forward derivative": Concept(
        ("forward derivative", "Jacobian", "first order"), (3, "Change it by hand"), "promise", "made-up-size"
    ),
    "recomputation": Concept(("iteration",), (3, "Once or every time?"), "once-or-every-time", "why-recompute"),
    "saliency map": Concept(("saliency map",), (4, "The map itself"), "which-map", "one-pixel-saliency"),
    "explanation against attack": Concept(("explanation",), (4, "The map itself"), "which-map", "explains-or-attacks"),
    "α and β": Concept(("a", "b", "α", "β"), (4, "The pair plane"), "which-pair-wins", "alpha-and-beta-positive"),
    "admissibility": Concept(("admissible",), (4, "The pair plane"), "share-admissible", "alpha-and-beta-positive"),
    "pair product": Concept(
        ("score", "skyband"), (4, "The same plane, step by step"), "which-pair-wins", "beta-near-zero"
    ),
    "two kinds of pixel": Concept(
        ("a", "b"), (4, "Does one pixel pull and the other push?"), "two-kinds", "kinds-on-probabilities"
    ),
    "domain and saturation": Concept(
        ("search domain", "saturated", "room"),
        (5, "A large θ against a small one"),
        "domain-after-one",
        "saturated-pixel",
    ),
    "θ": Concept(("θ",), (5, "A large θ against a small one"), "small-theta", "theta-and-budget"),
    "γ": Concept(("γ",), (5, "Less budget, until it fails"), "half-the-budget", "iterations-of-a-budget"),
    "stop reasons": Concept(("success",), (5, "When no pair is left"), "how-it-ends", "no-pair-left"),
    "distortion against success": Concept(
        ("distortion", "success"), (5, "Brighten or darken"), "darken-or-brighten", "denominators"
    ),
    "source–target hardness": Concept(
        ("hardness", "source class", "target class"),
        (6, "20 digits, nine targets each"),
        "hardest-classes",
        "hard-or-easy",
    ),
    "variants": Concept(
        ("JSMA", "WJSMA", "TJSMA"), (6, "Which classes β is made of"), "order-of-rules", "weighted-rule"
    ),
    "defence": Concept(
        ("defence", "threat model"), (7, "A filter, and who knows it"), "median-repairs", "masked-or-safe"
    ),
    "transfer": Concept(
        ("transfer",), (7, "Does the picture fool another network?"), "fools-another", "transfer-and-defence"
    ),
}
"""Every concept of the seven chapters that there are."""
