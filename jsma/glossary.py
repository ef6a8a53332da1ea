"""Every term of the field that the app uses, each explained once: here, or where rules and baselines are listed."""

from .baselines import Baseline
from .rules import Rule

TERMS = {
    "logit": "The network's raw score for one class, before softmax. Only differences between logits matter; they "
    "may be negative. The paper differentiates these.",
    "softmax": "Turns the logits into probabilities: each is raised as a power of e and divided by the sum of all. A "
    "lead of 7 in logits is already a certainty of 99.9 %.",
    "probability": "The network's share of certainty for one class, after softmax. All of them add up to 100 %.",
    "forward derivative": "Another name for the Jacobian of the network's outputs by its input pixels.",
    "Jacobian": "For every class and every pixel, how fast that class's output rises (or falls) when the pixel gets a "
    "little brighter. For ten digits of 28 × 28 pixels these are 7,840 numbers.",
    "first order": "What the derivative promises: a straight line. The network bends, so the true change differs, and "
    "the more so the larger the move.",
    "source class": "What the picture really shows, and what the network should read.",
    "target class": "The wrong class that the attack wants the network to read.",
    "saliency map": "A score for every pair of pixels, made from the Jacobian, that says how well changing the pair "
    "serves the attack: −α × β.",
    "a": "The pull of one pixel on the target: how fast the target's output rises as the pixel gets brighter.",
    "b": "How fast the outputs of all other classes, added up, rise as the pixel gets brighter. −b is the push "
    "on them. Some rules weigh each class by its probability first.",
    "α": "Alpha: the sum of the two a of a pair. What changing both pixels does for the target.",
    "β": "Beta: the sum of the two b of a pair. What changing both pixels does for all other classes together.",
    "admissible": "A pair passes both tests: changing it raises the target and lowers the others. When brightening: α "
    "above 0 and β below 0. When darkening, the other way round.",
    "score": "−α × β of an admissible pair. It is large only when the pair does well both ways: in the plane, four "
    "times the area between the axes and the midpoint of its two dots.",
    "skyband": "The pixels for which at most one other pixel is at least as good both ways. Any other pixel could be "
    "exchanged for one of two better ones, so the best pair always lies within the skyband, and nothing "
    "else has to be compared.",
    "search domain": "The pixels that may still be changed. A pixel leaves it when it has reached the end of its "
    "range: white when brightening, black when darkening.",
    "saturated": "At the end of its range already, white or black, with no room left in the direction of the attack.",
    "room": "How far a pixel can still move in the direction of the attack: 1 − value when brightening, its value "
    "when darkening.",
    "θ": "Theta: how far a chosen pixel is moved in one go. 1 takes it to the end of its range at once; with "
    "less, a pixel may be chosen again.",
    "γ": "Gamma (the paper's upsilon): the budget, the largest share of the pixels that may be changed. The "
    "paper allows 14.5 % of 784 pixels: 112 pixels, in 56 pairs.",
    "iteration": "Once round the loop: compute the Jacobian, find the best pair, change its two pixels, ask again.",
    "distortion": "The cost of an attack: the share of all pixels that it changed.",
    "success": "The attack ends with the network reading the target class.",
    "hardness": "How costly it is to move digits of one class to another: the mean distortion, over all success rates.",
    "adversarial distance": "1 minus the share of pixels that would each, alone, raise the target and lower the "
    "others: near 1 when almost no pixel helps the attack.",
    "robustness": "The smallest adversarial distance of all attacks: how far off the network is at its weakest.",
    **{entry.label: entry.entry.meaning for entry in (*Rule, *Baseline)},
    "brighten": "Changed pixels move towards white. Darken moves them towards black.",
    "MNIST": "70,000 handwritten digits of 28 × 28 grey pixels, white on black: 60,000 to learn from, 10,000 to "
    "test with. The usual first material for networks that read pictures.",
    "parameter": "A number inside the network that training has set: a weight, which multiplies a value, or a bias, "
    "which is added. The attack never changes them; it changes the picture.",
    "filter": "A small grid of weights that a convolution moves over its input. Its answer is high where the input "
    "looks like the weights.",
    "feature map": "The answers of one filter at all places, laid out as a picture: where in the digit it found what "
    "it looks for. Later layers mix these maps, and lose the places.",
    "confusion table": "How often digits of each class are read as each class. On the diagonal are the right answers, "
    "everywhere else the mistakes.",
    "batch": "The digits from which the network learns in one go, here 128: it reads them, and all weights are moved a "
    "little so that it would read them better.",
    "loss": "How wrong the network is on a batch: the mean of −log of the probability it gives to the true class. A "
    "network that guesses among ten classes has log 10 = 2.303, a perfect one 0.",
    "epoch": "Once through all the digits that are learnt from, in batches, in a new order each time.",
    "learning rate": "How far the weights are moved for each batch. Too small, and little is learnt in the time; too "
    "large, and they jump past what they should find. Here it falls to 0 towards the end.",
    "seed": "The number from which all dice are thrown: the first weights and the order of the digits. The same seed "
    "and settings give the same network.",
}


def explained(*names: str) -> str:
    """Return the explanations of the terms `names`, as help beside a sentence that uses them."""
    return "\n\n".join(f"**{name}** {TERMS[name]}" for name in names)
