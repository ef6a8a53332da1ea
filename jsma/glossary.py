"""The glossary: every technical term, each explained once, here or in the tables of rules, attacks and maps."""

from .baselines import Baseline
from .explanations import MAPS
from .other_attacks import OtherAttack
from .report import COMPARABLE_SUCCESS
from .rules import Rule

TERMS = {
    "logit": "The network's output for one class before softmax: any number, not a probability. Only differences "
    "between logits matter; they may be negative. The paper differentiates these.",
    "softmax": "Turns the logits into probabilities: e to the power of each logit, divided by the sum of these. A "
    "logit that leads one rival by 7 has a probability of 99.9 %; if it leads nine rivals by 7 each, 99.2 %.",
    "probability": "The network's output for one class after softmax. All of them add up to 100 %. The derivative of a "
    "probability is p × (that of its logit − the mean of all logits' derivatives, weighted by probability). The "
    "factor p is the same for all pixels: where it is tiny all derivatives are tiny, but the order of the pixels does "
    "not change.",
    "adversarial example": "A picture that was changed so that the network reads another class, while a person still "
    "reads the same digit.",
    "threat model": "What an attacker wants, knows and may do. Here: a target class; all weights of the network (a "
    "white box); to change pixels, each by any amount, at a cost of one for each pixel.",
    "explanation": "A map that says which pixels an answer depends on, such as |∂z/∂x| of the class that is read. It "
    "does not depend on a target, and is not the map that an attack uses.",
    "forward derivative": "The paper's name for the Jacobian of the network's outputs with respect to its input "
    "pixels.",
    "Jacobian": "For every class and every pixel, how fast that class's output rises (or falls) when the pixel gets a "
    "little brighter. For ten digits of 28 × 28 pixels these are 7,840 numbers.",
    "first order": "The approximation by the derivative, a straight line. The network is not linear, so the true "
    "change differs, and the larger the change of the pixel, the more.",
    "source class": "The true class of the picture, which the network should read.",
    "target class": "The wrong class that the attack wants the network to read.",
    "saliency map": "A value for each pixel, computed from the Jacobian: −a × b of the pixel alone, or the best score "
    "−α × β that it reaches with a partner. The larger it is, the more changing the pixel helps the attack.",
    "a": "The pull of one pixel on the target: how fast the target's output rises as the pixel gets brighter.",
    "b": "How fast the outputs of all other classes, added up, rise as the pixel gets brighter. −b is the push "
    "on them. Some rules weigh each class by its probability first.",
    "α": "Alpha: the sum of the two a of a pair. What changing both pixels does for the target.",
    "β": "Beta: the sum of the two b of a pair. What changing both pixels does for all other classes together.",
    "admissible": "A pair passes both tests, to first order: changing it raises the target, and lowers the sum of the "
    "others (weighted, if the rule has weights). A single other class may still rise. When brightening: α above 0 and "
    "β below 0. When darkening, the other way round.",
    "score": "−α × β of an admissible pair. It is large only if both α and β are large in size: in the plane, four "
    "times the area between the axes and the midpoint of its two dots.",
    "skyband": "The pixels for which at most one other pixel has both an a and a −b at least as large. Any other pixel "
    "can be replaced in a pair by one of two better ones, so the best pair always lies within the skyband, and only "
    "its pairs are compared.",
    "search domain": "The pixels that may still be changed. A pixel leaves it when it has reached the end of its "
    "range: white when brightening, black when darkening.",
    "saturated": "At the end of its range, white or black, so that the pixel cannot move in the direction of the "
    "attack.",
    "room": "How far a pixel can still move in the direction of the attack: 1 − value when brightening, its value "
    "when darkening.",
    "θ": "Theta: how far a chosen pixel is moved in one iteration. 1 moves it to the end of its range at once; with "
    "a smaller value, a pixel may be chosen again.",
    "γ": "Gamma (the paper's upsilon): the budget, a share of the pixels. It counts changes, two at each iteration: "
    "14.5 % of 784 pixels are 56 iterations, at most 112 pixels. With θ below 1 a pixel can be changed again, and "
    "each change counts.",
    "iteration": "One pass of the loop: run the network, compute the Jacobian, find the best pair, change its two "
    "pixels.",
    "distortion": "The cost of an attack: the share of all pixels that it changed.",
    "success": "The attack ends with the network reading the target class.",
    "adversarial accuracy": "The accuracy on adversarial examples: the share of the attacked pictures, those of failed "
    "attacks too, that the network still reads as their true class. It need not be 100 % minus the success rate: a "
    "failed attack may have led to a third class.",
    "defence": "What is done to a network, or to the pictures it gets, so that it is harder to mislead. It is judged "
    "by the success of an attacker who knows it.",
    "transfer": "An adversarial example that was made for one network is shown to another. It transfers if that one "
    "is misled, too.",
    "hardness": "How costly attacks from one class to another are: the area under the mean distortion as a function of "
    "the success rate, from 0 to 100 %. Beyond the success rate that was reached, the mean distortion at the largest "
    "budget counts, with each failed attack as the whole budget. So it is a lower bound where attacks failed; ≥ marks "
    f"it where fewer than {100 * COMPARABLE_SUCCESS:.0f} % succeed.",
    "adversarial distance": "1 minus the share of pixels that raise the target and lower the sum of the others "
    "without a partner, at the untouched picture: near 1 when almost no pixel helps the attack.",
    "robustness": "The paper's index: the smallest adversarial distance over all attacks, each at the untouched "
    "picture. It says little of what an attack costs: the picture, and with it the distance, changes at every step.",
    **{entry.label: entry.entry.meaning for entry in (*Rule, *Baseline)},
    "norm": "A measure of the size of a change. **L0**: how many pixels are changed. **L2**: the root of the sum of "
    "the squares of all changes. **L∞**: the largest change of a pixel. JSMA keeps L0 small.",
    "ε": "Epsilon: how large the change of a picture may be, in the norm that the attack keeps small.",
    **{attack.label: attack.value.meaning for attack in OtherAttack},
    **{entry.label: entry.meaning for entry in MAPS.values()},
    "baseline picture": "A picture without information, here with one brightness everywhere. Integrated gradients, "
    "occlusion and the deletion of pixels compare the digit with it, so what they find depends on it.",
    "signed map": "A map with values above zero, which count for the class, and below, which count against it. Without "
    "signs, a map says how much a pixel matters, but not in which direction.",
    "rank correlation": "Spearman's: whether two maps put the pixels into the same order. 1: the same order; 0: no "
    "relation; −1: the reverse order.",
    "top k": "The k pixels with the largest values of a map, with signs left aside. Two unrelated maps share about k "
    "of 784 of them by chance.",
    "deletion": "The pixels are replaced by the baseline picture, the largest value of the map first. The faster the "
    "probability falls, the smaller the area under its curve, and the better the map has found the pixels that the "
    "network needs.",
    "insertion": "Deletion the other way round: from the baseline picture to the digit, the largest value first. "
    "A large area under the curve is good.",
    "sanity check": "Of Adebayo et al. 2018: the layers of the network get random weights, one after the other "
    "from the end. A map that explains what the network has learned must change; one that stays the same shows only "
    "the picture.",
    "brighten": "Changed pixels move towards white. Darken moves them towards black.",
    "MNIST": "70,000 handwritten digits of 28 × 28 grey pixels, white on black: 60,000 to learn from, 10,000 to "
    "test with. The usual first data set for image classifiers.",
    "parameter": "A number inside the network that training has set: a weight, which multiplies a value, or a bias, "
    "which is added. The attack never changes them; it changes the picture.",
    "filter": "A small grid of weights that a convolution moves over its input. Its output is high where the input "
    "is similar to the weights.",
    "feature map": "The outputs of one filter at all positions, shown as a picture: where in the digit its pattern "
    "was found. Later layers combine these maps; the positions become less exact.",
    "confusion table": "How often digits of each class are read as each class. The diagonal holds the correct "
    "predictions, all other cells the errors.",
    "batch": "The digits of one training step, here 128: the network reads them, and all weights are changed a little "
    "so that the loss on them falls.",
    "loss": "How wrong the network is on a batch: the mean of −log of the probability it gives to the true class. A "
    "network that guesses among ten classes has log 10 = 2.303, a perfect one 0.",
    "epoch": "One pass through all training digits, in batches, in a new order each time.",
    "learning rate": "How far the weights are changed after each batch. If it is too small, the network learns slowly; "
    "if it is too large, training does not converge. Here it decreases to 0 towards the end.",
    "seed": "The initial state of the random numbers, which give the initial weights and the order of the digits. The "
    "same seed and settings give the same network.",
}


def explained(*names: str) -> str:
    """Return the explanations of the terms `names` as Markdown, for a help text."""
    return "\n\n".join(f"**{name}** {TERMS[name]}" for name in names)
