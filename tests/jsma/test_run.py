"""What a run adds to single attacks: progress, an early end, the trace, images of colour and size, and its memory."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from jsma import Attack, Direction, Rule, Stop, workers
from jsma.workers import exhaust
from tests.helpers.paths import ROOT
from tests.helpers.waiting import LONG


def colour_net(classes: int = 13) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        layers = nn.Conv2d(3, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(6 * 3 * 4, classes)
    return nn.Sequential(*layers).eval()


def colour_images(count: int) -> torch.Tensor:
    return torch.rand(count, 3, 8, 10, generator=torch.Generator().manual_seed(4)) * 0.9


TARGETS = torch.arange(20) % 13
ATTACK = Attack(Rule.WJSMA, direction=Direction.BOTH, theta=0.5, gamma=0.2)


def test_progress_counts_up_to_all_attacks():
    seen = []
    ATTACK.run(colour_net(), colour_images(20), TARGETS, 6, lambda *now: seen.append(now))
    done = [now[0] for now in seen]
    assert {now[1] for now in seen} == {20}
    assert done == sorted(done)
    assert (done[0] < 20, done[-1]) == (True, 20)


def test_a_run_ended_early_returns_what_is_done():
    whole = ATTACK.run(colour_net(), colour_images(20), TARGETS, 6)
    part = ATTACK.run(colour_net(), colour_images(20), TARGETS, 6, lambda done, _: done < 8)
    done = [k for k, reason in enumerate(part.stop) if reason is not None]
    assert 8 <= len(done) < 20
    assert torch.equal(part.images[done], whole.images[done])
    assert [part.stop[k] for k in done] == [whole.stop[k] for k in done]
    waiting = [k for k, reason in enumerate(part.stop) if reason is None]
    assert not part.success[waiting].any()
    assert torch.equal(part.images[19], colour_images(20)[19])
    assert torch.equal(part.predictions[done], colour_net()(part.images[done]).argmax(dim=1))
    assert (part.predictions[waiting] == -1).all()


@pytest.fixture
def two_threads():
    torch.set_num_threads(2)
    yield
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)


def forty() -> tuple:
    return colour_net(), colour_images(40), torch.arange(40) % 13


@pytest.mark.slow
def test_two_threads_end_as_one_and_alike_every_time(two_threads):
    model, images, targets = forty()
    exact = model.double(), images.double(), targets
    shared = [ATTACK.run(*exact, batch_size=6) for _ in range(2)]
    torch.set_num_threads(1)
    alone = ATTACK.run(*exact, batch_size=6)
    torch.set_num_threads(2)
    for result in shared:
        assert torch.equal(result.images, alone.images)
        assert torch.equal(result.pairs, alone.pairs)
        assert result.stop == alone.stop


def test_two_threads_report_to_the_callers_and_can_be_ended(two_threads):
    seen = []

    def end_at_once(done, total):
        seen.append((threading.current_thread(), done, total))
        return False

    result = ATTACK.run(*forty(), batch_size=1, progress=end_at_once)
    assert [(thread, total) for thread, _, total in seen] == [(threading.current_thread(), 40)]
    assert None in result.stop


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_in_a_later_batch_ends_the_run_and_is_raised(threads, two_threads):
    torch.set_num_threads(threads)

    class Breaks(nn.Module):
        calls = 0

        def forward(self, images):
            self.calls += 1
            return images.sum(dim=(2, 3)) * (torch.nan if self.calls > 9 else 1)

    with pytest.raises(ValueError, match="not finite"):
        Attack(Rule.JSMA, gamma=1.0).run(Breaks(), colour_images(40) * 0, torch.arange(40) % 2 + 1, batch_size=2)
    torch.set_num_threads(2)


def test_the_threads_of_a_run_use_one_core_each(two_threads):
    found = []

    def work():
        torch.rand(1 << 20).sum()  # shared among cores, if there are any to share it among
        found.append(torch.get_num_threads())
        yield 1

    exhaust([work(), work()])
    assert found == [1, 1]


def test_new_threads_still_start_with_all_cores(two_threads):
    ATTACK.run(*forty())
    found = []
    thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert found == [2]


def test_an_error_in_the_callback_ends_the_run():
    def fail(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ATTACK.run(colour_net(), colour_images(2), TARGETS[:2], progress=fail)


def test_the_trace_holds_every_smaller_budget():
    model, images = colour_net().double(), colour_images(20).double()
    whole = ATTACK.run(model, images, TARGETS)
    assert whole.pairs.shape == (20, ATTACK.iterations(240), 2)
    for gamma in (0.02, 0.1):
        small = Attack(Rule.WJSMA, direction=Direction.BOTH, theta=0.5, gamma=gamma)
        limit = small.iterations(240)
        result = small.run(model, images, TARGETS)
        assert torch.equal(result.pairs, whole.pairs[:, :limit])
        assert torch.equal(result.success, whole.success & (whole.iterations <= limit))
    used = (whole.pairs[..., 0] >= 0).sum(1)
    assert torch.equal(used, whole.iterations)


def test_the_trace_is_that_of_the_steps():
    model, images = colour_net().double(), colour_images(5).double()
    result = ATTACK.run(model, images, TARGETS[:5], batch_size=2)
    for k in range(5):
        steps = list(ATTACK.steps(model, images[k], int(TARGETS[k])))
        pairs = [[step.pair.first, step.pair.second] for step in steps[:-1]]
        assert result.pairs[k, : len(pairs)].tolist() == pairs


def test_a_feature_of_a_colour_image_is_the_value_of_one_channel():
    """In float32 the images are laid out channels-last inside; that must not show in the indices."""
    image = torch.zeros(3, 2, 3)

    class Reads(nn.Module):
        """Class 1 is what channel 2 shows at row 1, column 0, and channel 0 at row 0, column 1."""

        def forward(self, images):
            seen = images[:, 2, 1, 0] * 3 + images[:, 0, 0, 1] * 2
            return torch.stack([1 - seen, seen], dim=1)

    first, *_ = Attack(gamma=1.0).steps(Reads(), image, 1)
    assert (first.pair.first, first.pair.second) == (1, 2 * 6 + 1 * 3 + 0)
    result = Attack(gamma=1.0).run(Reads(), image[None], torch.tensor([1]))
    assert result.images[0].nonzero().tolist() == [[0, 0, 1], [2, 1, 0]]
    assert result.stop == [Stop.REACHED_TARGET]


LARGE = """
import torch
from pathlib import Path
from torch import nn
from jsma import Attack
torch.set_num_threads(1)
model = nn.Sequential(nn.Conv2d(3, 4, 7, stride=4), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(64, 5))
image = torch.rand(3, 3, 224, 224)
result = Attack(gamma=0.0002).run(model.eval(), image, torch.tensor([1, 2, 3]))
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(result.iterations.max().item(), int(peak.split()[1]) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
def test_large_images_need_little_memory():
    """All pairs of 150,528 features are 84 GiB in float32.

    (getrusage would not do: its peak starts at that of the process that started this one.)
    """
    done = subprocess.run([sys.executable, "-c", LARGE], cwd=ROOT, capture_output=True, text=True, check=True)
    iterations, megabytes = map(int, done.stdout.split())
    assert iterations > 0
    assert megabytes < 1500


def test_ctrl_c_before_all_threads_are_there_ends_those_that_are(monkeypatch):
    """It is raised in the thread that waits for the others; they must not wait for it for ever."""

    class Interrupted(workers.Barrier):
        def wait(self, timeout=None):
            if threading.current_thread() is caller:
                until_waiting(self)
                raise KeyboardInterrupt
            return super().wait(timeout)

    def until_waiting(barrier) -> None:
        while barrier.n_waiting < 2:
            time.sleep(0.001)

    def call() -> None:
        nonlocal caller
        caller = threading.current_thread()
        with pytest.raises(KeyboardInterrupt):
            exhaust([iter([1]), iter([1])])

    caller = None
    monkeypatch.setattr(workers, "Barrier", Interrupted)
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(LONG)
    assert not thread.is_alive()
