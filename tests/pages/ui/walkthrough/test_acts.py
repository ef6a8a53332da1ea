"""What a reader does in the course: by hand, blind, once, one pixel at a time; each against numbers worked out here."""

import math
from base64 import b64decode
from dataclasses import replace
from io import BytesIO
from itertools import combinations
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
import torch
from PIL import Image

from jsma import Attack, Direction, Output, Stop, best_pair, jacobian, load_model, palette, saliency_map
from jsma.baselines import Baseline, baseline_steps
from jsma.stage.recording import record
from pages.ui.networks import Network
from pages.ui.shared import picker
from pages.ui.walkthrough import (
    blind_test,
    by_hand,
    exercises,
    findings,
    forward_derivative,
    network,
    once,
    opening,
    saliency,
    shown,
    summary,
    tasks,
)
from tests.helpers.app import checked, words
from tests.helpers.course import predict

DIGIT, TARGET = 7, 3


@pytest.fixture(scope="module")
def model():
    return load_model("tutorial")


@pytest.fixture(scope="module")
def image(uci):
    return uci.images[uci.of_class(DIGIT)[0]]


@pytest.fixture(scope="module")
def recording(model, image):
    return record(model, image, DIGIT, TARGET, Attack())


# Chapter 1


def test_the_question_of_the_course_is_asked_with_the_pixels_of_ones_own_digit(chapter, recording):
    app = chapter("network")
    asked = f"changing {recording.end.changed} pixels make a network read this 7 as a 3, when you still read 7?"
    assert asked in words(app, "subheader")


def test_a_digit_that_is_read_as_the_target_already_gets_another_question(chapter, misread):
    assert "before any pixel is changed?" in words(chapter("network", **misread), "subheader")


def test_pixels_turned_white_by_hand_are_read_by_the_network(model, image):
    class Chosen:
        image = None
        network = Network("tutorial", "", "tutorial", model, {})

    lesson = Chosen()
    lesson.image = image
    changed = image.clone()
    changed[0, 3, 4] = changed[0, 20, 9] = 1
    expected = model(changed[None])[0].softmax(0)
    torch.testing.assert_close(opening.read_with(lesson, [3 * 28 + 4, 20 * 28 + 9]), expected)
    assert image[0, 3, 4] < 1


@pytest.mark.parametrize(
    ("sent", "picks"),
    [
        ([3, 5], [3, 5]),
        ([3.0, 3, 5], [3, 5]),
        (list(range(20)), [12, 13, 14, 15, 16, 17, 18, 19]),
        ([-1, 784, math.nan, math.inf, "7", None, True, 7], [7]),
        ({"0": 1}, []),
        (None, []),
        ("34", []),
    ],
)
def test_what_the_browser_sends_as_picks_is_checked(sent, picks):
    assert picker.valid(sent, 784, 8) == picks


def test_the_blind_test_mixes_clean_pictures_with_attacks_that_succeeded(model):
    some = blind_test.pictures(Network("tutorial", "", "tutorial", model, {}))
    assert [each.attacked for each in some].count(True) == [each.attacked for each in some].count(False) == 5
    reads = model(torch.stack([each.image for each in some])).argmax(1).tolist()
    assert reads == [each.reads for each in some]
    assert all((each.reads != each.label) is each.attacked for each in some)
    assert [each.attacked for each in some] != sorted(each.attacked for each in some)


def test_the_blind_test_compares_ones_eyes_with_the_network(chapter, model):
    some = blind_test.pictures(Network("tutorial", "", "tutorial", model, {}))
    app = chapter("network")
    for place, each in enumerate(some):
        assert "by the network" not in words(app)
        said = each.reads if not place else each.label  # one attacked or clean picture as the network reads it
        checked(app.button(key=f"blind-{said}").click().run())
    yours = 5 - some[0].attacked
    assert f"| attacked | {yours} of 5 | 0 of 5 |" in words(app)
    assert "| untouched | 5 of 5 | 5 of 5 |" in words(app)
    assert "γ = 14.5 %" in words(app)
    first = app.session_state["walkthrough_first"]["blind-test"]
    assert first.right is not some[0].attacked
    checked(app.button(key="blind-again").click().run())
    assert "by the network" not in words(app)
    assert app.session_state["walkthrough_first"]["blind-test"] == first


