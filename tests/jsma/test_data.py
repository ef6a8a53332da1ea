"""The digits: the built-in ones, MNIST's files on the disk, and their download from a made-up mirror."""

import gzip
import hashlib
import http.client
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from urllib.error import URLError
from urllib.request import urlopen as real_urlopen

import numpy as np
import pytest
import torch

import jsma.data
from jsma import MNISTUnavailable, download_mnist, load_mnist, load_uci_digits
from tests.helpers.made_up_mnist import NAMES, CutShort, half_of_it_fits, idx, write
from tests.helpers.paths import ROOT


def holds(root, files: dict[str, bytes]) -> bool:
    return {path.name: path.read_bytes() for path in (root / "MNIST" / "raw").iterdir()} == files


def left_in(root) -> list[str]:
    """Return the names of all files and folders under `root`."""
    return [path.name for path in root.rglob("*")]


# --- UCI digits ----------------------------------------------------------------------------------


def test_the_uci_digits_have_mnists_form(uci):
    assert len(uci) == 1797
    assert (uci.images.shape, uci.images.dtype) == ((1797, 1, 28, 28), torch.float32)
    assert (uci.labels.shape, uci.labels.dtype) == ((1797,), torch.int64)
    assert (uci.images.min(), uci.images.max()) == (0, 1)
    assert "UCI" in uci.name


SOURCE = Path(jsma.data.__file__).with_name("uci_digits.npz")


@pytest.fixture(scope="module")
def source():
    """The UCI digits as they come: images (1797, 8, 8) from 0 to 16, labels (1797,)."""
    with np.load(SOURCE, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in ("images", "labels")}


def test_the_source_of_the_uci_digits_is_unaltered(source):
    values = b"".join(source[name].astype("u1").tobytes() for name in ("images", "labels"))
    assert hashlib.sha256(values).hexdigest() == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


def test_the_source_of_the_uci_digits_is_what_scikit_learn_bundles(source):
    bundled = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not there to compare with.").load_digits()
    assert np.array_equal(source["images"], bundled.images)
    assert np.array_equal(source["labels"], bundled.target)


def test_the_uci_digits_keep_their_labels(uci, source):
    assert uci.labels.tolist() == source["labels"].tolist()


def test_every_uci_digit_looks_like_its_source(uci, source):
    """Some 20 x 20 window of it, shrunk to 8 x 8, resembles its own source closely, and most of 100 sources."""

    def standardised(pixels: np.ndarray) -> np.ndarray:
        pixels = pixels - pixels.mean(axis=-1, keepdims=True)
        return pixels / np.linalg.norm(pixels, axis=-1, keepdims=True)

    windows = uci.images[:100].unfold(2, 20, 1).unfold(3, 20, 1).reshape(-1, 1, 20, 20)
    shrunk = torch.nn.functional.adaptive_avg_pool2d(windows, 8).view(100, 81, 64).numpy()
    correlation = standardised(shrunk) @ standardised(source["images"][:100].reshape(100, 64).astype(float)).T
    likeness = correlation.max(axis=1)
    assert np.diagonal(likeness).min() > 0.9
    assert likeness.argmax(axis=1).tolist() == list(range(100))


def test_every_uci_digit_is_centred_by_mass(uci):
    images, places = uci.images[:, 0].numpy().astype(float), np.arange(28)
    mass = images.sum(axis=(1, 2))
    row = (images.sum(axis=2) * places).sum(axis=1) / mass
    column = (images.sum(axis=1) * places).sum(axis=1) / mass
    assert np.abs(row - 13.5).max() < 0.51  # whole pixels: no nearer than half a pixel
    assert np.abs(column - 13.5).max() < 0.51


def test_the_uci_digits_are_the_same_every_time(uci):
    again = load_uci_digits()
    assert torch.equal(again.images, uci.images)
    assert torch.equal(again.labels, uci.labels)


def test_the_uci_digits_are_as_bright_as_mnists(uci, mnist):
    assert uci.images.mean().item() == pytest.approx(mnist.images.mean().item(), abs=0.02)


def test_the_digits_of_a_class_are_told_by_their_places(uci):
    sevens = uci.of_class(7).tolist()
    assert sevens == [place for place, label in enumerate(uci.labels.tolist()) if label == 7]


def test_the_first_digits_are_the_first_or_all_there_are(uci):
    some = uci.first(3)
    assert (some.name, len(some)) == (uci.name, 3)
    assert torch.equal(some.images, uci.images[:3])
    assert some.labels.tolist() == [0, 1, 2]
    assert len(uci.first(5000)) == 1797


# --- MNIST on the disk ---------------------------------------------------------------------------


