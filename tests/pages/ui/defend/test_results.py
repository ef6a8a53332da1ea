"""The measured figures of defences: on made files, which attacker they are of, what is missing, and the tables."""

import json

import pytest
import torch

from benchmarks import defences as benchmark
from jsma.defences import DEFENCES, PROTECTED, load_subject, subjects
from pages.ui.defend import results
from tests.helpers.paths import ROOT

READERS = benchmark.READERS


def write(folder, maker: str, attack: str, **fooled: float) -> None:
    """Write a result in which each reader in `fooled` (- as _) reads so many as the target; all others none."""
    shares = {name.replace("_", "-"): share for name, share in fooled.items()}
    shown = {
        name: {
            "as_target": shares.get(name, 0.0),
            "as_label": 1 - shares.get(name, 0.0),
            "mean_changed_of_as_target": 40 * shares[name] if name in shares else None,
        }
        for name in READERS
    }
    facts = {"digits": "first 2 of MNIST", "attacks": 18, "command": "c", "shown_to": shown, "ended_at_step_0": 0.5}
    facts |= {"detected": {"median": 0.75, "bits": None} if maker == PROTECTED else {}}
    (folder / f"{maker}-{attack}.json").write_text(json.dumps(facts), encoding="utf-8")


@pytest.fixture
def found(tmp_path) -> results.Results:
    """Return results in which distillation resists on probabilities, and a filter whoever does not know it."""
    write(tmp_path, "lenet", "jsma-logits", lenet=0.8, lenet_median=0.25)
    write(tmp_path, "lenet", "tjsma-both", lenet=1.0, lenet_median=0.5)
    write(tmp_path, "lenet-distilled", "jsma-probabilities", tutorial=0.125)
    write(tmp_path, "lenet-distilled", "jsma-logits", lenet_distilled=0.75)
    write(tmp_path, "lenet-median", "tjsma-both", lenet_median=0.9)
    write(tmp_path, "lenet-median-exact", "tjsma-both", lenet_median=0.6)
    (tmp_path / "tutorial-jsma-logits.json").write_text("{", encoding="utf-8")
    (tmp_path / "untouched.json").write_text(json.dumps({"accuracy": {"lenet": 0.9931}}), encoding="utf-8")
    return results.measured(tmp_path)


def test_who_knows_a_defence_is_told_apart_from_who_does_not(found):
    assert found.by(True, "lenet-median", "tjsma-both") == ("tjsma-both", 0.9, 36.0, pytest.approx(0.1))
    assert found.by(False, "lenet-median", "tjsma-both") == ("tjsma-both", 0.5, 20.0, 0.5)
    assert found.by(True, "lenet-distilled", "jsma-probabilities") == ("jsma-probabilities", 0.0, None, 1.0)
    assert found.by(True, "lenet-distilled", "tjsma-both") is None


def test_the_adaptive_attacker_takes_the_attack_that_succeeds_most_often(found):
    assert found.by(True, "lenet-distilled", results.ADAPTIVE).attack == "jsma-logits"
    assert found.by(True, "lenet", results.ADAPTIVE).success == 1.0
    assert found.by(False, "lenet-median", results.ADAPTIVE).success == 0.5
    assert found.by(True, "lenet-bits", results.ADAPTIVE) is None


def test_the_tables_say_what_the_files_say(found):
    plain = [{column: text.replace("\N{NO-BREAK SPACE}", " ") for column, text in row.items()} for row in table(found)]
    assert plain == [
        {
            "Defence": "No defence",
            "Clean accuracy": "99.31 %",
            "Success": "80.0 %",
            "Pixels, mean of the successful": "32.0",
            "Adversarial accuracy": "20.0 %",
        },
        {
            "Defence": "Distilled network",
            "Clean accuracy": "–",
            "Success": "75.0 %",
            "Pixels, mean of the successful": "30.0",
            "Adversarial accuracy": "25.0 %",
        },
    ]
    derivatives = [(row["Filter"], row["Derivative"], row["Success"][:4]) for row in results.exact_or_similar(found)]
    assert derivatives == [("Median filter 3 × 3", "exact", "60.0"), ("Median filter 3 × 3", "similar", "90.0")]
    assert [row["Median filter 3 × 3"][:4] for row in results.detection(found)] == ["75.0", "75.0"]
    assert results.detection(found)[0]["Bit depth 1"] == "–"
    (distilled,) = results.transfer(found, "jsma-probabilities")
    assert distilled["Made for"] == "Distilled network"
    assert distilled["The tutorial's CNN"].startswith("12.5")


