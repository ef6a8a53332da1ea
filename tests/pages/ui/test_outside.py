"""Words from outside: what is written is what is seen. Whether Streamlit sees it so: tests/browser/test_outside.py."""

import math
import random
import re
from types import SimpleNamespace

import pytest
import streamlit
from hypothesis import given
from hypothesis import strategies as st

import jsma
from benchmarks import fuzz
from benchmarks.fuzz import MARKDOWN, shown
from pages.ui import controls, session
from pages.ui.choice import CONTROLS, Choice
from pages.ui.outside import cut, plain
from pages.ui.shared.comparison.methods import AT_FIRST, METHODS, MOST
from pages.ui.stage import Settled, settled
from tests.helpers.app import opened


@pytest.mark.parametrize("text", [*MARKDOWN, "7", "0.9", "-1", "python -m jsma train", "/a/b-c/d_e.pt (no data)"])
def test_what_is_written_is_shown(text):
    assert shown(plain(text)) == text


@given(st.text(max_size=40) | st.lists(st.sampled_from(MARKDOWN), max_size=4).map("".join))
def test_whatever_is_written_nothing_becomes_of_it(text):
    assert shown(plain(text)) == "".join(each if each.isprintable() else "�" for each in re.sub(r"\s+", " ", text))


@pytest.mark.parametrize("text", ["a\nb", "a\r\n\r\n# b", "a\u2028b", "a\x0bb", "a \t\u00a0b"])
def test_there_is_one_line(text):
    assert "\n" not in plain(text)
    assert len(plain(text).splitlines()) == 1


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\u200b", "\ufeff", "\0", "\x1b", "\x7f", "\ud800", "\ue000"])
def test_what_cannot_be_seen_leaves_a_mark(hidden):
    assert plain(f"a{hidden}b") == "a�b"
    plain(hidden).encode()


def test_plain_words_and_numbers_stay_as_they_are():
    for text in ("nonsense", "1e309", "-0.5", "½", "No MNIST in /a/b-c (x). Try: python -m jsma train, then wait."):
        assert plain(text) == text


def test_what_is_long_is_cut():
    assert cut("x" * 24) == "x" * 24
    assert cut("x" * 5000) == "x" * 24 + "…"
    assert cut(OSError("y" * 9), 3) == "yyy…"


# --- Where the app shows them ----------------------------------------------------------------------

FOLDER = "![](__a.bc_x) :material_home: **b** $x$"
"""What a folder may be called; the pages name it."""


def test_a_folder_is_named_as_it_is_called(monkeypatch, tmp_path):
    monkeypatch.setenv("JSMA_DATA_DIR", str(tmp_path / FOLDER))
    (said,) = [caption.value for caption in opened(data="mnist").caption if "No MNIST in" in caption.value]
    assert FOLDER in shown(said)


@pytest.mark.parametrize("page", ["app.py", "pages/4_Rules.py"])
def test_what_is_wrong_with_a_file_is_told_as_it_is(monkeypatch, page):
    def damaged(name: str) -> None:
        raise ValueError(f"There are no weights at {FOLDER}/[x](//a.bc).")

    monkeypatch.setattr(jsma, "load_model", damaged)
    streamlit.cache_resource.clear()
    said = opened(page).error[0].value
    before, link, after = re.fullmatch(r"(.*?You can use )\[LeNet of the paper's sizes\]\((.*)\)(.*)", said).groups()
    assert f"{FOLDER}/[x](//a.bc)" in shown(before.removeprefix("**The tutorial's CNN**"))
    assert (link, after) == ("?model=lenet", " instead.")
    streamlit.cache_resource.clear()


def test_a_chapter_that_is_not_there_is_named_as_it_was_asked_for():
    app = opened("pages/1_Walkthrough.py", chapter="[Log in](//a.bc) again and again", digit=":material/home:")
    first, second = sorted(shown(warning.value) for warning in app.warning)
    assert "chapter “[Log in](//a.bc) again a…”" in first
    assert "digit “:material/home:”" in second


