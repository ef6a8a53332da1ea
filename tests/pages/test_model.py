"""The page Model: the network taken apart, whole data sets read, a network of one's own from training to the lab."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest
from torch import nn

import jsma
from jsma import Attack, Digits
from jsma.models import NETWORKS
from jsma.training import initialised, train
from jsma.training_methods import fgsm
from pages.ui import networks, turns
from pages.ui.model import maps, readings, training_panel
from pages.ui.model import training as own
from pages.ui.model.training import Splits, State, Training, TrainingSettings
from pages.ui.shared import anatomy
from tests.helpers.app import opened, words
from tests.helpers.paths import NOWHERE

PAGE = "pages/2_Model.py"
QUICK = {"architecture": "lenet", "epochs": 1, "rate": 3e-3, "share": 0.1, "seed": 3}
"""144 UCI digits: two batches."""


@pytest.fixture(scope="module")
def trained() -> AppTest:
    """A visitor who has trained a network by QUICK; not to be moved."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JSMA_DATA_DIR", NOWHERE)
        return press_train(opened(PAGE))


@pytest.fixture(scope="module")
def trained_on(uci):
    """The digits that QUICK learns from and those held out, found by a plain loop."""
    seen, learn, aside = [0] * 10, [], []
    for position, label in enumerate(uci.labels.tolist()):
        seen[label] += 1
        (aside if seen[label] % 5 == 0 else learn).append(position)
    first = learn[: round(0.1 * len(learn))]
    return Digits("train", uci.images[first], uci.labels[first]), aside


def press_train(visitor: AppTest, **changes) -> AppTest:
    settings = QUICK | changes
    visitor.selectbox(key="train-architecture").select(settings["architecture"])
    visitor.slider(key="train-epochs").set_value(settings["epochs"])
    visitor.select_slider(key="train-rate").set_value(settings["rate"])
    visitor.select_slider(key="train-share").set_value(settings["share"])
    visitor.number_input(key="train-seed").set_value(settings["seed"])
    return visitor.button(key="train").click().run()


def weights_of(module: nn.Module) -> list:
    return [values.tolist() for values in module.state_dict().values()]


# --- The network taken apart ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tutorial", "lenet"])
def test_the_layers_are_those_one_meets_by_running_them_one_by_one(name, uci, unaltered):
    module = jsma.load_model(name)
    with unaltered(module):
        layers = anatomy.dissect(module, uci.images[5])
    values = uci.images[5:6]
    assert len(layers) == len(module)
    for number, (layer, found) in enumerate(zip(module, layers, strict=True), start=1):
        with torch.no_grad():
            values = layer(values)
        assert found.number == number
        assert torch.equal(found.output, values[0])
        assert found.parameters == sum(weights.numel() for weights in layer.parameters())
        if found.counted:
            assert eval(found.counted.replace("×", "*")) == found.parameters
        else:
            assert found.parameters == 0


def test_layers_within_layers_and_layers_in_place_are_met_in_order(uci):
    module = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(784, 5), nn.ReLU(inplace=True)), nn.Linear(5, 10))
    nn.init.constant_(module[1][0].bias, -9)
    nn.init.constant_(module[1][0].bias[:1], 9)
    layers = anatomy.dissect(module, uci.images[0])
    assert [layer.kind for layer in layers] == ["Flatten", "Fully connected", "ReLU", "Fully connected"]
    assert layers[1].output.min() < 0  # as it was before ReLU overwrote it
    assert torch.equal(layers[2].output, layers[1].output.clamp(min=0))


def test_a_sheet_of_maps_shows_each_value_in_its_place_and_colour():
    values = torch.linspace(-1, 1, 6 * 2 * 2).view(6, 2, 2)
    sheet = maps.sheet(values, "light")
    scale = maps.WIDTH // (6 * 3 - 1)
    assert sheet.shape == (2 * scale, 17 * scale, 4)
    colours = sheet[::scale, ::scale]
    gaps = [2, 5, 8, 11, 14]
    assert (colours[:, gaps, 3] == 0).all()
    inked = np.delete(colours, gaps, axis=1)
    assert (inked[..., 3] == 255).all()
    assert tuple(inked[0, 0, :3]) == (0x12, 0x3A, 0x7A)  # -1
    assert tuple(inked[1, 11, :3]) == (0x87, 0x39, 0x00)  # +1
    neutral = maps.sheet(torch.zeros(1, 2, 2), "light")[0, 0, :3]
    assert tuple(neutral) == (0xF4, 0xF3, 0xEF)


