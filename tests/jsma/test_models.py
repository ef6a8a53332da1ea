"""The networks and their weights."""

import io
import pickle
import random
from pathlib import Path

import pytest
import torch
from torch import nn

from jsma import accuracy, load_model
from jsma import training as trainer
from jsma.models import NETWORKS, KnownNetwork, build, save_model, training_record, undefended

NAMES = tuple(NETWORKS)


@pytest.mark.parametrize("name", NAMES)
def test_a_network_maps_images_to_ten_logits(name, uci):
    logits = load_model(name)(uci.images[:5])
    assert logits.shape == (5, 10)
    assert not torch.allclose(logits.exp().sum(dim=1), torch.ones(5))  # no probabilities


# Weights and biases, layer by layer, worked out from the papers:
#   tutorial  64 * (8 * 8 + 1) + 128 * (64 * 6 * 6 + 1) + 128 * (128 * 5 * 5 + 1) + 10 * (128 + 1)
#   lenet     20 * (5 * 5 + 1) + 50 * (20 * 5 * 5 + 1) + 500 * (50 * 4 * 4 + 1) + 10 * (500 + 1)
@pytest.mark.parametrize(("name", "count"), [("tutorial", 710_218), ("lenet", 431_080)])
def test_a_network_has_the_size_of_its_paper(name, count):
    assert sum(weights.numel() for weights in build(name).parameters()) == count


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("tutorial", [(64, 14, 14), (128, 5, 5), (128, 1, 1)]),
        ("lenet", [(20, 24, 24), (50, 8, 8)]),
    ],
)
def test_the_feature_maps_have_the_sizes_of_the_paper(name, shapes):
    values, found = torch.zeros(1, 1, 28, 28), []
    for layer in build(name):
        values = layer(values)
        if isinstance(layer, nn.Conv2d):
            found.append(tuple(values.shape[1:]))
    assert found == shapes


@pytest.mark.parametrize("name", NAMES)
def test_a_loaded_model_is_in_eval_mode_and_the_same_every_time(name):
    model, again = load_model(name), load_model(name)
    assert not any(layer.training for layer in model.modules())
    assert model is not again
    for weights, same in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(weights, same)


def test_the_tutorials_network_is_the_default():
    assert torch.equal(load_model()[-1].weight, load_model("tutorial")[-1].weight)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_accuracy_on_mnist_is_the_one_on_record(name, mnist):
    measured = accuracy(load_model(name), mnist)
    assert measured == pytest.approx(training_record(name)["mnist_test_accuracy"], abs=1e-4)
    assert measured >= (0.99 if name in undefended() else 0.985)


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_accuracy_on_the_uci_digits_is_the_one_on_record(name, uci):
    measured = accuracy(load_model(name), uci)
    assert measured == pytest.approx(training_record(name)["uci_accuracy"], abs=2 / 1797)
    assert measured >= 0.90


@pytest.mark.parametrize("name", NAMES)
def test_the_record_says_how_the_weights_came_about(name):
    record = training_record(name)
    assert record["model"] == name
    assert {"epochs", "seed", "learning_rate", "threads", "torch", "python"} <= set(record)


def test_what_is_told_of_our_networks_beside_their_models_is_so(uci, monkeypatch):
    told, record = NETWORKS["tutorial"].origin, training_record("tutorial")
    assert f"{record['epochs']} epochs in batches of {trainer.BATCH_SIZE}" in told
    assert "by Adam, without dropout, and ends in the logits" in told
    for name in NAMES:
        kinds = {type(layer) for layer in build(name)}
        assert not kinds & {nn.Dropout, nn.Dropout2d, nn.Softmax}
        assert nn.ReLU in kinds
        assert type(build(name)[-1]) is nn.Linear
    assert "20 and 50 filters and 500 hidden units" in NETWORKS["lenet"].origin
    assert "ReLU and Adam are ours" in NETWORKS["lenet"].origin
    used, adam = [], torch.optim.Adam
    monkeypatch.setattr(torch.optim, "Adam", lambda *given, **more: used.append(adam(*given, **more)) or used[0])
    next(trainer.train(build("lenet"), uci.first(4), 1, 0))
    assert used


# --- files ---------------------------------------------------------------------------------------


