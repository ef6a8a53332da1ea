"""The table of data sets, and how each is loaded: 28 x 28 grey pixels in [0, 1], white digits on black."""

import gzip
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.request import urlopen

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

SIDE = 28
"""Height and width of every image, in pixels."""

INK_BOX = 20
"""Height and width of the box to which MNIST's authors scaled each digit before they centred it."""

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
"""MNIST's four files, decompressed. Listed here because torchvision takes a second to import."""

ARCHIVE_BYTES = 11_594_722
"""The total size of MNIST's four compressed files."""

TIMEOUT_SECONDS = 20
"""How long to wait for a mirror before trying the next or giving up."""

LEAST_BYTES_A_SECOND = 2_000
"""A mirror that is slower for longer than TIMEOUT_SECONDS counts as one that does not answer."""


@dataclass(frozen=True, eq=False)
class Digits:
    """A named set of labelled digits, or of other labelled samples.

    images: (N, 1, 28, 28) float32 in [0, 1]; labels: (N,) int64 in 0..9. `evaluate` and `accuracy` take any samples
    (N, *shape) in their place, such as the rows (N, F) of a table: Digits("iris", rows, labels).
    """

    name: str
    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def of_class(self, label: int) -> Tensor:
        """Return the indices of the digits labelled `label`, ascending, (M,) int64."""
        return (self.labels == label).nonzero().flatten()

    def first(self, count: int) -> "Digits":
        """Return the first `count` digits, or all of them if there are fewer."""
        return Digits(self.name, self.images[:count], self.labels[:count])


class DataUnavailable(OSError):
    """A data set could not be loaded or downloaded; the message says why and what to do."""


class MNISTUnavailable(DataUnavailable):
    """MNIST could not be loaded or downloaded; the message says why and what to do."""


# --- UCI digits: embedded, offline ---------------------------------------------------------------


def load_uci_digits() -> Digits:
    """Return the 1,797 UCI handwritten digits, images (1797, 1, 28, 28), in MNIST's format.

    The source images are 8 x 8 with values 0..16. Each is enlarged to 20 x 20 by bicubic interpolation,
    increased in contrast, and centred by its centre of mass in 28 x 28, as MNIST's digits are. Source: Alpaydin
    and Kaynak, UCI Machine Learning Repository, CC BY 4.0.
    """
    with np.load(Path(__file__).with_name("uci_digits.npz"), allow_pickle=False) as source:
        small = torch.tensor(source["images"], dtype=torch.float32)[:, None] / 16
        labels = torch.tensor(source["labels"], dtype=torch.int64)
    ink = interpolate(small, size=(INK_BOX, INK_BOX), mode="bicubic", align_corners=False)
    return Digits("UCI digits", centre_by_mass(stretch(ink)), labels)


def stretch(ink: Tensor) -> Tensor:
    """Return images (N, 1, H, W) with more contrast: values up to 0.25 become 0, values from 0.95 become 1.

    The enlarged strokes are blurred. This gives them edges, and the images MNIST's mean brightness (0.13).
    """
    return ((ink - 0.25) / 0.7).clamp(0, 1)


def centre_by_mass(ink: Tensor) -> Tensor:
    """Return (N, 1, 28, 28): each image of `ink` (N, 1, h, w), shifted so that its centre of mass is in the middle.

    The shift is in whole pixels, so the values do not change, and never moves ink out of the image.
    """
    count, _, height, width = ink.shape
    mass = ink.sum(dim=(1, 2, 3)).clamp(min=1e-6)  # (N,)
    row = (ink.sum(dim=(1, 3)) * torch.arange(height)).sum(1) / mass
    column = (ink.sum(dim=(1, 2)) * torch.arange(width)).sum(1) / mass
    top = ((SIDE - 1) / 2 - row).round().long().clamp(0, SIDE - height)
    left = ((SIDE - 1) / 2 - column).round().long().clamp(0, SIDE - width)
    centred = torch.zeros(count, 1, SIDE, SIDE)
    for image, source, y, x in zip(centred, ink, top.tolist(), left.tolist(), strict=True):
        image[:, y : y + height, x : x + width] = source
    return centred


# --- MNIST: from disk, or downloaded once --------------------------------------------------------


def mnist_root(root: str | Path | None = None) -> Path:
    """Return the folder of MNIST: `root` if given, else $JSMA_DATA_DIR, else a folder in the user's cache.

    Raises MNISTUnavailable if neither is given and the user has no home folder.
    """
    if root is not None:
        return Path(root)
    if os.environ.get("JSMA_DATA_DIR"):
        return Path(os.environ["JSMA_DATA_DIR"])
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jsma"
    except RuntimeError as no_home:
        raise MNISTUnavailable(
            "There is no home folder to look for MNIST in. Set JSMA_DATA_DIR to the folder that contains MNIST/raw, "
            "or to which it should be downloaded."
        ) from no_home