def test_the_page_lists_the_layers_of_the_network_under_attack():
    visitor = opened(PAGE, model="lenet")
    table = visitor.table[0].value
    module = jsma.load_model("lenet")
    assert table["Output"].iloc[0] == "20 × 24 × 24".replace(" ", "\N{NO-BREAK SPACE}")
    counts = [int(text.replace(",", "")) for text in table["Parameters"] if text != "none"]
    assert sum(counts) == sum(weights.numel() for weights in module.parameters())
    assert f"**{sum(counts):,} parameters**" in words(visitor)


# --- Whole data sets -----------------------------------------------------------------------------


def test_the_confusion_table_is_what_a_plain_loop_counts(uci):
    module = jsma.load_model("tutorial")
    reads = readings.outputs("uci", networks.Network("shipped", "", "tutorial", module, {})).argmax(dim=1)
    counted = [[0] * 10 for _ in range(10)]
    with torch.no_grad():
        for logits, label in zip(module(uci.images).tolist(), uci.labels.tolist(), strict=True):
            counted[label][logits.index(max(logits))] += 1
    table = readings.confusion(uci.labels, reads)
    assert table.tolist() == counted
    mistakes = {(t, r): counted[t][r] for t in range(10) for r in range(10) if t != r}
    assert mistakes[readings.largest_mistake(table)] == max(mistakes.values())


def test_the_page_says_how_many_are_read_right_and_opens_a_mistake_in_the_lab(uci):
    visitor = opened(PAGE)
    with torch.no_grad():
        reads = jsma.load_model("tutorial")(uci.images).argmax(dim=1)
    assert f"it reads {int((reads == uci.labels).sum()):,} right" in words(visitor)
    true, read = (
        next(box.value for box in visitor.selectbox if box.label == label) for label in ("True class", "Read as")
    )
    expected = ((uci.labels == true) & (reads == read)).nonzero().flatten().tolist()
    assert true != read
    assert len(expected) > 1
    visitor.button(key="tile-cell-1").click().run()
    assert not visitor.exception
    choice = visitor.session_state.choice
    assert int(uci.of_class(choice.digit)[choice.sample]) == expected[1]
    assert choice.target not in (choice.digit, read)
    assert "Iteration 0 of" in words(visitor)


# --- Training ------------------------------------------------------------------------------------


def test_a_trained_network_stands_in_for_the_shipped_ones_and_is_what_its_settings_say(trained, uci, trained_on):
    digits, aside = trained_on
    assert not trained.exception
    module = initialised("lenet", 3)
    list(train(module, digits, epochs=1, seed=3, learning_rate=3e-3))
    network = trained.session_state.own_network
    assert weights_of(network.module) == weights_of(module)
    assert not any(layer.training for layer in network.module.modules())
    assert all(weights.grad is None for weights in network.module.parameters())
    assert trained.session_state.choice.model == "own"
    assert trained.selectbox(key="widget-model").value == "own"
    with torch.no_grad():
        right = sum(int(module(uci.images[k : k + 1]).argmax()) == int(uci.labels[k]) for k in aside)
    assert network.accuracy == {"uci": pytest.approx(right / len(aside))}
    assert f"Of the {len(aside)} digits that were held out" in words(trained)
    assert f"it reads {right:,} right" in words(trained)
    assert "Done: 2 batches" in words(trained)


