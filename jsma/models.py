"""The table of networks, and their weights: the tutorial's CNN and LeNet of the paper's sizes. All return logits."""

import io
import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import nn

from .training_methods import TrainingMethod
from .writing import make_folder, write_together

WEIGHTS = Path(__file__).parent / "weights"
"""The folder of the weights in the package."""


def tutorial() -> nn.Sequential:
    """Build the CNN of cleverhans' MNIST tutorial: (N, 1, 28, 28) in [0, 1] to logits (N, 10).

    The script of v1.0.0 also has dropout, in training 0.2 on the input and 0.5 before the last layer, and ends in
    softmax, which here `Attack.output` takes into account.
    """
    return nn.Sequential(
        nn.Conv2d(1, 64, kernel_size=8, stride=2, padding=3),  # "same": 28 -> 14
        nn.ReLU(),
        nn.Conv2d(64, 128, kernel_size=6, stride=2),  # 14 -> 5
        nn.ReLU(),
        nn.Conv2d(128, 128, kernel_size=5),  # 5 -> 1
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(128, 10),
    )


def lenet() -> nn.Sequential:
    """Build a LeNet of the paper's sizes (20 and 50 filters, 500 hidden): (N, 1, 28, 28) to logits (N, 10).

    ReLU, and in training Adam, are this project's choice.
    """
    return nn.Sequential(
        nn.Conv2d(1, 20, kernel_size=5),  # 28 -> 24
        nn.ReLU(),
        nn.MaxPool2d(2),  # 24 -> 12
        nn.Conv2d(20, 50, kernel_size=5),  # 12 -> 8
        nn.ReLU(),
        nn.MaxPool2d(2),  # 8 -> 4
        nn.Flatten(),
        nn.Linear(50 * 4 * 4, 500),
        nn.ReLU(),
        nn.Linear(500, 10),
    )


@dataclass(frozen=True)
class KnownNetwork:
    """A network of the package: its name on screen, and a function that builds it with random weights.

    origin: what it is made after, and where it and its training differ from that; for help texts. method: how it is
    trained.
    """

    label: str
    architecture: Callable[[], nn.Sequential]
    origin: str = ""
    method: TrainingMethod = TrainingMethod.PLAIN


NETWORKS = {
    "tutorial": KnownNetwork(
        "The tutorial's CNN",
        tutorial,
        "The layers of cleverhans' MNIST tutorial, trained as long: 6 epochs in batches of 128. The script of v1.0.0 "
        "trains by Adadelta, with dropout on the input (0.2) and before the last layer (0.5), and ends in softmax; "
        "ours is trained by Adam, without dropout, and ends in the logits.",
    ),
    "lenet": KnownNetwork(
        "LeNet of the paper's sizes",
        lenet,
        "20 and 50 filters and 500 hidden units, as in the paper. ReLU and Adam are ours, so it is not the "
        "paper's own network.",
    ),
    "lenet-distilled": KnownNetwork(
        "Distilled network",
        lenet,
        f"The layers of LeNet of the paper's sizes. {TrainingMethod.DISTILLED.meaning}",
        TrainingMethod.DISTILLED,
    ),
    "lenet-adversarial": KnownNetwork(
        "Network trained on attacks",
        lenet,
        f"The layers of LeNet of the paper's sizes. {TrainingMethod.ADVERSARIAL.meaning}",
        TrainingMethod.ADVERSARIAL,
    ),
}
"""The table of all networks, by the names that addresses, files and the command line use. The first is the default."""


def undefended() -> list[str]:
    """Return the names of the networks that are trained without a defence: those on which rules are compared."""
    return [name for name, entry in NETWORKS.items() if not entry.method.value.is_defence]


def build(name: str) -> nn.Sequential:
    """Return the network `name` with random weights. Raises ValueError for an unknown name."""
    if name not in NETWORKS:
        raise ValueError(f"There is no model {name!r}; choose one of {', '.join(NETWORKS)}.")
    return NETWORKS[name].architecture()


