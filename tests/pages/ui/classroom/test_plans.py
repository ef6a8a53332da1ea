"""Plans and worksheets: minutes that add up, questions that exist, and a key that holds against the library."""

import re
from html import unescape

import pytest

from jsma import Attack, load_model
from jsma.stage import record
from pages.ui.choice import Choice
from pages.ui.classroom import printing
from pages.ui.classroom.plans import PLANS
from pages.ui.shared.classroom.activities import CHOSEN, Activity
from pages.ui.shared.classroom.subject import Subject
from pages.ui.walkthrough import quiz


@pytest.mark.parametrize("minutes", PLANS)
def test_a_plan_takes_the_time_it_says_and_asks_what_there_is(minutes):
    parts = PLANS[minutes]
    assert sum(part.minutes for part in parts) == minutes
    assert all(part.activity in CHOSEN for part in parts)
    assert {part.question for part in parts if part.activity is Activity.QUESTION} <= set(quiz.QUESTIONS)
    page = printing.plan(minutes, parts, lambda part: f"https://x/Class?step={part.step}&digit=7")
    assert page.count('<a href="https://x/Class?step=') == len(parts)
    assert all(part.believed in unescape(page) for part in parts)


@pytest.fixture(scope="module")
def subject(uci):
    recording = record(load_model("tutorial"), uci.images[int(uci.of_class(7)[0])], 7, 3, Attack())
    return Subject(Choice(digit=7, target=3, step=2), recording, 2)


def test_the_key_of_a_worksheet_is_what_one_computes_from_the_numbers_on_it(subject):
    page = re.sub(r"<[^>]+>", "", unescape(printing.worksheet(subject).partition('class="key"')[2])).replace("−", "-")
    pairs = re.findall(
        r"with a = (\S+) and b = (\S+), .*? with a = (\S+) and b = (\S+)\. "
        r"α = (\S+), β = (\S+), score -α × β = (\S+)\.",
        page,
    )
    assert len(pairs) == 3
    scores = []
    for each in pairs:
        a1, b1, a2, b2, alpha, beta, score = map(float, each)
        assert alpha == pytest.approx(a1 + a2, abs=2e-3)
        assert beta == pytest.approx(b1 + b2, abs=2e-3)
        assert score == pytest.approx(-alpha * beta, abs=5e-3)
        scores.append(score)
    assert max(scores) == scores[1]
    assert "Pair B is made brighter" in page
    assert "at most 56 iterations" in page  # floor(784 × 0.145 / 2)


def test_no_answer_stands_on_the_sheet_itself(subject):
    sheet, _, key = printing.worksheet(subject).partition('class="key"')
    values = re.findall(r"<b>(.+?)</b>", key)
    assert len(values) == sheet.count('class="blank"')
    assert "Pair B is made" not in sheet


@pytest.mark.parametrize("step", [0, 3])
def test_a_worksheet_can_be_made_of_every_step_also_of_the_last(subject, step):
    at = subject.recording.iterations - step
    page = printing.worksheet(Subject(subject.choice, subject.recording, at))
    assert "{}" not in page
    assert page.count("<h1>") == 2
