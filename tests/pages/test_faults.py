"""What a visitor sees when something is missing or damaged on the server, and that it comes back once repaired."""

import errno
import os
import shutil
import time
from pathlib import Path

import pytest
import streamlit as st
import torch
from streamlit import config
from streamlit.testing.v1 import AppTest

import jsma
from jsma import models
from pages.ui import controls, networks
from pages.ui.navigation import PAGES
from tests.helpers.app import opened, words
from tests.helpers.app import visitor as about_to_open
from tests.helpers.made_up_mnist import NAMES, CutShort, half_of_it_fits, write
from tests.helpers.shown import shown


@pytest.fixture
def weights(monkeypatch, tmp_path):
    """A copy of the weights, which the app uses and which may be broken."""
    folder = shutil.copytree(models.WEIGHTS, tmp_path / "weights")
    real = jsma.load_model
    monkeypatch.setattr(jsma, "load_model", lambda name: real(name, folder))
    monkeypatch.setattr(networks, "training_record", lambda name: models.training_record(name, folder))
    st.cache_resource.clear()
    yield folder
    st.cache_resource.clear()


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def swap(file: Path) -> None:
    shutil.copy(file.with_name("lenet.pt"), file)


@pytest.mark.parametrize(
    ("page", "damage", "says"),
    [
        ("app.py", Path.unlink, "no weights"),
        ("app.py", cut, "damaged"),
        ("app.py", swap, "of another network"),
        ("app.py", lambda file: file.write_bytes(b""), "damaged"),
        ("pages/1_Walkthrough.py", Path.unlink, "no weights"),
        ("pages/4_Rules.py", cut, "damaged"),
        ("pages/6_Your_digit.py", swap, "of another network"),
    ],
)
def test_weights_that_cannot_be_loaded_are_told_in_a_sentence(weights, page, damage, says):
    damage(weights / "tutorial.pt")
    app = opened()
    if page != "app.py":
        app.switch_page(page).run()
    assert not app.exception
    assert says in shown(app.error[0].value)
    assert "python -m jsma train" in shown(app.error[0].value)
    shutil.copy(models.WEIGHTS / "tutorial.pt", weights)
    app.run()
    assert not app.exception
    assert not app.error


def scaled(factor: float):
    """Return a function that multiplies the weights of a file by `factor`."""

    def damage(file: Path) -> None:
        torch.save({name: values * factor for name, values in torch.load(file).items()}, file)

    return damage


@pytest.mark.parametrize(
    ("factor", "says"), [(float("nan"), "not finite"), (float("inf"), "not finite"), (1e30, "too large")]
)
def test_weights_that_give_no_numbers_are_told_in_a_sentence(weights, factor, says):
    scaled(factor)(weights / "tutorial.pt")
    app = opened()
    assert not app.exception
    assert says in shown(app.error[0].value)
    assert "python -m jsma train --model tutorial --out" in shown(app.error[0].value)


def lying(accuracy: str):
    """Return a function that puts `accuracy` in the place of what a record says."""

    def damage(record: Path) -> None:
        record.write_text(f'{{"mnist_test_accuracy": {accuracy}, "uci_accuracy": 0.9}}', encoding="utf-8")

    return damage


RECORDS = {
    "a list": lambda record: record.write_text("[]", encoding="utf-8"),
    "null": lambda record: record.write_text("null", encoding="utf-8"),
    "a number": lambda record: record.write_text("3", encoding="utf-8"),
    "nothing": lambda record: record.write_text("", encoding="utf-8"),
    "cut": cut,
    "nested deeply": lambda record: record.write_text("[" * 100_000, encoding="utf-8"),
    "other bytes": lambda record: record.write_bytes(b"\xff\xfe\x00"),
    "missing": Path.unlink,
    "a folder": lambda record: (record.unlink(), record.mkdir()),
    **{
        f"accuracy {accuracy}": lying(accuracy)
        for accuracy in ('"much"', '"0.5"', "-1", "1e999", "NaN", "99.2", "true", "null", "[]", "{}", "9" * 5000)
    },
}


@pytest.mark.parametrize("damage", RECORDS)
def test_a_damaged_record_of_training_is_told_in_a_sentence(weights, damage):
    RECORDS[damage](weights / "tutorial.json")
    app = opened()
    assert not app.exception
    assert "record of training at" in shown(app.error[0].value)
    assert "python -m jsma train --model tutorial --out" in shown(app.error[0].value)


def test_a_record_without_accuracies_does_without_them(weights):
    (weights / "tutorial.json").write_text("{}", encoding="utf-8")
    app = opened()
    assert lab_is_there(app)
    assert not app.error
    assert not says(app, "right")


def test_a_visitor_keeps_the_network_that_is_loaded_when_its_file_goes(weights):
    app = opened()
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
    yield about_to_open(data="mnist")
    st.cache_resource.clear()


def says(app: AppTest, text: str) -> bool:
    assert not app.exception
    return any(text in shown(element.value) for element in [*app.caption, *app.error, *app.info])


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


def no_home(monkeypatch, tmp_path) -> str:
    """Streamlit asks for the home folder when it starts, and Altair when it is imported: both have had it."""
    import altair  # noqa: F401

    config.get_config_options()
    for name in ("JSMA_DATA_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as where the user is in no list of users
    return "There is no home folder"


def no_entry(monkeypatch, tmp_path) -> str:
    """Permissions would not stop the superuser."""
    real = os.stat

    def stat(path, *arguments, **options):
        if str(path).startswith(str(tmp_path / "closed")):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", stat)
    monkeypatch.setenv("JSMA_DATA_DIR", str(tmp_path / "closed" / "mnist"))
    return "Permission denied"


def name_too_long(monkeypatch, tmp_path) -> str:
    monkeypatch.setenv("JSMA_DATA_DIR", str(tmp_path / ("n" * 300)))
    return "File name too long"


def below_a_file(monkeypatch, tmp_path) -> str:
    (tmp_path / "file").touch()
    monkeypatch.setenv("JSMA_DATA_DIR", str(tmp_path / "file" / "mnist"))
    return "No MNIST in"


@pytest.mark.slow
@pytest.mark.parametrize("place", [no_home, no_entry, name_too_long, below_a_file])
def test_every_page_opens_where_one_cannot_look_for_the_digits(visitor, monkeypatch, tmp_path, place):
    sentence = place(monkeypatch, tmp_path)
    visitor.query_params["gamma"] = "0.005"  # little to compute
    visitor.run()
    assert says(visitor, sentence)
    assert says(visitor, "JSMA_DATA_DIR")
    assert lab_is_there(visitor)
    visitor.button(key="download").click().run()  # nowhere to put them
    assert lab_is_there(visitor)
    assert visitor.error
    if place is not below_a_file:  # one place for all pages: each asks in the same way
        return
    for file in (page.file for page in PAGES.values()):
        if file != "app.py":
            visitor.switch_page(file).run()
            assert not visitor.exception, file


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
    assert says(visitor, "Another visitor is downloading it already")
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


# --- The clock -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("jump", [-86_400 * 365, 86_400 * 365])
def test_a_clock_that_is_set_anew_changes_nothing(monkeypatch, jump):
    app = opened(gamma=0.02)
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
