"""The command line: `python -m jsma train` and `python -m jsma evaluate`."""

import argparse
import hashlib
import platform
import sys
import time
from pathlib import Path

import torch

from . import Attack, Direction, Output, Report, Rule, accuracy, evaluate, load_mnist, load_model, load_uci_digits
from .models import ARCHITECTURES, WEIGHTS, save_model
from .training import initialised, train


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, or 2 after one sentence on what was wrong."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except (ValueError, OSError) as problem:
        print(f"jsma: {problem}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m jsma", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="train | evaluate")

    training = commands.add_parser("train", help="train a network on MNIST and save its weights")
    training.set_defaults(command=train_command)
    training.add_argument("--model", choices=ARCHITECTURES, default="tutorial", help="which network (%(default)s)")
    training.add_argument("--epochs", type=_natural, default=6, help="passes through the 60,000 digits (%(default)s)")
    training.add_argument("--seed", type=_seed, default=0, help="of the first weights and the shuffling (%(default)s)")
    training.add_argument("--learning-rate", type=float, default=1e-3, help="at the start (%(default)s)")
    training.add_argument("--threads", type=_natural, default=1, help="part of what fixes the result (%(default)s)")
    training.add_argument("--out", default=WEIGHTS, help="folder for the weights (%(default)s)")
    _add_data_dir(training)

    evaluation = commands.add_parser("evaluate", help="measure a trained network and how the attack fares on it")
    evaluation.set_defaults(command=evaluate_command)
    evaluation.add_argument("--model", choices=ARCHITECTURES, default="tutorial", help="which network (%(default)s)")
    evaluation.add_argument("--data", choices=("mnist", "uci"), default="mnist", help="which digits (%(default)s)")
    evaluation.add_argument(
        "--images", type=_count, default=100, help="attack the first so many; 0: only read them (100)"
    )
    evaluation.add_argument("--rule", type=Rule, default=Rule.JSMA, help="jsma, wjsma or tjsma (jsma)")
    evaluation.add_argument("--output", type=Output, default=Output.LOGITS, help="logits or probabilities (logits)")
    evaluation.add_argument(
        "--direction", type=Direction, default=Direction.INCREASE, help="increase, decrease or both (increase)"
    )
    evaluation.add_argument("--theta", type=float, default=1.0, help="change of a pixel, in (0, 1] (%(default)s)")
    evaluation.add_argument("--gamma", type=float, default=0.145, help="share that may be changed (%(default)s)")
    _add_data_dir(evaluation)
    return parser


def _add_data_dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data-dir", help="folder that holds MNIST/raw (else $JSMA_DATA_DIR, else the user's cache)")
    parser.add_argument("--download", action="store_true", help="fetch MNIST first if it is not there")


def _count(text: str, lowest: int = 0) -> int:
    if not text.isdecimal() or int(text) < lowest:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {lowest}")
    return int(text)


def _natural(text: str) -> int:
    return _count(text, lowest=1)


def _seed(text: str) -> int:
    if _count(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"{text} is too large; a seed has at most 18 digits")
    return int(text)


def train_command(options: argparse.Namespace) -> None:
    """Train on MNIST's training digits, say how well the network reads, and save weights and record."""
    Path(options.out).mkdir(parents=True, exist_ok=True)  # fail now rather than after the training
    torch.set_num_threads(options.threads)
    digits = load_mnist(options.data_dir, "train", options.download)
    model = initialised(options.model, options.seed)
    began = time.monotonic()
    for progress in train(model, digits, options.epochs, options.seed, options.learning_rate):
        if progress.batch % 20 == 0 or progress.batch == progress.batches:
            _show(progress, time.monotonic() - began)
    print()
    record = {
        "model": options.model,
        "mnist_test_accuracy": accuracy(model, load_mnist(options.data_dir, "test")),
        "uci_accuracy": accuracy(model, load_uci_digits()),
        "epochs": options.epochs,
        "seed": options.seed,
        "learning_rate": options.learning_rate,
        "threads": options.threads,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    path = save_model(options.model, model, record, options.out)
    print(f"MNIST test {record['mnist_test_accuracy']:.2%}, UCI digits {record['uci_accuracy']:.2%}")
    print(f"saved {path} (sha256 {hashlib.sha256(path.read_bytes()).hexdigest()[:12]}) and its record")


def _show(progress, seconds: float) -> None:
    done = (progress.epoch - 1) * progress.batches + progress.batch
    whole = progress.epochs * progress.batches
    left = seconds / done * (whole - done)
    bar = "#" * (30 * done // whole)
    print(
        f"\repoch {progress.epoch}/{progress.epochs} [{bar:<30}] {done / whole:4.0%}  loss {progress.loss:.3f}  "
        f"{left:4.0f} s left ",
        end="",
        flush=True,
    )


def evaluate_command(options: argparse.Namespace) -> None:
    """Print the network's accuracy, then success and distortion of the attack on the first digits."""
    attack = Attack(options.rule, options.output, options.direction, options.theta, options.gamma)
    digits = load_uci_digits() if options.data == "uci" else load_mnist(options.data_dir, "test", options.download)
    model = load_model(options.model)
    print(f"{options.model} reads {accuracy(model, digits):.2%} of {len(digits):,} images ({digits.name})")
    if options.images > 0:
        _print_report(evaluate(model, digits.first(options.images), attack))


def _print_report(report: Report) -> None:
    attack, count = report.attack, len(report.targets)
    print(
        f"{attack.rule.name} on {attack.output.value}, {attack.direction.value}, theta {attack.theta:g}, "
        f"gamma {attack.gamma:g}: {count:,} attacks"
    )
    print(f"success rate                        {report.success_rate:7.2%}  of {count:,}")
    print(f"mean distortion, all attacks        {report.mean_distortion:7.2%}  of {count:,}")
    reached = int(report.result.success.sum())
    print(f"mean distortion, successful attacks {report.mean_distortion_of_successful:7.2%}  of {reached:,}")
    for reason, number in report.stops.items():
        print(f"ended by {reason.value:<26} {number:8,}")


if __name__ == "__main__":
    sys.exit(main())
