"""python -m jsma train | evaluate | attack | tutorial, called in this process."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib.image import imread

import jsma.__main__
import jsma.data
import jsma.training
from jsma import Attack, Digits, Output, Report, Rule, Untargeted, evaluate, load_model
from jsma.__main__ import main
from jsma.models import NETWORKS, WEIGHTS, training_record
from jsma.stage import record
from jsma.training import initialised

UCI = ["--data", "uci"]


@pytest.fixture
def few_for_mnist(uci, monkeypatch):
    """Stand-ins for MNIST: 200 digits to train on, 50 to test on."""
    splits = {"train": uci.first(200), "test": uci.first(50)}

    def load_mnist(root=None, split="test", download=False):
        return splits[split]

    for module in (jsma.__main__, jsma.data):
        monkeypatch.setattr(module, "load_mnist", load_mnist)
    monkeypatch.setattr(jsma.__main__, "mnist_present", lambda: True)


def train(folder, *more: str) -> int:
    return main(["train", "--model", "lenet", "--epochs", "1", "--out", str(folder), *more])


def test_train_saves_weights_that_load_and_a_record_of_how_they_came_about(few_for_mnist, uci, tmp_path, capsys):
    assert train(tmp_path, "--seed", "3", "--learning-rate", "0.002") == 0
    model, record = load_model("lenet", tmp_path), training_record("lenet", tmp_path)
    assert record["model"] == "lenet"
    assert (record["epochs"], record["seed"], record["learning_rate"], record["threads"]) == (1, 3, 0.002, 1)
    assert record["torch"] == torch.__version__
    with torch.no_grad():
        right = (model(uci.images[:50]).argmax(dim=1) == uci.labels[:50]).sum().item()
    assert record["mnist_test_accuracy"] == pytest.approx(right / 50)
    printed = capsys.readouterr().out
    assert f"MNIST test {right / 50:.2%}" in printed
    assert str(tmp_path / "lenet.pt") in printed
    assert "100%" in printed


def good_weights(folder) -> dict:
    assert train(folder) == 0
    return content(folder)


def content(folder) -> dict:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_network_that_did_not_learn_is_told_and_not_saved(few_for_mnist, tmp_path, capsys):
    before = good_weights(tmp_path)
    capsys.readouterr()
    assert train(tmp_path, "--learning-rate", "0.9") == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "has not learned" in sentence
    assert "learning rate than 0.9" in sentence
    assert content(tmp_path) == before


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_ends_the_training_and_nothing_is_saved(
    few_for_mnist, tmp_path, capsys, monkeypatch, loss
):
    broken = [jsma.training.Progress(1, 1, 1, 2, 2.3), jsma.training.Progress(1, 1, 2, 2, loss)]
    monkeypatch.setattr(jsma.__main__, "train", lambda *_: iter(broken))
    assert train(tmp_path) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "After batch 2 of epoch 1 the loss is not finite" in sentence
    assert content(tmp_path) == {}


def test_to_learn_is_to_be_clearly_better_than_always_the_same_answer():
    """Of 10,000 digits, 1,135 of them alike: the best constant prediction 11.35 %, two standard errors 0.63 %."""
    labels = torch.cat([torch.ones(1135), torch.arange(8865) % 9 + 1]).long()
    labels[1135:][labels[1135:] == 1] = 0
    digits = jsma.Digits("made up", torch.zeros(10_000, 1, 1, 1), labels)
    for share in (0.0974, 0.1028, 0.1135, 0.1190):
        with pytest.raises(ValueError, match=r"best constant prediction 11\.35%"):
            jsma.__main__._check_accuracy(share, digits, 0.9)
    jsma.__main__._check_accuracy(0.1205, digits, 0.9)


def test_train_saves_to_a_folder_of_ones_own_unless_told_otherwise(few_for_mnist, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shipped = content(WEIGHTS)
    assert main(["train", "--model", "lenet", "--epochs", "1"]) == 0
    assert sorted(content(tmp_path / "trained")) == ["lenet.json", "lenet.pt"]
    assert content(WEIGHTS) == shipped
    capsys.readouterr()
    reads = training_record("lenet", tmp_path / "trained")["mnist_test_accuracy"]
    assert main(["evaluate", "--model", "lenet", "--weights", "trained", "--images", "0"]) == 0
    assert f"lenet reads {reads:.2%}" in capsys.readouterr().out


@pytest.mark.parametrize("place", ["file", "file/folder", "weights in the way"])
def test_weights_that_could_not_be_written_are_told_before_the_training(
    few_for_mnist, tmp_path, capsys, monkeypatch, place
):
    (tmp_path / "file").touch()
    (tmp_path / "weights in the way" / "lenet.pt").mkdir(parents=True)
    monkeypatch.setattr(jsma.__main__, "train", None)
    assert train(tmp_path / place) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert place.split("/")[0] in sentence
    assert len(list(tmp_path.rglob("*"))) == 3


def test_a_training_that_cannot_begin_leaves_no_folder(tmp_path, capsys):
    assert train(tmp_path / "new", "--data-dir", str(tmp_path)) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x.nonsense", "x", "missing/x", "folder"])
@pytest.mark.parametrize(
    ("command", "suffix"),
    [
        (["attack", "--target", "3", "--save"], ".npy"),
        (["attack", "--target", "3", "--picture"], ".png"),
        (["tutorial", "--save"], ".png"),
        (["evaluate", "--save"], ".json"),
    ],
)
def test_files_that_could_not_be_written_are_told_before_the_attack(
    tmp_path, capsys, monkeypatch, command, suffix, name
):
    (tmp_path / f"folder{suffix}").mkdir()
    monkeypatch.setattr(jsma.__main__, "load_model", None)
    monkeypatch.setattr(jsma.data, "load_uci_digits", None)
    path = tmp_path / (name + suffix if name in ("missing/x", "folder") else name)
    assert main([*command, str(path), "--data", "uci"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (sentence,) = said.err.splitlines()
    assert name.split("/")[0] in sentence
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_to_resume_from_that_is_a_file_is_told_before_the_attack(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(jsma.data, "load_uci_digits", None)
    assert main(["evaluate", "--data", "uci", "--resume", str(tmp_path / "file")]) == 2
    assert "file is a file, not a folder" in capsys.readouterr().err


def test_a_damaged_part_is_told_in_one_sentence_and_computed_anew(tmp_path, capsys):
    command = ["evaluate", "--data", "uci", "--images", "1", "--gamma", "0.01", "--resume", str(tmp_path / "parts")]
    assert main([*command, "--save", str(tmp_path / "one.json")]) == 0
    assert capsys.readouterr().err == ""
    (tmp_path / "parts" / "chunk-000000.pt").write_bytes(b"damaged")
    assert main([*command, "--save", str(tmp_path / "two.json")]) == 0
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith("jsma: ")
    assert "chunk-000000.pt is damaged" in sentence
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_train_gives_the_weights_that_its_seed_gives(few_for_mnist, uci, tmp_path):
    assert train(tmp_path, "--seed", "5") == 0
    model = initialised("lenet", 5)
    list(jsma.training.train(model, uci.first(200), epochs=1, seed=5))
    for weights, saved in zip(model.parameters(), load_model("lenet", tmp_path).parameters(), strict=True):
        assert torch.equal(weights, saved)


def test_evaluate_prints_the_figures_of_the_evaluation(uci, capsys):
    settings = ["--rule", "tjsma", "--theta", "0.5", "--gamma", "0.03", "--model", "lenet"]
    assert main(["evaluate", "--data", "uci", "--images", "2", *settings]) == 0
    printed = capsys.readouterr().out
    report = evaluate(load_model("lenet"), uci.first(2), Attack(Rule.TJSMA, theta=0.5, gamma=0.03))
    assert 0 < report.success_rate < 1
    for expected in (
        "lenet reads 95.60% of 1,797 images (UCI digits)",
        "TJSMA on logits, increase, theta 0.5, gamma 0.03: 18 attacks",
        f"{report.success_rate:.2%}  of 18",
        f"accuracy on adversarial examples {report.adversarial_accuracy:10.2%}  of 18, failed ones too",
        f"{report.mean_distortion:.2%}  of 18",
        f"{report.mean_distortion_of_successful:.2%}  of {int(report.result.success.sum())}",
    ):
        assert expected in printed
    for reason, count in report.stops.items():
        (line,) = [line for line in printed.splitlines() if f"ended by {reason.value}" in line]
        assert line.split()[-1] == str(count)


def test_evaluate_tells_that_parts_of_an_older_version_do_not_know_the_adversarial_accuracy(capsys, monkeypatch):
    def older(*arguments, **settings):
        report = evaluate(*arguments, **settings)
        return replace(report, result=replace(report.result, predictions=None))

    monkeypatch.setattr(jsma.__main__, "evaluate", older)
    assert main(["evaluate", *UCI, "--images", "1", "--gamma", "0.01"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "adversarial" in line]
    assert "unknown: --resume holds parts of an older version; use a new folder" in line


def test_evaluate_with_no_images_to_attack_reads_only(capsys):
    assert main(["evaluate", "--data", "uci", "--images", "0"]) == 0
    printed = capsys.readouterr().out
    assert "tutorial reads 92.04% of 1,797 images" in printed
    assert "attacks" not in printed


def test_evaluate_reads_mnist_unless_told_otherwise(few_for_mnist, capsys):
    assert main(["evaluate", "--images", "0"]) == 0
    assert "of 50 images" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate", "--data", "uci", "--theta", "0"],
        ["evaluate", "--data", "uci", "--theta", "nan"],
        ["evaluate", "--data", "uci", "--gamma", "1.5"],
    ],
)
def test_settings_out_of_range_end_with_one_sentence_and_exit_code_2(arguments, capsys):
    assert main(arguments) == 2
    said = capsys.readouterr()
    (sentence,) = said.err.splitlines()
    assert sentence.startswith("jsma: ")
    assert arguments[-2].strip("-") in sentence
    assert arguments[-1] in sentence
    assert said.out == ""


def test_a_negative_number_of_images_is_refused_with_exit_code_2(capsys):
    try:
        code = main(["evaluate", "--data", "uci", "--images", "-1"])
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert "-1" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "train | evaluate"),
        (["attack"], "attack"),
        (["evaluate", "--rule", "fgsm"], "fgsm"),
        (["evaluate", "--output", "softmax"], "softmax"),
        (["evaluate", "--direction", "up"], "up"),
        (["evaluate", "--model", "resnet"], "resnet"),
        (["evaluate", "--data", "cifar"], "cifar"),
        (["evaluate", "--theta", "much"], "much"),
        (["evaluate", "--images", "2.5"], "2.5"),
        (["train", "--epochs", "0"], "'0'"),
        (["train", "--epochs", "-3"], "--epochs"),
        (["train", "--epochs", "²"], "²"),
        (["train", "--seed", "x"], "x"),
        (["train", "--threads", "0"], "'0'"),
        (["train", "--frobnicate"], "--frobnicate"),
    ],
)
def test_arguments_that_make_no_sense_end_with_one_sentence_and_exit_code_2(arguments, named, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("python -m jsma")
    assert named in error


@pytest.fixture
def no_mnist(tmp_path, monkeypatch):
    """A folder without MNIST, where MNIST is looked for."""
    monkeypatch.setenv("JSMA_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [["attack", "--target", "3"], ["evaluate", "--images", "0"], ["tutorial", "--samples", "1", "--save", "grid.png"]],
)
def test_without_mnist_the_built_in_digits_are_used_and_one_sentence_says_so(command, no_mnist, capsys, monkeypatch):
    monkeypatch.chdir(no_mnist)
    assert main(command) == 0
    without = capsys.readouterr()
    (sentence,) = without.err.splitlines()
    assert str(no_mnist) in sentence
    assert "Using the built-in UCI digits" in sentence
    assert main([*command, "--data", "uci"]) == 0
    assert capsys.readouterr() == (without.out, "")


def test_without_a_home_folder_the_built_in_digits_are_used(no_mnist, capsys, monkeypatch):
    monkeypatch.delenv("JSMA_DATA_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(jsma.data.Path, "home", lambda: (_ for _ in ()).throw(RuntimeError))
    assert main(["evaluate", "--images", "0"]) == 0
    assert "(UCI digits)" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["attack", "--target", "3"], ["evaluate"], ["tutorial"]])
def test_mnist_that_is_asked_for_and_not_there_ends_with_exit_code_2(command, no_mnist, capsys, monkeypatch):
    monkeypatch.chdir(no_mnist)
    assert main([*command, "--data", "mnist"]) == 2
    said = capsys.readouterr()
    assert str(no_mnist) in said.err
    assert said.out == ""


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_missing_mnist_ends_with_what_to_do_and_exit_code_2(command, tmp_path, capsys):
    assert main([command, "--data-dir", str(tmp_path)]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert str(tmp_path) in sentence
    assert "JSMA_DATA_DIR" in sentence


@pytest.mark.parametrize("rate", ["nan", "-1"])
def test_a_learning_rate_that_makes_no_sense_ends_with_one_sentence_and_exit_code_2(
    rate, few_for_mnist, tmp_path, capsys
):
    assert train(tmp_path, "--learning-rate", rate) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "learning rate" in sentence
    assert list(tmp_path.iterdir()) == []


def test_the_help_lists_every_setting_of_the_attack(capsys):
    with pytest.raises(SystemExit) as end:
        main(["evaluate", "--help"])
    assert end.value.code == 0
    printed = capsys.readouterr().out
    for option in ("--rule", "--output", "--direction", "--theta", "--gamma"):
        assert option in printed


def in_one_line(command: str, capsys) -> str:
    """Return the help of a command without its line breaks."""
    with pytest.raises(SystemExit):
        main([command, "--help"])
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("command", ["train", "evaluate", "attack", "tutorial"])
def test_the_help_says_what_each_network_is_made_after_and_where_it_differs(command, capsys):
    printed = in_one_line(command, capsys)
    for name, entry in NETWORKS.items():
        assert f"{name}: {entry.label}. {entry.origin}" in printed


def test_the_help_of_the_tutorial_names_the_scripts_settings_as_its_defaults(capsys):
    printed = in_one_line("tutorial", capsys)
    for default in ("logits or probabilities (probabilities)", "in (0, 1] (1.0)", "in (0, 1] (0.1)", "the first (10,"):
        assert default in printed
    assert "logits or probabilities (logits)" in in_one_line("evaluate", capsys)


# --- attack, tutorial, and the files of evaluate --------------------------------------------------


def test_attack_prints_the_steps_of_the_attack(uci, capsys, tmp_path):
    picture = tmp_path / "attack.png"
    assert main(["attack", *UCI, "--index", "7", "--target", "3", "--gamma", "0.01", "--picture", str(picture)]) == 0
    said = capsys.readouterr().out.splitlines()
    steps = list(Attack(gamma=0.01).steps(load_model(), uci.images[7], 3))
    lines = said[2 : 2 + len(steps)]
    for line, step in zip(lines, steps, strict=True):
        assert line.split()[:2] == [str(step.iteration), str(int(step.outputs.argmax()))]
        if step.pair:
            assert f"{step.pair.first // 28},{step.pair.first % 28}" in line
    assert f"{steps[-1].stop.value}: {steps[-1].changed} of 784 pixels changed" in said[-2]
    assert imread(picture).shape[:2] == (4 * 29, 4 * 29 * 3)


@pytest.mark.parametrize("name", ["a.npy", "a.NPZ", "a.pt", "a.Png"])
def test_attack_saves_the_adversarial_image_itself(uci, tmp_path, name):
    path = tmp_path / name
    assert main(["attack", *UCI, "--index", "7", "--target", "3", "--gamma", "0.01", "--save", str(path)]) == 0
    image = list(Attack(gamma=0.01).steps(load_model(), uci.images[7], 3))[-1].image
    if path.suffix == ".Png":
        assert (imread(path, format="png") * 255).round().tolist() == (image[0] * 255).round().tolist()
        return
    read = {
        ".npy": np.load,
        ".NPZ": lambda path: np.load(path)["image"],
        ".pt": lambda path: torch.load(path, weights_only=True).numpy(),
    }[path.suffix]
    assert np.array_equal(read(path), image.numpy())


def test_attack_saves_all_its_steps_as_a_table_and_as_json(uci, tmp_path):
    command = ["attack", *UCI, "--index", "7", "--target", "3", "--gamma", "0.01", "--save"]
    for name in ("a.CSV", "a.Json"):
        assert main([*command, str(tmp_path / name)]) == 0
    steps = list(Attack(gamma=0.01).steps(load_model(), uci.images[7], 3))
    with open(tmp_path / "a.CSV", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    whole = json.loads((tmp_path / "a.Json").read_text(encoding="utf-8"))
    for k, step in enumerate(steps):
        pixel = step.pair and divmod(step.pair.first, 28)
        assert (rows[k]["p_row"], rows[k]["p_column"]) == (tuple(map(str, pixel)) if pixel else ("", ""))
        assert (whole["steps"][k]["p_row"], whole["steps"][k]["p_column"]) == (pixel or (None, None))
        assert float(rows[k]["logit_3"]) == whole["steps"][k]["logit_3"] == step.outputs[3].item()
        assert whole["steps"][k]["stop"] == (step.stop and step.stop.value)
    assert len(rows) == len(whole["steps"]) == len(steps)
    assert torch.equal(torch.tensor(whole["image"]), steps[-1].image)


def test_a_report_is_written_whatever_the_case_of_its_ending(tmp_path, capsys):
    command = ["evaluate", *UCI, "--images", "1", "--gamma", "0.01", "--save"]
    assert main([*command, str(tmp_path / "a.CSV")]) == 0
    assert (tmp_path / "a.CSV").read_text(encoding="utf-8").startswith("source,")
    assert main([*command, str(tmp_path / "a.Json")]) == 0
    assert len(Report.load(tmp_path / "a.Json").sources) == 9
    assert main([*command, str(tmp_path / "a.xlsx")]) == 2
    assert "must end in .json or .csv" in capsys.readouterr().err


def test_weights_may_be_the_file_that_train_wrote(few_for_mnist, tmp_path, capsys):
    assert train(tmp_path) == 0
    (tmp_path / "lenet.pt").rename(tmp_path / "mine.pt")
    command = ["evaluate", *UCI, "--images", "0", "--model", "lenet", "--weights"]
    assert main([*command, str(tmp_path / "mine.pt")]) == 0
    assert main([*command, str(tmp_path / "other.pt")]) == 2
    assert "There are no weights at" in capsys.readouterr().err


def test_the_command_line_advises_its_own_option(tmp_path, capsys):
    assert main(["evaluate", "--data", "mnist", "--data-dir", str(tmp_path), "--images", "0"]) == 2
    said = capsys.readouterr().err
    assert "Download it (--download)" in said
    assert "download=True" not in said


def test_attack_writes_a_page_of_the_same_attack(uci, capsys, tmp_path):
    page = tmp_path / "attack.html"
    assert main(["attack", *UCI, "--index", "7", "--target", "3", "--gamma", "0.01", "--html", str(page)]) == 0
    assert f"saved {page}" in capsys.readouterr().out
    recording = record(load_model(), uci.images[7], int(uci.labels[7]), 3, Attack(gamma=0.01))
    assert page.read_text(encoding="utf-8") == recording.to_html()


@pytest.mark.parametrize("kind", list(Untargeted))
def test_a_page_needs_a_target_class(kind, capsys, tmp_path):
    assert main(["attack", *UCI, "--target", kind.value, "--html", str(tmp_path / "attack.html")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "target class" in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["attack.png", "attack", "missing/attack.html"])
def test_a_page_that_cannot_be_written_is_told_before_the_attack(name, capsys, tmp_path):
    assert main(["attack", *UCI, "--target", "3", "--html", str(tmp_path / name)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (sentence,) = said.err.splitlines()
    assert name.split("/")[-1] in sentence


@pytest.mark.parametrize("kind", list(Untargeted))
def test_attack_takes_the_untargeted_attacks_by_name(kind, capsys):
    assert main(["attack", *UCI, "--target", kind.value]) == 0
    assert "reached target" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "named"), [(["--target", "12"], "Target 12"), (["--target", "3", "--index", "99999"], "99999")]
)
def test_attack_refuses_what_is_not_there_in_one_sentence(arguments, named, capsys):
    assert main(["attack", *UCI, *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (sentence,) = said.err.splitlines()
    assert named in sentence


@pytest.mark.parametrize("target", ["x", "-1", "²", "3.5"])
def test_attack_refuses_a_target_that_is_none(target, capsys):
    with pytest.raises(SystemExit) as end:
        main(["attack", *UCI, "--target", target])
    assert end.value.code == 2
    assert "--target" in capsys.readouterr().err.splitlines()[-1]


def attacked_by_hand(few: Digits, attack: Attack) -> list[tuple]:
    """Attack each digit towards its nine targets: label, target, class read at the end, share of changed pixels."""
    model, ends = load_model(), []
    for image, label in zip(few.images, few.labels.tolist(), strict=True):
        for target in [other for other in range(10) if other != label]:
            (*_, end) = attack.steps(model, image, target)
            read = int(model(end.image[None]).argmax())
            ends.append((label, target, read, int((end.image != image).sum()) / 784))
    return ends


def as_the_script_prints(ends: list[tuple]) -> list[tuple[str, str]]:
    """Return the end of each line of the tutorial command: the mean, and what it is divided by."""
    reached = [share for _, target, read, share in ends if read == target]
    count = len(ends)
    return [
        (f"{len(reached) / count:.4f}", f"{count} attacks"),
        (f"{np.mean([share for *_, share in ends]):.4f}", f"{count} attacks"),
        (f"{np.mean(reached):.4f}", f"{len(reached)} successful attacks"),
        (f"{sum(label == read for label, _, read, _ in ends) / count:.4f}", f"{count} attacks, failed ones too"),
    ]


MEANS = [
    "Average rate of successful adversarial examples",
    "Average rate of perturbed features",
    "Average rate of perturbed features, successful",
    "Accuracy on the adversarial examples",
]


def test_the_tutorial_attacks_as_the_script_does_and_draws_the_grid(uci, capsys, tmp_path):
    picture = tmp_path / "grid.png"
    assert main(["tutorial", *UCI, "--samples", "2", "--save", str(picture)]) == 0
    said, few = capsys.readouterr().out.splitlines(), uci.first(2)
    ends = attacked_by_hand(few, Attack(output=Output.PROBABILITIES, theta=1.0, gamma=0.1))
    assert said[0] == f"{'Accuracy on legitimate test examples':<48} 0.9204  of 1,797 images"
    assert said[1] == "Attacks: 2 digits x 9 targets, JSMA on probabilities, increase, theta 1, gamma 0.1"
    lines = zip(MEANS, as_the_script_prints(ends), strict=True)
    assert said[2:6] == [f"{name:<48} {mean}  of {over}" for name, (mean, over) in lines]
    assert imread(picture).shape[:2] == (2 * 4 * 29, 10 * 4 * 29)
    first = imread(picture)[: 28 * 4 : 4, : 28 * 4 : 4, 0]  # digit 0 towards its own class is the digit itself
    assert np.allclose(first, few.images[0, 0], atol=0.01)


def test_the_tutorial_counts_failed_attacks_where_it_says_so(few_for_mnist, uci, capsys, tmp_path):
    settings = ["--samples", "1", "--output", "logits", "--gamma", "0.03", "--save", str(tmp_path / "grid.png")]
    assert main(["tutorial", *settings]) == 0
    ends = attacked_by_hand(uci.first(1), Attack(gamma=0.03))
    assert 0 < sum(read == label for label, _, read, _ in ends) < sum(read != target for _, target, read, _ in ends) < 9
    lines = zip(MEANS, as_the_script_prints(ends), strict=True)
    said = capsys.readouterr().out.splitlines()
    assert said[2:6] == [f"{name:<48} {mean}  of {over}" for name, (mean, over) in lines]


def test_evaluate_saves_what_it_prints_and_resumes(capsys, tmp_path):
    command = ["evaluate", *UCI, "--images", "1", "--gamma", "0.01", "--resume", str(tmp_path / "parts")]
    for name in ("one.json", "two.json", "three.csv"):
        assert main([*command, "--save", str(tmp_path / name)]) == 0
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    report = Report.load(tmp_path / "one.json")
    assert f"{report.success_rate:.2%}  of 9" in capsys.readouterr().out
    assert len((tmp_path / "three.csv").read_text(encoding="utf-8").splitlines()) == 10
    assert main([*command, "--theta", "0.5"]) == 2
    assert "another evaluation (different: attack)" in capsys.readouterr().err
