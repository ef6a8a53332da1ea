"""The walkthrough: what it asks and remembers, and its numbers against ones worked out here."""

import math
import re

import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

import jsma
from benchmarks.driving import as_number
from jsma import Attack, Stop
from pages.ui.walkthrough import contents, excerpt, forward_derivative, overview
from pages.ui.walkthrough.contents import CHAPTERS
from tests.helpers.app import lock_in, words
from tests.helpers.paths import ROOT

DIGIT, SAMPLE, TARGET = 7, 2, 3


def opened(app: AppTest, chapter: object, **link: object) -> AppTest:
    """Open a chapter by its link, on a digit of the tests' own."""
    link = {"digit": DIGIT, "sample": SAMPLE, "target": TARGET, "chapter": chapter} | link
    for name, value in link.items():
        app.query_params[name] = str(value)
    app.switch_page("pages/1_Walkthrough.py").run()
    assert not app.exception
    return app


@pytest.fixture(scope="module")
def subject(uci):
    """The digit of the tests and the network, in double precision, on which all numbers are worked out here."""
    return uci.images[int(uci.of_class(DIGIT)[SAMPLE])].double(), jsma.load_model("tutorial").double()


def chapter_button(app: AppTest, number: int) -> str:
    return app.button(key=f"chapter-{number}").label


# The page


@pytest.mark.parametrize("number", range(1, len(CHAPTERS) + 1))
def test_every_chapter_opens_by_its_link(app, number):
    opened(app, number)
    assert app.header[0].value == f"{number}. {CHAPTERS[number - 1].TITLE}"
    assert CHAPTERS[number - 1].QUESTION in words(app)
    assert app.query_params["chapter"] in (str(number), [str(number)])
    assert not app.warning


@pytest.mark.parametrize("nonsense", ["0", "8", "-1", "1.0", "２", "", "<b>2</b>", "9" * 300])
def test_a_chapter_that_does_not_exist_is_told_and_the_first_one_opens(app, nonsense):
    opened(app, nonsense)
    assert app.header[0].value.startswith("1.")
    assert len(app.warning) == 1


def test_task_names_are_all_different():
    names = [name for chapter in CHAPTERS for name in chapter.TASKS]
    assert len(set(names)) == len(names)


def test_the_ways_on_and_back_and_the_row_lead_to_the_same_chapters(app):
    opened(app, 1)
    app.button(key="turn-from-1-to-2").click().run()
    assert app.header[0].value.startswith("2.")
    app.button(key="turn-from-2-to-1").click().run()
    assert app.header[0].value.startswith("1.")
    app.button(key="chapter-7").click().run()
    assert app.header[0].value.startswith("7.")
    assert app.query_params["chapter"] in ("7", ["7"])
    assert not [button for button in app.button if button.key == "turn-from-7-to-8"]
    assert "After the walkthrough" in [element.value for element in app.subheader]


def test_a_chapter_is_opened_although_the_click_overtakes_one_on_the_pages_name(app, monkeypatch):
    button = opened(app, 2).button(key="chapter-3")
    app.query_params.clear()
    with monkeypatch.context() as overtaken:
        overtaken.setattr(contents, "publish", st.stop)
        app.run()
    app.query_params["chapter"] = "2"  # the browser has put it back meanwhile
    button.click().run()
    assert app.header[0].value.startswith("3.")
    app.query_params["chapter"] = "2"  # it has clicked once more before the new one reached it
    app.button(key="chapter-5").click().run()
    assert app.header[0].value.startswith("5.")


def test_chapter_and_progress_are_still_there_after_a_look_at_another_page(app):
    opened(app, 3)
    app.radio(key="question-size-of-all").set_value(2).run()
    assert chapter_button(app, 3).endswith(":small[1 of 7 done]")
    app.switch_page("pages/4_Rules.py").run()
    app.query_params.clear()  # as a browser does, when a page's name is clicked
    app.switch_page("pages/1_Walkthrough.py").run()
    assert not app.exception
    assert app.header[0].value.startswith("3.")
    assert app.radio(key="question-size-of-all").value == 2
    assert chapter_button(app, 3).endswith(":small[1 of 7 done]")


