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

    def recording(self, attack: Attack = Attack()) -> Recording:  # noqa: B008
        """Return the recorded attack on the chosen digit, by default with the paper's settings."""
        return resources.recording(self.choice.data, self.network, self.position, self.choice.target, attack)
