"""The script that measures how an attack's cost grows."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import growth
from benchmarks.peers import peak_memory
from jsma.attack import count_changed


def test_the_exponent_is_the_slope_that_numpy_finds_in_the_logarithms():
    sizes, costs = (10, 100, 1_000, 30_000), (3.0, 20.0, 700.0, 9_000.0)
    assert float(growth.exponent(sizes, costs)) == pytest.approx(
        np.polyfit(np.log(sizes), np.log(costs), deg=1)[0], abs=0.005
    )


@pytest.mark.parametrize(("power", "shown"), [(0, "0.00"), (1, "1.00"), (1.5, "1.50")])
def test_what_grows_by_a_power_has_it_as_its_exponent(power, shown):
    sizes = (784, 3_072, 150_528)
    assert growth.exponent(sizes, tuple(7 * size**power for size in sizes)) == shown


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="The peak memory of a process is read as Linux tells it.")


@on_linux
def test_changed_features_are_counted_in_less_memory_than_the_images_take():
    images, megabytes = torch.zeros(20_000, 784), 20_000 * 784 * 4 / 2**20
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = peak_memory()
    counts = count_changed(images, torch.ones(1).expand_as(images))
    assert counts.tolist() == [784] * 20_000
    assert peak_memory() - before < megabytes / 2


@on_linux
def test_one_size_is_measured():
    threads = torch.get_num_threads()
    time, memory = growth.cost(features=50, classes=3, images=100)
    assert time > 0
    assert memory >= 0
    assert torch.get_num_threads() == threads
