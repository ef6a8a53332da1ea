"""Chapters 4 to 6 of the walkthrough: what they show, what they hide until it is predicted, and what they remember."""

import pytest
import torch
from streamlit.runtime.scriptrunner import StopException
from streamlit.testing.v1 import AppTest

from jsma import Attack, Digits, Direction, Output, evaluate_in_parts, load_model
from pages.ui.formatting import percent
from pages.ui.walkthrough import findings, judgement, perturbation, saliency
from tests.helpers.app import checked, lock_in, opened, words
from tests.helpers.course import predict

DIGIT, TARGET = 7, 3


@pytest.fixture(scope="module")
def model():
    return load_model("tutorial")


@pytest.fixture(scope="module")
def image(uci):
    return uci.images[uci.of_class(DIGIT)[0]]


def switch(app: AppTest, key: str, value: str) -> None:
    checked(app.segmented_control(key=key).set_value(value).run())


@pytest.mark.parametrize("module", [saliency, perturbation, judgement])
def test_a_chapter_keeps_the_contract(chapter, module):
    app = chapter(module.__name__.rpartition(".")[2])
    assert all(isinstance(text, str) and text for text in (module.TITLE, module.QUESTION, *module.TASKS))
    assert "**Keep:**" in app.info[-1].value


def test_the_right_number_of_iterations_is_that_of_the_method(chapter):
    app = chapter("perturbation")
    answers = app.radio(key="question-iterations-of-a-budget").options
    checked(app.radio(key="question-iterations-of-a-budget").set_value(answers.index("39")).run())
    assert done(app) == {"iterations-of-a-budget"}


def test_the_admissible_pairs_of_the_untouched_digit_are_counted(chapter, model, image):
    step = next(Attack().steps(model, image, TARGET))
    a, b = (values[step.domain].double().numpy() for values in (step.target_gradient, step.others_gradient))
    count = sum(int(((a[k] + a[k + 1 :] > 0) & (b[k] + b[k + 1 :] < 0)).sum()) for k in range(len(a)))
    app = chapter("saliency")
    assert f"{count:,} are" not in words(app)
    predict(app, "share-admissible", "few")
    assert f"**{count:,} are admissible**" in words(app)


def test_the_numbers_of_the_marked_pairs_come_after_the_prediction(chapter, model, image):
    step = next(Attack().steps(model, image, TARGET))
    pair = [step.pair.first, step.pair.second]
    alpha, beta = (float(values[pair].double().sum()) for values in (step.target_gradient, step.others_gradient))
    score = f"{-alpha * beta:.3f}"
    app = chapter("saliency")
    assert f"{score}**" not in words(app)
    predict(app, "which-pair-wins", "B")
    assert f"**{score}**" in words(app)
    assert f"| {alpha:.3f} | −{-beta:.3f} | {score} |" in words(app)
    assert "which-pair-wins" in done(app)


def test_steps_in_which_both_pixels_are_good_alone_are_told(chapter, model, image):
    steps = list(Attack().steps(model, image, TARGET))[:-1]
    chosen = [(step, [step.pair.first, step.pair.second]) for step in steps]
    both = sum(
        bool((step.target_gradient[pair] > 0).all() and (step.others_gradient[pair] < 0).all()) for step, pair in chosen
    )
    row = f"| both pixels are good alone (a > 0 and b < 0) | {both} | {100 * both / len(steps):.0f} % |"
    app = chapter("saliency")
    assert row not in words(app)
    predict(app, "two-kinds", "few")
    assert row in words(app)
    assert "The tutorial's network ends in softmax" in words(app)


def test_on_probabilities_the_two_best_pixels_are_taken_in_every_step(chapter, model, image):
    count = len(list(Attack(output=Output.PROBABILITIES).steps(model, image, TARGET))) - 1
    app = chapter("saliency")
    assert "two best single pixels" not in words(app)
    switch(app, "walkthrough-plane-output", "Probabilities")
    assert f"**{count} of its {count} steps**" in words(app)
    assert "★: the best pair" in words(app)


@pytest.mark.parametrize("name", ["saliency", "perturbation", "judgement"])
def test_a_digit_already_read_as_the_target_is_explained(chapter, misread, name):
    app = chapter(name, **misread)
    assert any("before any change" in info.value for info in app.info)
    assert "**Keep:**" in app.info[-1].value


def test_the_budget_slider_finds_the_least_budget_that_the_words_give(chapter, model, image):
    iterations = len(list(Attack().steps(model, image, TARGET))) - 1
    app = chapter("perturbation")
    assert "**56 iterations**" in words(app)
    predict(app, "half-the-budget", "no")
    assert f"**{100 * 2 * iterations / 784:.2f} %**" in words(app)
    slider = app.slider(key="walkthrough-gamma")
    for gamma in [k / 200 for k in range(1, 30)]:
        enough = int(784 * gamma / 2 + 1e-9) >= iterations
        if abs(784 * gamma / 2 - iterations) < 2.5:
            checked(slider.set_value(gamma).run())
            assert ("The attack has succeeded" in words(app).replace("the attack", "The attack")) == enough


