"""How fast and how well the app trains a network on one core: python -m benchmarks.training

Trains as the page Model does, on MNIST and on the built-in UCI digits alone, and prints the seconds
and the share of unseen digits that is read right: MNIST's test set, and the fifth of the UCI digits
that is held out.
"""

import argparse

import torch

from jsma import accuracy, load_mnist
from jsma.models import NETWORKS
from pages.ui.model.training import EPOCHS, State, Training, TrainingSettings, splits


def main() -> None:
    """Train and print a line a data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=NETWORKS, default="lenet")
    parser.add_argument("--epochs", type=int, default=1, help="on MNIST; the UCI digits get the most there are (1)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for mnist, epochs in ((True, options.epochs), (False, EPOCHS[1])):
        training = Training(TrainingSettings(options.model, epochs), splits(mnist))
        while training.state is State.RUNNING:
            training.advance(0.3)
        test = load_mnist() if mnist else training.splits.validation
        print(
            f"{options.model}, {epochs} epochs of {training.splits.name}: {training.seconds:.0f} s; reads "
            f"{accuracy(training.module, test):.2%} of {len(test):,} digits not trained on",
            flush=True,
        )


if __name__ == "__main__":
    main()
