"""The page Saliency maps: what it shows against the maps and attacks themselves; predictions right and wrong."""

import json
import sys

import pandas as pd
import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

import jsma
from jsma import Attack
from jsma.explanations import MAPS, Change, Question, explain, maps_of
from jsma.measures import attack_by_map, overlap, randomised, spearman
from pages.ui.saliency_maps import gallery, looks, measured, racing, sanity
from pages.ui.saliency_maps.computing import Subject
from tests.helpers.app import checked, opened, words

PAGE = "pages/7_Saliency_maps.py"
LENET = {"model": "lenet", "digit": 0, "target": 2}


@pytest.fixture(autouse=True)
def no_results(monkeypatch, tmp_path):
    """Let the committed figures be where a test puts them."""
    monkeypatch.setattr(measured, "FOLDER", tmp_path)


@pytest.fixture
def page() -> AppTest:
    """A visitor who has opened the page and seen the names without a guess."""
    app = opened(PAGE, **LENET)
    return checked(app.button(key="skip-which-attacks").click().run())


def image_of_zero() -> torch.Tensor:
    digits = jsma.load_uci_digits()
    return digits.images[int(digits.of_class(0)[0])]


def table_of(app: AppTest, column: str) -> pd.DataFrame:
    (found,) = [each.value for each in app.dataframe if column in each.value.columns]
    return found


def letter_of(name: str) -> str:
    """Return the letter under which the map `name` of the first 0 towards 2 is shown."""
    digits = jsma.load_uci_digits()
    subject = f"uci-{int(digits.of_class(0)[0])}-2-lenet"
    about = Subject(subject, None, None, 0, 2, 0.0, 50, False)
    return dict(zip(gallery.shuffled(about, dict.fromkeys(MAPS)), gallery.LETTERS, strict=False))[name]


def test_the_maps_have_no_names_before_the_prediction_and_all_have_one_after_it():
    app = opened(PAGE, **LENET)
    captions = "\n".join(each.value for each in app.caption)
    assert not any(entry.formula in captions for entry in MAPS.values())
    assert "Map G" in words(app, "markdown")
    checked(app.button(key="skip-which-attacks").click().run())
    captions = "\n".join(each.value for each in app.caption)
    for entry in MAPS.values():
        assert f"`{entry.formula}`" in captions
        assert entry.question.format(explained="a 0", target="a 2") in captions
    assert "What would make it a 2?" in captions
    assert "enlarged from 8 × 8" in captions.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(("map_name", "says"), [("attack", "You are right."), ("gradient", "You said Map")])
def test_a_guess_at_the_attacks_map_is_judged(map_name, says):
    app = opened(PAGE, **LENET)
    radio = next(each for each in app.radio if each.options[0] == "Map A")
    assert app.button(key="lock-which-attacks").disabled
    checked(radio.set_value(f"Map {letter_of(map_name)}").run())
    checked(app.button(key="lock-which-attacks").click().run())
    (verdict,) = [each.value for each in app.markdown if "The attack used map" in each.value]
    assert verdict.startswith(says)
    assert f"used map **{letter_of('attack')}**" in verdict
    step = next(Attack().steps(jsma.load_model("lenet"), image_of_zero(), 2))
    for pixel in (step.pair.first, step.pair.second):
        assert "row {}, column {}".format(*divmod(pixel, 28)) in verdict
    checked(app.button(key="again-which-attacks").click().run())
    assert "The attack used map" not in words(app)


def test_without_a_guess_nobody_is_judged(page):
    (verdict,) = [each.value for each in page.markdown if "The attack used map" in each.value]
    assert verdict.startswith("The attack used")


def test_the_agreement_is_that_of_the_maps(page):
    model, image = jsma.load_model("lenet"), image_of_zero()
    found = {name: explain(name, model, image, Question(0, 2)).abs() for name in maps_of(model, image)}
    shared = {name: overlap(found["attack"], found[name], 40) for name in found if name != "attack"}
    (sentence,) = [each.value for each in page.markdown if "strongest pixels" in each.value]
    closest = max(shared, key=shared.get)
    assert f"{MAPS[closest].label}: **{round(shared[closest] * 40)}**" in sentence
    lowest = min(spearman(found["attack"], found[name]) for name in shared)
    assert f"**{lowest:.3f}**".replace("-", "−") in sentence
    checked(page.segmented_control(key="agreement-kind").set_value("overlap").run())


