"""What the tests share: data, small models worked out by hand, and the slow, plain oracle of the pair search."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

import jsma
from jsma import Direction
from tests.helpers.clock import Clock
from tests.helpers.made_up_mnist import made_up, mirror  # noqa: F401, fixtures
from tests.helpers.paths import ROOT

torch.set_num_threads(1)
os.environ.setdefault("OMP_NUM_THREADS", "1")  # in the processes that tests start, too: threads that wait use a core

MOST_WORKERS = 4
"""Each may hold torch, Streamlit, a server and a Chromium: some 2 GB, and half a minute's work to start."""


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers(config: pytest.Config):
    """Return how many processes share the tests: one a core, not too many; 0, this one alone, for a single file."""
    cores = yield
    alone = len(config.args) == 1 and _names_files(config)
    return 0 if alone else min(cores, MOST_WORKERS)


def _names_files(config: pytest.Config) -> bool:
    return not any(Path(each.partition("::")[0]).is_dir() for each in config.args)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the slow tests out where folders are tested, and neither -m nor -k says which: see CONTRIBUTING.md."""
    if config.option.markexpr or config.option.keyword or _names_files(config):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if not item.get_closest_marker("slow")]


@pytest.fixture(scope="module", autouse=True)
def nothing_cached():
    """Let the tests of each file begin without what the app has cached for those of another."""
    streamlit = sys.modules.get("streamlit")
    if streamlit:
        streamlit.cache_data.clear()
        streamlit.cache_resource.clear()


@pytest.fixture
def within_reach(monkeypatch):
    """What any visitor could reach: files that the app hands out, but for its icon, and results in shared caches."""
    from streamlit.runtime.caching.cache_data_api import DataCache, _data_caches
    from streamlit.runtime.media_file_manager import MediaFileManager

    from pages.ui import cache as computed

    icon = (ROOT / "pages" / "ui" / "favicon.png").read_bytes()
    found, write, put = [], DataCache.write_result, computed.Cache.put

    def watch_cache(cache, *value):
        if cache in _data_caches._function_caches.get(None, {}).values():
            found.append(cache.display_name)
        write(cache, *value)

    def watch_files(manager, file, *about, **more):
        found.extend([file] if file != icon else [])
        return ""

    def watch_memory(memory, key, value):
        if memory is computed._shared():
            found.append(key)
        put(memory, key, value)

    monkeypatch.setattr(DataCache, "write_result", watch_cache)
    monkeypatch.setattr(computed.Cache, "put", watch_memory)
    for way in ("add", "add_deferred"):
        monkeypatch.setattr(MediaFileManager, way, watch_files)
    return found


@pytest.fixture(scope="session")
def uci():
    """The built-in digits."""
    return jsma.load_uci_digits()


@pytest.fixture(scope="session")
def misread(uci) -> dict[str, int]:
    """A link to the first built-in digit that the tutorial's network reads as another: that is its target."""
    reads = jsma.load_model("tutorial")(uci.images).argmax(dim=1)
    position = int((reads != uci.labels).nonzero()[0])
    digit = int(uci.labels[position])
    sample = uci.of_class(digit).tolist().index(position)
    return {"digit": digit, "sample": sample, "target": int(reads[position])}


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still unless told otherwise."""
    return Clock()


@pytest.fixture(scope="session")
def mnist():
    """MNIST's test digits; skips where they are not, unless JSMA_REQUIRE_MNIST=1 says that they must be there."""
    try:
        return jsma.load_mnist()
    except jsma.MNISTUnavailable as missing:
        if os.environ.get("JSMA_REQUIRE_MNIST") == "1":
            pytest.fail(f"JSMA_REQUIRE_MNIST is 1, but: {missing}")
        pytest.skip(f"MNIST is not there (set JSMA_DATA_DIR to the folder that holds MNIST/raw): {missing}")


@pytest.fixture(scope="session")
def linear():
    """A function that builds a model with the logits weights · pixels + biases."""

    def build(weights, biases, dtype=torch.float32) -> nn.Sequential:
        weights, biases = torch.as_tensor(weights, dtype=dtype), torch.as_tensor(biases, dtype=dtype)
        layer = nn.Linear(weights.shape[1], weights.shape[0]).to(dtype)
        with torch.no_grad():
            layer.weight.copy_(weights)
            layer.bias.copy_(biases)
        return nn.Sequential(nn.Flatten(), layer).eval()

    return build


@pytest.fixture(scope="session")
def unaltered():
    """A context manager that fails unless the model leaves it exactly as it entered."""

    def portrait(model: nn.Module) -> tuple:
        state = {name: value.detach().numpy().tobytes() for name, value in model.state_dict().items()}
        gradients = [None if weights.grad is None else weights.grad.tolist() for weights in model.parameters()]
        flags = [weights.requires_grad for weights in model.parameters()]
        modes = [layer.training for layer in model.modules()]
        hooks = [len(layer._forward_hooks) + len(layer._forward_pre_hooks) for layer in model.modules()]
        return state, gradients, flags, modes, hooks

    @contextmanager
    def watch(model: nn.Module):
        before, recording_graph = portrait(model), torch.is_grad_enabled()
        yield
        assert portrait(model) == before
        assert torch.is_grad_enabled() == recording_graph

    return watch


class Table(NamedTuple):
    """The best pair of each image, (N,) arrays; meaningless where `found` is False."""

    first: np.ndarray
    second: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray
    score: np.ndarray
    found: np.ndarray


@pytest.fixture(scope="session")
def best_by_table():
    """A function that finds the best pairs by filling in the whole n x n table of every image, in numpy."""

    def search(target_gradient, others_gradient, domain, direction: Direction) -> Table:
        a, b, domain = (np.asarray(values) for values in (target_gradient, others_gradient, domain))
        count, n = a.shape
        alpha = a[:, :, None] + a[:, None, :]
        beta = b[:, :, None] + b[:, None, :]
        right_signs = (alpha > 0) & (beta < 0) if direction is Direction.INCREASE else (alpha < 0) & (beta > 0)
        ordered = np.arange(n)[:, None] < np.arange(n)
        admissible = right_signs & domain[:, :, None] & domain[:, None, :] & ordered
        with np.errstate(over="ignore"):
            score = np.where(admissible, -alpha * beta, -np.inf).reshape(count, -1)
        winner = score.argmax(axis=1)  # the first of equals; row by row is lexicographic order
        image, first, second = np.arange(count), winner // n, winner % n
        found = admissible.any(axis=(1, 2))
        return Table(first, second, alpha[image, first, second], beta[image, first, second], score.max(axis=1), found)

    return search