@pytest.mark.slow
def test_the_same_settings_give_another_visitor_a_network_of_the_same_weights_that_the_lab_attacks(trained, uci):
    visitor = opened(PAGE)
    assert not any("Your own" in option for option in visitor.selectbox(key="widget-model").options)
    assert "own_network" not in visitor.session_state
    press_train(visitor)
    own_network = visitor.session_state.own_network
    assert any("Your own" in option for option in visitor.selectbox(key="widget-model").options)
    assert own_network is not trained.session_state.own_network
    assert own_network.key == trained.session_state.own_network.key
    assert weights_of(own_network.module) == weights_of(trained.session_state.own_network.module)

    visitor.switch_page("app.py").run()
    assert not visitor.exception
    choice = visitor.session_state.choice
    image = uci.images[uci.of_class(choice.digit)[choice.sample]]
    modules = (own_network.module, jsma.load_model("lenet"), jsma.load_model("tutorial"))
    steps, *shipped = (list(Attack().steps(module, image, choice.target)) for module in modules)
    assert f"Iteration 0 of {len(steps) - 1}" in words(visitor)
    assert f"**{steps[0].pair.score:.3f}**" in words(visitor)
    assert all(f"**{other[0].pair.score:.3f}**" not in words(visitor) for other in shipped)


@pytest.mark.slow
def test_what_comes_of_ones_own_network_is_within_reach_of_nobody_else(within_reach):
    visitor = opened(PAGE, gamma="0.005")
    within_reach.clear()
    press_train(visitor)
    for page in ("pages/3_Grid.py", "pages/4_Rules.py", "pages/5_Evaluation.py", "app.py"):
        visitor.switch_page(page).run()
        assert not visitor.exception
        assert visitor.session_state.choice.model == "own"
    assert within_reach == []


def test_who_trains_at_the_same_time_is_not_disturbed(uci):
    splits = Splits("some digits", uci.first(150), Digits("validation", uci.images[-20:], uci.labels[-20:]))

    def train_by_slices(seed: int) -> tuple:
        training = Training(TrainingSettings("lenet", epochs=2, seed=seed), splits)
        while training.state is State.RUNNING:
            training.advance(0.005)
        return weights_of(training.module), training.losses, training.accuracies

    alone = [train_by_slices(seed) for seed in (1, 2)]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(train_by_slices, (1, 2, 1)))
    assert together == [*alone, alone[0]]