# What is asked


def test_a_wrong_answer_explains_itself_and_only_the_right_one_counts(app):
    opened(app, 3)
    app.radio(key="question-size-of-all").set_value(1).run()
    assert any("map of one class" in error.value for error in app.error)
    assert chapter_button(app, 3).endswith(":small[0 of 7 done]")
    app.radio(key="question-size-of-all").set_value(2).run()
    assert any("7,840" in success.value for success in app.success)
    assert chapter_button(app, 3).endswith(":small[1 of 7 done]")


def test_a_prediction_comes_before_the_result_and_can_be_taken_back(app, subject):
    opened(app, 2)
    (button,) = [each for each in app.button if each.label == "Lock in and see"]
    assert button.disabled
    assert "You said" not in words(app)
    image, model = subject
    result = Attack().run(model, image[None], torch.tensor([TARGET]))
    assert f"{result.changed[0]} pixels in" not in words(app)
    app.number_input[0].set_value(10).run()
    lock_in(app)
    assert f"**You said 10.** It took {result.changed[0]} pixels in {result.iterations[0]} pairs" in words(app)
    assert chapter_button(app, 2).endswith(":small[1 of 4 done]")
    (again,) = [each for each in app.button if each.label == "Predict again"]
    again.click().run()
    assert "You said" not in words(app)


def test_a_prediction_about_one_digit_says_nothing_of_another(app):
    opened(app, 2)
    app.number_input[0].set_value(10).run()
    lock_in(app)
    app.button(key="target-5").click().run()
    assert "You said" not in words(app)


# Chapter 1


def test_chapter_1_shows_the_networks_scores_and_shares(app, subject):
    image, model = subject
    scores = model(image[None])[0].tolist()
    shares = [math.exp(score) / sum(math.exp(other) for other in scores) for score in scores]
    ranked = sorted(range(10), key=lambda digit: -scores[digit])
    opened(app, 1)
    assert f"as a **{ranked[0]}** and is {100 * shares[ranked[0]]:.1f} % sure" in words(app)
    assert "second choice is" not in words(app)
    app.segmented_control[0].set_value(ranked[3]).run()
    lock_in(app)
    text = words(app)
    assert f"**The second choice is {ranked[1]}.** You said {ranked[3]}, which is number 4." in text
    assert f"Your target, {TARGET}, is choice number {ranked.index(TARGET) + 1} of ten" in text
    rows = re.findall(r"^\| (\d) \| (\S+) \| (\S+)( %)? \|$", text, re.MULTILINE)
    assert [int(row[0]) for row in rows] == list(range(10))
    for (_, score, share, percent), expected, part in zip(rows, scores, shares, strict=True):
        assert as_number(score) == pytest.approx(expected, abs=0.002)
        assert as_number(share) / (100 if percent else 1) == pytest.approx(part, rel=0.06, abs=0.0006 if percent else 0)
    times = as_number(re.search(r"\*\*(\S+) times as likely", text)[1].replace(",", ""))
    assert times == pytest.approx(shares[ranked[0]] / shares[ranked[1]], rel=0.01)
    app.radio(key="question-small-but-equal").set_value(1).run()
    assert chapter_button(app, 1).endswith(":small[2 of 6 done]")


def test_a_digit_that_the_network_misreads_is_not_praised(app, misread):
    opened(app, 1, **misread)
    assert "That is your target already" in words(app)
    app.button(key="chapter-2").click().run()
    app.number_input[0].set_value(2).run()
    lock_in(app)
    assert "It took none" in words(app)


