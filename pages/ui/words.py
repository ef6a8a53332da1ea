"""The current step in sentences, with its numbers."""

from pages.ui.recording import Recording

STOPS = {
    "REACHED_TARGET": "The network reads the target: the attack has succeeded.",
    "BUDGET_SPENT": "The budget γ is spent before the network reads the target: the attack has failed.",
    "NO_ADMISSIBLE_PAIR": "No pair of pixels is left that both raises the target and lowers the others: the attack has "
    "failed. A correct program stops here and changes nothing more.",
    "DOMAIN_EMPTY": "Fewer than two pixels are left that can still be changed: the attack has failed.",
}


def step_in_words(recording: Recording, step: int, hidden: bool = False) -> str:
    """Return Markdown that says where the attack stands at `step`, why this pair, and what happens next.

    hidden: keep the pair to ourselves, since the viewer is to predict it.
    """
    facts, now = recording.facts, recording.facts["steps"][step]
    target = facts["target"]
    reading = (
        f"**Iteration {step} of {recording.iterations}.** The network reads a **{now['reads']}** "
        f"({percent(now['probabilities'][now['reads']])} sure); the target {target} gets "
        f"{percent(now['probabilities'][target])}. {now['changed']} of {facts['budget']} allowed pixels are changed."
    )
    if hidden:
        return f"{reading}\n\n**Your turn.** Which two pixels would you change? Pick them, then ask for the best pair."
    return f"{reading}\n\n{_what_next(facts, now) if now['pair'] else _why_ended(facts, now)}"


def _what_next(facts: dict, now: dict) -> str:
    pair, width = now["pair"], facts["width"]
    where = " and ".join(f"row {pixel // width}, column {pixel % width}" for pixel in (pair["first"], pair["second"]))
    brighter = now["sign"] > 0
    kind = "logit" if facts["output"] == "logits" else "probability"
    return (
        f"**Next: the pixels at {where} get {'brighter' if brighter else 'darker'}.** Together they move the target's "
        f"{kind} by α = {number(pair['alpha'])} and all others, added up, by β = {number(pair['beta'])}, each per "
        f"unit of brightness. {'α > 0 and β < 0' if brighter else 'α < 0 and β > 0'}, so the pair is admissible, and "
        f"no other scores higher than its −αβ = −({number(pair['alpha'])}) × ({number(pair['beta'])}) = "
        f"**{number(pair['score'])}**. To first order the target's {kind} should change by "
        f"{number(pair['forecast'], sign=True)}; it will change by {number(pair['happened'], sign=True)}."
    )


def _why_ended(facts: dict, now: dict) -> str:
    share = now["changed"] / (facts["height"] * facts["width"])
    cost = f"The cost: {now['changed']} changed pixels, a distortion of {share:.1%}."
    if now["stop"] == "REACHED_TARGET" and not now["changed"]:
        return "**Nothing to do.** The network reads this digit as the target already, before any change."
    return f"**Stopped.** {STOPS[now['stop']]} {cost}"


def number(value: float, sign: bool = False) -> str:
    """Return three decimals, or a power of ten where those would read as zero, with a true minus sign."""
    plus = "+" if sign else ""
    text = f"{value:{plus}.3f}" if abs(value) >= 0.0005 or value == 0 else f"{value:{plus}.2e}"
    return text.replace("-", "−")


def percent(share: float) -> str:
    """Return a share as a percentage with one decimal."""
    return f"{100 * share:.1f} %" if share < 0.9995 else "100 %"