def test_a_rival_without_probability_has_nothing_to_give(model, image):
    logits = model(image[None])[0].detach().double()
    leader, last = network.leading_and_last(logits, TARGET)
    others = {digit: value for digit, value in enumerate(logits.tolist()) if digit != TARGET}
    assert (leader, last) == (max(others, key=others.get), min(others, key=others.get))
    for rival in (leader, last):
        expected = logits.clone()
        expected[rival] -= 5
        assert torch.equal(network.lowered(logits, rival), expected)
    before, low, high = (
        values.softmax(0)[TARGET] for values in (logits, network.lowered(logits, last), network.lowered(logits, leader))
    )
    assert low < 1.01 * before
    assert high > 2 * before


def test_what_lowering_a_rival_does_is_told_with_the_digits_own_numbers(chapter, model, image):
    logits = model(image[None])[0].detach().double()
    leader, _ = network.leading_and_last(logits, TARGET)
    share = network.lowered(logits, leader).softmax(0)[TARGET].item()
    app = chapter("network")
    predict(app, "second-choice", 9)
    assert "becomes **" not in words(app)
    predict(app, "one-rival-down", "both")
    assert f"becomes **{network._share(share)}**".replace("\N{NO-BREAK SPACE}", " ") in words(app)


# Chapter 3


def test_the_slope_of_a_probability_is_told_with_what_it_is_made_of(chapter, model, image):
    of_probability = jacobian(model.double(), image[None].double(), Output.PROBABILITIES)[0, TARGET].flatten()
    model.float()
    pixel = int(of_probability.argmax())
    told = words(chapter("forward_derivative"))
    assert f"At row {pixel // 28}, column {pixel % 28}, where the probability of 3 rises most" in told
    assert forward_derivative.number(of_probability[pixel].item()) in told
    assert "cannot change which pixel is best" in told
    assert "nearly flat" not in told


def test_an_attack_with_the_first_map_only_is_that_of_a_plain_loop(model, image, recording):
    step = next(Attack().steps(model, image, TARGET))
    now, domain = image.flatten().clone(), step.domain.clone()
    reached = False
    for _ in range(56):
        pair = best_pair(step.target_gradient[None], step.others_gradient[None], domain[None], Direction.INCREASE)
        if not pair.found:
            break
        chosen = [int(pair.first), int(pair.second)]
        now[chosen], domain[chosen] = 1, False
        reached = int(model(now.view(1, 1, 28, 28)).argmax()) == TARGET
        if reached:
            break
    lesson = SimpleNamespace(network=SimpleNamespace(module=model), recording=lambda: recording)
    assert once.with_one_map(lesson) == (reached, int((now != image.flatten()).sum()))


@pytest.mark.parametrize(
    ("success", "changed", "stop", "outcome"),
    [
        (False, 112, Stop.REACHED_TARGET, "fails"),
        (True, 20, Stop.REACHED_TARGET, "more"),
        (True, 14, Stop.REACHED_TARGET, "as good"),
        (True, 112, Stop.BUDGET_SPENT, "as good"),
    ],
)
def test_one_map_is_held_against_a_new_map_at_every_step(recording, success, changed, stop, outcome):
    end = replace(recording.end, stop=stop, changed=14)
    finished = replace(recording, steps=(*recording.steps[:-1], end))
    assert once.outcome(success, changed, finished) == outcome


def test_both_ways_of_one_digit_are_nine_single_attacks_counted(model, image, monkeypatch):
    short = Attack(gamma=0.03)
    for module in (once, findings):
        monkeypatch.setattr(module, "Attack", lambda: short)
    network = Network("tutorial", "", "tutorial", model, {})
    alone, every_time = 0, 0
    for target in torch.tensor([target for target in range(10) if target != DIGIT])[:, None]:
        step = next(short.steps(model, image, int(target)))
        rows = step.target_gradient[None], step.others_gradient[None]
        alone += bool(findings.with_the_first_map(model, image[None], target, *rows).success)
        every_time += bool(short.run(model, image[None], target).success)
    of_one = once.both_ways(network, image, DIGIT)
    assert of_one == (9, alone, every_time)
    assert 0 < of_one.once < 9


