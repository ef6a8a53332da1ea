"""What is being attacked and how: one record, which is also the link that can be shared."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum

from jsma import Attack, Direction, Output, Rule
from jsma.data import DATA_SETS
from jsma.models import NETWORKS
from jsma.stage.page import VIEWS
from pages.ui.formatting import an
from pages.ui.outside import cut

OWN = "own"
"""What a choice calls the network, or the data set, that is the visitor's own."""


def data_labels() -> dict[str, str]:
    """Return the labels of all data sets by the names that `data` takes, without a visitor's own."""
    return {name: entry.label for name, entry in DATA_SETS.items()}


def all_data_labels() -> dict[str, str]:
    """Return the labels of all data sets by the names that `data` takes."""
    return data_labels() | {OWN: "Your own digits"}


def model_names() -> list[str]:
    """Return the names that `model` takes; which of them there are: pages/ui/networks.py."""
    return [*NETWORKS, OWN]


CONTROLS = {
    "data": "Data",
    "digit": "Digit",
    "sample": "Sample",
    "target": "Target",
    "model": "Model",
    "theta": "Pixel change θ",
    "gamma": "Budget γ",
    "rule": "Rule",
    "output": "Output",
    "direction": "Direction",
}
"""The controls of the sidebar, by the names that `hide` takes."""

OPTIONAL = ("hide", "views", "predict", "reader")
"""The parameters that a link has only where they are used."""

THETAS = (0.05, 1.0)
GAMMAS = (0.005, 0.145)
"""The least and the largest θ and γ the lab offers; the paper's γ is the largest."""


@dataclass(frozen=True)
class Choice:
    """Everything a link carries. `sample` counts the digits of class `digit` from 0; `step` is the iteration.

    A teacher's switches: `hide`, controls that are left out; `views`, the parts of the stage that are
    shown; `predict`, whether the next pair is hidden at first.

    reader: another network that the attacks of the page Grid are shown to, "" for none.
    """

    data: str = next(iter(DATA_SETS))
    model: str = next(iter(NETWORKS))
    digit: int = 0
    sample: int = 0
    target: int = 2
    rule: Rule = Rule.JSMA
    output: Output = Output.LOGITS
    direction: Direction = Direction.INCREASE
    theta: float = 1.0
    gamma: float = 0.145
    step: int = 0
    hide: tuple[str, ...] = ()
    views: tuple[str, ...] = tuple(VIEWS)
    predict: bool = False
    reader: str = ""

    @property
    def attack(self) -> Attack:
        """The attack with these settings."""
        return Attack(self.rule, self.output, self.direction, self.theta, self.gamma)

    def with_digit(self, digit: int) -> "Choice":
        """Return this choice for another digit, its first sample, with a target that differs from it."""
        target = self.target if self.target != digit else (digit + 1) % 10
        return replace(self, digit=digit, sample=0, target=target)

    def to_url(self) -> dict[str, str]:
        """Return the query parameters of the link to this choice; switches and the reader only where they are used."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        unused = {name for name in OPTIONAL if values[name] == getattr(Choice, name)}
        return {name: _as_text(value) for name, value in values.items() if name not in unused}


def from_url(parameters: Mapping[str, str]) -> tuple[Choice, list[str]]:
    """Read a choice from query parameters; return it with one sentence for each that is invalid.

    A missing or invalid parameter takes its default. Unknown names are ignored.
    """
    values, notices = {}, []
    for name, read in _READERS.items():
        if name in parameters:
            try:
                values[name] = read(parameters[name])
            except ValueError as problem:
                default = _as_text(getattr(Choice(), name))
                asked = f"The link asks for {name} “{cut(parameters[name])}”, but {problem}."
                notices.append(f"{asked} Using {default or 'none'}.")
    choice = Choice(**values)
    if choice.predict and "saliency" not in choice.views:
        choice = replace(choice, predict=False)
        notices.append(f"The link asks to predict without the view {VIEWS['saliency']}. Showing the pairs.")
    if choice.reader == choice.model:
        choice = replace(choice, reader="")
        notices.append("The link asks to show the attacks to the network that they are made for. Showing them to none.")
    if choice.target == choice.digit:
        choice = choice.with_digit(choice.digit)
        choice = replace(choice, sample=values.get("sample", 0))
        itself = f"{an(choice.digit).capitalize()} cannot be attacked towards {choice.digit}."
        notices.append(f"{itself} Using the target {choice.target}.")
    return choice, notices


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"it must be one of {', '.join(allowed)}")
        return text

    return read


def _some_of(allowed: Iterable[str], at_least: int) -> Callable[[str], tuple[str, ...]]:
    def read(text: str) -> tuple[str, ...]:
        names = tuple(text[:200].split(",")) if text else ()
        if len(names) < at_least or len(set(names)) < len(names) or not set(names) <= set(allowed):
            raise ValueError(f"it must be names from {', '.join(allowed)}, with commas between")
        return names

    return read


def _flag(text: str) -> bool:
    return _one_of("0", "1")(text) == "1"


def _member(kind: type[Enum]) -> Callable[[str], Enum]:
    read_value = _one_of(*(member.value for member in kind))
    return lambda text: kind(read_value(text))


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 6 and lowest <= int(text) <= highest):
            raise ValueError(f"it must be a whole number from {lowest} to {highest}")
        return int(text)

    return read


def _between(lowest: float, highest: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text) if len(text) <= 20 else float("nan")
        except ValueError:
            value = float("nan")
        if not lowest <= value <= highest:
            raise ValueError(f"it must be a number from {lowest:g} to {highest:g}")
        return value

    return read


_READERS: dict[str, Callable] = {
    "data": lambda text: _one_of(*all_data_labels())(text),
    "model": lambda text: _one_of(*model_names())(text),
    "digit": _whole(0, 9),
    "sample": _whole(0, 9999),
    "target": _whole(0, 9),
    "rule": _member(Rule),
    "output": _member(Output),
    "direction": _member(Direction),
    "theta": _between(*THETAS),
    "gamma": _between(*GAMMAS),
    "step": _whole(0, 9999),
    "hide": _some_of(CONTROLS, at_least=0),
    "views": _some_of(VIEWS, at_least=1),
    "predict": _flag,
    "reader": lambda text: _one_of(*model_names())(text),
}


def _as_text(value: object) -> str:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, tuple):
        return ",".join(value)
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
