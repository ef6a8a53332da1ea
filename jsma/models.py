"""The two networks: the tutorial's CNN and the paper's LeNet. Both return logits."""

import json
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

WEIGHTS = Path(__file__).parent / "weights"


def tutorial() -> nn.Sequential:
    """Build the CNN of cleverhans' MNIST tutorial: (N, 1, 28, 28) in [0, 1] to logits (N, 10)."""
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
    """Build a LeNet of the paper's size (20 and 50 filters, 500 hidden): (N, 1, 28, 28) to logits (N, 10)."""
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


ARCHITECTURES: dict[str, Callable[[], nn.Sequential]] = {"tutorial": tutorial, "lenet": lenet}


def build(name: str) -> nn.Sequential:
    """Return the network `name` with fresh random weights. Raises ValueError for an unknown name."""
    if name not in ARCHITECTURES:
        raise ValueError(f"There is no model {name!r}; choose one of {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[name]()


def load_model(name: str = "tutorial", folder: str | Path = WEIGHTS) -> nn.Sequential:
    """Return the trained network `name` ("tutorial" or "lenet") in eval mode; it outputs logits.

    folder: where NAME.pt lies, as `python -m jsma train` writes it. Raises ValueError for an
    unknown name or weights that do not fit, FileNotFoundError when there are none.
    """
    model = build(name)
    path = Path(folder) / f"{name}.pt"
    if not path.is_file():
        raise FileNotFoundError(f"There are no weights at {path}. Train them: python -m jsma train --model {name}.")
    try:
        model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as damage:  # what a damaged file makes torch raise depends on where the damage is
        what = next(iter(str(damage).splitlines()), type(damage).__name__)
        raise ValueError(
            f"The weights at {path} are damaged or of another network ({what}). "
            f"Train them again: python -m jsma train --model {name}."
        ) from damage
    return model.eval()


def training_record(name: str, folder: str | Path = WEIGHTS) -> dict:
    """Return what is known of the weights of `name`: accuracy, epochs, seed, versions, as training wrote it."""
    return json.loads((Path(folder) / f"{name}.json").read_text())


def save_model(name: str, model: nn.Module, record: dict, folder: str | Path = WEIGHTS) -> Path:
    """Write the weights and, beside them, `record` as JSON; return the path of the weights."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), folder / f"{name}.pt")
    (folder / f"{name}.json").write_text(json.dumps(record, indent=2) + "\n")
    return folder / f"{name}.pt"