@pytest.mark.parametrize(
    ("asked", "says", "used"),
    [
        (["250"], "“250”", 10),
        (["1e309"], "“1e309”", 10),
        (["-20"], "“-20”", 10),
        (["nan"], "“nan”", 10),
        (["many"], "“many”", 10),
        ([""], "“”", 10),
        (["20", "30"], "“20, 30”", 10),
        (["25.5"], "“25.5”", 25),
        (["**b**" * 9], "“**b****b****b****b****b*…”", 10),
    ],
)
def test_a_number_of_images_that_cannot_be_had_is_told(asked, says, used):
    app = opened("pages/5_Evaluation.py", images=asked, gamma="0.005")
    assert app.slider(key="images").value == used
    (warning,) = app.warning
    assert f"images {says}, but it must be a whole number from 10 to 200. Using {used}." in shown(warning.value)
    app.slider(key="images").set_value(40).run()
    assert app.slider(key="images").value == 40
    assert not app.exception
    assert not app.warning


@pytest.mark.parametrize("asked", [["10"], ["30"], ["200"], ["1e2"]])
def test_a_number_of_images_that_can_be_had_is_not_remarked_on(asked):
    app = opened("pages/5_Evaluation.py", images=asked, gamma="0.005")
    assert app.slider(key="images").value == float(asked[0])
    assert not app.warning


ALL = list(METHODS)


@pytest.mark.parametrize(
    ("asked", "says", "used"),
    [
        (["nonsense"], "“nonsense”", AT_FIRST),
        (["WJSMA,TJSMA"], "“WJSMA,TJSMA”", AT_FIRST),
        (["nonsense", "WJSMA", "[x](//a.bc)"], "“nonsense; WJSMA; [x](//a.bc)”", ["WJSMA"]),
        (["WJSMA", "TJSMA", "WJSMA"], "“WJSMA; TJSMA; WJSMA”", ["WJSMA", "TJSMA"]),
        (ALL[: MOST + 1], f"“{'; '.join(ALL[: MOST + 1])[:60]}…”", ALL[:MOST]),
    ],
)
def test_rules_that_cannot_run_are_told(asked, says, used):
    app = opened("pages/4_Rules.py", rules=asked, gamma="0.005")
    assert app.multiselect(key="rules").value == used
    (warning,) = app.warning
    assert f"rules {says}, but it must be at most {MOST} different names" in shown(warning.value)
    assert shown(warning.value).endswith(f"Using {'; '.join(used)}.")


@pytest.mark.parametrize("asked", [["WJSMA"], ["TJSMA, both", "Top two"], AT_FIRST, ALL[:MOST]])
def test_rules_that_can_run_are_not_remarked_on(asked):
    app = opened("pages/4_Rules.py", rules=asked, gamma="0.005")
    assert app.multiselect(key="rules").value == asked
    assert not app.warning


def test_rules_that_a_link_leaves_empty_stay_empty():
    app = opened("pages/4_Rules.py", rules="")
    assert app.multiselect(key="rules").value == []
    assert not app.warning
    assert "at least one rule" in app.info[0].value


# --- What a browser may send -----------------------------------------------------------------------


def test_what_the_stage_reports_is_taken_only_if_it_can_be():
    here = SimpleNamespace(name="a", iterations=5)
    right = {"recording": "a", "visit": 1, "step": 5, "hidden": True}
    assert settled(right, here, 1) == Settled(5, True)
    for wrong in ({"step": 6}, {"step": -1}, {"step": "1"}, {"step": math.nan}, {"visit": 2}, {"recording": ["a"]}):
        assert settled(right | wrong, here, 1) is None
    for wrong in ({"hidden": "x"}, {"step": None}, {"step": {}}, {"visit": None}):
        assert settled(right | wrong, here, 1) is None
    for wrong in (None, 1, "a", [right], {}, {"recording": "a"}):
        assert settled(wrong, here, 1) is None


def test_whatever_a_browser_sends_is_taken_or_not():
    outcomes = {fuzz.try_browser(value) for value in fuzz.browser_values(random.Random(3), 3000)}
    assert outcomes == {"browser's value taken", "browser's value says nothing"}


@pytest.mark.parametrize("name", [name for name in CONTROLS if name not in ("digit", "sample", "target")])
def test_a_control_that_sends_what_it_does_not_offer_falls_back(monkeypatch, name):
    taken = []
    monkeypatch.setattr(session, "requested", lambda: Choice(digit=7))
    monkeypatch.setattr(session, "request", taken.append)
    for sent in ("[x](//a.bc)", None, math.inf, [], "../lenet"):
        monkeypatch.setattr(streamlit, "session_state", {f"widget-{name}": sent})
        controls._take(name)
    assert taken == [Choice(digit=7)] * 5
