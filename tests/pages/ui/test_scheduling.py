"""Short computations: few at once, fair among sessions, shared by who wants the same, ended when nobody wants them."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event, Lock, Semaphore
from types import SimpleNamespace

import numpy as np
import pytest

import jsma
from jsma import load_model
from jsma.stage.recording import record
from pages.ui import attacking, scheduling
from pages.ui.admission import Gate
from pages.ui.attacking import Ongoing
from pages.ui.fairness import Usage
from pages.ui.networks import Network
from pages.ui.scheduling import CORES, MOST_TOGETHER, USE_PER_SECOND, Abandoned, Pool, Server, admit_fragment, held
from tests.helpers.waiting import LONG, until


def busy(seconds: float) -> None:
    """Use so much of the processor."""
    began = time.thread_time()
    while time.thread_time() - began < seconds:
        pass


class Steps:
    """A computation that goes on from step to step until it is told to end, or is abandoned."""

    def __init__(self) -> None:
        self.begun, self.end, self.abandoned = Event(), Event(), Event()
        self.times = 0

    def __call__(self, proceed) -> str:
        self.times += 1
        self.begun.set()
        try:
            while not self.end.wait(0.001):
                proceed()
        except Abandoned:
            self.abandoned.set()
            raise
        return "done"


@pytest.fixture
def pool(clock) -> Pool:
    """One thing at a time; by a clock that stands still, so that waiting makes up for no use."""
    return Pool(1, Usage(clock), clock)


def occupied(pool: Pool) -> tuple[Steps, object]:
    """Let somebody keep the pool busy, so that what comes next has to wait."""
    steps = Steps()
    job = pool.ask("somebody", "busy", steps)
    assert steps.begun.wait(LONG)
    return steps, job


def test_what_is_asked_for_is_computed():
    pool = Pool(2)
    jobs = [pool.ask("a", number, lambda proceed, number=number: 10 * number) for number in range(9)]
    assert all(job.done.wait(LONG) for job in jobs)
    assert [job.value for job in jobs] == [10 * number for number in range(9)]


def test_an_error_is_handed_on(pool):
    def fail(proceed):
        raise ValueError("no")

    job = pool.ask("a", "fails", fail)
    assert job.done.wait(LONG)
    assert isinstance(job.error, ValueError)
    again = pool.ask("a", "fails", lambda proceed: "well")
    assert again.done.wait(LONG)
    assert again.value == "well"


def test_two_who_want_the_same_share_one_computation(pool):
    steps = Steps()
    jobs = [pool.ask(who, "same", steps) for who in ("a", "b", "a")]
    assert steps.begun.wait(LONG)
    pool.withdraw("a", jobs[0])
    pool.withdraw("a", jobs[2])
    assert not steps.abandoned.wait(0.02)  # b still wants it
    steps.end.set()
    assert jobs[1].done.wait(LONG)
    assert (jobs[1].value, steps.times) == ("done", 1)


def test_running_work_ends_at_its_next_step_when_nobody_wants_it(pool):
    steps, job = occupied(pool)
    pool.withdraw("somebody", job)
    assert steps.abandoned.wait(LONG)


def test_waiting_work_that_nobody_wants_is_never_begun(pool):
    steps, _ = occupied(pool)
    begun = []
    unwanted = [pool.ask("a", number, lambda proceed, number=number: begun.append(number)) for number in range(20)]
    wanted = pool.ask("b", "wanted", lambda proceed: begun.append("wanted"))
    for job in unwanted:
        pool.withdraw("a", job)
    steps.end.set()
    assert wanted.done.wait(LONG)
    assert begun == ["wanted"]


def test_who_wants_again_what_was_just_given_up_gets_it(pool):
    steps, job = occupied(pool)
    pool.withdraw("somebody", job)
    again = pool.ask("somebody", "busy", steps)
    steps.end.set()
    assert again.done.wait(LONG)
    assert again.value == "done"


def test_who_has_had_much_waits_behind_who_has_had_little(pool):
    for number in range(5):
        assert pool.ask("greedy", number, lambda proceed: busy(0.01)).done.wait(LONG)
    steps, _ = occupied(pool)
    order = []
    jobs = [
        pool.ask(who, (who, number), lambda proceed, who=who: order.append(who))
        for who, number in [("greedy", 0), ("greedy", 1), ("modest", 0), ("new", 0)]
    ]
    steps.end.set()
    assert all(job.done.wait(LONG) for job in jobs)
    assert order == ["modest", "new", "greedy", "greedy"]


def test_who_has_waited_long_comes_before_who_has_had_a_little_less(clock):
    usage = Usage(clock)
    pool = Pool(1, usage, clock)
    for who, had in (("more", 2.0), ("much", 50.0)):
        usage.charge(who, had)
    steps, _ = occupied(pool)
    order = []

    def work(who):
        return lambda proceed: order.append(who)

    jobs = [pool.ask(who, who, work(who)) for who in ("much", "more")]
    clock.now = 2.0 / USE_PER_SECOND
    jobs.append(pool.ask("less", "less", work("less")))
    steps.end.set()
    assert all(job.done.wait(LONG) for job in jobs)
    assert order == ["more", "less", "much"]


def test_many_sessions_that_ask_on_and_on_get_the_same(pool):
    had = dict.fromkeys("abc", 0)
    asked = {"a": 6, "b": 2, "c": 2}  # a asks for three times as much
    steps, _ = occupied(pool)
    order = []

    def work(who):
        def run(proceed):
            busy(0.004)
            order.append(who)

        return run

    jobs = [pool.ask(who, (who, k), work(who)) for who, count in asked.items() for k in range(count)]
    steps.end.set()
    assert all(job.done.wait(LONG) for job in jobs)
    for who in order[:6]:
        had[who] += 1
    assert had == {"a": 2, "b": 2, "c": 2}  # and only then the rest of a's


def test_no_more_goes_on_than_is_allowed_and_no_thread_is_left():
    pool, lock, together, most = Pool(CORES), Lock(), 0, 0
    before = threading.active_count()

    def work(proceed):
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        time.sleep(0.002)
        with lock:
            together -= 1

    jobs = [pool.ask(f"visitor {k % 7}", k, work) for k in range(12 * CORES)]
    assert all(job.done.wait(LONG) for job in jobs)
    assert most == CORES
    until(lambda: threading.active_count() <= before)


def test_a_lock_is_held_by_one_at_a_time_and_given_back_after_a_failure():
    lock = Lock()

    def fail() -> None:
        with held(lock):
            assert lock.locked()
            raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fail()
    assert not lock.locked()


def test_who_waits_for_a_lock_leaves_when_that_is_unwanted(monkeypatch):
    class Unwanted(Exception):
        pass

    def end() -> None:
        raise Unwanted

    monkeypatch.setattr("pages.ui.scheduling.end_if_unwanted", end)
    lock = Lock()

    def wait() -> None:
        with held(lock):
            raise AssertionError("It is held by somebody else.")

    with lock, ThreadPoolExecutor(1) as other, pytest.raises(Unwanted):
        other.submit(wait).result(LONG)


@pytest.fixture
def gate(monkeypatch) -> Gate:
    """The gate of this server, for one script at a time."""
    gate = Gate(1, Usage())
    monkeypatch.setattr(scheduling, "_server", lambda: Server(Pool(1), gate))
    monkeypatch.setattr(scheduling, "end_if_unwanted", lambda: None)
    return gate


def runs(monkeypatch, fragments: list[str] | None) -> None:
    """Let every script be a run of these fragments alone, or of the whole page."""
    monkeypatch.setattr(scheduling, "get_script_run_ctx", lambda: SimpleNamespace(fragment_ids_this_run=fragments))


def test_when_all_screens_of_a_class_change_at_once_they_are_drawn_one_after_the_other(monkeypatch, gate):
    runs(monkeypatch, ["view"])
    inside, at_once = [], []

    def draw(number: int) -> None:
        admit_fragment()
        inside.append(number)
        at_once.append(len(inside))
        time.sleep(0.001)
        inside.remove(number)
        gate.leave()

    with ThreadPoolExecutor(20) as screens:
        list(screens.map(draw, range(20)))
    assert at_once == [1] * 20


def test_a_fragment_within_a_run_of_the_page_does_not_wait_again(monkeypatch, gate):
    runs(monkeypatch, None)
    admit_fragment()
    assert gate.is_empty


class Attack:
    """An attack of so many steps, in place of a pages.ui.attacking.Ongoing."""

    process = None

    def __init__(self, length: int = 3, kind: str = "one") -> None:
        self.length, self.kind, self.steps = length, kind, 0

    @property
    def ended(self) -> bool:
        return self.steps == self.length

    def begin(self) -> None:
        self.begun = True

    def give_up(self) -> None:
        pass

    def __call__(self, proceed) -> int:
        assert self.ended
        return self.steps


class Turns:
    """Stands in for `attacking.advance`: notes which attacks each turn advances, and takes a turn only when it may."""

    def __init__(self) -> None:
        self.taken: list[list[Attack]] = []
        self.may = Semaphore(0)

    def __call__(self, attacks: list[Attack]) -> None:
        assert self.may.acquire(timeout=LONG)
        self.taken.append(list(attacks))
        for each in attacks:
            each.steps += 1

    def take(self, count: int) -> None:
        """Let so many turns be taken, and wait until they have been."""
        until_taken = len(self.taken) + count
        self.may.release(count)
        until(lambda: len(self.taken) == until_taken)

    def take_all(self) -> None:
        self.may.release(1000)


@pytest.fixture
def turns(monkeypatch) -> Turns:
    turns = Turns()
    monkeypatch.setattr(scheduling, "advance", turns)
    return turns


def test_attacks_that_wait_are_advanced_together_and_each_is_shown_as_soon_as_it_has_ended(pool, turns):
    steps, _ = occupied(pool)
    short, long = Attack(2), Attack(4)
    jobs = [pool.ask(who, attack, attack, attack) for who, attack in (("a", short), ("b", long))]
    steps.end.set()
    turns.take(2)
    turns.may.release()  # while the longer one goes on
    assert jobs[0].done.wait(LONG)
    assert not jobs[1].done.is_set()
    turns.may.release()
    assert jobs[1].done.wait(LONG)
    assert [job.value for job in jobs] == [2, 4]
    assert turns.taken == [[short, long], [short, long], [long], [long]]


def test_an_attack_that_is_asked_for_while_others_are_under_way_joins_them(turns):
    pool = Pool(2)
    first, second = Attack(3), Attack(3)
    jobs = [pool.ask("a", first, first, first)]
    turns.take(1)
    jobs.append(pool.ask("b", second, second, second))
    turns.take_all()
    assert all(job.done.wait(LONG) for job in jobs)
    assert turns.taken[0] == [first]
    assert [first, second] in [sorted(turn, key=[first, second].index) for turn in turns.taken]
    assert [job.value for job in jobs] == [3, 3]


def test_an_attack_that_nobody_wants_any_more_leaves_at_the_next_step_and_the_others_go_on(pool, turns):
    steps, _ = occupied(pool)
    left, stays = Attack(5), Attack(5)
    unwanted, wanted = (pool.ask(who, attack, attack, attack) for who, attack in (("a", left), ("b", stays)))
    steps.end.set()
    turns.take(1)
    pool.withdraw("a", unwanted)
    turns.take_all()
    assert wanted.done.wait(LONG)
    assert left.steps <= 2
    assert stays.steps == 5
    until(lambda: pool.is_empty)


def test_only_attacks_of_one_kind_are_advanced_together(pool, turns):
    steps, _ = occupied(pool)
    attacks = [Attack(2, kind) for kind in ("one", "other", "one")]
    jobs = [pool.ask(f"visitor {k}", attack, attack, attack) for k, attack in enumerate(attacks)]
    steps.end.set()
    turns.take_all()
    assert all(job.done.wait(LONG) for job in jobs)
    assert all(len({each.kind for each in turn}) == 1 for turn in turns.taken)
    assert [attacks[0], attacks[2]] in turns.taken


def test_an_attack_that_has_ended_is_recorded_before_others_go_on(pool, turns):
    pool._usage.charge("much", 100)
    steps, _ = occupied(pool)
    short, long = Attack(1), Attack(9)
    first, other = (pool.ask(who, attack, attack, attack) for who, attack in (("much", short), ("little", long)))
    steps.end.set()
    turns.take(1)
    turns.may.release()  # for the other alone
    assert first.done.wait(LONG)
    assert turns.taken[0] == [long, short] or turns.taken[0] == [short, long]
    turns.take_all()
    assert other.done.wait(LONG)


def test_what_goes_on_in_another_process_takes_no_place_here(pool, turns):
    steps, _ = occupied(pool)
    there, also_there = Attack(2), Attack(2, "other")
    there.process = also_there.process = object()
    jobs = [pool.ask(who, attack, attack, attack) for who, attack in (("a", there), ("b", also_there))]
    turns.may.release()
    until(lambda: len(turns.taken) == 1)
    assert pool.least_at_work() == 0.0  # of somebody, who works here
    pool._usage.charge("somebody", 5)
    assert pool.least_at_work() == pytest.approx(5)  # of those there no other has to wait
    assert len(turns.taken) == 1  # one at a time there
    turns.take_all()
    assert all(job.done.wait(LONG) for job in jobs)  # while somebody works here
    steps.end.set()


def test_an_error_in_a_turn_is_told_to_all_who_wait_for_it(pool, monkeypatch):
    def fail(attacks) -> None:
        raise ValueError("no")

    monkeypatch.setattr(scheduling, "advance", fail)
    steps, _ = occupied(pool)
    jobs = [pool.ask(who, who, *2 * [Attack()]) for who in "ab"]
    steps.end.set()
    assert all(job.done.wait(LONG) for job in jobs)
    assert [str(job.error) for job in jobs] == ["no", "no"]
    until(lambda: pool.is_empty)


def test_who_asks_for_one_attack_does_not_wait_for_the_many_of_another(pool, turns):
    pool._usage.charge("modest", 0.001)  # as much as they may have had when the many came
    pool._usage.charge("greedy", 0.002)
    steps, _ = occupied(pool)
    many = [pool.ask("greedy", number, *2 * [Attack(9)]) for number in range(2 * MOST_TOGETHER)]
    steps.end.set()
    turns.take(1)
    one = Attack(2)
    job = pool.ask("modest", "one", one, one)
    turns.may.release(3)
    assert job.done.wait(LONG)
    assert not any(other.done.is_set() for other in many)
    assert max(map(len, turns.taken)) == MOST_TOGETHER
    for other in many:
        pool.withdraw("greedy", other)
    turns.take_all()
    until(lambda: pool.is_empty)


def test_what_attacks_together_cost_is_shared_by_their_sessions(pool, monkeypatch):
    def cost(attacks: list[Attack]) -> None:
        busy(0.04)
        for each in attacks:
            each.steps += 1

    monkeypatch.setattr(scheduling, "advance", cost)
    steps, _ = occupied(pool)
    jobs = [pool.ask(who, who, *2 * [Attack(1)]) for who in "ab"]
    steps.end.set()
    assert all(job.done.wait(LONG) for job in jobs)
    until(lambda: pool.is_empty)
    had = [pool._usage.of(who) for who in "ab"]
    assert min(had) >= 0.0199
    assert max(had) < 0.04


def test_an_attack_given_up_between_two_steps_is_charged_with_what_it_has_cost(pool):
    steps, _ = occupied(pool)
    job = pool.ask("a", "given up", *2 * [Attack(1)])
    job.cost = 0.5  # seconds, of the steps so far
    pool.withdraw("a", job)
    assert 0.1 < pool._usage.of("a") <= 0.5
    steps.end.set()


def test_attacks_of_visitors_who_ask_at_once_are_recorded_as_each_is_alone(pool, uci, monkeypatch):
    monkeypatch.setattr(attacking, "PROCESSES", attacking.Processes(most=0))
    model, attack = load_model("tutorial").double(), jsma.Attack(gamma=0.006)
    network = Network("double", "", "tutorial", model, {})
    steps, _ = occupied(pool)
    asked = [Ongoing(network, uci.images[k], (int(uci.labels[k]) + 3) % 10, attack) for k in range(3)]
    jobs = [
        pool.ask(f"visitor {k}", k, partial(ongoing.record, int(uci.labels[k])), ongoing)
        for k, ongoing in enumerate(asked)
    ]
    steps.end.set()
    assert all(job.done.wait(LONG) for job in jobs)
    for ongoing, job in zip(asked, jobs, strict=True):
        alone = record(model, ongoing.trace.image, job.value.label, ongoing.trace.target, attack)
        assert len(alone.steps) == 3
        assert np.array_equal(job.value.image_codes, alone.image_codes)
        for one, other in zip(job.value.steps, alone.steps, strict=True):
            assert (one.counts, one.skyband, one.stop) == (other.counts, other.skyband, other.stop)
            assert [each[:2] for each in one.best_pairs] == [each[:2] for each in other.best_pairs]
            assert one.outputs == pytest.approx(other.outputs, rel=1e-12)
