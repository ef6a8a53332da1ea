"""Classes in a database: what survives, what is bounded and deleted, and what a student cannot do."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from pages.ui.shared.classroom import database
from pages.ui.shared.classroom import store as stores
from pages.ui.shared.classroom.codes import new_secret
from pages.ui.shared.classroom.database import ANSWERS, CLASSES, PARTICIPANTS, ROUNDS, DatabaseUnavailable, connect
from pages.ui.shared.classroom.store import Answer, NoSuchClass, Pulse, Refused, Store
from tests.helpers.paths import ROOT


@pytest.fixture
def opened(store):
    """A class on each database: (store, code, the teacher's secret)."""
    code, secret = store.open_class("predict", "{}")
    return store, code, secret


def test_a_student_joins_and_answers_once_and_a_second_answer_changes_nothing(opened):
    store, code, secret = opened
    token, number = store.join(code)
    assert store.answer(code, token, 1, 12, 34)
    assert not store.answer(code, token, 1, 56, 78)
    assert store.own_answer(code, token, 1) == Answer(1, number, 12, 34)
    assert store.answers_for_teacher(code, secret) == [Answer(1, number, 12, 34)]


def test_two_answers_of_one_student_at_the_same_moment_count_once(opened):
    store, code, secret = opened
    token, _ = store.join(code)
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda k: store.answer(code, token, 1, k, 0), range(8)))
    assert taken.count(True) == 1
    assert [each.first for each in store.answers_for_teacher(code, secret)] == [taken.index(True)]


def test_thirty_picks_at_once_are_all_kept(opened):
    store, code, secret = opened
    tokens = [store.join(code)[0] for _ in range(30)]
    with ThreadPoolExecutor(10) as threads:
        assert all(threads.map(lambda k: store.answer(code, tokens[k], 1, k, 0), range(30)))
    assert sorted(each.first for each in store.answers_for_teacher(code, secret)) == [*range(30)]


def test_nobody_sees_the_answers_of_others_before_the_reveal_and_none_come_after(opened):
    store, code, secret = opened
    (one, number), (two, _) = store.join(code), store.join(code)
    store.answer(code, one, 1, 12, 34)
    assert store.revealed_answers(code) == []
    assert store.own_answer(code, two, 1) is None
    store.reveal(code, secret)
    assert store.revealed_answers(code) == [Answer(1, number, 12, 34)]
    with pytest.raises(Refused, match="Too late"):
        store.answer(code, two, 1, 12, 34)


def test_an_answer_to_a_round_that_is_over_or_has_not_begun_is_refused(opened):
    store, code, secret = opened
    token, _ = store.join(code)
    store.begin(code, secret, "question", "{}")
    for number in (0, 1, 3):
        with pytest.raises(Refused, match="Too late"):
            store.answer(code, token, number, 1)
    assert store.answer(code, token, 2, 1)


@pytest.mark.parametrize(
    "act",
    [
        lambda store, code, secret: store.begin(code, secret, "follow", "{}"),
        lambda store, code, secret: store.change(code, secret, "{}"),
        lambda store, code, secret: store.reveal(code, secret),
        lambda store, code, secret: store.end(code, secret),
        lambda store, code, secret: store.results(code, secret),
        lambda store, code, secret: store.answers_for_teacher(code, secret),
    ],
)
def test_a_student_cannot_act_as_the_teacher_with_anything_they_know(opened, act):
    store, code, secret = opened
    token, number = store.join(code)
    other = store.open_class("wait", "{}")[1]
    before = store.current(code)
    for guess in ("", code, token, str(number), other, new_secret()):
        assert not store.is_teacher(code, guess)
        with pytest.raises(Refused, match="Only the teacher"):
            act(store, code, guess)
    assert store.current(code) == before
    assert store.is_teacher(code, secret)


def test_a_student_cannot_answer_for_another_nor_in_another_class(opened):
    store, code, _ = opened
    elsewhere, _ = store.open_class("predict", "{}")
    token, number = store.join(elsewhere)
    store.join(code)
    for wrong in (token, str(number), "", new_secret()):
        with pytest.raises(Refused, match="left this class"):
            store.answer(code, wrong, 1, 0)


def test_who_comes_back_with_their_token_is_the_same_participant_and_who_left_can_come_back(opened):
    store, code, _ = opened
    token, number = store.join(code)
    assert store.join(code, token) == (token, number)
    store.leave(code, token)
    assert store.participant(code, token) is None
    with pytest.raises(Refused):
        store.answer(code, token, 1, 0)
    assert store.join(code, token) == (token, number)  # leaving does not give another vote
    assert store.participant(code, token) == number


def test_the_pulse_changes_with_what_is_going_on(opened):
    store, code, secret = opened
    first = store.pulse(code)
    assert first == Pulse(version=1, answered=0, here=0)
    token, _ = store.join(code)
    store.answer(code, token, 1, 0)
    assert store.pulse(code) == Pulse(1, 1, 1)
    store.reveal(code, secret)
    assert store.pulse(code).version == 2
    store.begin(code, secret, "explore", "{}")
    assert store.pulse(code) == Pulse(3, 0, 1)
    store.end(code, secret)
    assert store.pulse(code) is None
    with pytest.raises(NoSuchClass):
        store.current(code)


def test_ending_a_class_deletes_all_of_it_at_once_and_nothing_of_another(opened):
    store, code, secret = opened
    other, _ = store.open_class("predict", "{}")
    store.answer(code, store.join(code)[0], 1, 0)
    token, _ = store.join(other)
    store.answer(other, token, 1, 7)
    store.end(code, secret)
    with store._engine.connect() as rows:
        for table in (CLASSES, ROUNDS, PARTICIPANTS, ANSWERS):
            codes = set(rows.scalars(select(table.c.code)))
            assert code not in codes
            assert other in codes


