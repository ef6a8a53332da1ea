"""The four reasons why an attack ends, with their texts, which are the same in the whole project."""

from enum import Enum


class Stop(Enum):
    """The reason why an attack ended: its value in two or three words, `sentence` in full."""

    REACHED_TARGET = "reached target"
    """The network predicts the target; without a target, another class than for the original image."""

    BUDGET_SPENT = "budget spent"
    """The largest number of iterations that gamma allows was carried out without success."""

    NO_ADMISSIBLE_PAIR = "no admissible pair"
    """No pair of pixels that may be changed has the signs of alpha and beta that the direction asks for."""

    DOMAIN_EMPTY = "too few pixels left"
    """Fewer than two pixels are left that may be changed."""

    @property
    def success(self) -> bool:
        """Whether the attack succeeded."""
        return self is Stop.REACHED_TARGET

    @property
    def mark(self) -> str:
        """✓ for success, ✕ for failure."""
        return "✓" if self.success else "✕"

    @property
    def title(self) -> str:
        """The value, beginning with a capital letter."""
        return self.value.capitalize()

    @property
    def brief(self) -> str:
        """The mark and the value, shortened to fit under a small picture."""
        return f"{self.mark} {_WORDS[self][0]}"

    @property
    def meaning(self) -> str:
        """The reason as a clause, without a full stop."""
        return _WORDS[self][1]

    @property
    def sentence(self) -> str:
        """The reason, and whether the attack succeeded, as a sentence."""
        meaning = self.meaning[0].upper() + self.meaning[1:]
        return f"{meaning}: the attack has {'succeeded' if self.success else 'failed'}."


_WORDS = {
    Stop.REACHED_TARGET: ("reached", "the network reads the target"),
    Stop.BUDGET_SPENT: ("budget spent", "the budget γ is spent before the network reads the target"),
    Stop.NO_ADMISSIBLE_PAIR: (
        "no pair",
        "no pair of pixels is left that raises the target and lowers the sum of the others",
    ),
    Stop.DOMAIN_EMPTY: ("no pixels", "fewer than two pixels are left that can still be changed"),
}
