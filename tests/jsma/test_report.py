"""The report of an evaluation: tables against loops, files, and runs that are cut off."""

import csv
import dataclasses
import itertools
import json
import math
import signal
import subprocess
import sys

import pytest
import torch
from torch import nn

from jsma import (
    Attack,
    Digits,
    Direction,
    Output,
    Report,
    Result,
    Rule,
    Stop,
    accuracy,
    adversarial_distance,
    evaluate,
    jacobian,
    sharing,
)
from jsma import evaluation as module
from tests.helpers.paths import ROOT
from tests.helpers.waiting import until


def small_net() -> nn.Sequential:
    """Return a network of four classes on 1 x 4 x 5 images, the same each time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = nn.Sequential(nn.Flatten(), nn.Linear(20, 8), nn.Tanh(), nn.Linear(8, 4)).double().eval()
    with torch.no_grad():
        model[3].weight *= 4
    return model


def small_digits(count: int = 12) -> Digits:
    random = torch.Generator().manual_seed(7)
    images = torch.rand(count, 1, 4, 5, generator=random, dtype=torch.float64) * 0.8
    return Digits("made up", images, torch.arange(count) % 4)


ATTACK = Attack(Rule.TJSMA, direction=Direction.BOTH, theta=0.4, gamma=0.7)


@pytest.fixture(scope="module")
def report() -> Report:
    return evaluate(small_net(), small_digits(), ATTACK, classes=4)


@pytest.fixture
def tiny_chunks(monkeypatch):
    monkeypatch.setattr(module, "IMAGES_IN_A_CHUNK", 2)


def same(one: Report, two: Report) -> None:
    assert (one.attack, one.gammas, one.features) == (two.attack, two.gammas, two.features)
    assert (one.result.stop, one.stops) == (two.result.stop, two.stops)
    assert one._columns() == two._columns()
    assert torch.equal(one.changed_at, two.changed_at)
    assert one.summary() == two.summary()


# --- figures -------------------------------------------------------------------------------------


def test_the_tables_are_the_means_of_their_cells(report):
    assert len(report.targets) == 36
    for s in range(4):
        for t in range(4):
            cell = [k for k in range(36) if (report.sources[k], report.targets[k]) == (s, t)]
            success, distortion = (
                report.success_by_source_and_target[s, t],
                report.distortion_by_source_and_target[s, t],
            )
            if s == t:
                assert not cell
                assert math.isnan(success)
                assert math.isnan(distortion)
                continue
            assert len(cell) == 3
            assert success.item() == pytest.approx(sum(report.result.stop[k] is Stop.REACHED_TARGET for k in cell) / 3)
            assert distortion.item() == pytest.approx(sum(report.result.changed[k].item() / 20 for k in cell) / 3)


def test_the_adversarial_accuracy_is_the_share_of_final_images_still_read_as_their_label(report):
    model, digits, reads = small_net(), small_digits(), []
    for k, target in enumerate(report.targets.tolist()):
        (*_, end) = ATTACK.steps(model, digits.images[k // 3], target)
        reads.append(int(model(end.image[None]).argmax()))
    labels = [int(digits.labels[k // 3]) for k in range(36)]
    still = sum(read == label for read, label in zip(reads, labels, strict=True))
    third = sum(
        read not in (label, target) for read, label, target in zip(reads, labels, report.targets.tolist(), strict=True)
    )
    assert min(still, third) > 0
    assert report.adversarial_accuracy == pytest.approx(still / 36)
    assert report.success_rate == pytest.approx(1 - (still + third) / 36)
    assert report.summary()["adversarial_accuracy"] == report.adversarial_accuracy
    assert report.untouched_accuracy == pytest.approx(accuracy(model, digits))
    assert 0 < report.untouched_accuracy < 1


def test_hardness_is_the_area_that_runs_at_every_smaller_budget_give_with_failures_at_the_whole_budget(report):
    smaller = [
        evaluate(small_net(), small_digits(), dataclasses.replace(ATTACK, gamma=at.gamma), 4)
        for at in report.at_budgets
        if at.iterations
    ]
    assert len({run.success_rate for run in smaller}) > 2
    for s in range(4):
        for t in set(range(4)) - {s}:
            reads = small_net()(small_digits().images).argmax(1)
            mine = small_digits().labels == s
            points = [((reads[mine] == t).double().mean().item(), 0.0)]
            points += [
                (run.success_by_source_and_target[s, t].item(), run.distortion_by_source_and_target[s, t].item())
                for run in smaller
            ]
            pieces = itertools.pairwise(points)
            area = sum((right[0] - left[0]) * (right[1] + left[1]) / 2 for left, right in pieces)
            whole = 2 * report.at_budgets[-1].iterations
            cell = [k for k in range(36) if (report.sources[k], report.targets[k]) == (s, t)]
            spent = [report.result.changed[k].item() if report.result.success[k] else whole for k in cell]
            area += (1 - points[-1][0]) * sum(spent) / len(spent) / 20
            assert report.hardness[s, t].item() == pytest.approx(area, abs=1e-12)


def made_report(cells: dict[tuple[int, int], list[tuple[bool, Stop, int]]]) -> Report:
    """Return a report of attacks on 100 pixels with a budget of 40 iterations, by source and target."""
    rows = [(*cell, *each) for cell, attacks in cells.items() for each in attacks]
    sources, targets, success, stop, changed = zip(*rows, strict=True)
    changed = torch.tensor(changed)
    result = Result(torch.empty(0, 1, 10, 10), torch.tensor(success), list(stop), changed // 2, changed)
    gammas = (0.2, 0.4, 0.8)
    at = torch.stack([changed.clamp(max=int(100 * gamma)) for gamma in gammas], dim=1)
    attack = dataclasses.replace(ATTACK, gamma=0.8)
    return Report(attack, torch.tensor(sources), torch.tensor(targets), result, gammas, at)


WON, SPENT, NO_PAIR = (True, Stop.REACHED_TARGET), (False, Stop.BUDGET_SPENT), (False, Stop.NO_ADMISSIBLE_PAIR)


@pytest.mark.parametrize("failure", [(*SPENT, 80), (*NO_PAIR, 0)], ids=["budget spent", "no pair"])
@pytest.mark.parametrize("failed", [9, 10])
def test_a_pair_of_classes_whose_attacks_fail_is_the_hardest_and_not_the_easiest(failure, failed):
    cheap, dear, failing = (0, 1), (1, 0), (2, 0)
    attacks = [failure] * failed + [(*WON, 2)] * (10 - failed)
    report = made_report({cheap: [(*WON, 10)] * 10, dear: [(*WON, 20)] * 10, failing: attacks})
    assert report.hardness[failing] > report.hardness[dear] > report.hardness[cheap]
    assert report.hardest_classes == failing
    assert failed < 10 or report.hardness[failing].item() == pytest.approx(0.8)  # the budget: as hard as can be


@pytest.mark.parametrize(("failure", "at_smallest_budget"), [((*SPENT, 80), 9 * 2 + 20), ((*NO_PAIR, 0), 9 * 2)])
def test_the_hardness_of_a_single_failure_by_hand(failure, at_smallest_budget):
    report = made_report({(0, 1): [(*WON, 2)] * 9 + [failure]})
    up_to_nine_tenths = 0.9 * (0 + at_smallest_budget / 1000) / 2
    assert report.hardness[0, 1].item() == pytest.approx(up_to_nine_tenths + 0.1 * (9 * 2 + 80) / 1000)


def test_the_figures_at_smaller_budgets_are_those_of_runs_with_them(report):
    none, *others = report.at_budgets
    misread = (small_net()(small_digits().images).argmax(1) != small_digits().labels).double().mean().item()
    assert (none.gamma, none.iterations, none.mean_distortion) == (0, 0, 0)
    assert none.success_rate == pytest.approx(misread / 3)
    assert [at.gamma for at in others] == list(report.gammas)
    for at in others:
        attack = dataclasses.replace(ATTACK, gamma=at.gamma)
        if attack.iterations(20) == 0:
            assert (at.iterations, at.success_rate, at.mean_distortion) == (0, none.success_rate, 0)
            continue
        run = evaluate(small_net(), small_digits(), attack, 4)
        assert at.iterations == attack.iterations(20)
        assert at.success_rate == run.success_rate
        assert at.mean_distortion == run.mean_distortion
        assert at.mean_distortion_of_successful == run.mean_distortion_of_successful


def test_the_costliest_attacks_come_first(report):
    changed, success = report.result.changed.tolist(), report.result.success.tolist()
    assert set(success) == {True, False}
    cells = list(zip(report.sources.tolist(), report.targets.tolist(), strict=True))
    assert max(map(cells.count, cells)) > 1

    def resistance(k: int) -> tuple[float, float]:
        alike = [other for other in range(36) if cells[other] == cells[k]]
        return sum(success[other] for other in alike) / len(alike), -sum(changed[other] for other in alike) / len(alike)

    expected = sorted(range(36), key=lambda k: (success[k], *resistance(k), -changed[k], k))
    assert report.costliest_first.tolist() == expected


def test_the_costliest_is_the_failed_attack_with_most_pixels_of_the_classes_that_resist_most():
    rows = [  # source, target, success, changed
        (0, 1, True, 90),
        (0, 1, True, 100),
        (2, 1, False, 20),
        (2, 1, False, 30),
        (1, 0, True, 4),
        (1, 0, False, 112),
    ]

    def costliest_first(of: list[tuple]) -> list[int]:
        sources, targets, success, changed = (torch.tensor(column) for column in zip(*of, strict=True))
        stop = [Stop.REACHED_TARGET if won else Stop.BUDGET_SPENT for won in success]
        result = Result(torch.empty(0, 1, 28, 28), success, stop, changed // 2, changed)
        return Report(ATTACK, sources, targets, result).costliest_first.tolist()

    assert costliest_first(rows) == [3, 2, 5, 4, 1, 0]
    assert costliest_first(rows[:2] + rows[4:])[0] == 3  # the failed one of 1 -> 0, though 0 -> 1 costs more on average
    assert costliest_first(rows[:2]) == [1, 0]


@pytest.mark.parametrize("gammas", [(0.8,), (0.5, 0.2)])
def test_a_grid_that_the_run_does_not_hold_is_refused(gammas):
    with pytest.raises(ValueError, match="gammas is"):
        evaluate(small_net(), small_digits(), ATTACK, 4, gammas=gammas)


def test_the_adversarial_distance_counts_the_pixels_that_pull_alone(report):
    model, digits = small_net(), small_digits()
    whole = jacobian(model, digits.images, Output.LOGITS).flatten(2)
    for k in (0, 5, 17, 35):
        of_target = whole[k // 3, report.targets[k]]
        of_others = whole[k // 3].sum(0) - of_target
        pulling = sum(bool(a > 0 and b < 0) for a, b in zip(of_target, of_others, strict=True))
        assert report.adversarial_distance[k].item() == pytest.approx(1 - pulling / 20)
    assert report.robustness == min(report.adversarial_distance.tolist())
    alone = adversarial_distance(model, digits.images[:1], torch.tensor([1]), batch_size=1)
    assert alone.shape == (1,)


# --- files ---------------------------------------------------------------------------------------


def test_a_saved_report_is_loaded_as_it_was(report, tmp_path):
    report.save(tmp_path / "report.json")
    same(Report.load(tmp_path / "report.json"), report)
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["success_rate"] == report.success_rate
    assert (tmp_path / "report.json").read_text(encoding="utf-8") == report.to_json()
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_the_csv_holds_a_line_an_attack(report, tmp_path):
    report.save(tmp_path / "report.csv")
    assert (tmp_path / "report.csv").read_text(encoding="utf-8") == report.to_csv()
    with (tmp_path / "report.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 36
    assert [int(line["changed"]) for line in lines] == report.result.changed.tolist()
    assert [Stop[line["stop"]] for line in lines] == report.result.stop


def without_predictions(report: Report) -> Report:
    """Return what a version before this one has of a report."""
    return dataclasses.replace(report, result=dataclasses.replace(report.result, predictions=None))


def test_a_report_of_an_older_version_loads_and_says_what_it_lacks(report, tmp_path):
    older = json.loads(report.to_json())
    del older["adversarial_accuracy"], older["each"]["prediction"]
    (tmp_path / "report.json").write_text(json.dumps(older), encoding="utf-8")
    loaded = Report.load(tmp_path / "report.json")
    same(loaded, without_predictions(report))
    assert loaded.summary()["adversarial_accuracy"] is None
    with pytest.raises(ValueError, match=r"an older version saved it\. Evaluate again\."):
        loaded.adversarial_accuracy  # noqa: B018


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[1]", "null", '{"attack": {"rule": "jsma"}}', '{"attack": [], "each": {}}', "[" * 100_000, "\udcff"],
)
def test_a_file_that_is_no_report_is_refused_by_name(tmp_path, text):
    path = tmp_path / "report.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ValueError, match=r"report\.json is not a report"):
        Report.load(path)


# --- cut off and resumed -------------------------------------------------------------------------


def test_chunks_give_the_report_of_the_whole(report, tiny_chunks, tmp_path):
    same(evaluate(small_net(), small_digits(), ATTACK, 4, tmp_path), report)
    assert len(list(tmp_path.glob("chunk-*.pt"))) == 6


def test_parts_grow_into_the_report_of_the_whole(report):
    parts = list(module.evaluate_in_parts(small_net(), small_digits(), ATTACK, 4, digits_a_part=5))
    assert [len(part.targets) for part in parts] == [15, 30, 36]
    same(parts[-1], report)
    same(parts[0], evaluate(small_net(), small_digits().first(5), ATTACK, 4))


def test_finished_chunks_are_not_computed_again(report, tiny_chunks, tmp_path):
    def stop_after_half(done, total):
        return done < total / 2

    first = evaluate(small_net(), small_digits(), ATTACK, 4, tmp_path, progress=stop_after_half)
    assert 0 < len(first.targets) <= 18
    seen = []
    same(evaluate(small_net(), small_digits(), ATTACK, 4, tmp_path, progress=lambda *now: seen.append(now)), report)
    assert seen[0][0] >= len(first.targets)
    assert seen[-1] == (36, 36)


def test_a_finished_chunk_of_an_older_version_is_used(report, tiny_chunks, tmp_path):
    evaluate(small_net(), small_digits(), ATTACK, 4, tmp_path)
    saved = sharing._SavedChunks(tmp_path, json.loads((tmp_path / "run.json").read_text(encoding="utf-8")))
    chunk = saved.read(1)
    del chunk["predictions"]
    saved.write(1, chunk)
    seen = []
    again = evaluate(small_net(), small_digits(), ATTACK, 4, tmp_path, progress=lambda *now: seen.append(now))
    same(again, without_predictions(report))
    assert not seen


def test_an_evaluation_stopped_before_its_first_chunk_has_no_report(tiny_chunks):
    with pytest.raises(ValueError, match="first chunk"):
        evaluate(small_net(), small_digits(), ATTACK, 4, progress=lambda *_: False)


def test_the_folder_of_another_evaluation_is_refused(tiny_chunks, tmp_path):
    evaluate(small_net(), small_digits(4), ATTACK, 4, tmp_path)
    with pytest.raises(ValueError, match=r"another evaluation \(different: attack, gammas\)"):
        evaluate(small_net(), small_digits(4), Attack(), 4, tmp_path)
    with pytest.raises(ValueError, match=r"another evaluation \(different: digits\)"):
        evaluate(small_net(), small_digits(6), ATTACK, 4, tmp_path)


DAMAGES = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "a byte turned": lambda content: content[:-40] + bytes([content[-40] ^ 1]) + content[-39:],
    "an array": lambda content: b"[]",
    "null": lambda content: b"null",
    "an empty object": lambda content: b"{}",
    "no text": lambda content: b"\xff\xfe",
    "nested deeply": lambda content: b"[" * 100_000,
    "zeros": lambda content: bytes(len(content)),
}


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *(("chunk-000001.pt", damage) for damage in DAMAGES),
        *(("run.json", damage) for damage in DAMAGES if damage != "a byte turned"),  # that may be another run's
    ],
)
def test_what_is_damaged_is_computed_anew_and_told(report, tiny_chunks, tmp_path, name, damage):
    evaluate(small_net(), small_digits(), ATTACK, 4, tmp_path)
    good = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / name).write_bytes(DAMAGES[damage](good[name]))
    seen = []
    with pytest.warns(UserWarning, match=f"{name} is damaged") as told:
        same(evaluate(small_net(), small_digits(), ATTACK, 4, tmp_path, progress=lambda *now: seen.append(now)), report)
    assert len(told) == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == good
    assert bool(seen) == (name != "run.json")  # the other chunks prove themselves that they belong to the run


def test_a_chunk_of_another_place_or_another_evaluation_is_computed_anew(report, tiny_chunks, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    evaluate(small_net(), small_digits(), Attack(gamma=0.1), 4, there)
    evaluate(small_net(), small_digits(), ATTACK, 4, here)
    for foreign in (there / "chunk-000001.pt", here / "chunk-000000.pt"):
        (here / "chunk-000001.pt").write_bytes(foreign.read_bytes())
        with pytest.warns(UserWarning, match=r"chunk-000001\.pt is damaged or of another evaluation"):
            same(evaluate(small_net(), small_digits(), ATTACK, 4, here), report)


def test_a_chunk_is_small_enough_that_half_a_minute_is_not_lost(uci):
    """Some seconds on one core at the paper's settings; a table line of 90,000 attacks has 400 of them."""
    assert module.IMAGES_IN_A_CHUNK * 9 <= 250


KILLED = """
import sys, time
from pathlib import Path
from jsma import evaluate, evaluation
from tests.jsma.test_report import ATTACK, small_digits, small_net
evaluation.IMAGES_IN_A_CHUNK = 2
evaluate(small_net(), small_digits(), ATTACK, 4, Path(sys.argv[1]), progress=lambda *_: time.sleep(0.05))
"""


@pytest.mark.slow
def test_an_evaluation_killed_in_the_middle_goes_on_to_the_same_bytes(tiny_chunks, tmp_path):
    whole, folder = tmp_path / "whole.json", tmp_path / "chunks"
    evaluate(small_net(), small_digits(), ATTACK, 4).save(whole)
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(folder)], cwd=ROOT)
    until(lambda: len(list(folder.glob("chunk-*.pt"))) >= 2 or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    done = len(list(folder.glob("chunk-*.pt")))
    assert 2 <= done < 6
    seen = []
    again = evaluate(small_net(), small_digits(), ATTACK, 4, folder, progress=lambda *now: seen.append(now))
    assert seen[0][0] >= 6 * done
    again.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == whole.read_bytes()
