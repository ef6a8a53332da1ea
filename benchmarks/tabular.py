"""An attack on a table: python -m benchmarks.tabular

Trains a small network on scikit-learn's breast cancer data (569 rows, 30 standardised features, two classes) and
attacks the test rows that it reads rightly, in both directions, towards the other class: once with all features, once
with two that may not change. docs/tabular.md tells it step by step. Needs scikit-learn, which `.[dev]` brings.
"""

import argparse

import torch
from torch import Tensor, nn

from jsma import Attack, Digits, Direction, Report, Rule, accuracy, evaluate

FIXED = ("mean radius", "mean area")
"""The two features that may not change."""

SETTINGS = (Rule.JSMA, 1.0), (Rule.JSMA, 0.25), (Rule.TJSMA, 1.0), (Rule.TJSMA, 0.25)
"""Rules and θ."""

GAMMA = 0.5


def standardised() -> tuple[Digits, Digits, list[str]]:
    """Return training rows, test rows, (N, 30) float32 with mean 0 and deviation 1, and the features' names."""
    from sklearn.datasets import load_breast_cancer

    table = load_breast_cancer()
    rows, labels = torch.from_numpy(table.data), torch.from_numpy(table.target).long()
    rows = ((rows - rows.mean(dim=0)) / rows.std(dim=0)).float()
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))
    train, test = order[:400], order[400:]
    names = [str(name) for name in table.feature_names]
    return Digits("train", rows[train], labels[train]), Digits("test", rows[test], labels[test]), names


def trained(data: Digits, classes: int = 2, epochs: int = 200) -> nn.Sequential:
    """Return a network with one hidden layer, in eval mode, trained on all rows at once."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(data.images.shape[1], 32), nn.ReLU(), nn.Linear(32, classes))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-3)
    for _ in range(epochs):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(data.images), data.labels).backward()
        optimizer.step()
    return model.eval()


def attacked(
    model: nn.Module, data: Digits, attack: Attack, bounds: tuple[Tensor, Tensor], changeable: Tensor | None
) -> Report:
    """Return the report of the attacks on the rows that the model reads rightly, towards the other class."""
    right = model(data.images).argmax(dim=1) == data.labels
    rows = Digits(data.name, data.images[right], data.labels[right])
    return evaluate(model, rows, attack, classes=2, bounds=bounds, changeable=changeable)


def line(name: str, attack: Attack, report: Report) -> str:
    """Return one line of the table; the features are those of successful attacks."""
    changed = report.mean_distortion_of_successful * report.features
    return (
        f"| {name} | {attack.rule.label} | {attack.theta:g} | {len(report.targets)} | {report.success_rate:.1%} | "
        f"{changed:.1f} | {report.mean_distortion:.1%} | {report.mean_distortion_of_changeable:.1%} |"
    )


def main() -> None:
    """Train, attack and print the table."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    train, test, names = standardised()
    every = torch.cat([train.images, test.images])
    bounds = every.amin(dim=0), every.amax(dim=0)
    changeable = torch.tensor([name not in FIXED for name in names])
    model = trained(train)
    print(f"The network reads {accuracy(model, test, bounds=bounds):.1%} of {len(test)} test rows.\n")
    print("| may change | rule | θ | attacks | success | features changed | distortion | of those that may change |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, mask in (("all 30", None), (f"all but {len(FIXED)}", changeable)):
        for rule, theta in SETTINGS:
            attack = Attack(rule, direction=Direction.BOTH, theta=theta, gamma=GAMMA)
            print(line(name, attack, attacked(model, test, attack, bounds, mask)))


if __name__ == "__main__":
    main()