def load_model(name: str = "tutorial", folder: str | Path = WEIGHTS) -> nn.Sequential:
    """Return the trained network `name`, such as "tutorial" or "lenet", in eval mode; it outputs logits.

    folder: contains NAME.pt, as `python -m jsma train` writes it, or is such a file itself. Raises ValueError for an
    unknown name, which lists all, for damaged weights, those of another network, and those that are not finite;
    FileNotFoundError if there are none.
    """
    model = build(name)
    path = Path(folder) if Path(folder).is_file() else Path(folder) / f"{name}.pt"
    folder = path.parent
    try:
        if not path.is_file():
            raise FileNotFoundError(f"There are no weights at {path}. Train them: {training_command(name, folder)}.")
        weights = torch.load(path, map_location="cpu", weights_only=True)
        _check_shapes(weights, model, name)
        model.load_state_dict(weights)
        if not all(weights.isfinite().all() for weights in model.state_dict().values()):
            raise ValueError("some are not finite")
    except FileNotFoundError:
        raise
    except Exception as damage:  # the type depends on where the file is damaged
        what = next(iter(str(damage).splitlines()), type(damage).__name__)
        if isinstance(damage, UnpicklingError):  # torch's message recommends weights_only=False, which is unsafe
            what = "the file contains other objects than tensors"
        raise ValueError(
            f"The weights at {path} are damaged or of another network ({what}). "
            f"Train them again: {training_command(name, folder)}."
        ) from damage
    return model.eval()


def _check_shapes(weights: Any, model: nn.Module, name: str) -> None:
    """Raise ValueError that says what was found, unless the names and shapes of `weights` are those of `model`."""
    if not isinstance(weights, dict) or not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise ValueError("the file does not contain the state_dict of a network")
    shapes = _shapes(weights)
    if shapes != _shapes(model.state_dict()):
        same = [other for other in NETWORKS if _shapes(build(other).state_dict()) == shapes]
        raise ValueError(f"they are those of {same[0]!r}" if same else f"their layers are not those of {name!r}")


def _shapes(weights: dict[str, torch.Tensor]) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in weights.items()}


def training_record(name: str, folder: str | Path = WEIGHTS) -> dict[str, Any]:
    """Return the record of the training of `name`: accuracy, epochs, seed, versions, as `save_model` wrote it.

    Raises ValueError for a damaged record, FileNotFoundError if there is none.
    """
    path = Path(folder) / f"{name}.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record, dict):
            raise ValueError("it is not a JSON object")
        for measure in filter(lambda name: name.endswith("_accuracy"), record):  # the accuracy_key of a data set
            share = record[measure]
            if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
                raise ValueError(f"{measure} is not a number from 0 to 1")
    except FileNotFoundError:
        raise FileNotFoundError(
            f"There is no record of training at {path}. Train again: {training_command(name, folder)}."
        ) from None
    except (OSError, ValueError, RecursionError) as damage:
        raise ValueError(
            f"The record of training at {path} is damaged ({damage}). Train again: {training_command(name, folder)}."
        ) from damage
    return record


def save_model(name: str, model: nn.Module, record: dict[str, Any], folder: str | Path = WEIGHTS) -> Path:
    """Write the weights and `record`, as JSON, into `folder`, both or neither; return the path of the weights.

    Raises OSError if they cannot be written.
    """
    weights_path, record_path = saved_as(name, folder)
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    make_folder(folder)
    write_together({weights_path: file.getvalue(), record_path: (json.dumps(record, indent=2) + "\n").encode()})
    return weights_path


def saved_as(name: str, folder: str | Path = WEIGHTS) -> tuple[Path, Path]:
    """Return the paths to which `save_model` writes the weights and the record."""
    return Path(folder) / f"{name}.pt", Path(folder) / f"{name}.json"


def training_command(name: str, folder: str | Path = WEIGHTS) -> str:
    """Return the command that trains the weights of `folder` again."""
    return f"python -m jsma train --model {name} --out {shlex.quote(str(folder))}"
