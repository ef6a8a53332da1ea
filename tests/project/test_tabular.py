"""The worked example of docs/tabular.md: on a table made here, and on scikit-learn's where that is installed."""

import re

import pytest
import torch

from benchmarks import tabular
from jsma import Attack, Digits, Direction, Rule, accuracy
from tests.helpers.paths import ROOT


@pytest.fixture(scope="module")
def made_up():
    """A table of 120 rows: a column of whole numbers from 0 to 5, five of other numbers; its scale; a network."""
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(120) % 2
    rows = torch.randn(120, 6, generator=random) + labels[:, None] * torch.tensor([0, 1.0, -1, 0.5, 0, 1])
    rows[:, 0] = (3 * labels + 3 * torch.rand(120, generator=random)).floor()
    mean, deviation = rows.mean(dim=0), rows.std(dim=0)
    data = Digits("made up", (rows - mean) / deviation, labels)
    return data, mean, deviation, tabular.trained(data, epochs=60)


@pytest.mark.parametrize("rule", Rule)
def test_a_standardised_table_with_two_fixed_features_is_attacked(made_up, rule):
    data, _, _, model = made_up
    bounds = data.images.amin(dim=0), data.images.amax(dim=0)
    assert accuracy(model, data, bounds=bounds) > 0.9
    changeable = torch.tensor([True, True, False, True, False, True])
    attack = Attack(rule, direction=Direction.BOTH, theta=0.5, gamma=0.7)
    result = attack.run(model, data.images, 1 - data.labels, bounds=bounds, changeable=changeable)
    assert result.success.double().mean() > 0.8
    assert torch.equal(result.images[:, ~changeable], data.images[:, ~changeable])
    assert (result.images >= bounds[0]).all()
    assert (result.images <= bounds[1]).all()
    report = tabular.attacked(model, data, attack, bounds, changeable)
    assert report.mean_distortion_of_changeable == pytest.approx(report.mean_distortion * 6 / 4)
    assert "| two fixed |" in tabular.line("two fixed", attack, report)


def test_a_standardised_column_of_whole_numbers_can_keep_them(made_up):
    data, mean, deviation, model = made_up
    bounds = data.images.amin(dim=0), data.images.amax(dim=0)
    attack = Attack(direction=Direction.BOTH, theta=1 / 5, gamma=1.0)
    result = attack.run(model, data.images, 1 - data.labels, bounds=bounds)
    numbers = (result.images * deviation + mean)[:, 0]
    assert (numbers != (data.images * deviation + mean)[:, 0]).any()
    torch.testing.assert_close(numbers, numbers.round(), rtol=0, atol=1e-5)


def test_the_page_shows_what_its_command_prints(capsys, monkeypatch):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed; `.[dev]` brings it")
    monkeypatch.setattr("sys.argv", ["tabular"])
    tabular.main()
    printed, page = (rows_of(text) for text in (capsys.readouterr().out, (ROOT / "docs/tabular.md").read_text("utf-8")))
    assert [row[:4] for row in printed] == [row[:4] for row in page]
    assert len(page) == 8
    for mine, shown in zip(printed, page, strict=True):  # another machine may round otherwise in training
        for one, two in zip(mine[4:], shown[4:], strict=True):
            assert float(one.strip("%")) == pytest.approx(float(two.strip("%")), abs=2, rel=0.1)


def rows_of(text: str) -> list[list[str]]:
    """Return the cells of the lines of the table."""
    return [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in re.findall(r"^\| all .*\|$", text, re.MULTILINE)
    ]
