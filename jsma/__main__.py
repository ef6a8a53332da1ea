"""The Jacobian-based saliency map attack from the command line.

    python -m jsma tutorial --data uci        the whole method in a minute: load or train, attack, save a grid
    python -m jsma attack --target 3          attack one digit, step by step
    python -m jsma evaluate --images 100      success and distortion on a data set
    python -m jsma train --model lenet        train a network on MNIST and save its weights

Each has its own --help. To use several processes or machines, start evaluate with torchrun: the images are
distributed among the processes, and the report is the same as that of one process:

    torchrun --nproc-per-node 4 -m jsma evaluate
    torchrun --nnodes 2 --nproc-per-node 4 --rdzv-backend c10d --rdzv-endpoint HOST:29500 -m jsma evaluate
"""

import argparse
import hashlib
import io
import math
import os
import platform
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
import torch.distributed as dist

from . import (
    Attack,
    Digits,
    Direction,
    MNISTUnavailable,
    Output,
    Report,
    Rule,
    Untargeted,
    accuracy,
    evaluate,
    load_mnist,
    load_model,
    load_uci_digits,
)
from .adversarial import FORMATS, image_file
from .data import DATA_SETS, mnist_present, mnist_root
from .export import steps_csv, steps_json
from .models import NETWORKS, WEIGHTS, save_model, saved_as
from .stage import record
from .starting import BY_ITS_NAME, STOPPED, interruptible, say_stopped
from .training import initialised, train
from .writing import check_folder, check_writable, write_whole

SAMPLES, TUTORIAL = 10, Attack(output=Output.PROBABILITIES, theta=1.0, gamma=0.1)
"""The default number of digits and settings of the tutorial command: those of cleverhans' script."""

REPORTS = (".json", ".csv")
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".tiff", ".gif", ".pdf", ".svg")
PAGES = (".html", ".htm")
"""The file name extensions that are allowed."""

STEPS = {".csv": steps_csv, ".json": steps_json}
"""What `jsma attack --save` writes of all steps, by file name extension."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 for success; 2 for an error, with one sentence that describes it; 130 after Ctrl-C; 141 when the output
    pipe is closed, as by `| head`.
    """
    try:
        with _plain_output():
            options = _parser().parse_args(arguments)
            with _distributed():
                options.command(options)
    except KeyboardInterrupt:
        say_stopped()
        return STOPPED
    except BrokenPipeError:
        return 141
    except (ValueError, OSError) as problem:
        _say(str(problem))
        return 2
    return 0


def _say(sentence: str) -> None:
    """Print a sentence, with the command line's word for the option that the library names."""
    print(f"jsma: {sentence.replace('download=True', '--download')}", file=sys.stderr)


@contextmanager
def _plain_output() -> Iterator[None]:
    """Escape characters that the terminal cannot show, and print warnings as plain sentences.

    Errors in printing, such as a full disk, are raised here and not when Python ends.
    """
    saved = sys.stdout, sys.stderr
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the parent process
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_: _say(str(message))
            yield
    finally:
        try:
            sys.stdout.flush()
        except OSError as problem:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python fails again at exit
            if isinstance(problem, BrokenPipeError):
                raise
            raise OSError(f"The output is incomplete ({problem.strerror}).") from problem
        finally:
            sys.stdout, sys.stderr = saved


