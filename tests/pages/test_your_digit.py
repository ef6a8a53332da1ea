"""The page Your digit: what it makes of good and bad pictures, and that no other visitor sees them."""

import io
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.runtime.scriptrunner import StopException

from benchmarks.made_photos import VARIANTS, draw
from jsma.stage import Recording
from pages.ui import download
from pages.ui.choice import OWN
from pages.ui.download import PATIENCE_SECONDS, wish
from pages.ui.shared import own_digits
from pages.ui.your_digit import camera
from pages.ui.your_digit.opening import open_picture
from tests.helpers.app import opened, words

PAGE = "pages/6_Your_digit.py"


@pytest.fixture
def visitor():
    """A visitor who has opened the page."""
    return opened(PAGE, model="lenet")


def bring(visitor, digit, variant=VARIANTS[0]):
    visitor.session_state.own_brought = own_digits.Brought(draw(digit, variant))
    return visitor.run()


def attack(visitor):
    next(button for button in visitor.button if "Attack it" in button.label).click().run()
    visitor.switch_page("app.py").run()
    visitor.query_params.clear()  # as a browser does, when a page's name is clicked
    return visitor


def test_before_anything_is_brought_it_says_what_to_do(visitor):
    assert not visitor.exception
    assert "Draw a digit" in words(visitor)


def test_a_digit_is_read_and_attacked_in_the_lab_and_stays(visitor):
    assert "It reads a **4**" in words(bring(visitor, 4))
    attack(visitor)
    assert not visitor.exception
    choice = visitor.session_state.choice
    assert (choice.data, choice.digit, choice.sample) == (OWN, 4, 0)
    assert visitor.selectbox(key="widget-data").value == OWN
    assert visitor.button(key="digit-5").disabled
    visitor.switch_page("pages/4_Rules.py").run()
    assert not visitor.exception
    assert "read this 4 as" in words(visitor)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["1_Walkthrough", "2_Model", "3_Grid", "5_Evaluation"])
def test_pages_about_whole_data_sets_show_one_and_keep_the_choice(visitor, page):
    attack(bring(visitor, 4))
    visitor.switch_page(f"pages/{page}.py").run()
    assert not visitor.exception
    assert page == "1_Walkthrough" or "Here you see the UCI digits" in words(visitor)
    assert visitor.session_state.choice.data == OWN


def test_a_link_to_somebody_elses_digit_is_explained(visitor):
    visitor.switch_page("app.py")
    visitor.query_params.clear()
    visitor.query_params["data"] = "own"
    visitor.run()
    assert not visitor.exception
    assert "only the browser they used has it" in visitor.warning[0].value
    assert visitor.session_state.choice.data == "uci"


@pytest.mark.slow
def test_what_comes_of_a_digit_is_within_reach_of_nobody_else(visitor, within_reach):
    attack(bring(visitor, 4))
    for kind in ("text/html", "image/gif", "image/png", "text/csv", "image/png-alone", "application/x-npy-alone"):
        visitor.session_state[f"download-{kind}-asked"] = wish()
    visitor.run()
    visitor.switch_page("pages/4_Rules.py").run()
    assert not visitor.exception
    visitor.switch_page("pages/7_Saliency_maps.py").run()
    for show in ("skip-which-attacks", "skip-fewest-pixels", "sanity-start"):
        visitor.button(key=show).click().run()
        assert not visitor.exception
    assert "With all layers random" in words(visitor)
    assert visitor.session_state.choice.data == OWN
    assert within_reach == []


def test_a_file_to_take_along_is_sent_to_who_asked_until_the_browser_has_it(visitor):
    attack(bring(visitor, 4))
    assert sent(visitor) == [b""] * 6
    visitor.session_state["download-text/csv-asked"] = wish()
    page, gif, png, csv, *alone = sent(visitor.run())
    assert csv.startswith(b"iteration,")
    assert [page, gif, png, *alone] == [b""] * 5
    before = files(visitor)[3]
    assert files(visitor.run())[3] == before  # the same number, by which the browser knows that it is the same file
    del visitor.session_state["download-text/csv-asked"]  # as when the browser says so
    assert sent(visitor.run()) == [b""] * 6


def test_a_file_is_made_after_all_where_another_request_has_cut_it_off_but_not_for_who_comes_back_later(
    visitor, monkeypatch
):
    attack(bring(visitor, 4))
    visitor.session_state["download-text/csv-asked"] = wish()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(download, "carried_out", cut_off)
        visitor.run()
    assert sent(visitor.run())[3].startswith(b"iteration,")
    asked = visitor.session_state["download-text/csv-asked"]
    visitor.session_state["download-text/csv-asked"] = asked._replace(since=asked.since - PATIENCE_SECONDS)
    assert sent(visitor.run()) == [b""] * 6


def cut_off(*_):
    raise StopException


def test_the_image_of_the_step_can_be_taken_along_as_numbers_and_in_8_bits(visitor):
    attack(bring(visitor, 4))
    for key in ("application/x-npy", "image/png"):
        visitor.session_state[f"download-{key}-alone-asked"] = wish()
    *_, picture, numbers = sent(visitor.run())
    image = np.load(io.BytesIO(numbers))
    assert np.array_equal(image, visitor.session_state.own_digits.images[0].numpy())  # step 0
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(picture))), np.rint(255 * image[0].astype(float)))


@pytest.mark.parametrize(
    ("address", "opens"),
    [
        ("http://192.168.1.20:8501/Your_digit", False),
        ("http://class.example/Your_digit", False),
        ("http://localhost.example:8501/", False),
        ("http://localhost:8501/Your_digit", True),
        ("http://127.0.0.1:8501/", True),
        ("http://[::1]:8501/", True),
        ("http://lab.localhost:8501/", True),
        ("https://class.example/Your_digit", True),
        (None, True),
    ],
)
def test_browsers_open_the_camera_over_https_and_on_the_same_machine(address, opens):
    assert camera.opens_at(address) is opens