def test_one_map_is_tried_on_many_digits_when_asked_for(chapter, monkeypatch):
    monkeypatch.setattr(once, "both_ways", lambda *_: once.Both(9, 4, 7))
    app = chapter("forward_derivative")
    predict(app, once.TASK, "fails")
    assert "reach the target |" not in words(app)
    checked(app.button(key="once-run").click().run())
    assert "| once, on the untouched digit | 40 of 90, 44.4 % |" in words(app)
    assert "| at every step | 70 of 90, 77.8 % |" in words(app)


# Chapter 4


def test_the_three_maps_are_the_explanation_the_attack_and_its_values_in_a_random_order(recording, model, image):
    maps = saliency.three_maps(None, recording)
    step = next(Attack().steps(model, image, TARGET))
    rows = (step.target_gradient[None], step.others_gradient[None], step.domain[None])
    expected = saliency_map(*rows, Direction.INCREASE, partners=True)[0]
    torch.testing.assert_close(maps["attacks"], expected, rtol=1e-5, atol=1e-6)
    assert torch.equal(maps["shuffled"].sort().values, maps["attacks"].sort().values)
    assert not torch.equal(maps["shuffled"], maps["attacks"])
    of_true = jacobian(model, image[None])[0, DIGIT].flatten().abs()
    torch.testing.assert_close(maps["explains"].float(), of_true, rtol=1e-3, atol=1e-3)
    assert int(maps["attacks"].argmax()) in (step.pair.first, step.pair.second)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_maps_have_the_colours_of_the_theme(monkeypatch, theme):
    monkeypatch.setattr(shown, "theme", lambda: theme)
    for draw, values, scale in (
        (shown.signed, [[-2.0, 0.0, 2.0]], (0, 3, -1)),
        (shown.heat, [[0.0, 0.5, 1.0]], (0, 1, -1)),
    ):
        picture = Image.open(BytesIO(b64decode(draw(torch.tensor(values)).partition(",")[2]))).convert("RGB")
        shades = palette.shades(theme, "diverging" if draw is shown.signed else "amount")
        step = picture.width // 3
        seen = [picture.getpixel((step * place, 0)) for place in range(3)]
        assert seen == [palette.rgb(shades[place]) for place in scale]


def test_one_pixel_at_a_time_is_held_against_pairs_with_its_jacobians(chapter, model, image, recording):
    end = list(baseline_steps(Baseline.ONE_PIXEL, model, image, TARGET, Attack()))[-1]
    app = chapter("saliency")
    row = f"| one at a time | {end.changed} | {end.iteration} | {end.stop.value} |"
    assert row not in words(app)
    predict(app, "one-or-two", "fails")
    assert row in words(app)
    assert f"| in pairs | {recording.end.changed} | {recording.iterations} |" in words(app)
    assert f"**{end.iteration / recording.iterations:.1f} times** the Jacobians" in words(app)


def test_on_probabilities_the_leader_is_raised_less_often_than_on_logits(chapter, model, image):
    def raised(output: Output) -> str:
        steps = list(Attack(output=output).steps(model, image, TARGET))[:-1]
        count = 0
        for step in steps:
            rivals = step.outputs.clone()
            rivals[TARGET] = -torch.inf
            rows = step.jacobian[rivals.argmax()].flatten()
            count += bool(rows[step.pair.first] + rows[step.pair.second] > 0)
        return f"**{count} of {len(steps)}**"

    app = chapter("saliency")
    checked(app.segmented_control(key="walkthrough-plane-output").set_value("Probabilities").run())
    assert f"{raised(Output.PROBABILITIES)} steps; on logits in {raised(Output.LOGITS)}" in words(app)


# Chapter 5