@contextmanager
def _distributed() -> Iterator[None]:
    """Initialise torch.distributed if torchrun started this process; only rank 0 prints."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        yield
        return
    dist.init_process_group("gloo")
    saved = sys.stdout
    try:
        if dist.get_rank() > 0:
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        yield
    finally:
        sys.stdout = saved
        dist.destroy_process_group()


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    program = "jsma" if BY_ITS_NAME else "python -m jsma"
    parser = argparse.ArgumentParser(prog=program, description=__doc__, formatter_class=raw)
    commands = parser.add_subparsers(required=True, metavar="train | evaluate | attack | tutorial")

    def command(name: str, function: object, summary: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=summary, description=function.__doc__, formatter_class=raw)
        sub.set_defaults(command=function)
        return sub

    training = command("train", train_command, "train a network on MNIST and save its weights")
    _add_model(training)
    training.add_argument("--epochs", type=_natural, default=6, help="passes through the 60,000 digits (%(default)s)")
    training.add_argument(
        "--seed", type=_seed, default=0, help="of the initial weights and the shuffling (%(default)s)"
    )
    training.add_argument("--learning-rate", type=float, default=1e-3, help="initial learning rate (%(default)s)")
    training.add_argument(
        "--threads", type=_natural, default=1, help="number of threads; the result depends on it (%(default)s)"
    )
    training.add_argument(
        "--out",
        type=Path,
        default=Path("trained"),
        metavar="FOLDER",
        help="for the weights (%(default)s); jsma/weights replaces those of the package",
    )
    _add_data_dir(training)

    evaluation = command(
        "evaluate", evaluate_command, "measure a network's accuracy, and success and distortion of the attack"
    )
    _add_model_and_data(evaluation)
    evaluation.add_argument(
        "--images",
        type=_count,
        default=100,
        help="number of images to attack, from the first; 0: only print the accuracy (100)",
    )
    _add_settings(evaluation, Attack())
    evaluation.add_argument(
        "--save", type=Path, help="save the report: .json with all figures and attacks, or .csv with the attacks"
    )
    evaluation.add_argument(
        "--resume", type=Path, metavar="FOLDER", help="save finished parts in this folder, and resume from those in it"
    )

    attacking = command("attack", attack_command, "attack one digit and print every step")
    _add_model_and_data(attacking)
    attacking.add_argument(
        "--index", type=_count, default=0, help="index of the image in the data, from 0 (%(default)s)"
    )
    attacking.add_argument(
        "--target",
        type=_target,
        required=True,
        help="the target class; or away (NT-JSMA: any class except the original prediction), or maximal (M-JSMA: the "
        "same, with the best class and direction at every step; use it with --output probabilities)",
    )
    _add_settings(attacking, Attack())
    attacking.add_argument(
        "--save",
        type=Path,
        metavar="FILE",
        help=f"save the adversarial image itself: {', '.join(FORMATS)} (8 bits); or all steps: {', '.join(STEPS)}",
    )
    attacking.add_argument(
        "--picture", type=Path, metavar="FILE", help="save a picture of the digit, the change and the result"
    )
    attacking.add_argument(
        "--html", type=Path, metavar="FILE", help="save the attack as an HTML page, which shows it step by step"
    )

    tutorial = command("tutorial", tutorial_command, "all steps of cleverhans' MNIST tutorial")
    _add_model_and_data(tutorial)
    tutorial.add_argument("--train", action="store_true", help="train the network instead of loading its weights")
    tutorial.add_argument(
        "--samples",
        type=_natural,
        default=SAMPLES,
        help="number of digits to attack, from the first (%(default)s, as the script of v2.0.0; that of v1.0.0: 5)",
    )
    _add_settings(tutorial, TUTORIAL)
    tutorial.add_argument("--save", type=Path, default=Path("jsma-grid.png"), help="file for the picture (%(default)s)")
    return parser


def _add_model(parser: argparse.ArgumentParser) -> None:
    about = " ".join(f"{name}: {entry.label}. {entry.origin}" for name, entry in NETWORKS.items())
    parser.add_argument(
        "--model", choices=NETWORKS, default="tutorial", help=f"which network (%(default)s). {about}".strip()
    )


def _add_model_and_data(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)
    parser.add_argument(
        "--weights",
        type=Path,
        default=WEIGHTS,
        metavar="PATH",
        help="folder of the weights, or their file, as saved by train (those of the package)",
    )
    parser.add_argument("--data", choices=DATA_SETS, help="which data set (mnist; uci if that is missing)")
    _add_data_dir(parser)


def _add_settings(parser: argparse.ArgumentParser, defaults: Attack) -> None:
    rules = "; ".join(f"{rule.value}: {rule.entry.formula}" for rule in Rule)
    parser.add_argument(
        "--rule",
        type=Rule,  # type: ignore[arg-type]  # a rule by its value
        default=Rule.JSMA,
        help=f"{rules} ({Rule.JSMA.value})",
    )
    outputs = f"logits or probabilities ({defaults.output.value})"
    parser.add_argument("--output", type=Output, default=defaults.output, help=outputs)
    parser.add_argument(
        "--direction", type=Direction, default=Direction.INCREASE, help="increase, decrease or both (increase)"
    )
    parser.add_argument(
        "--theta",
        type=float,
        default=defaults.theta,
        help="magnitude of one change of a pixel, in (0, 1] (%(default)s)",
    )
    parser.add_argument(
        "--gamma", type=float, default=defaults.gamma, help="largest share of pixels to change, in (0, 1] (%(default)s)"
    )


def _add_data_dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data-dir", help="folder that contains MNIST/raw (else $JSMA_DATA_DIR, else the user's cache)"
    )
    parser.add_argument("--download", action="store_true", help="download MNIST first if it is missing")


def _natural(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _seed(text: str) -> int:
    if _count(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"{text} is too large; a seed has at most 18 digits")
    return int(text)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return int(text)


def _target(text: str) -> int | Untargeted:
    try:
        return _count(text) if text.isdigit() else Untargeted(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(f"{text!r} is not a class, away or maximal") from wrong


def _attack(options: argparse.Namespace) -> Attack:
    return Attack(options.rule, options.output, options.direction, options.theta, options.gamma)


def _digits(options: argparse.Namespace) -> Digits:
    return DATA_SETS[options.data or _default_data(options)].load(options.data_dir, options.download)


def _default_data(options: argparse.Namespace) -> str:
    """Return "mnist" if it is on disk or an option requests it; else print that it is missing, and return "uci"."""
    if options.data_dir or options.download:
        return "mnist"
    try:
        if mnist_present():
            return "mnist"
        missing = f"No MNIST in {mnist_root()}; --download downloads it."
    except MNISTUnavailable as problem:
        missing = str(problem)
    if not (dist.is_initialized() and dist.get_rank()):
        _say(f"{missing} Using the built-in UCI digits.")
    return "uci"


# --- train ---------------------------------------------------------------------------------------


def train_command(options: argparse.Namespace) -> None:
    """Train on MNIST's training set, print the network's accuracy, and save its weights and training record.

    Nothing is saved if the network is not better than a constant prediction. `evaluate --weights FOLDER` evaluates the
    saved network.
    """
    if not 0 < options.learning_rate < 1:
        raise ValueError(f"The learning rate is {options.learning_rate}; it must be between 0 and 1.")
    check_folder(options.out)
    for path in saved_as(options.model, options.out):
        if path.exists():
            check_writable(path)
    torch.set_num_threads(options.threads)
    digits, test_set = (load_mnist(options.data_dir, split, options.download) for split in ("train", "test"))
    model = _trained(options.model, digits, options.epochs, options.seed, options.learning_rate)
    record = {
        "model": options.model,
        "mnist_test_accuracy": accuracy(model, test_set),
        "uci_accuracy": accuracy(model, load_uci_digits()),
        "epochs": options.epochs,
        "seed": options.seed,
        "learning_rate": options.learning_rate,
        "threads": options.threads,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    print(f"MNIST test {record['mnist_test_accuracy']:.2%}, UCI digits {record['uci_accuracy']:.2%}")
    _check_accuracy(record["mnist_test_accuracy"], test_set, options.learning_rate)
    path = save_model(options.model, model, record, options.out)
    print(f"saved {path} (sha256 {hashlib.sha256(path.read_bytes()).hexdigest()[:12]}) and its training record")


def _check_accuracy(share: float, digits: Digits, learning_rate: float) -> None:
    """Raise ValueError unless the accuracy `share` is above that of the best constant prediction.

    It must be above by more than two standard errors, for this number of digits.
    """
    constant = digits.labels.bincount().max().item() / len(digits)
    if share <= constant + 2 * math.sqrt(constant * (1 - constant) / len(digits)):
        raise ValueError(
            f"The network has not learned: its accuracy is {share:.2%}, that of the best constant prediction "
            f"{constant:.2%}. Nothing is saved. Try another learning rate than {learning_rate:g}, or more epochs."
        )


def _trained(name: str, digits: Digits, epochs: int = 6, seed: int = 0, learning_rate: float = 1e-3) -> torch.nn.Module:
    """Return the network `name` trained on `digits`; print the progress. ValueError if the loss is not finite."""
    model = initialised(name, seed)
    began = time.monotonic()
    for progress in train(model, digits, epochs, seed, learning_rate, NETWORKS[name].method):
        if not math.isfinite(progress.loss):
            print()
            raise ValueError(
                f"After batch {progress.batch} of epoch {progress.epoch} the loss is not finite: the learning "
                f"rate {learning_rate:g} is too high. Nothing is saved."
            )
        if progress.batch % 20 == 0 or progress.batch == progress.batches:
            done = (progress.epoch - 1) * progress.batches + progress.batch
            facts = f"epoch {progress.epoch}/{progress.epochs}  loss {progress.loss:.3f}"
            _show(done, progress.epochs * progress.batches, time.monotonic() - began, facts)
    print()
    return model


def _show(done: int, total: int, seconds: float, facts: str) -> None:
    """Print a progress bar over the previous one."""
    remaining = seconds / done * (total - done)
    bar = "#" * (30 * done // total)
    print(f"\r[{bar:<30}] {done / total:4.0%}  {facts}  {remaining:4.0f} s left ", end="", flush=True)


# --- evaluate ------------------------------------------------------------------------------------


def evaluate_command(options: argparse.Namespace) -> None:
    """Print the network's accuracy, then success rate and distortion of the attack on the first digits.

    Every digit is attacked towards every class except its label. With --resume, an interrupted evaluation
    continues; with torchrun (see python -m jsma --help), it is distributed among several processes.
    """
    attack = _attack(options)
    if options.save:
        check_writable(options.save, REPORTS)
    if options.resume:
        check_folder(options.resume)
    digits = _digits(options)
    model = load_model(options.model, options.weights)
    print(f"{options.model} reads {accuracy(model, digits):.2%} of {len(digits):,} images ({digits.name})")
    if options.images > 0:
        report = evaluate(
            model, digits.first(options.images), attack, folder=options.resume, progress=_progress_printer()
        )
        _print_report(report)
        if options.save and not (dist.is_initialized() and dist.get_rank()):
            report.save(options.save)
            print(f"saved {options.save}")


def _progress_printer() -> Callable[[int, int], None]:
    """Return a callback that prints the progress, if the output is a terminal."""
    began, printed = time.monotonic(), 0.0

    def report(done: int, total: int) -> None:
        nonlocal printed
        now = time.monotonic()
        if sys.stdout.isatty() and (now - printed > 0.5 or done == total) and done:
            _show(done, total, now - began, f"{done:,} of {total:,} attacks")
            printed = now
            print(end="\n" if done == total else "")

    return report


def _in_words(attack: Attack) -> str:
    return (
        f"{attack.rule.label} on {attack.output.value}, {attack.direction.value}, theta {attack.theta:g}, "
        f"gamma {attack.gamma:g}"
    )


def _print_report(report: Report) -> None:
    count = len(report.targets)
    print(f"{_in_words(report.attack)}: {count:,} attacks")
    print(f"success rate                        {report.success_rate:7.2%}  of {count:,}")
    if report.result.predictions is None:
        print("accuracy on adversarial examples    unknown: --resume holds parts of an older version; use a new folder")
    else:
        print(f"accuracy on adversarial examples    {report.adversarial_accuracy:7.2%}  of {count:,}, failed ones too")
    print(f"mean distortion, all attacks        {report.mean_distortion:7.2%}  of {count:,}")
    reached = int(report.result.success.sum())
    print(f"mean distortion, successful attacks {report.mean_distortion_of_successful:7.2%}  of {reached:,}")
    for reason, number in report.stops.items():
        print(f"ended by {reason.value:<26} {number:8,}")


# --- attack --------------------------------------------------------------------------------------


def attack_command(options: argparse.Namespace) -> None:
    """Attack one digit and print one line per step: the prediction, and the pair of pixels that is changed.

    Pixels are given as row,column. alpha is the sum of both pixels' derivatives of the target, beta that of the
    derivatives of all other classes, and the score is -alpha * beta.
    """
    attack = _attack(options)
    if options.save:
        check_writable(options.save, (*FORMATS, *STEPS))
    if options.picture:
        check_writable(options.picture, PICTURES)
    if options.html:
        check_writable(options.html, PAGES)
        if isinstance(options.target, Untargeted):
            raise ValueError(f"--html needs a target class as a number, not {options.target.value}.")
    digits, model = _digits(options), load_model(options.model, options.weights)
    if options.index >= len(digits):
        raise ValueError(f"There is no image {options.index}; {digits.name} has the images 0 to {len(digits) - 1}.")
    image, steps = digits.images[options.index], []
    for step in attack.steps(model, image, options.target):
        steps.append(step)
        if step.iteration == 0:
            print(f"image {options.index} of {digits.name}, labelled {digits.labels[options.index]}")
            print("step  reads         pair           alpha      beta     score")
        answer = int(step.outputs.argmax())
        line = f"{step.iteration:4}  {answer} {step.probabilities[answer]:6.1%}  "
        if step.pair is not None:
            pixels = [
                f"{pixel // image.shape[2]},{pixel % image.shape[2]}" for pixel in (step.pair.first, step.pair.second)
            ]
            line += (
                f"{pixels[0]:>6} {pixels[1]:>6}  {step.pair.alpha:10.3g}{step.pair.beta:10.3g}{step.pair.score:10.3g}"
            )
        print(line)
    assert step.stop is not None  # the last step has a stop
    print(f"{step.stop.value}: {step.changed} of {image.numel()} pixels changed ({step.changed / image.numel():.2%})")
    if step.reason:
        print(step.reason)
    if options.save:
        of_steps = STEPS.get(options.save.suffix.lower())
        write_whole(options.save, of_steps(steps).encode() if of_steps else image_file(step.image, options.save))
        print(f"saved {options.save}: {'all steps' if of_steps else 'the adversarial image'}")
    if options.picture:
        _save_picture([[image, (1 + step.image - image) / 2, step.image]], options.picture)
        print(f"saved {options.picture}: the digit, the change, the result")
    if options.html:
        recording = record(model, image, int(digits.labels[options.index]), options.target, attack)
        write_whole(options.html, recording.to_html().encode())
        print(f"saved {options.html}: all steps; open it in a browser")


# --- tutorial ------------------------------------------------------------------------------------


def tutorial_command(options: argparse.Namespace) -> None:
    """Do all steps of cleverhans' MNIST tutorial: a trained network, its accuracy, 10 digits x 9 targets, a grid.

    The attack is that of its script: on probabilities, brightening, with theta 1, so that each pixel is changed at
    most once, and gamma 0.1. Where no pair is admissible it ends; the script then changes the first pair. Network and
    training differ from the script's: see --model.

    What the script prints is printed, each mean with what it is divided by (the script's also count the digits' own
    classes, which are not attacked), and then the accuracy on the adversarial examples, which the script only infers.
    In the picture, rows are digits and columns are targets; where the target is the digit's own class, it is the
    original.
    """
    attack = _attack(options)
    check_writable(options.save, PICTURES)
    digits = _digits(options)
    if options.train:
        model = _trained(options.model, load_mnist(options.data_dir, "train", options.download))
    else:
        model = load_model(options.model, options.weights)
    _print_mean("Accuracy on legitimate test examples", accuracy(model, digits), f"{len(digits):,} images")
    chosen = digits.first(options.samples)
    targets = torch.arange(10).repeat(len(chosen))
    others = targets != chosen.labels.repeat_interleave(10)
    images = chosen.images.repeat_interleave(10, dim=0)
    print(f"Attacks: {len(chosen)} digits x 9 targets, {_in_words(attack)}")
    sources = chosen.labels.repeat_interleave(10)
    report = Report(attack, sources[others], targets[others], attack.run(model, images[others], targets[others]))
    count, reached = len(report.targets), int(report.result.success.sum())
    _print_mean("Average rate of successful adversarial examples", report.success_rate, f"{count:,} attacks")
    _print_mean("Average rate of perturbed features", report.mean_distortion, f"{count:,} attacks")
    of_successful = report.mean_distortion_of_successful
    _print_mean("Average rate of perturbed features, successful", of_successful, f"{reached:,} successful attacks")
    over = f"{count:,} attacks, failed ones too"
    _print_mean("Accuracy on the adversarial examples", report.adversarial_accuracy, over)
    images[others] = report.result.images.to(images)
    _save_picture(images.unflatten(0, (len(chosen), 10)), options.save)
    print(f"saved {options.save}: rows are digits, columns are targets")


def _print_mean(of: str, value: float, over: str) -> None:
    """Print a mean and what it is divided by."""
    print(f"{of:<48} {value:.4f}  of {over}")


def _save_picture(rows: Iterable[Iterable[torch.Tensor]], path: Path) -> None:
    """Save rows of images (1, H, W) as one picture, enlarged four times, separated by thin lines."""
    from matplotlib.image import imsave  # imported here, since it is slow

    padded = [
        torch.cat([torch.nn.functional.pad(image[0], (0, 1, 0, 1), value=0.5) for image in row], 1) for row in rows
    ]
    pixels = torch.cat(padded).repeat_interleave(4, 0).repeat_interleave(4, 1).numpy()
    file = io.BytesIO()
    imsave(file, pixels, format=path.suffix[1:].lower(), cmap="gray", vmin=0, vmax=1)
    write_whole(path, file.getvalue())


def run() -> None:
    """Run the command line and exit; the console script `jsma` calls this."""
    interruptible()
    code = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command has ended
    sys.exit(code)


if __name__ == "__main__":
    run()
