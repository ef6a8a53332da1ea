"""MNIST's four files with made-up content, a made-up mirror to download them from, and ways in which that fails."""

import errno
import gzip
import hashlib
import io
import os
import struct

import numpy as np
import pytest

import jsma.data

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def idx(array: np.ndarray) -> bytes:
    """Return bytes in MNIST's format: two zeros, 8 for "unsigned byte", the dimensions, their sizes, the values."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


@pytest.fixture(scope="session")
def made_up() -> dict[str, bytes]:
    """MNIST's four files with made-up content: test image k has one lit pixel, k % 256 bright; few training images."""
    images = np.zeros((10_000, 28, 28))
    number = np.arange(10_000)
    images[number, number % 28, 3] = number % 256
    contents = [np.zeros((5, 28, 28)), np.arange(5), images, number % 10]
    return dict(zip(NAMES, map(idx, contents), strict=True))


def write(root, files: dict[str, bytes]):
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, content in files.items():
        (raw / name).write_bytes(content)
    return root


class Mirror:
    """A made-up web server for archives of the made-up files; `calls` are the addresses asked for."""

    def __init__(self, files: dict[str, bytes]):
        self.archives = {f"{name}.gz": gzip.compress(content, 1, mtime=0) for name, content in files.items()}
        self.calls = []

    def urlopen(self, url: str, timeout: float):
        self.calls.append(url)
        return io.BytesIO(self.archives[url.rsplit("/", 1)[1]])


@pytest.fixture
def mirror(made_up, monkeypatch) -> Mirror:
    """The only place the network leads to."""
    mirror = Mirror(made_up)
    expected = [(name, hashlib.md5(archive).hexdigest()) for name, archive in mirror.archives.items()]
    mnist = jsma.data._torchvision_mnist()
    monkeypatch.setattr(mnist, "resources", expected)
    monkeypatch.setattr(mnist, "mirrors", ["https://first.example/", "https://second.example/"])
    monkeypatch.setattr(jsma.data, "ARCHIVE_BYTES", sum(map(len, mirror.archives.values())))
    monkeypatch.setattr(jsma.data, "urlopen", mirror.urlopen)
    return mirror


class CutShort(io.BytesIO):
    """An answer that breaks off after its first bytes."""

    def __init__(self, failure: Exception | None):
        super().__init__(b"first bytes")
        self.failure = failure

    def read1(self, size: int) -> bytes:
        came = super().read1(size)
        if not came and self.failure:
            raise self.failure
        return came


def half_of_it_fits(path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content[: len(content) // 2])
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