def test_darkening_is_shown_after_it_was_predicted(chapter, model, image):
    steps = list(Attack(direction=Direction.DECREASE).steps(model, image, TARGET))
    app = chapter("perturbation")
    assert "Darkened:" not in pictures(app)
    predict(app, "darken-or-brighten", "more")
    assert (
        f"after {len(steps) - 1} iterations, {steps[-1].changed} pixels changed" in pictures(app).split("Darkened:")[1]
    )


def done(app: AppTest) -> set[str]:
    return getattr(app.session_state, "walkthrough_done", set())


def pictures(app: AppTest) -> str:
    """Return the captions of all pictures."""
    return "\n".join(caption for element in app.get("image") for caption in element.captions)


@pytest.fixture
def small(monkeypatch):
    """Chapter 6 attacks one digit of three classes, and not two of ten."""
    all_of_each = findings.some_of_each

    def some(digits: Digits, samples: int) -> tuple[Digits, list[tuple[int, int]]]:
        chosen, named = all_of_each(digits, 1)
        return chosen.first(3), named[:3]

    monkeypatch.setattr(findings, "some_of_each", some)


def test_many_attacks_are_summed_up_and_the_hardest_opens_in_the_lab(chapter, small, uci, model):
    app = chapter("judgement")
    checked(app.button(key="walkthrough-run").click().run())
    images = torch.cat([uci.images[uci.of_class(label)[:1]].expand(9, -1, -1, -1) for label in range(3)])
    targets = torch.tensor([[other for other in range(10) if other != label] for label in range(3)]).flatten()
    result = Attack().run(model, images, targets)
    won, pixels = result.success, result.changed.double() / 784
    count = int(won.sum())
    row = f"| JSMA on logits | {100 * count / 27:.1f} %, {count} of 27 | {100 * pixels.mean():.2f} % of 27 | "
    assert row + f"{100 * pixels[won].mean():.2f} % of {count} |" in words(app)
    still = sum(int(model(image[None]).argmax()) == k // 9 for k, image in enumerate(result.images))
    read = sum(int(model(images[[9 * label]]).argmax()) == label for label in range(3))
    share = percent(read / 3).replace("\N{NO-BREAK SPACE}", " ")
    assert f"the network reads {share} of the 3 digits correctly. Of the 27 adversarial" in words(app)
    assert f"failed attacks included, it still reads {100 * still / 27:.1f} % as their true digit" in words(app)

    assert "Hardest here" not in words(app)  # before it is predicted
    source, target = (next(box for box in app.selectbox if box.label == label) for label in ("A digit", "read as"))
    source.set_value(1)
    target.set_value(8)
    app.run()
    lock_in(app)
    failed_first = [(not won[k], int(result.changed[k])) for k in range(27)]
    place = failed_first.index(max(failed_first))
    assert f"**Hardest here: {place // 9} → {targets[place]}**" in words(app)
    app.button(key="walkthrough-open-hardest").click().run()
    choice = app.session_state["choice"]
    assert (choice.digit, choice.sample, choice.target) == (place // 9, 0, targets[place])


def test_what_was_done_before_a_stop_is_kept(chapter, small, monkeypatch):
    def stopped(*arguments, **settings):
        yield next(evaluate_in_parts(*arguments, **settings))
        raise StopException

    monkeypatch.setattr(judgement, "evaluate_in_parts", stopped)
    app = chapter("judgement")
    app.button(key="walkthrough-run").click().run()
    checked(app.run())
    assert "| JSMA on logits (stopped at 18 of 27) |" in words(app)


@pytest.mark.parametrize("rule", ["JSMA on logits", "WJSMA"])
def test_the_walkthrough_and_the_page_rules_give_the_same_share_of_negligible_classes(chapter, model, image, rule):
    negligible = whole = 0.0
    for step in judgement.VARIANTS[rule].steps(model, image, TARGET):
        for label in (set(range(10)) - {TARGET}) if step.pair else ():
            columns = step.jacobian[label].flatten()[[step.pair.first, step.pair.second]]
            part = abs(float(columns.sum())) * (float(step.probabilities[label]) if rule == "WJSMA" else 1)
            whole += part
            negligible += part if step.probabilities[label] < 0.001 else 0
    share = percent(negligible / whole).replace("\N{NO-BREAK SPACE}", " ")
    app = chapter("judgement")
    predict(app, "order-of-rules", judgement.TIE)
    text = words(app)
    row = next(line for line in text.splitlines() if line.startswith("| β from classes under 0.1 %")).split(" | ")
    assert row[1 + (rule == "WJSMA")].strip(" |") == share
    if rule == "JSMA on logits":
        assert f"**{share} of what adds up to β**" in text

    app = opened("pages/4_Rules.py", digit=DIGIT, target=TARGET)
    said = next(line for line in words(app).splitlines() if line.startswith(f"**{rule}.**"))
    assert f"**{share}** of what it added up" in said


def test_another_rule_is_shown_beside_the_papers(chapter, model, image):
    app = chapter("judgement")
    predict(app, "order-of-rules", judgement.TIE)
    for name, attack in list(judgement.VARIANTS.items())[1:]:
        switch(app, "walkthrough-switched", name)
        steps = list(attack.steps(model, image, TARGET))
        end = f"reached target after {len(steps) - 1} iterations, {steps[-1].changed} pixels"
        assert f"**{name}**: {end}" in words(app)
