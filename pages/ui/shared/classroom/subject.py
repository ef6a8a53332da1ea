"""The attack that a round is about, as every member's page finds it."""

from functools import lru_cache
from typing import NamedTuple

from jsma.stage.recording import Recording
from pages.ui import resources
from pages.ui.choice import Choice
from pages.ui.networks import network
from pages.ui.shared.classroom.activities import choice_of


class Subject(NamedTuple):
    """A recorded attack and the step at hand."""

    choice: Choice
    recording: Recording
    step: int

    @property
    def pixels(self) -> int:
        """The number of pixels of the picture."""
        return self.recording.pixels


@lru_cache(maxsize=8)
def subject(setting: str) -> Subject:
    """Return what a round's setting names, nobody's own. Raises DataUnavailable where this server lacks the digits."""
    choice = choice_of(setting)
    positions = resources.digits(choice.data).of_class(choice.digit)
    position = int(positions[min(choice.sample, len(positions) - 1)])
    recording = resources.recording(choice.data, network(choice.model), position, choice.target, choice.attack)
    return Subject(choice, recording, min(choice.step, recording.iterations))
