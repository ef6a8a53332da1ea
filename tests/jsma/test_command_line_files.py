"""python -m jsma attack | tutorial, and evaluate's files, called in this process."""

import numpy as np
import pytest
from matplotlib.image import imread

from jsma import Attack, Report, Untargeted, load_model
from jsma.__main__ import main
from jsma.stage import record

UCI = ["--data", "uci"]


def test_attack_prints_the_steps_of_the_attack(uci, capsys, tmp_path):
    picture = tmp_path / "attack.png"
    assert main(["attack", *UCI, "--index", "7", "--target", "3", "--gamma", "0.01", "--save", str(picture)]) == 0
    said = capsys.readouterr().out.splitlines()
    steps = list(Attack(gamma=0.01).steps(load_model(), uci.images[7], 3))
    lines = said[2 : 2 + len(steps)]
    for line, step in zip(lines, steps, strict=True):
        assert line.split()[:2] == [str(step.iteration), str(int(step.outputs.argmax()))]
        if step.pair:
            assert f"{step.pair.first // 28},{step.pair.first % 28}" in line
    assert f"{steps[-1].stop.value}: {steps[-1].changed} of 784 pixels changed" in said[-2]
    assert imread(picture).shape[:2] == (4 * 29, 4 * 29 * 3)


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


def test_the_tutorial_tells_the_whole_story_and_draws_the_grid(uci, capsys, tmp_path):
    picture = tmp_path / "grid.png"
    assert main(["tutorial", *UCI, "--samples", "2", "--save", str(picture)]) == 0
    said = capsys.readouterr().out
    few = uci.first(2)
    images = [few.images[k] for k in range(2) for t in range(10) if t != few.labels[k]]
    ends = [
        list(Attack(gamma=0.1).steps(load_model(), image, t))[-1]
        for image, t in zip(images, [t for k in range(2) for t in range(10) if t != few.labels[k]], strict=True)
    ]
    reached = [end.stop.name == "REACHED_TARGET" for end in ends]
    share = [end.changed / 784 for end in ends]
    assert "0.9204 of 1,797" in said
    assert f"{np.mean(reached):.4f} of 18" in said
    assert f"{np.mean(share):.4f} of 18" in said
    assert f"{np.mean([part for part, won in zip(share, reached, strict=True) if won]):.4f} of {sum(reached)}" in said
    assert imread(picture).shape[:2] == (2 * 4 * 29, 10 * 4 * 29)
    first = imread(picture)[: 28 * 4 : 4, : 28 * 4 : 4, 0]  # digit 0 towards its own class is the digit itself
    assert np.allclose(first, few.images[0, 0], atol=0.01)


def test_evaluate_saves_what_it_prints_and_resumes(capsys, tmp_path):
    command = ["evaluate", *UCI, "--images", "1", "--gamma", "0.01", "--resume", str(tmp_path / "parts")]
    for name in ("one.json", "two.json", "three.csv"):
        assert main([*command, "--save", str(tmp_path / name)]) == 0
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    report = Report.load(tmp_path / "one.json")
    assert f"{report.success_rate:.2%}  of 9" in capsys.readouterr().out
    assert len((tmp_path / "three.csv").read_text().splitlines()) == 10
    assert main([*command, "--theta", "0.5"]) == 2
    assert "another evaluation (attack)" in capsys.readouterr().err