def test_saved_weights_and_their_record_are_read_back(tmp_path):
    model, record = build("lenet"), {"seed": 3, "mnist_test_accuracy": 0.5}
    path = save_model("lenet", model, record, tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / "lenet.pt"
    loaded = load_model("lenet", path.parent)
    for weights, same in zip(model.parameters(), loaded.parameters(), strict=True):
        assert torch.equal(weights, same)
    assert training_record("lenet", path.parent) == record


@pytest.mark.parametrize("name", ["resnet", "", "../lenet", "LeNet"])
def test_an_unknown_model_is_refused_with_those_there_are(name):
    for refuse in (build, load_model):
        with pytest.raises(ValueError, match="tutorial, lenet") as refusal:
            refuse(name)
        assert repr(name) in str(refusal.value)


def test_missing_weights_are_told_with_the_command_that_makes_them(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"python -m jsma train --model lenet") as refusal:
        load_model("lenet", tmp_path)
    assert str(tmp_path / "lenet.pt") in str(refusal.value)


def write(folder: Path, content: bytes) -> Path:
    (folder / "small.pt").write_bytes(content)
    return folder


@pytest.fixture
def small(monkeypatch) -> None:
    """A third network, "small", whose weights are quickly written."""
    monkeypatch.setitem(NETWORKS, "small", KnownNetwork("Small", lambda: nn.Sequential(nn.Linear(3, 2))))


@pytest.fixture
def good(small, tmp_path) -> bytes:
    """The weights of "small" as they should be."""
    return save_model("small", build("small"), {}, tmp_path / "good").read_bytes()


DAMAGES = {
    "an empty file": lambda good: b"",
    "cut in half": lambda good: good[: len(good) // 2],
    "cut at the end": lambda good: good[:-10],
    "an error page": lambda good: b"<html><body>503 Service Unavailable</body></html>",
    "a pointer of Git LFS": lambda good: b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 5\n",
    "zeros": lambda good: bytes(len(good)),
}
RETRAIN = "damaged.*Train them again: python -m jsma train"


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_weights_are_told_with_the_command_that_makes_new_ones(damage, good, tmp_path):
    folder = write(tmp_path, DAMAGES[damage](good))
    with pytest.raises(ValueError, match=RETRAIN) as refusal:
        load_model("small", folder)
    assert str(tmp_path / "small.pt") in str(refusal.value)


def test_random_bytes_are_told_as_damaged_weights(small, tmp_path):
    dice = random.Random(0)
    for _ in range(200):
        folder = write(tmp_path, dice.randbytes(dice.randrange(1, 200)))
        with pytest.raises(ValueError, match=RETRAIN):
            load_model("small", folder)


def readable(content: bytes) -> bool:
    """Say whether torch itself can read the weights of "small" in `content`."""
    try:
        NETWORKS["small"].architecture().load_state_dict(torch.load(io.BytesIO(content), weights_only=True))
    except Exception:
        return False
    return True


def test_weights_with_some_bytes_turned_are_read_or_told_as_damaged(good, tmp_path):
    dice, damaged = random.Random(1), 0
    for _ in range(200):
        content = bytearray(good)
        for _ in range(3):
            content[dice.randrange(len(content))] = dice.randrange(256)
        folder = write(tmp_path, bytes(content))
        if readable(content):
            load_model("small", folder)
        else:
            with pytest.raises(ValueError, match=RETRAIN):
                load_model("small", folder)
            damaged += 1
    assert 50 < damaged < 200


@pytest.mark.parametrize("content", [None, 5, [1, 2], {"a": 1}, {1: torch.zeros(2)}, torch.zeros(3), {}])
def test_a_file_that_holds_something_else_is_refused(content, small, tmp_path):
    torch.save(content, tmp_path / "small.pt")
    with pytest.raises(ValueError, match=RETRAIN):
        load_model("small", tmp_path)


def test_weights_of_another_network_are_told_by_its_name(tmp_path):
    path = save_model("lenet", build("lenet"), {}, tmp_path)
    with pytest.raises(ValueError, match=r"those of 'lenet'"):
        load_model("tutorial", path)


def test_a_whole_training_state_is_told_from_weights(small, tmp_path):
    torch.save({"epoch": 3, "model": build("small").state_dict()}, tmp_path / "small.pt")
    with pytest.raises(ValueError, match="does not contain the state_dict of a network"):
        load_model("small", tmp_path)


def test_weights_that_are_no_numbers_are_refused(good, tmp_path):
    for wrong in (float("nan"), float("inf")):
        model = build("small")
        with torch.no_grad():
            model[0].weight[1, 2] = wrong
        save_model("small", model, {}, tmp_path)
        with pytest.raises(ValueError, match=f"not finite.*{RETRAIN.split('.*')[1]}"):
            load_model("small", tmp_path)


def test_the_command_that_repairs_weights_names_their_folder(small, tmp_path):
    folder = tmp_path / "a folder"
    with pytest.raises(FileNotFoundError, match=f"--model small --out '{folder}'"):
        load_model("small", folder)


def test_the_weights_of_another_network_are_refused(tmp_path):
    save_model("lenet", build("tutorial"), {}, tmp_path)
    with pytest.raises(ValueError, match="of another network"):
        load_model("lenet", tmp_path)


class Malicious:
    """When unpickled the plain way, this makes a folder."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self):
        return Path.mkdir, (self.marker,)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("form", ["torch", "pickle"])
def test_a_malicious_file_is_refused_and_not_executed(form, small, tmp_path):
    marker = tmp_path / "executed"
    content = {"0.weight": torch.zeros(2, 3), "0.bias": Malicious(marker)}
    path = tmp_path / "small.pt"
    if form == "torch":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match=RETRAIN) as refusal:
        load_model("small", tmp_path)
    assert "weights_only" not in str(refusal.value)  # torch's own words advise to turn it off
    assert not marker.exists()

    torch.load(path, weights_only=False) if form == "torch" else pickle.loads(path.read_bytes())
    assert marker.exists()  # so it was malicious indeed


def test_rules_are_compared_on_the_networks_without_a_defence():
    assert undefended() == ["tutorial", "lenet"]
    assert {"lenet-distilled", "lenet-adversarial"} <= set(NETWORKS)
