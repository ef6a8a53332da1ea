"""What a visitor sees when something is missing or damaged on the server, and that it comes back once repaired."""

import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import jsma
from jsma import models
from pages.ui import controls
from tests.made_up_mnist import NAMES, CutShort, half_of_it_fits, write
from tests.test_app import words

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


# --- MNIST's files -------------------------------------------------------------------------------


@pytest.fixture
def visitor(monkeypatch, tmp_path) -> AppTest:
    """The lab with MNIST asked for, where MNIST is looked for in an empty folder, `tmp_path`."""
    monkeypatch.setenv("JSMA_DATA_DIR", str(tmp_path))
    st.cache_resource.clear()
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.query_params["data"] = "mnist"
    yield app
    st.cache_resource.clear()


def says(app: AppTest, text: str) -> bool:
    assert not app.exception
    return any(text in element.value for element in [*app.caption, *app.error, *app.info])


def lab_is_there(app: AppTest) -> bool:
    return not app.exception and "Iteration 0 of" in words(app)


@pytest.mark.parametrize(
    "damage", [cut, lambda file: file.write_bytes(b""), lambda file: file.write_bytes(b"no digits")]
)
@pytest.mark.parametrize("name", NAMES[2:])
def test_damaged_digits_are_told_and_the_built_in_ones_stand_in(visitor, made_up, tmp_path, name, damage):
    write(tmp_path, made_up)
    damage(tmp_path / "MNIST" / "raw" / name)
    visitor.run()
    assert says(visitor, "are damaged")
    assert says(visitor, "Delete that folder and download them again")
    assert lab_is_there(visitor)
    (tmp_path / "MNIST" / "raw" / name).write_bytes(made_up[name])
    visitor.run()
    assert not says(visitor, "damaged")
    assert says(visitor, "of 1000")  # samples of a digit, as the made-up files have them


def test_digits_that_are_loaded_stay_when_their_files_go(visitor, made_up, tmp_path):
    write(tmp_path, made_up)
    visitor.run()
    shutil.rmtree(tmp_path / "MNIST")
    visitor.button(key="digit-7").click().run()
    assert says(visitor, "of 1000")
    assert lab_is_there(visitor)


def test_a_full_disk_ends_a_download_with_a_sentence(visitor, mirror, monkeypatch):
    monkeypatch.setattr(jsma.data.Path, "write_bytes", half_of_it_fits)
    visitor.run().button(key="download").click().run()
    assert says(visitor, "No space left on device")
    assert says(visitor, "Check the network and the disk, then try again")
    assert lab_is_there(visitor)


def test_a_download_that_is_cut_ends_with_a_sentence_and_can_be_tried_again(visitor, mirror, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(jsma.data, "urlopen", lambda url, timeout: CutShort(ConnectionResetError("reset by peer")))
        visitor.run().button(key="download").click().run()
        assert says(visitor, "reset by peer")
        assert lab_is_there(visitor)
    visitor.button(key="download").click().run()
    assert says(visitor, "of 1000")


def test_two_do_not_download_at_once(visitor, mirror):
    visitor.run()
    with controls._ONE_DOWNLOAD:
        visitor.button(key="download").click().run()
    assert says(visitor, "Somebody is downloading it here already")
    assert lab_is_there(visitor)
    assert mirror.calls == []


def test_what_another_server_has_downloaded_to_the_same_folder_is_there(visitor, made_up, mirror, tmp_path):
    visitor.run()
    assert says(visitor, "No MNIST in")
    write(tmp_path, made_up)
    visitor.button(key="download").click().run()  # the button is still on the page
    assert says(visitor, "of 1000")
    assert lab_is_there(visitor)
    assert mirror.calls == []


# --- The disk and the clock ----------------------------------------------------------------------


def test_a_full_disk_leaves_the_last_report_as_it_was(tmp_path):
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "jsma", "evaluate", "--data", "uci", "--images", "1", "--save", str(report)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    before = report.read_bytes()

    def allow_few_bytes() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    full = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, preexec_fn=allow_few_bytes)
    assert full.returncode == 2
    assert full.stderr.startswith("jsma: ")
    assert "File too large" in full.stderr
    assert "Traceback" not in full.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    assert report.read_bytes() == before


@pytest.mark.parametrize("jump", [-86_400 * 365, 86_400 * 365])
def test_a_clock_that_is_set_anew_changes_nothing(monkeypatch, jump):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    app.button(key="digit-7").click().run()
    assert lab_is_there(app)
    app.switch_page("pages/2_Model.py").run()
    app.slider(key="train-epochs").set_value(1)
    app.select_slider(key="train-share").set_value(0.05)
    app.button(key="train").click().run()
    assert not app.exception
    assert "**Done:" in words(app)
