"""Attacks in another process: as they are here, to the bit; what happens when it ends; what it keeps."""

import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

import jsma
from jsma import Attack, Trace
from jsma.stage.codec import decode
from jsma.stage.recording import record_trace
from pages.ui import attacking, networks
from pages.ui.attacking import Ended, Ongoing, Process, Processes, advance
from pages.ui.networks import Network
from tests.helpers.waiting import LONG, until

SHORT = Attack(gamma=0.006)
"""Two steps at most."""


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    process = Process()
    yield process
    process.end()


@pytest.fixture
def processes(process, monkeypatch) -> Processes:
    """The processes of this server: one, which is there already."""
    processes = Processes(most=0)
    processes._ready.append(process)
    monkeypatch.setattr(attacking, "PROCESSES", processes)
    return processes


@pytest.fixture(scope="module")
def tutorial() -> Network:
    return Network("tutorial", "", "tutorial", jsma.load_model("tutorial"), {})


def to_the_end(*attacks: Ongoing) -> list[int]:
    """Advance attacks together; return how many were under way at each turn."""
    at_turns = []
    while under_way := [each for each in attacks if not each.ended]:
        at_turns.append(len(under_way))
        for each in under_way:
            each.begin()
        advance(under_way)
    return at_turns


def here(attacks: list[Ongoing]) -> list[bytes]:
    """Return the recordings of attacks that are carried out together in this process."""
    traces = [Trace(each.trace.attack, each.trace.model.model, each.trace.image, each.trace.target) for each in attacks]
    while under_way := [trace for trace in traces if not trace.ended]:
        jsma.advance(under_way)
    return [record_trace(trace, 0).payload for trace in traces]


def recorded(attacks: list[Ongoing]) -> list[bytes]:
    return [each.record(0, lambda: None).payload for each in attacks]


def test_a_recording_from_there_is_that_of_here_to_the_bit(processes, process, tutorial, uci):
    attack = Ongoing(tutorial, uci.images[0], 3, Attack())
    to_the_end(attack)
    assert attack.process is process
    assert not attack.trace.steps
    assert recorded([attack]) == here([attack])
    assert process.ask("count") == 0


def test_attacks_of_one_kind_are_advanced_together_and_others_are_another_kind(processes, process, tutorial, uci):
    one, two = (Ongoing(tutorial, uci.images[k], 3, SHORT) for k in (0, 1))
    other = Ongoing(tutorial, uci.images[0], 3, Attack())
    assert one.kind == two.kind != other.kind
    assert set(to_the_end(one, two)) == {2}
    assert recorded([one, two]) == here([one, two])


def test_a_visitors_own_network_is_sent_and_forgotten_with_its_last_attack(processes, process, uci):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)).eval()
    own = networks.own("lenet", module, {}, "uci")
    attacks = [Ongoing(own, uci.images[k], 3, SHORT) for k in range(2)]
    to_the_end(*attacks)
    assert recorded(attacks) == here(attacks)
    assert process.ask("own_networks") == []


def test_what_is_wrong_is_told_here_and_others_go_on(processes, process, tutorial, uci):
    wrong, right = (Ongoing(tutorial, uci.images[0], target, SHORT) for target in (10, 3))
    with pytest.raises(ValueError, match="Target 10 is not a class"):
        wrong.begin()
    to_the_end(right)
    assert right.record(0, lambda: None).steps


def test_where_the_process_ends_attacks_are_carried_out_here_wherever_they_were(processes, tutorial, uci):
    ending = Process()
    processes._ready[:] = [ending]
    new, under_way, finished = ([Ongoing(tutorial, uci.images[k], 3, SHORT) for k in range(2)] for _ in range(3))
    to_the_end(*finished)
    for each in under_way:
        each.begin()
    advance(under_way)
    ending.end()
    with pytest.raises(Ended):
        ending.ask("count")
    for attacks in (new, under_way, finished):
        to_the_end(*attacks)
        for one, other in zip(
            recorded(attacks), here(attacks), strict=True
        ):  # together or alone, which rounds otherwise
            assert np.array_equal(decode(one).image_codes, decode(other).image_codes)
    assert processes.least_used() is None
    assert Ongoing(tutorial, uci.images[0], 3, SHORT).process is None


def test_what_nobody_waits_for_any_more_is_forgotten(processes, process, tutorial, uci):
    attack = Ongoing(tutorial, uci.images[0], 3, SHORT)
    attack.begin()
    assert process.ask("count") == 1
    attack.give_up()
    processes.forget_given_up()
    assert process.ask("count") == 0


def test_what_it_computes_for_a_thread_is_charged_to_that(processes, process, tutorial, uci):
    before = attacking.cpu_time()
    attack = Ongoing(tutorial, uci.images[0], 3, Attack())
    to_the_end(attack)
    there = attack.record(0, lambda: None)
    assert there.steps
    assert attacking.cpu_time() - before > 0.02


class Stand:
    """In place of a process: asked last so many seconds ago."""

    idle = 0.0

    def __init__(self) -> None:
        self.asked, self.attacks, self.ended = time.monotonic() - self.idle, set(), False

    def ask(self, method: str) -> int:
        return 0

    def end(self) -> None:
        self.ended = True


@pytest.fixture
def stands(monkeypatch) -> list[Stand]:
    """Those that stand for processes, as they are started."""
    started = []

    def start() -> Stand:
        started.append(Stand())
        return started[-1]

    monkeypatch.setattr(attacking, "Process", start)
    return started


def test_processes_are_started_as_attacks_come_together_but_no_more_than_may_be(stands):
    processes = Processes(most=2)
    for wanted in (0, 1, 1, 2, 5):
        processes.start(wanted)
        until(lambda: not processes._starting)
    assert len(stands) == 2
    stands[0].attacks.add("one")
    assert processes.least_used() is stands[1]
    processes.leave(stands[1])
    processes.start(2)
    assert len(stands) == 2  # not again within a minute
    for each in stands:
        processes.leave(each)


def test_one_attack_at_a_time_starts_no_process_two_do(stands, monkeypatch, tutorial, uci):
    monkeypatch.setattr(attacking, "PROCESSES", Processes(most=2))
    to_the_end(Ongoing(tutorial, uci.images[0], 3, SHORT))
    assert not stands
    to_the_end(*(Ongoing(tutorial, uci.images[k], 3, SHORT) for k in range(2)))
    until(lambda: len(stands) == 1)
    attacking.PROCESSES.leave(stands[0])


def test_a_machine_with_one_core_starts_none(stands):
    Processes(most=1).start(1)
    assert not stands


def test_where_memory_is_short_none_is_started(stands, monkeypatch):
    monkeypatch.setattr(attacking.memory, "available", lambda: attacking.LEAVE_BYTES - 1)
    Processes(most=2).start(1)
    assert not stands


def test_a_process_that_is_idle_ends(stands, monkeypatch):
    monkeypatch.setattr(Stand, "idle", attacking.IDLE_SECONDS + 1)
    processes = Processes(most=2)
    processes.start(1)
    until(lambda: stands and stands[0].ended)
    assert processes.least_used() is None


@pytest.mark.slow
def test_it_ends_with_the_server_however_that_ends():
    start = "process = Process(); process.ask('count'); print(process._process.pid, flush=True); input()"
    command = [sys.executable, "-c", f"from pages.ui.attacking import Process; {start}"]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    pid = int(server.stdout.readline())
    server.kill()
    server.wait(LONG)
    until(lambda: not alive(pid))


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as facts:
            return facts.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
