"""How fast and how well the app trains a network on one core: python -m benchmarks.training

Trains as the page Model does, on MNIST and on the built-in UCI digits alone, and prints the seconds
and the share of unseen digits that is read right: MNIST's test set, and the fifth of the UCI digits
that is held out. With --methods it prints instead what one batch of each way to train costs, beside
attacks made by five iterations of JSMA.
"""

import argparse
import time
from collections.abc import Callable

import torch

from jsma import Attack, accuracy, load_mnist
from jsma.models import NETWORKS
from jsma.training import BATCH_SIZE, initialised
from jsma.training_methods import TrainingMethod
from pages.ui.model.training import EPOCHS, State, Training, TrainingSettings, splits


def main() -> None:
    """Train and print a line a data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=NETWORKS, default="lenet")
    parser.add_argument("--epochs", type=int, default=1, help="on MNIST; the UCI digits get the most there are (1)")
    parser.add_argument("--methods", action="store_true", help="what a batch of each way to train costs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.methods:
        costs(options.model)
        return
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


def costs(name: str, batches: int = 10) -> None:
    """Print the time of one core that a batch of 128 takes, the mean of so many."""
    digits, model = load_mnist().first(BATCH_SIZE), initialised(name, 0)
    images, labels = digits.images, digits.labels

    def seconds(step: Callable[[], object]) -> float:
        step()
        began = time.process_time()
        for _ in range(batches):
            step()
        return (time.process_time() - began) / batches

    for method in TrainingMethod:
        took = seconds(lambda loss=method.value.loss: loss(model, images, labels).backward())
        print(f"{method.label}: {1000 * took:.0f} ms a batch", flush=True)
    five, n = Attack(gamma=5 * 2 / images[0].numel()), images[0].numel()
    took = seconds(lambda: five.run(model.eval(), images, (labels + 1) % 10))
    print(f"the attacks alone, by {five.iterations(n)} iterations of JSMA: {1000 * took:.0f} ms a batch")


if __name__ == "__main__":
    main()