def load_mnist(root: str | Path | None = None, split: str = "test", download: bool = False) -> Digits:
    """Return MNIST's "train" (60,000) or "test" (10,000) digits.

    root: the folder that contains MNIST/raw (None: $JSMA_DATA_DIR, else a folder in the user's cache). download:
    download the files first if they are missing.
    Raises ValueError for another split, and MNISTUnavailable (an OSError) for a root that is not a folder or
    not accessible, for missing or damaged files, and for a download that failed.
    Source: LeCun, Cortes and Burges, loaded through torchvision.
    """
    if split not in ("train", "test"):
        raise ValueError(f'split is {split!r}, but MNIST has "train" and "test".')
    folder = mnist_root(root)
    if not _files_present(folder):
        if not download:
            raise MNISTUnavailable(
                f"No MNIST in {folder}. Download it (download=True), or set JSMA_DATA_DIR "
                "to the folder that contains MNIST/raw."
            )
        download_mnist(folder)
    return _read(folder, split)


def mnist_present(root: str | Path | None = None) -> bool:
    """Return whether all of MNIST's files are in `root` (see `mnist_root`).

    Raises MNISTUnavailable for a root that is not a folder or not accessible.
    """
    return _files_present(mnist_root(root))


def download_mnist(root: str | Path | None = None, progress: Callable[[float], object] = lambda share: None) -> None:
    """Download MNIST's four files into `root` (as in `load_mnist`), all or none.

    progress: called with the share of bytes received, 0 to 1; it may raise to cancel. A file that a mirror does not
    send, or that is not the published one, is fetched from the next mirror. The files are verified and
    decompressed in a temporary folder beside the final one and moved when complete, so that an interrupted download
    is never used. If another process has completed the same download meanwhile, its files are kept. Raises
    MNISTUnavailable if the network or the disk fails.
    """
    raw = mnist_root(root) / "MNIST" / "raw"
    unfinished, made = None, []
    try:
        made = [folder for folder in (raw.parent, *raw.parent.parents) if not folder.exists()]
        found = raw.stat().st_ino if raw.exists() else None
        raw.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=raw.parent))
        mnist = _torchvision_mnist()
        mirrors, received, shown = list(mnist.mirrors), 0, 0.0

        def report(bytes_of_file: int) -> None:
            nonlocal shown
            shown = max(shown, min((received + bytes_of_file) / ARCHIVE_BYTES, 1.0))  # another mirror begins again
            progress(shown)

        for name, md5 in mnist.resources:
            archive = _archive(name, md5, mirrors, report)
            (unfinished / name.removesuffix(".gz")).write_bytes(gzip.decompress(archive))
            received += len(archive)
        unfinished.chmod(0o755)
        _put_in_place(unfinished, raw, found)
    except (OSError, ValueError, HTTPException) as failure:
        raise MNISTUnavailable(
            f"MNIST could not be downloaded to {raw} ({failure}). Check the network and the disk, then "
            "try again; the built-in UCI digits need neither."
        ) from failure
    finally:
        if unfinished is not None:
            shutil.rmtree(unfinished, ignore_errors=True)
        with suppress(OSError):  # one that holds something stays, and so do those above it
            for folder in made:
                folder.rmdir()


def _put_in_place(unfinished: Path, raw: Path, found: int | None) -> None:
    """Move the files to `raw`, unless another process has replaced the folder found there (its inode is `found`)."""
    with suppress(FileNotFoundError):  # another process may move it first
        if raw.stat().st_ino == found:
            old = unfinished.with_name(f"{unfinished.name}-old")
            raw.replace(old)  # so that nobody finds a folder that is half deleted
            shutil.rmtree(old, ignore_errors=True)
    try:
        unfinished.replace(raw)
    except OSError:
        if not all((raw / file.name).is_file() for file in unfinished.iterdir()):
            raise


def _archive(name: str, md5: str, mirrors: list[str], report: Callable[[int], object]) -> bytes:
    """Return the published file `name` from the first of `mirrors` that sends it.

    report: called with the bytes received so far. A mirror that fails is moved to the end of `mirrors`. Raises
    OSError if all fail, with the reason of each.
    """
    problems = []
    for mirror in list(mirrors):
        try:
            archive = _received(mirror + name, report)
            if hashlib.md5(archive).hexdigest() == md5:
                return archive
            page = archive[:100].lstrip().startswith(b"<")
            problem = "sent a web page, perhaps the login page of this network" if page else "has a wrong checksum"
            problems.append(f"{mirror}{name} {problem}")
        except (OSError, ValueError, HTTPException) as failure:
            problems.append(f"{mirror}{name}: {failure}")
        mirrors.append(mirrors.pop(0))
    raise OSError("; ".join(problems))


