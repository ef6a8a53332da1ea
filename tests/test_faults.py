"""What a visitor sees when something is missing or damaged on the server, and that it comes back once repaired."""

import shutil
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import jsma
from jsma import models

ROOT = Path(__file__).parents[1]


@pytest.fixture
def weights(monkeypatch, tmp_path):
    """A copy of the weights, which the app uses and which may be broken."""
    folder = shutil.copytree(models.WEIGHTS, tmp_path / "weights")
    real = jsma.load_model
    monkeypatch.setattr(jsma, "load_model", lambda name: real(name, folder))
    st.cache_resource.clear()
    yield folder
    st.cache_resource.clear()


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def swap(file: Path) -> None:
    shutil.copy(file.with_name("lenet.pt"), file)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (Path.unlink, "no weights"),
        (cut, "damaged"),
        (swap, "of another network"),
        (lambda file: file.write_bytes(b""), "damaged"),
    ],
)
@pytest.mark.parametrize("page", ["app.py", "pages/1_Walkthrough.py", "pages/4_Rules.py", "pages/6_Your_digit.py"])
def test_weights_that_cannot_be_loaded_are_told_in_a_sentence(weights, damage, says, page):
    damage(weights / "tutorial.pt")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    if page != "app.py":
        app.switch_page(page).run()
    assert not app.exception
    assert says in app.error[0].value
    assert "python -m jsma train" in app.error[0].value
    shutil.copy(models.WEIGHTS / "tutorial.pt", weights)
    app.run()
    assert not app.exception
    assert not app.error


def test_a_visitor_keeps_the_network_that_is_loaded_when_its_file_goes(weights):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    (weights / "tutorial.pt").unlink()
    app.button(key="digit-7").click().run()
    assert not app.exception
    assert not app.error
