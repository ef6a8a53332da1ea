"""Why an attack ended: the four reasons, and the words for each that every place uses."""

from enum import Enum


class Stop(Enum):
    """Why an attack ended. The value says it in two or three words, `sentence` to a reader who wants to know why."""

    REACHED_TARGET = "reached target"
    """The answer is the target; without a target, it is no longer the first one."""

    BUDGET_SPENT = "budget spent"
    NO_ADMISSIBLE_PAIR = "no admissible pair"
    DOMAIN_EMPTY = "too few pixels left"
    """Fewer than two pixels are left that may be changed."""

    @property
    def success(self) -> bool:
        """Whether the attack did what it was to do."""
        return self is Stop.REACHED_TARGET

    @property
    def mark(self) -> str:
        """A sign for it: ✓ or ✕."""
        return "✓" if self.success else "✕"

    @property
    def title(self) -> str:
        """The value, with a capital."""
        return self.value.capitalize()

    @property
    def brief(self) -> str:
        """The mark and the value, shortened to fit under a small picture."""
        return f"{self.mark} {_WORDS[self][0]}"

    @property
    def meaning(self) -> str:
        """Half a sentence on what was found, without a full stop."""
        return _WORDS[self][1]

    @property
    def sentence(self) -> str:
        """What was found, and whether the attack succeeded."""
        meaning = self.meaning[0].upper() + self.meaning[1:]
        return f"{meaning}: the attack has {'succeeded' if self.success else 'failed'}."


_WORDS = {
    Stop.REACHED_TARGET: ("reached", "the network reads the target"),
    Stop.BUDGET_SPENT: ("budget spent", "the budget γ is spent before the network reads the target"),
    Stop.NO_ADMISSIBLE_PAIR: ("no pair", "no pair of pixels is left that both raises the target and lowers the others"),
    Stop.DOMAIN_EMPTY: ("no pixels", "fewer than two pixels are left that can still be changed"),
}