def _received(address: str, report: Callable[[int], object]) -> bytes:
    """Return what a server sends. Raises OSError or HTTPException if it fails, sends too much or is too slow."""
    began, content = time.monotonic(), bytearray()
    with urlopen(address, timeout=TIMEOUT_SECONDS) as response:
        while piece := response.read1(1 << 16):
            content += piece
            report(len(content))
            if len(content) > ARCHIVE_BYTES:
                raise OSError("more bytes than the file has")
            if time.monotonic() - began > TIMEOUT_SECONDS + len(content) / LEAST_BYTES_A_SECOND:
                raise TimeoutError(f"less than {LEAST_BYTES_A_SECOND:,} bytes a second")
    return bytes(content)


def _files_present(root: Path) -> bool:
    """Return whether all four files exist. Raises MNISTUnavailable if the folder is not accessible."""
    try:
        is_file = root.exists() and not root.is_dir()
        raw = root / "MNIST" / "raw"
        present = all((raw / name).is_file() for name in FILES)
    except (OSError, ValueError) as problem:  # such as a folder without permission, or a name that is too long
        raise MNISTUnavailable(
            f"The folder {root} is not accessible ({problem}). Change its permissions, or set JSMA_DATA_DIR "
            "to a folder that contains MNIST/raw."
        ) from problem
    if is_file:
        raise MNISTUnavailable(f"{root} is a file, not a folder. Give the folder that contains MNIST/raw.")
    return present


def _read(root: Path, split: str) -> Digits:
    """Return the digits of `split`. Raises MNISTUnavailable if the files are damaged."""
    try:
        dataset = _torchvision_mnist()(root, train=split == "train", download=False)
        images, labels = dataset.data, dataset.targets
        if images.shape != (len(labels), SIDE, SIDE) or len(labels) != {"train": 60_000, "test": 10_000}[split]:
            raise ValueError(f"images of shape {tuple(images.shape)} with {len(labels)} labels")
        if images.dtype != torch.uint8 or not 0 <= labels.min() <= labels.max() <= 9:
            raise ValueError("values that are not grey levels or not digits")
    except Exception as damage:  # torchvision raises many types for damaged files
        raise MNISTUnavailable(
            f"The MNIST files in {root / 'MNIST' / 'raw'} are damaged ({damage}). Delete that folder and "
            "download them again."
        ) from damage
    return Digits(f"MNIST {split}", images[:, None].float() / 255, labels.long())


_ONE_IMPORT = Lock()
"""An import that fails and is repeated must not happen in two threads at once."""


def _torchvision_mnist() -> Any:
    """Return torchvision's MNIST class; works also with a CPU-only torch.

    torchvision's Linux wheels are built for CUDA. Their import registers two operators that a CPU-only torch
    does not have, and fails. The data sets use neither operator, so it is enough to declare them.
    """
    with _ONE_IMPORT:
        try:
            from torchvision.datasets import MNIST
        except RuntimeError as missing:
            if "does not exist" not in str(missing):
                raise
            for operator in ("nms", "qnms"):
                torch.library.define(
                    f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
                )
            from torchvision.datasets import MNIST
        return MNIST


# --- The table of data sets ----------------------------------------------------------------------


@dataclass(frozen=True)
class DataSet:
    """A data set that can be attacked.

    label: its name on screen; digits: the plural for its images, in texts; about: one sentence on it. load: takes the
    folder of its files (None: the default one) and whether they may be downloaded, and returns Digits; raises
    DataUnavailable if it cannot. accuracy_key: the key of the accuracy on it in a network's training record. download:
    downloads its files, `megabytes` in total, and calls its argument with the share received, 0 to 1; None if the data
    set is built in.
    """

    label: str
    digits: str
    about: str
    load: Callable[[str | Path | None, bool], Digits]
    accuracy_key: str
    download: Callable[[Callable[[float], object]], None] | None = None
    megabytes: int = 0


DATA_SETS = {
    "uci": DataSet(
        label="UCI digits (built in)",
        digits="UCI digits",
        about="The UCI digits are built in and need no network.",
        load=lambda root, download: load_uci_digits(),
        accuracy_key="uci_accuracy",
    ),
    "mnist": DataSet(
        label="MNIST, test set",
        digits="test digits of MNIST",
        about="MNIST's test set is the collection the method was published on; it can be downloaded once (12 MB).",
        load=lambda root, download: load_mnist(root, "test", download),
        accuracy_key="mnist_test_accuracy",
        download=lambda progress: download_mnist(progress=progress),
        megabytes=12,
    ),
}
"""The table of all data sets, by the names that addresses and the command line use. The first must be built in."""
