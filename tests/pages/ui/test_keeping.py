"""One's own digits and network, to the browser and back: what is taken up, and what is not."""

import json
from base64 import b64encode

import pytest
import torch
from streamlit.testing.v1 import AppTest

import jsma
from jsma import Digits
from pages.ui import keeping, networks
from pages.ui.choice import OWN, Choice
from pages.ui.shared import own_digits


@pytest.fixture(scope="module")
def digits() -> Digits:
    some = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    return Digits(own_digits.NAME, some, torch.tensor([3, 8]))


@pytest.fixture(scope="module")
def own():
    return networks.own("tutorial", jsma.load_model("tutorial"), {"uci": 0.9}, "uci")


def sent(own) -> dict:
    """Return what the browser sends back of a network."""
    return {**keeping.network_facts(own), "weights": b64encode(keeping.weights_as_bytes(own)).decode()}


def test_digits_come_back_as_they_were(digits):
    back = keeping.digits_from_text(keeping.digits_as_text(digits))
    assert torch.equal(back.images, digits.images)
    assert torch.equal(back.labels, digits.labels)


@pytest.mark.parametrize(
    "part",
    [
        {"version": 2},
        {"labels": [3, 10]},
        {"labels": [3, True]},
        {"labels": [3]},
        {"labels": []},
        {"labels": "38"},
        {"pixels": "?"},
        {"pixels": b64encode(torch.full((2, 784), 1.5).numpy().tobytes()).decode()},
        {"pixels": b64encode(torch.full((2, 784), float("nan")).numpy().tobytes()).decode()},
    ],
)
def test_what_cannot_be_digits_is_left(digits, part):
    kept = json.loads(keeping.digits_as_text(digits)) | part
    assert keeping.read(keeping.digits_from_text, json.dumps(kept)) is None


@pytest.mark.parametrize("text", [None, 7, "", "[]", "{", "[" * 5000])
def test_nonsense_is_left(text):
    assert keeping.read(keeping.digits_from_text, text) is None
    assert keeping.read(keeping.network_from, text) is None


def test_a_network_comes_back_with_the_same_key_the_same_reading_and_what_it_was_trained_on(own, uci):
    back = keeping.network_from(json.loads(json.dumps(sent(own))))
    assert (back.key, back.label, dict(back.accuracy), back.trained_on) == (own.key, own.label, {"uci": 0.9}, "uci")
    assert torch.equal(back.module(uci.images[:3]), own.module(uci.images[:3]))
    assert not back.module.training


@pytest.mark.parametrize(
    "part",
    [
        {"version": 0},
        {"architecture": "lenet"},
        {"architecture": "../x"},
        {"trained_on": "imagenet"},
        {"accuracy": {"uci": 7}},
        {"accuracy": [1]},
        {"weights": ""},
        {"weights": b64encode(torch.full((710_218,), float("inf")).numpy().tobytes()).decode()},
    ],
)
def test_what_cannot_be_a_network_is_left(own, part):
    assert keeping.read(keeping.network_from, sent(own) | part) is None


def test_weights_are_sent_until_the_browser_has_them_and_not_again_on_another_page(own):
    def page(own) -> None:
        import streamlit as st

        from pages.ui import keeping
        from pages.ui.choice import Choice

        st.session_state.own_network = own
        st.session_state.sent = len(keeping.message(Choice()))

    app = AppTest.from_function(page, args=(own,)).run()
    assert app.session_state.sent > 4 * 710_218
    app.session_state.own_network_stored = own.key
    assert app.run().session_state.sent < 1000


def test_the_browser_answers_in_any_case_only_where_the_choice_waits_for_it():
    def page(choice) -> None:
        import json

        import streamlit as st

        from pages.ui import keeping

        st.session_state.asked = json.loads(keeping.message(choice).partition(b"\n")[0])

    for choice, awaited in [(Choice(), False), (Choice(data=OWN), True), (Choice(model=OWN), True)]:
        app = AppTest.from_function(page, args=(choice,)).run()
        assert (app.session_state.asked["ask"], app.session_state.asked["awaited"]) == (True, awaited)
        app.session_state.kept_taken_up = True
        assert app.run().session_state.asked == {
            "ask": False,
            "awaited": False,
            "forgotten": 0,
            "digits": None,
            "network": None,
        }


def test_what_the_browser_has_stored_is_forgotten_too_so_that_the_same_network_trained_again_is_sent():
    assert "own_network_stored".startswith(keeping.FORGOTTEN)


def test_the_largest_network_is_not_too_long_to_come_back(own):
    assert len(json.dumps(sent(own))) < keeping.MOST
