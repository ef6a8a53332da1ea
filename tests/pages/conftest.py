"""What the tests of pages share: nothing but the UCI digits is on the machine, and visitors."""

from functools import cache

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from tests.helpers.app import visitor
from tests.helpers.paths import NOWHERE


@pytest.fixture(scope="session", autouse=True)
def packages_looked_through_once():
    """Let Streamlit look for components in all installed packages for the first visitor, not for each, anew."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(autouse=True)
def no_mnist(monkeypatch):
    """Let nothing but the UCI digits be on the machine; `monkeypatch.undo()` brings MNIST back where it is."""
    monkeypatch.setenv("JSMA_DATA_DIR", NOWHERE)


@pytest.fixture
def app() -> AppTest:
    """A visitor about to open the lab."""
    return visitor()