def test_mnist_is_read_as_written(tmp_path, made_up):
    digits = load_mnist(write(tmp_path, made_up))
    assert (digits.images.shape, digits.images.dtype) == ((10_000, 1, 28, 28), torch.float32)
    assert digits.labels.dtype == torch.int64
    assert digits.labels.tolist() == [k % 10 for k in range(10_000)]
    for k in (0, 1, 255, 300, 9_999):
        expected = torch.zeros(28, 28)
        expected[k % 28, 3] = (k % 256) / 255
        assert torch.equal(digits.images[k, 0], expected)


def test_the_mnist_at_hand_is_mnist(mnist):
    assert mnist.images.shape == (10_000, 1, 28, 28)
    assert (mnist.images.min(), mnist.images.max()) == (0, 1)
    assert torch.bincount(mnist.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_mnist_is_looked_for_in_the_argument_then_the_environment_then_the_cache(tmp_path, made_up, monkeypatch):
    def name_of_place() -> str:
        with pytest.raises(MNISTUnavailable) as refusal:
            load_mnist()
        return str(refusal.value)

    monkeypatch.delenv("JSMA_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert str(tmp_path / "cache" / "jsma") in name_of_place()
    monkeypatch.setenv("JSMA_DATA_DIR", str(tmp_path / "environment"))
    assert str(tmp_path / "environment") in name_of_place()
    write(tmp_path / "environment", made_up)
    assert len(load_mnist()) == 10_000
    with pytest.raises(MNISTUnavailable, match="argument"):
        load_mnist(tmp_path / "argument")


def test_the_cache_is_in_the_home_folder_where_nothing_else_is_said(tmp_path, monkeypatch):
    for name in ("JSMA_DATA_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert jsma.data.mnist_root() == tmp_path / ".cache" / "jsma"


def test_missing_mnist_is_told_with_what_to_do(tmp_path):
    for root in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(OSError, match=r"download=True.*JSMA_DATA_DIR") as refusal:
            load_mnist(root)
        assert isinstance(refusal.value, MNISTUnavailable)
        assert str(root) in str(refusal.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_single_missing_file_is_missing_mnist(tmp_path, made_up, name):
    root = write(tmp_path, {other: content for other, content in made_up.items() if other != name})
    with pytest.raises(MNISTUnavailable, match="No MNIST in"):
        load_mnist(root)


def test_a_root_that_is_a_file_is_told_from_a_folder(tmp_path):
    root = tmp_path / "mnist.zip"
    root.write_bytes(b"not a folder")
    with pytest.raises(MNISTUnavailable, match="is a file, not a folder"):
        load_mnist(root)


DAMAGES = {
    "an empty file": lambda content: b"",
    "a header alone": lambda content: content[:4],
    "a file cut short": lambda content: content[: len(content) // 2],
    "one byte too few": lambda content: content[:-1],
    "garbage": lambda content: bytes(range(256)) * 8,
    "an error page": lambda content: b"<html><body>503 Service Unavailable</body></html>",
    "packed still": gzip.compress,
}


@pytest.mark.parametrize("name", NAMES[2:])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_are_told_with_what_to_do(tmp_path, made_up, name, damage):
    root = write(tmp_path, made_up | {name: DAMAGES[damage](made_up[name])})
    with pytest.raises(MNISTUnavailable, match=r"damaged.*Delete that folder and download them again"):
        load_mnist(root)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (np.zeros((9_999, 28, 28)), np.zeros(9_999)),
        (np.zeros((10_000, 28, 28)), np.zeros(9_999)),
        (np.zeros((10_000, 14, 56)), np.zeros(10_000)),
        (np.zeros((10_000, 28, 28)), np.full(10_000, 10)),
    ],
    ids=["too few", "a label too few", "another shape", "a label that is no digit"],
)
def test_files_that_are_no_ten_thousand_digits_are_damaged(tmp_path, made_up, images, labels):
    root = write(tmp_path, made_up | {NAMES[2]: idx(images), NAMES[3]: idx(labels)})
    with pytest.raises(MNISTUnavailable, match="damaged"):
        load_mnist(root)


def test_the_training_digits_are_read_from_the_training_files(tmp_path, made_up):
    with pytest.raises(MNISTUnavailable, match=r"damaged .*with 5 labels"):  # of which the made-up ones hold five
        load_mnist(write(tmp_path, made_up), "train")


def test_another_split_is_refused_by_the_two_there_are(tmp_path):
    with pytest.raises(ValueError, match='"train" and "test"'):
        load_mnist(tmp_path, "validation")


# --- the download --------------------------------------------------------------------------------


def test_the_size_of_the_download_is_that_of_the_published_archives():
    assert jsma.data.ARCHIVE_BYTES == 9_912_422 + 28_881 + 1_648_877 + 4_542


def test_the_files_looked_for_are_those_that_torchvision_reads():
    read = {name.removesuffix(".gz") for name, _ in jsma.data._torchvision_mnist().resources}
    assert read == set(jsma.data.FILES)


def test_a_download_brings_all_files_and_can_be_read(tmp_path, made_up, mirror):
    shares = []
    download_mnist(tmp_path / "new" / "folder", shares.append)
    assert holds(tmp_path / "new" / "folder", made_up)
    assert len(load_mnist(tmp_path / "new" / "folder")) == 10_000
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] == 1


def test_loading_downloads_only_what_is_missing_and_only_when_allowed(tmp_path, mirror):
    with pytest.raises(MNISTUnavailable):
        load_mnist(tmp_path)
    assert mirror.calls == []
    assert len(load_mnist(tmp_path, download=True)) == 10_000
    assert len(mirror.calls) == 4
    load_mnist(tmp_path, download=True)
    assert len(mirror.calls) == 4


def test_a_download_completes_files_that_are_there_in_part(tmp_path, made_up, mirror):
    write(tmp_path, {NAMES[0]: b"half", "notes.txt": b"mine"})
    assert len(load_mnist(tmp_path, download=True)) == 10_000
    assert holds(tmp_path, made_up)


@pytest.mark.parametrize("failure", [URLError("timed out"), http.client.BadStatusLine("what?")])
def test_the_second_mirror_is_asked_when_the_first_fails(tmp_path, made_up, mirror, monkeypatch, failure):
    def urlopen(url: str, timeout: float):
        if "first" in url:
            raise failure
        return mirror.urlopen(url, timeout)

    monkeypatch.setattr(jsma.data, "urlopen", urlopen)
    download_mnist(tmp_path)
    assert holds(tmp_path, made_up)


class Poor(BaseHTTPRequestHandler):
    """A web server that answers in the way `server.way` says; the right answers are in `server.archives`."""

    def do_GET(self) -> None:
        archive = self.server.archives[self.path.rsplit("/", 1)[1]]
        self.server.asked.append(self.path)
        self.send_response(302 if self.server.way == "leads to a login page" and "login" not in self.path else 200)
        self.send_header("Location", f"/login/{self.path.rsplit('/', 1)[1]}")
        self.end_headers()
        match self.server.way:
            case "leads to a login page" | "shows a login page":
                self.wfile.write(b"<!DOCTYPE html><title>School network: log in</title>")
            case "cuts the file":
                self.wfile.write(archive[: len(archive) // 2])
            case "hangs":
                self.server.over.wait()
            case "hangs in the middle":
                self.wfile.write(archive[:10])
                self.server.over.wait()
            case "trickles":
                while not self.server.over.wait(0.02):
                    self.wfile.write(b"x")
            case "never ends":
                while not self.server.over.is_set():
                    self.wfile.write(bytes(1 << 16))

    def log_message(self, *_) -> None:
        pass


WAYS = ["shows a login page", "leads to a login page", "cuts the file", "hangs", "hangs in the middle", "trickles"]


@pytest.mark.parametrize("way", [*WAYS, "never ends"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mirror_that_does_not_send_the_file_is_followed_by_the_next(way, tmp_path, made_up, mirror, monkeypatch):
    def urlopen(url: str, timeout: float):
        return real_urlopen(url, timeout=timeout) if url.startswith(poor) else mirror.urlopen(url, timeout)

    with ThreadingHTTPServer(("127.0.0.1", 0), Poor) as server:
        poor = f"http://127.0.0.1:{server.server_port}/"
        server.way, server.archives, server.asked, server.over = way, mirror.archives, [], Event()
        server.handle_error = lambda *_: None  # who has heard enough hangs up
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setattr(jsma.data._torchvision_mnist(), "mirrors", [poor, "https://second.example/"])
        monkeypatch.setattr(jsma.data, "urlopen", urlopen)
        monkeypatch.setattr(jsma.data, "TIMEOUT_SECONDS", 0.1)
        shares = []
        try:
            download_mnist(tmp_path, shares.append)
        finally:
            server.over.set()
            server.shutdown()
    assert holds(tmp_path, made_up)
    assert shares == sorted(shares)
    assert {name.rsplit("/", 1)[1] for name in server.asked} == {f"{NAMES[0]}.gz"}  # then the better one is asked first


def test_where_every_mirror_fails_the_reason_of_each_is_told(tmp_path, mirror):
    mirror.archives[f"{NAMES[0]}.gz"] = b"<html>Log in to the school's network</html>"
    with pytest.raises(MNISTUnavailable, match=r"first\.example.* sent a web page.*second\.example.* sent a web page"):
        download_mnist(tmp_path)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_archive_leaves_nothing_behind(tmp_path, mirror, name):
    mirror.archives[f"{name}.gz"] = mirror.archives[f"{name}.gz"][:-1] + b"?"
    with pytest.raises(MNISTUnavailable, match=f"{name}.gz has a wrong checksum"):
        download_mnist(tmp_path)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    "failure",
    [None, ConnectionResetError("reset by peer"), TimeoutError("timed out"), http.client.IncompleteRead(b"")],
    ids=lambda failure: type(failure).__name__,
)
def test_a_download_cut_in_the_middle_leaves_nothing_behind(tmp_path, mirror, monkeypatch, failure):
    def urlopen(url: str, timeout: float):
        return CutShort(failure) if NAMES[2] in url else mirror.urlopen(url, timeout)

    monkeypatch.setattr(jsma.data, "urlopen", urlopen)
    with pytest.raises(MNISTUnavailable, match="could not be downloaded"):
        download_mnist(tmp_path)
    assert len(mirror.calls) == 2
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    "failure",
    [URLError("no route to host"), TimeoutError("timed out"), http.client.BadStatusLine("what?")],
    ids=lambda failure: type(failure).__name__,
)
def test_no_network_is_told_with_what_to_do(tmp_path, mirror, monkeypatch, failure):
    def urlopen(url: str, timeout: float):
        raise failure

    monkeypatch.setattr(jsma.data, "urlopen", urlopen)
    with pytest.raises(OSError, match=r"Check the network.*UCI digits need neither") as refusal:
        load_mnist(tmp_path, download=True)
    assert isinstance(refusal.value, MNISTUnavailable)
    assert str(failure) in str(refusal.value)
    assert left_in(tmp_path) == []


def test_a_download_with_no_place_to_go_is_told_with_what_to_do(tmp_path, mirror):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MNISTUnavailable, match="the disk"):
        download_mnist(tmp_path / "file")


def test_a_full_disk_is_told_and_leaves_nothing_behind(tmp_path, mirror, monkeypatch):
    monkeypatch.setattr(jsma.data.Path, "write_bytes", half_of_it_fits)
    with pytest.raises(MNISTUnavailable, match=r"No space left on device.*Check the network and the disk"):
        download_mnist(tmp_path)
    assert left_in(tmp_path) == []


@pytest.mark.slow
def test_threads_may_be_the_first_to_need_torchvision_together():
    program = (
        "from concurrent.futures import ThreadPoolExecutor\nfrom jsma import data\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    found = [pool.submit(data._torchvision_mnist) for _ in range(8)]\n"
        "print({each.result().__name__ for each in found})"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert ran.stdout == "{'MNIST'}\n", ran.stderr[-1000:]


def test_who_shares_the_folder_may_bring_the_files_meanwhile(tmp_path, made_up, mirror):
    theirs = {name: content + b"theirs" for name, content in made_up.items()}

    def they_are_quicker(share: float) -> None:
        if share == 1 and not (tmp_path / "MNIST" / "raw").exists():
            write(tmp_path, theirs)

    download_mnist(tmp_path, they_are_quicker)
    assert holds(tmp_path, theirs)
    assert sorted(left_in(tmp_path / "MNIST" / "raw")) == sorted(NAMES)
    download_mnist(tmp_path)  # whoever asks for it again gets it anew
    assert holds(tmp_path, made_up)


def test_many_who_share_a_folder_can_download_at_once_and_always_find_whole_files(tmp_path, made_up, mirror):
    done = Event()

    def look() -> list[str]:
        unlike = []
        while not done.is_set():
            for name, content in made_up.items():
                try:
                    found = (tmp_path / "MNIST" / "raw" / name).read_bytes()
                except FileNotFoundError:
                    continue
                unlike += [name] if found != content else []
        return unlike

    with ThreadPoolExecutor(9) as pool:
        watching = pool.submit(look)
        downloads = [pool.submit(download_mnist, tmp_path) for _ in range(8)]
        try:
            for download in downloads:
                download.result()
        finally:
            done.set()  # or a failed download would leave the other thread looking for ever
        assert watching.result() == []
    assert holds(tmp_path, made_up)
    assert sorted(left_in(tmp_path / "MNIST" / "raw")) == sorted(NAMES)


def test_a_download_that_fails_leaves_earlier_files_as_they_were(tmp_path, made_up, mirror):
    write(tmp_path, made_up)
    mirror.archives[f"{NAMES[3]}.gz"] = b"damaged"
    with pytest.raises(MNISTUnavailable):
        download_mnist(tmp_path)
    assert holds(tmp_path, made_up)


def test_a_download_can_be_stopped_by_its_progress_and_leaves_nothing_behind(tmp_path, mirror):
    class StopIt(Exception):
        pass

    def stop_halfway(share: float) -> None:
        if share > 0.5:
            raise StopIt

    with pytest.raises(StopIt):
        download_mnist(tmp_path, stop_halfway)
    assert left_in(tmp_path) == []