def test_chapter_1_lists_the_layers_with_all_weights(app, subject):
    opened(app, 1)
    rows = re.findall(r"^\| (.+) \| (\d[\d × ]*) \| ([\d,]*) ?\|$", words(app), re.MULTILINE)
    shapes = [shape for _, shape, _ in rows]
    assert shapes[0] == "1 × 28 × 28"
    assert shapes[-2:] == ["10", "10"]
    _, model = subject
    assert len(rows) == 2 + len(model)  # the picture and softmax
    assert sum(as_number(weights.replace(",", "")) for *_, weights in rows if weights) == sum(
        values.numel() for values in model.parameters()
    )


# Chapter 2


def test_the_three_runs_end_in_three_ways(uci):
    ends = []
    for run in overview.RUNS.values():
        result = run.attack.run(jsma.load_model("tutorial"), uci.images[[run.position]], torch.tensor([run.target]))
        assert uci.labels[run.position] != run.target
        ends.append(result.stop[0])
    assert set(ends) == {Stop.REACHED_TARGET, Stop.BUDGET_SPENT, Stop.NO_ADMISSIBLE_PAIR}


def test_each_run_is_matched_with_its_own_ending(app, uci):
    opened(app, 2)
    names = {Stop.REACHED_TARGET: 0, Stop.BUDGET_SPENT: 1, Stop.NO_ADMISSIBLE_PAIR: 2}
    for task, run in overview.RUNS.items():
        result = run.attack.run(jsma.load_model("tutorial"), uci.images[[run.position]], torch.tensor([run.target]))
        right = names[result.stop[0]]
        before = len(app.success)
        app.radio(key=f"question-{task}").set_value((right + 1) % 3).run()
        assert len(app.success) == before
        app.radio(key=f"question-{task}").set_value(right).run()
        assert len(app.success) == before + 1
        assert f"It used {result.iterations[0]} of {run.attack.iterations(784)} pairs" in words(app)
    assert chapter_button(app, 2).endswith(":small[3 of 4 done]")


# Chapter 3


@pytest.fixture(scope="module")
def nudged(subject):
    """The logits (2, 784, 10) with every pixel in turn moved up, and down, by 1e-4."""
    image, model = subject
    moves = 1e-4 * torch.eye(784, dtype=torch.float64).view(784, 1, 28, 28)
    with torch.no_grad():
        return torch.stack([model(image + moves), model(image - moves)])


@pytest.fixture(scope="module")
def by_differences(nudged):
    """The slopes (10, 784) of the logits, by central differences."""
    return ((nudged[0] - nudged[1]) / 2e-4).T