def test_the_database_holds_no_secret_and_no_token(opened):
    store, code, secret = opened
    token, _ = store.join(code)
    with store._engine.connect() as rows:
        held = str([rows.execute(select(table)).all() for table in (CLASSES, PARTICIPANTS)])
    assert secret not in held
    assert token not in held


def test_what_a_student_has_explored_is_replaced_by_what_they_report_next(opened):
    store, code, secret = opened
    token, number = store.join(code)
    store.begin(code, secret, "explore", "{}")
    store.report(code, token, 2, 2, 1)
    store.report(code, token, 2, 3, 1)
    assert store.answers_for_teacher(code, secret) == [Answer(2, number, 3, 1)]
    assert store.pulse(code).answered == 4  # so that the teacher's page notices
    with pytest.raises(Refused):
        store.answer(code, token, 2, 0)


def test_no_report_replaces_a_pick(opened):
    store, code, secret = opened
    token, _ = store.join(code)
    store.answer(code, token, 1, 12, 34)
    with pytest.raises(Refused):
        store.report(code, token, 1, 56, 78)
    assert store.answers_for_teacher(code, secret)[0].first == 12


# --- Bounds and time -----------------------------------------------------------------------------


def test_classes_participants_rounds_and_settings_are_bounded(tmp_path, monkeypatch):
    for name in ("MOST_CLASSES", "MOST_PARTICIPANTS", "MOST_ROUNDS"):
        monkeypatch.setattr(stores, name, 2)
    store = Store(connect(f"sqlite:///{tmp_path}/few.sqlite"))
    code, secret = store.open_class("wait", "")
    store.open_class("wait", "")
    with pytest.raises(Refused, match="2 classes"):
        store.open_class("wait", "")
    token, _ = store.join(code)
    store.join(code)
    with pytest.raises(Refused, match="2 participants"):
        store.join(code)
    store.join(code, token)
    store.begin(code, secret, "wait", "")
    with pytest.raises(Refused, match="2 rounds"):
        store.begin(code, secret, "wait", "")
    with pytest.raises(Refused, match="more than 1000"):
        store.change(code, secret, "x" * 1001)


def test_a_class_is_deleted_a_day_after_its_last_use(tmp_path, clock):
    store = Store(connect(f"sqlite:///{tmp_path}/old.sqlite"), clock)
    unused, used = (store.open_class("wait", "")[0] for _ in range(2))
    store.join(unused)
    _, number = store.join(used)
    clock.now = 20 * 3600
    store.pulse(used, [number])
    clock.now = 24 * 3600 + 1
    store.forget_old()
    assert store.pulse(unused) is None
    assert store.pulse(used) is not None


def test_a_class_that_nobody_has_joined_goes_after_an_hour_so_that_others_find_room(tmp_path, clock):
    store = Store(connect(f"sqlite:///{tmp_path}/empty.sqlite"), clock)
    empty, joined = (store.open_class("wait", "")[0] for _ in range(2))
    store.join(joined)
    clock.now = 3601.0
    store.forget_old()
    assert store.pulse(empty) is None
    assert store.pulse(joined) is not None


def test_who_has_not_been_heard_of_for_half_a_minute_does_not_count_as_here(tmp_path, clock):
    store = Store(connect(f"sqlite:///{tmp_path}/here.sqlite"), clock)
    code, _ = store.open_class("wait", "")
    (_, one), _ = store.join(code), store.join(code)
    clock.now = 31.0
    assert store.pulse(code, [one]).here == 1


# --- Where it is stored --------------------------------------------------------------------------


@pytest.mark.slow
def test_a_server_that_is_killed_loses_no_class_and_no_pick(tmp_path):
    program = """if True:
        import os, signal
        from pages.ui.shared.classroom.database import connect
        from pages.ui.shared.classroom.store import Store
        store = Store(connect())
        code, secret = store.open_class("predict", "{}")
        token, _ = store.join(code)
        store.answer(code, token, 1, 12, 34)
        print(code, token, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    address = f"sqlite:///{tmp_path}/killed.sqlite"
    killed = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={"JSMA_DATABASE_URL": address}, stdout=subprocess.PIPE, text=True
    )
    code, token = killed.stdout.split()
    answer = Store(connect(address)).own_answer(code, token, 1)
    assert (killed.returncode, answer.first, answer.second) == (-9, 12, 34)


def test_without_a_home_folder_or_on_a_read_only_disk_one_sentence_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("JSMA_DATABASE_URL", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file" / "data"))
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(DatabaseUnavailable, match="JSMA_DATABASE_URL"):
        connect()
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setattr(database.Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("No home folder.")))
    with pytest.raises(DatabaseUnavailable, match=r"No home folder.*JSMA_DATABASE_URL"):
        connect()


@pytest.mark.parametrize(
    "address", ["nonsense", "oracle://x", "sqlite:////proc/nowhere/x.sqlite", "postgresql+none://"]
)
def test_an_address_that_is_no_database_is_told_in_one_sentence(address):
    with pytest.raises(DatabaseUnavailable, match="JSMA_DATABASE_URL"):
        connect(address)


def test_a_database_that_goes_away_is_told_in_a_sentence(tmp_path):
    store = Store(connect(f"sqlite:///{tmp_path}/gone.sqlite"))
    with sqlite3.connect(tmp_path / "gone.sqlite") as other:
        other.execute("DROP TABLE class_classes")
    with pytest.raises(DatabaseUnavailable, match="class_classes"):
        store.pulse("ACDEF")