def table(found: results.Results) -> list[dict[str, str]]:
    return results.by_defence(found, "jsma-logits", True)


def test_what_is_not_measured_or_damaged_is_named(found):
    assert found.damaged == ["tutorial-jsma-logits.json"]
    assert "lenet-bits-tjsma-both.json" in found.missing
    assert len(found.missing) + len(found.damaged) + len(found.found) == 3 * (len(READERS) + len(DEFENCES))


def test_the_page_of_tables_is_markdown(found):
    text = "\n\n".join(results.in_markdown(found))
    assert "JSMA on logits, the attacker knows the defence:\n\n| Defence | Clean accuracy | Success |" in text
    assert (
        "| No defence | 99.31\N{NO-BREAK SPACE}% | 80.0\N{NO-BREAK SPACE}% | 32.0 | 20.0\N{NO-BREAK SPACE}% |" in text
    )


# --- the benchmark --------------------------------------------------------------------------------


def test_the_figures_of_a_benchmark_are_those_of_its_attacks():
    whole = {
        "labels": torch.tensor([1, 1, 2, 2]),
        "targets": torch.tensor([0, 2, 0, 1]),
        "success": torch.tensor([True, True, False, False]),
        "changed": torch.tensor([10, 30, 0, 112]),
        "iterations": torch.tensor([5, 15, 0, 56]),
        "reads": torch.zeros(4, len(READERS), dtype=torch.int64),  # every model reads a 0
        "disagreements": torch.tensor([[0.2, 1.0], [0.6, 0.0], [2.0, 2.0], [2.0, 2.0]]),
    }
    whole["reads"][:, 1] = torch.tensor([1, 1, 2, 1])
    facts = benchmark.figures(whole, {"median": 0.5, "bits": 1.5})
    assert facts["success_rate"] == 0.5
    assert facts["ended_at_step_0"] == 0.25
    assert facts["mean_changed"] == 38
    assert facts["mean_changed_of_successful"] == 20
    assert facts["detected"] == {"median": 0.5, "bits": 0.0}
    first, second = (facts["shown_to"][name] for name in READERS[:2])
    assert first == {"as_target": 0.5, "as_label": 0.0, "mean_changed_of_as_target": 5.0}
    assert second == {"as_target": 0.25, "as_label": 0.75, "mean_changed_of_as_target": 112.0}
    assert benchmark.figures(whole, {})["detected"] == {}


def test_every_defence_that_is_compared_is_attacked_and_reads():
    assert set(subjects()) <= set(READERS)
    assert list(benchmark.EXACT.values()) == ["lenet-median", "lenet-bits"]


# --- what is committed ----------------------------------------------------------------------------


def test_the_page_on_defences_shows_the_committed_figures_and_no_others():
    page = (ROOT / "docs" / "defences.md").read_text(encoding="utf-8")
    assert page.endswith("\n\n".join(results.in_markdown(results.measured())) + "\n")


def test_the_committed_figures_are_complete_and_of_the_weights_that_are_here():
    found = results.measured()
    assert (found.missing, found.damaged) == ([], [])
    hashes = benchmark.hashes({name: load_subject(name) for name in READERS})
    assert all(facts["weights"] == hashes for facts in (found.untouched, *found.found.values()))
    assert len({facts["digits"] for facts in found.found.values()}) == 1


def test_the_committed_figures_show_a_defence_that_a_weak_attack_fails_on_and_a_strong_one_breaks():
    found = results.measured()
    weak = found.by(True, "lenet-distilled", "jsma-probabilities")
    strong = found.by(True, "lenet-distilled", results.ADAPTIVE)
    assert weak.success < 0.05 < 0.95 < strong.success
    for name in ("lenet-median", "lenet-bits"):
        unaware, aware = (found.by(knows, name, "tjsma-both") for knows in (False, True))
        assert unaware.success < 0.6 < 0.95 < aware.success
        assert aware.pixels < 1.1 * found.by(True, "lenet", "tjsma-both").pixels
    plain, trained = (found.by(True, name, "tjsma-both") for name in ("lenet", "lenet-adversarial"))
    assert trained.pixels > 1.5 * plain.pixels
    assert trained.success > 0.9