def enter(app: AppTest, pixel: int) -> None:
    app.number_input(key="walkthrough-Row").set_value(pixel // 28).run()
    app.number_input(key="walkthrough-Column").set_value(pixel % 28).run()
    assert not app.exception


def test_a_pixel_is_judged_by_its_two_slopes(app, subject, by_differences):
    values, pull, push = subject[0].flatten(), by_differences[TARGET], by_differences[DIGIT]
    good = int(torch.where((push < -0.05) & (values < 0.5), pull, 0).argmax())
    bad = int(torch.where(values < 0.5, push, 0).argmax())
    opened(app, 3)
    enter(app, bad)
    assert any("does not lower" in error.value for error in app.error)
    assert chapter_button(app, 3).endswith(":small[0 of 7 done]")
    enter(app, good)
    (found,) = [success.value for success in app.success]
    told = [as_number(text) for text in re.findall(r"\*\*([+−][\d.]+)\*\*", found)]
    assert told == [pytest.approx(each[good].item(), abs=0.002) for each in (pull, push)]
    assert chapter_button(app, 3).endswith(":small[1 of 7 done]")


def test_a_white_pixel_cannot_be_brightened(app, uci, monkeypatch):
    (white, *_) = (uci.images[int(uci.of_class(DIGIT)[SAMPLE])].flatten() == 1).nonzero().flatten().tolist()
    slopes = torch.zeros(1, 10, 1, 28, 28)
    slopes[:, TARGET], slopes[:, DIGIT] = 1, -1
    monkeypatch.setattr(forward_derivative, "jacobian", lambda *_: slopes)  # every pixel would do, were there room
    opened(app, 3)
    enter(app, white)
    assert any("white already" in error.value for error in app.error)
    assert chapter_button(app, 3).endswith(":small[0 of 7 done]")


def test_a_change_by_hand_is_held_against_its_promise(app, subject, by_differences):
    image, model = subject
    values = image.flatten()
    pixel = int(torch.where((by_differences[DIGIT] < -0.05) & (values < 0.5), by_differences[TARGET], 0).argmax())
    changed = values.clone()
    changed[pixel] = 1
    with torch.no_grad():
        happened = (model(changed.view(1, 1, 28, 28)) - model(image[None]))[0, TARGET].item()
    promise = by_differences[TARGET, pixel].item() * (1 - values[pixel].item())
    opened(app, 3)
    enter(app, pixel)
    assert "What will really happen?" in words(app)
    assert "The map promised" not in words(app)
    (ask,) = [radio for radio in app.radio if radio.label == "What happens"]
    ask.set_value(forward_derivative.PROMISES[0]).run()
    lock_in(app)
    told = re.search(r"promised (\S+), .*: \*\*(\S+)\*\*", words(app))
    assert as_number(told[1]) == pytest.approx(promise, abs=0.003)
    assert as_number(told[2]) == pytest.approx(happened, abs=0.003)
    steps = list(Attack().steps(model, image, TARGET))
    rise = (steps[-1].outputs - steps[0].outputs)[TARGET].item()
    summed = re.search(r"Over all (\d+) steps .* in all, and the logit changed by (\S+)\.", words(app))
    assert int(summed[1]) == len(steps) - 1
    assert as_number(summed[2]) == pytest.approx(rise, abs=0.01)


@pytest.mark.parametrize(
    ("promise", "happened", "place"), [(1, 1.01, 0), (1, 0.5, 1), (1, 0, 1), (1, 1.5, 2), (1, -0.1, 3), (1e-6, 1e-7, 1)]
)
def test_what_became_of_a_promise(promise, happened, place):
    assert forward_derivative.what_became(promise, happened) == forward_derivative.PROMISES[place]


def test_the_steepest_slopes_of_both_outputs_are_told(app, nudged, by_differences):
    ups, downs = nudged.softmax(2)
    steepest = ((ups - downs) / 2e-4).abs().max().item()
    opened(app, 3)
    told = re.search(r"is \*\*(\S+)\*\* for logits and \*\*(\S+)\*\* for probabilities", words(app))
    assert as_number(told[1]) == pytest.approx(by_differences.abs().max().item(), rel=0.01)
    assert as_number(told[2]) == pytest.approx(steepest, rel=0.06)
    app.segmented_control(key="walkthrough-output").set_value(jsma.Output.PROBABILITIES).run()
    assert not app.exception


def test_the_made_up_case_has_one_right_pixel():
    answers = [forward_derivative._of_place(name, *place) for name, place in forward_derivative.PLACES.items()]
    assert [answer.text for answer in answers if answer.right] == ["Bottom right"]


# Excerpts


def test_an_excerpt_is_what_the_source_says():
    source = (ROOT / "jsma" / "jacobian.py").read_text(encoding="utf-8")
    shown = excerpt.excerpt(jsma.jacobian, "images =", "return")
    assert all(line.strip() in source for line in shown.splitlines())
    assert shown.startswith("images = ")


def test_an_excerpt_that_is_no_longer_there_is_an_error():
    with pytest.raises(ValueError, match="no line with 'nowhere'"):
        excerpt.excerpt(jsma.jacobian, "nowhere", "return")
    with pytest.raises(ValueError, match="after 'return'"):
        excerpt.excerpt(jsma.jacobian, "return", "images = like")
