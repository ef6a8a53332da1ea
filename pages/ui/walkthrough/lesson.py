"""What every chapter works on: the digit, target and network chosen in the first, and attacks on them."""

from dataclasses import dataclass, field

from torch import Tensor

from jsma import Attack, Digits
from jsma.stage.recording import Recording
from pages.ui import resources
from pages.ui.choice import Choice
from pages.ui.networks import Network


@dataclass(frozen=True, eq=False)
class Lesson:
    """What the chapters are about: the visitor's choice, and the digits and the network that it names."""

    choice: Choice
    digits: Digits = field(repr=False)
    network: Network = field(repr=False)

    @property
    def position(self) -> int:
        """The index of the chosen digit in the data set."""
        return int(self.digits.of_class(self.choice.digit)[self.choice.sample])

    @property
    def image(self) -> Tensor:
        """The chosen digit, (1, H, W)."""
        return self.digits.images[self.position]

    @property
    def subject(self) -> str:
        """A name of digit, target and network; each has its own predictions."""
        return f"{self.choice.data}-{self.position}-{self.choice.target}-{self.network.key}"

    @property
    def to_beat(self) -> int:
        """The class that the target has to beat: what the network reads at first; the label, where that is the target.

        It is the label on all digits but those that the network misreads.
        """
        reads = self.recording().steps[0].reads
        return self.choice.digit if reads == self.choice.target else reads

    @property
    def class_to_beat(self) -> str:
        """The class that the target has to beat, in words."""
        if self.to_beat == self.choice.digit:
            return f"the true class, {self.to_beat}"
        return f"the class to beat, {self.to_beat} (the network misreads this {self.choice.digit})"

    def recording(self, attack: Attack = Attack()) -> Recording:  # noqa: B008
        """Return the recorded attack on the chosen digit, by default with the paper's settings."""
        return resources.recording(self.choice.data, self.network, self.position, self.choice.target, attack)