@pytest.mark.parametrize(
    ("said", "says"), [("S of the attack", "You are right."), ("Occlusion", "You said: Occlusion.")]
)
def test_a_guess_at_the_fewest_pixels_is_judged(page, said, says):
    radio = next(each for each in page.radio if racing.NONE in each.options)
    checked(radio.set_value(said).run())
    checked(page.button(key="lock-fewest-pixels").click().run())
    (verdict,) = [each.value for each in page.markdown if "needs the fewest: " in each.value]
    assert verdict.startswith(says)


@pytest.mark.slow
def test_the_race_is_the_attack_by_each_map(page):
    checked(page.button(key="skip-fewest-pixels").click().run())
    model, image = jsma.load_model("lenet"), image_of_zero()
    rows = table_of(page, "Pixels until the target").set_index("Map")
    for name in ("attack", "gradient", "input"):
        ran = attack_by_map(name, model, image, Question(0, 2), 112)
        row = rows.loc[MAPS[name].label]
        assert row["Pixels until the target"] == ("not reached" if ran.until_target is None else str(ran.until_target))
        assert row["Pixels until anything else"] == ("not reached" if ran.until_other is None else str(ran.until_other))
        assert row["Pixels changed"] == len(ran.pixels)
    checked(page.segmented_control(key="race-again").set_value(True).run())
    rows = table_of(page, "Pixels until the target").set_index("Map")
    assert set(rows.index) == {entry.label for entry in MAPS.values() if entry.quick}
    again = attack_by_map("attack", model, image, Question(0, 2), 112, again=True)
    assert rows.loc["S of the attack"]["Pixels until the target"] == str(again.until_target)
    checked(page.segmented_control(key="race-again").set_value(False).run())
    checked(page.segmented_control(key="race-change").set_value(Change.FAR_END).run())
    inverted = attack_by_map("occlusion", model, image, Question(0, 2, change=Change.FAR_END), 112)
    row = table_of(page, "Pixels until the target").set_index("Map").loc["Occlusion"]
    assert row["Pixels until anything else"] == str(inverted.until_other)


def test_the_race_as_it_is_drawn_ends_with_the_picture_of_the_attack(uci):
    model, image, change = jsma.load_model("lenet"), image_of_zero(), Change.FAR_END
    ran = attack_by_map("attack", model, image, Question(0, 2, change=change), 112)
    shown = racing.as_shown("attack", ran, Subject("", None, image, 0, 2, 0.0, 50, False), change)
    drawn = image.flatten().tolist()
    for moment in shown.moments:
        for pixel, value in moment.moves:
            drawn[pixel] = value
    assert int(model(torch.tensor(drawn).view(1, 1, 28, 28)).argmax()) == shown.end.reads == 2
    assert (shown.success, shown.ending, shown.end.changed) == (True, "Reached target", len(ran.pixels))


def test_nobody_reaches_a_target_and_that_is_said():
    ran = attack_by_map("input", jsma.load_model("lenet"), image_of_zero(), Question(0, 2), 112)
    assert ran.until_target is None
    assert racing.ending(ran) in ("Map names no more pixels", "Budget spent")
    assert racing.verdict({"input": ran}, 2, racing.NONE).startswith("You are right. **None of them**")
    assert racing.verdict({"input": ran}, 2, "Occlusion").startswith("You said: Occlusion.")


def test_the_sanity_check_randomises_all_layers_and_says_which_maps_stay(page):
    assert not [each for each in page.markdown if "With all layers random" in each.value]
    checked(page.button(key="sanity-start").click().run())
    (sentence,) = [each.value for each in page.markdown if "With all layers random" in each.value]
    model, image, question = jsma.load_model("lenet"), image_of_zero(), Question(0, 2)
    other = randomised(model, 4)
    found = {
        name: spearman(*(explain(name, each, image, question).abs() for each in (model, other)))
        for name in maps_of(model, image)
    }
    stay = [MAPS[name].label for name, value in found.items() if value >= sanity.STAYS]
    assert sentence == sanity.conclusion(found)
    assert f"**{', '.join(stay)}** still show" in sentence
    assert "Gradient × input" in stay
    assert not {"Gradient", "S of the attack"} & set(stay)
    assert not [each for each in page.button if each.key in ("sanity-start", "sanity-stop-4")]


