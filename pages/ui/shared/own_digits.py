"""A visitor's own digits: a small data set in their session and browser, never on the server's disk."""

from typing import NamedTuple

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from jsma import Digits

NAME = "your own digits"
MOST = 12
"""How many are kept; the oldest goes first."""


class Brought(NamedTuple):
    """The last picture that could be used, and what there is to say of it or of the last one that could not.

    file: the way that was taken, and a hash of what came. One record: a script can be ended at every look into the
    session, and either all of this is kept or nothing.
    """

    picture: np.ndarray | None = None
    remark: str = ""
    problem: str = ""
    file: tuple[str, int] | None = None


def digits() -> Digits | None:
    """Return this visitor's digits, the latest last, or None before there is one."""
    return st.session_state.get("own_digits")


def add(image: Tensor, label: int) -> int:
    """Add a digit, image (1, 28, 28), and return which sample of its class it is, from 0."""
    kept = digits() or Digits(NAME, torch.empty(0, *image.shape), torch.empty(0, dtype=torch.int64))
    same = [k for k in range(len(kept)) if torch.equal(kept.images[k], image)]
    rest = [k for k in range(len(kept)) if k not in same][-(MOST - 1) :]
    images, labels = torch.cat([kept.images[rest], image[None]]), torch.cat([kept.labels[rest], torch.tensor([label])])
    st.session_state.own_digits = Digits(kept.name, images, labels)
    return int((labels == label).sum()) - 1
