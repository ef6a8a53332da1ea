"""The command line in processes of its own."""

import os
from pathlib import Path

from tests.helpers.paths import ROOT

FEW_FOR_MNIST = (
    "import jsma.data\njsma.load_mnist = jsma.data.load_mnist = lambda *_: jsma.load_uci_digits().first(300)\n"
)
"""For a sitecustomize.py: the command line finds 300 other digits in MNIST's place."""


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return an environment in which Python runs `folder`/sitecustomize.py first, with `more` variables."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "PYTHONUNBUFFERED": "1", **more}
