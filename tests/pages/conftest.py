"""What the tests of pages share: nothing but the UCI digits is on the machine, and visitors."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers.app import visitor
from tests.helpers.paths import NOWHERE


@pytest.fixture(autouse=True)
def no_mnist(monkeypatch):
    """Let nothing but the UCI digits be on the machine; `monkeypatch.undo()` brings MNIST back where it is."""
    monkeypatch.setenv("JSMA_DATA_DIR", NOWHERE)


@pytest.fixture
def app() -> AppTest:
    """A visitor about to open the lab."""
    return visitor()