def test_the_attack_by_hand_is_right_in_every_line():
    weights, black = by_hand.WEIGHTS, by_hand.BIASES
    a, b = weights[2], [x + y for x, y in zip(weights[0], weights[1], strict=True)]
    scores = {
        (p, q): -(a[p] + a[q]) * (b[p] + b[q]) for p, q in combinations(range(4), 2) if a[p] + a[q] > 0 > b[p] + b[q]
    }
    best = max(scores, key=scores.get)
    first, second, last = by_hand.steps()
    assert first.outputs.tolist() == list(black)
    assert (first.pair.first, first.pair.second, first.pair.score) == (*best, scores[best])
    after = [bias + row[best[0]] + row[best[1]] for bias, row in zip(black, weights, strict=True)]
    assert second.outputs.tolist() == after
    assert after.index(max(after)) not in (black.index(max(black)), by_hand.TARGET)
    rest = tuple(sorted(set(range(4)) - set(best)))
    assert (second.pair.first, second.pair.second) == rest
    assert last.stop is Stop.REACHED_TARGET
    assert (last.iteration, last.changed) == (2, 4)


# After the course


@pytest.mark.parametrize("exercise", exercises.EXERCISES, ids=lambda each: each.title)
def test_an_exercise_fails_until_it_is_solved(exercise):
    with pytest.raises((AssertionError, TypeError)):
        exec(exercise.begin + exercise.check, {})
    exec(exercise.solution + exercise.check, {})


def test_the_summary_holds_first_answers_and_figures_and_nothing_of_others(chapter, recording, monkeypatch):
    class Lesson:
        choice = type("Choice", (), {"digit": DIGIT, "target": TARGET})()
        network = type("Network", (), {"label": "A <b>network</b>"})()

        def recording(self):
            return recording

    firsts = {"one": tasks.First("<b>no</b>", "yes", right=False), "two": tasks.First("3", "3", right=True)}
    page = summary.page(Lesson(), {"1. First": ("one", "two", "three"), "2. Second": ("four",)}, firsts)
    assert "<h2>1. First: 1 of 2 first answers right</h2>" in page
    assert page.count("<svg") == 1
    assert "2. Second" not in page
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "Network: A &lt;b&gt;network&lt;/b&gt;." in page
    assert f"{recording.end.changed} pixels changed" in page
    assert page.count("data:image/png") == 2
    assert "http" not in page


def test_the_chart_of_the_summary_has_a_bar_for_each_part_as_long_as_its_answers():
    drawn = ElementTree.fromstring(summary.chart([("1. A & B", 1, 2), ("2. C", 4, 4)]))
    words = [text.text for text in drawn.iter("text")]
    assert words == ["1. A & B", "1 of 2", "2. C", "4 of 4"]
    (right, given), (all_right, all_given) = ([float(bar.get("width")) for bar in row] for row in pairs_of_bars(drawn))
    assert right == given / 2 == all_given / 4
    assert all_right == all_given
    assert "1. A & B: 1 of 2 right" in drawn.get("aria-label")


def pairs_of_bars(drawn):
    """Return for each part the bar of its right answers and the bar of all."""
    bars = list(drawn.iter("rect"))
    return [(right, given) for given, right in zip(bars[::2], bars[1::2], strict=True)]


# A digit that the network misreads


def test_on_a_misread_digit_the_class_to_beat_is_named_and_hunted(chapter, uci, model):
    reads = int(model(uci.images[uci.of_class(1)[1]][None]).argmax())
    assert reads not in (1, 7)
    link = {"digit": 1, "sample": 1, "target": 7}
    assert f"the class that your target has to beat is {reads}, not 1" in words(chapter("network", **link))
    app = chapter("forward_derivative", **link)
    assert f"lowers the class to beat, {reads} (the network misreads this 1): orange in the map of 7" in words(app)
    slopes = jacobian(model, uci.images[uci.of_class(1)[1]][None])[0].flatten(1)
    pixel = int(((slopes[7] > 0) & (slopes[reads] < 0) & (slopes[1] > 0)).nonzero()[0])
    for label, value in zip(("Row", "Column"), divmod(pixel, 28), strict=True):
        app.number_input(key=f"walkthrough-{label}").set_value(value)
    checked(app.run())
    assert any(f"lowers the class to beat ({reads}: " in each.value for each in (*app.success, *app.error))