def test_over_plain_http_a_sentence_points_to_picture_in_place_of_a_camera(visitor, monkeypatch):
    monkeypatch.setattr(camera, "opens_at", lambda address: False)
    visitor.session_state["way"] = "photo"
    visitor.run()
    assert not visitor.exception
    assert "under **Picture**" in visitor.info[0].value
    assert not visitor.get("camera_input")


def test_what_to_do_with_heic_and_how_large_a_picture_may_be_is_told_before_one_tries(visitor):
    visitor.session_state["way"] = "upload"
    visitor.run()
    assert "HEIC" in words(visitor, "caption")
    assert "at most 25 MB" in visitor.get("file_uploader")[0].proto.label


def test_a_file_that_cannot_be_made_is_told_in_a_sentence(visitor, monkeypatch):
    def fail(recording):
        raise MemoryError

    monkeypatch.setattr(Recording, "to_gif", fail)
    visitor.switch_page("app.py").session_state["download-image/gif-asked"] = wish()
    visitor.run()
    assert not visitor.exception
    assert sent(visitor) == [b""] * 6
    assert ["could not be made" in json.loads(head).get("problem", "") for head, _ in files(visitor)] == [
        0,
        1,
        0,
        0,
        0,
        0,
    ]


def files(visitor):
    """Return what was sent to each download button: a line of JSON and the file."""
    pieces = (element.proto for element in visitor.get("bidi_component"))
    return [piece.bytes.split(b"\n", 1) for piece in pieces if piece.component_name == "jsma_download"]


def sent(visitor):
    return [content for _, content in files(visitor)]


def test_two_visitors_see_their_own(visitor):
    other = opened(PAGE)
    attack(bring(visitor, 4))
    assert "own_digits" not in other.session_state
    attack(bring(other, 7))
    assert visitor.session_state.own_digits.labels.tolist() == [4]
    assert other.session_state.own_digits.labels.tolist() == [7]


@pytest.mark.parametrize("grey", [0.0, 1.0])
def test_an_empty_or_a_full_picture_gets_advice(visitor, grey):
    visitor.session_state.own_brought = own_digits.Brought(np.full((280, 280), grey, dtype=np.float32))
    visitor.run()
    assert not visitor.exception
    assert "No ink was found" in words(visitor)


def test_an_unsure_reading_is_called_that(visitor):
    assert "It is not sure" not in words(bring(visitor, 5))
    one_over_the_other = np.minimum(draw(5, VARIANTS[0]), draw(0, VARIANTS[0]))
    visitor.session_state.own_brought = own_digits.Brought(one_over_the_other)
    assert "It is not sure" in words(visitor.run())


def test_what_is_kept_is_bounded_and_has_no_twins(monkeypatch):
    monkeypatch.setattr(own_digits.st, "session_state", state := AttrDict())
    for k in range(20):
        own_digits.add(torch.full((1, 28, 28), k / 20), k % 10)
    assert state.own_digits.labels.tolist() == [k % 10 for k in range(8, 20)]
    assert own_digits.add(torch.full((1, 28, 28), 19 / 20), 3) == 1
    assert len(state.own_digits) == own_digits.MOST


class AttrDict(dict):
    __getattr__, __setattr__ = dict.__getitem__, dict.__setitem__


PNG = "data:image/png;base64,"


@pytest.mark.parametrize(
    "sent",
    [
        {"drawing": "x"},
        {"drawing": [1]},
        {"drawing": {"raw": 5, "data": PNG}},
        {"drawing": {"raw": {"objects": [{}]}, "data": None}},
        {"drawing": {"raw": {"objects": [{}]}, "data": "no picture"}},
        {"drawing": {"raw": {"objects": [{}]}, "data": 5}},
        {"drawing": {"raw": {"objects": [{}]}, "data": PNG + "%%%="}},
        {"drawing": {"raw": {"objects": [{}]}, "data": "data:text/html;base64,PGI+"}},
        {"backgroundFit": 5},
        {"backgroundFit": {"naturalWidth": 1}},
    ],
)
def test_whatever_is_sent_as_a_drawing_is_no_fault(visitor, monkeypatch, sent):
    monkeypatch.setattr(sys.modules["streamlit_drawable_canvas"], "out", lambda **_: sent)
    visitor.run()
    assert not visitor.exception
    assert "Draw a digit" in words(visitor)


def test_a_picture_that_comes_while_its_script_is_ended_is_taken_by_the_next(visitor, monkeypatch):
    from pages.ui import uploads
    from pages.ui.your_digit import bringing

    sent, ended = [SimpleNamespace(name="photo")], []
    file = io.BytesIO()
    Image.fromarray((255 * draw(7, VARIANTS[0])).astype(np.uint8)).save(file, "PNG")

    def opened_too_late(data):
        if not ended:
            ended.append(True)
            raise StopException  # what Streamlit does when another run is asked for
        return open_picture(data)

    monkeypatch.setattr(bringing, "_sent", lambda: sent[0])
    monkeypatch.setattr(bringing, "open_picture", opened_too_late)
    monkeypatch.setattr(uploads, "read", lambda sent: sent and file.getvalue())
    monkeypatch.setattr(uploads, "drop", lambda dropped: sent.__setitem__(0, None))
    visitor.session_state.way = "upload"
    visitor.run()
    assert ended
    assert sent[0]
    assert "It reads a **7**" in words(visitor.run())
    assert sent == [None]
    assert "It reads a **7**" in words(visitor.run())