def test_who_waits_for_others_is_told_and_goes_on_when_they_have_left(monkeypatch):
    line = turns.Queue(at_once=1)
    monkeypatch.setattr(turns, "QUEUE", line)
    visitor = opened(PAGE)
    with monkeypatch.context() as waiting, line.working("another"):
        waiting.setattr(turns, "time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda seconds: st.stop()))
        press_train(visitor)
        assert not visitor.exception
        assert any("You are next" in told.value for told in visitor.info)
        assert visitor.session_state.training.done == 0
        assert visitor.button(key="stop")
    line.leave("another")
    visitor.run()
    assert not visitor.exception
    assert not visitor.info
    assert "**Done:" in words(visitor)


def test_it_can_be_stopped_from_another_thread_in_the_middle_of_a_batch(uci):
    splits = Splits("some digits", uci, uci.first(20))
    training = Training(TrainingSettings("lenet", epochs=6), splits)
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(training.advance, 600)
        while not training.done:
            time.sleep(0.001)
        training.stop()
        busy.result()
    assert training.state is State.STOPPED
    assert 0 < training.done < training.batches
    module = initialised("lenet", 0)
    batches = train(module, uci, epochs=6, seed=0)
    assert [next(batches).loss for _ in training.losses] == training.losses
    assert weights_of(training.module) == weights_of(module)


def one_batch_and_away(training: Training, seconds: float) -> None:
    training._one_batch()
    st.stop()  # as Streamlit ends a script between two batches when its visitor clicks


def test_stopping_keeps_what_has_been_learnt(trained_on, monkeypatch):
    monkeypatch.setattr(Training, "advance", one_batch_and_away)
    visitor = press_train(opened(PAGE))
    assert not visitor.exception
    assert visitor.session_state.training.state is State.RUNNING
    assert "own_network" not in visitor.session_state
    visitor.button(key="stop").click().run()
    assert not visitor.exception
    module = initialised("lenet", 3)
    next(train(module, trained_on[0], epochs=1, seed=3, learning_rate=3e-3))
    assert weights_of(visitor.session_state.own_network.module) == weights_of(module)
    assert not any(layer.training for layer in visitor.session_state.own_network.module.modules())
    assert visitor.session_state.choice.model == "own"
    assert "Stopped after batch 1 of 2" in words(visitor)


def test_a_training_waits_while_its_visitor_is_elsewhere(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Training, "advance", one_batch_and_away)
        visitor = press_train(opened(PAGE))
    visitor.switch_page("app.py").run()
    assert visitor.session_state.training.done == 1
    visitor.switch_page(PAGE).run()
    assert visitor.session_state.training.state is State.COMPLETE
    assert "Done: 2 batches" in words(visitor)


@pytest.mark.parametrize(
    "wrong",
    [
        {"architecture": "resnet"},
        {"epochs": 0},
        {"epochs": 2.5},
        {"learning_rate": float("nan")},
        {"learning_rate": 5.0},
        {"share": 0.0},
        {"share": 2.0},
        {"seed": -1},
    ],
)
def test_settings_check_themselves(wrong):
    with pytest.raises(ValueError, match=r"must be|choose one of"):
        replace(TrainingSettings(), **wrong)


def test_a_training_that_breaks_down_leaves_nothing_in_use(monkeypatch):
    broken = iter([SimpleNamespace(loss=float("nan"))])
    monkeypatch.setattr(own, "train", lambda *_: (progress for progress in broken))
    visitor = press_train(opened(PAGE))
    assert not visitor.exception
    assert "is not kept" in visitor.warning[0].value
    assert "own_network" not in visitor.session_state
    assert visitor.session_state.choice.model == "tutorial"


def test_digits_that_test_a_network_are_never_learnt_from(uci):
    held = own.held_out(uci.labels)
    for label in range(10):
        of_class = held[uci.labels == label].tolist()
        assert of_class == [k % 5 == 4 for k in range(len(of_class))]
    splits = own.splits(mnist=False)
    assert len(splits.train) + len(splits.validation) == len(uci)
    learnt = {image.numpy().tobytes() for image in splits.train.images}
    positions = splits.held_out["uci"].tolist()
    assert positions == [k for k in range(len(uci)) if held[k]]
    twins = sum(uci.images[k].numpy().tobytes() in learnt for k in positions)
    assert twins <= 3, "more than the few digits that two people wrote alike"


def test_mnists_training_digits_are_used_where_they_are(mnist, monkeypatch):
    monkeypatch.undo()
    splits = own.splits(mnist=True)
    train_digits = jsma.load_mnist(split="train")
    assert torch.equal(splits.train.images, train_digits.images[:-300])
    assert torch.equal(splits.validation.labels, train_digits.labels[-300:])
    assert not splits.held_out


@pytest.mark.parametrize("name", [name for name, entry in NETWORKS.items() if entry.method.value.is_defence])
def test_a_defended_network_is_trained_its_own_way_and_watched_under_attack(name, uci):
    splits = Splits("some digits", uci.first(150), Digits("validation", uci.images[-20:], uci.labels[-20:]))
    training = Training(TrainingSettings(name, epochs=1, seed=2), splits)
    while training.state is State.RUNNING:
        training.advance(1)
    module = initialised(name, 2)
    seen = list(train(module, splits.train, 1, 2, 1e-3, NETWORKS[name].method))
    assert training.losses == [each.loss for each in seen]
    assert weights_of(training.module) == weights_of(module)
    assert (training.done, training.epoch) == (len(seen), seen[-1].epochs)
    attacked = fgsm(module, splits.validation.images, splits.validation.labels, 0.3)
    with torch.no_grad():
        right = (module(attacked).argmax(dim=1) == splits.validation.labels).double().mean().item()
    assert training.attacked_accuracies[-1] == (training.done, pytest.approx(right))
    assert len(training.attacked_accuracies) == len(training.accuracies)
    assert "squares" in training_panel._attacked_in_words(training)


def test_an_undefended_network_has_no_curve_under_attack(uci):
    training = Training(TrainingSettings("lenet", epochs=1), Splits("few", uci.first(10), uci.first(10)))
    assert training.attacked_accuracies == []
    assert training_panel._attacked_in_words(training) == ""