def test_where_every_map_changes_that_is_said():
    assert "every map has changed" in sanity.conclusion({"gradient": 0.1, "grad-cam": float("nan")})


def test_the_controls_reach_the_maps(page):
    before = table_of(page, "Deletion, area")
    checked(page.segmented_control(key="maps-baseline").set_value(0.5).run())
    assert not table_of(page, "Deletion, area").equals(before)
    checked(page.select_slider(key="maps-samples").set_value(10).run())


def test_a_digit_already_read_as_the_target_makes_sense(misread):
    app = opened(PAGE, **misread)
    assert f"misreads this {misread['digit']} as {misread['target']}" in words(app, "info")
    assert "nothing to attack" in words(app, "info")
    assert not {"nan", "None"} & set(words(app).replace("*", " ").split())


def test_a_misread_digit_is_explained_as_what_the_network_reads(misread):
    other = next(each for each in range(10) if each not in (misread["digit"], misread["target"]))
    app = opened(PAGE, **(misread | {"target": other}))
    checked(app.button(key="skip-which-attacks").click().run())
    assert f"What made it a {misread['target']}, if" in words(app, "caption").replace("an 8", "a 8")


def test_a_server_without_captum_says_what_to_install(monkeypatch):
    st.cache_resource.clear()
    monkeypatch.setitem(sys.modules, "captum", None)
    app = opened(PAGE, digit=5, target=6)
    assert "pip install captum" in words(app, "error").replace("\\", "")
    st.cache_resource.clear()


def result(model: str, **changed) -> dict:
    measures = {"mean": 0.5, "digits": 3}
    names = ["correlation", "overlap", "deletion", "insertion", "randomised 1", "randomised 2"]
    names += [
        f"{change.value} {order} {goal}"
        for change in Change
        for order in ("once", "again")
        for goal in ("target", "other")
    ]
    return {
        "command": "python -m benchmarks.explanations --models lenet",
        "model": model,
        "weights_sha256": "of other weights",
        "digits": "first 3 of MNIST",
        "images": 3,
        "pixels_allowed": 112,
        "top": 40,
        "maps": {name: dict.fromkeys(names, measures) for name in MAPS},
    } | changed


def test_figures_that_are_not_measured_name_their_command(page):
    assert "not measured yet" in words(page)
    assert page.code[-1].value == "python -m benchmarks.explanations --models lenet"


def test_measured_figures_are_shown_with_their_command():
    facts = result("lenet")
    facts["maps"]["grad-cam"]["white once target"] = {"mean": None, "digits": 0}
    (measured.FOLDER / "lenet.json").write_text(json.dumps(facts), encoding="utf-8")
    app = opened(PAGE, **LENET)
    assert "first 3 of MNIST" in words(app, "markdown")
    races = table_of(app, "To white, once").set_index("Map")
    assert races.loc["Grad-CAM"]["To white, once"] == "0"
    assert races.loc["Gradient"]["To white, once"].startswith("3, ")
    assert "other weights" in words(app, "caption")
    assert app.code[-1].value == facts["command"]


@pytest.mark.parametrize("content", ["{", "[]", json.dumps(result("lenet", maps={}))])
def test_damaged_figures_are_told(content):
    (measured.FOLDER / "lenet.json").write_text(content, encoding="utf-8")
    app = opened(PAGE, **LENET)
    assert "not a result of" in words(app, "warning")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_signed_maps_have_zero_in_the_middle_of_their_scale_and_others_at_its_end(theme):
    values = torch.tensor([[[-1.0, 0], [0, 2]]])
    assert looks.ends(values, signed=True) == (-2, 2)
    assert looks.ends(values.abs(), signed=False) == (0, 2)
    drawn = looks.picture(values, True, theme)
    assert drawn.shape == (16, 16, 3)
    assert (drawn[0, 15] == drawn[15, 0]).all()
    assert (drawn[15, 15] != drawn[0, 0]).any()
    flat = looks.picture(torch.zeros(1, 2, 2), False, theme)  # a map without a value above 0
    assert (flat == flat[0, 0]).all()
