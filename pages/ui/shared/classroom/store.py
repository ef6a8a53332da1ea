"""The classes of all servers that share a database: every change is one short transaction, and checks who asks.

A secret opens what is the teacher's, a token what is a participant's; of both the database holds digests only. Numbers
of classes, participants and rounds are bounded. Whatever has not been used for a day is deleted.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hmac import compare_digest
from typing import NamedTuple

from sqlalchemy import Connection, Engine, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from pages.ui.shared.classroom.codes import digest, new_code, new_number, new_secret
from pages.ui.shared.classroom.database import ANSWERS, CLASSES, MOST_SETTING, PARTICIPANTS, ROUNDS, unavailable
from pages.ui.shared.classroom.errors import NoSuchClass, Refused

MOST_CLASSES = 200
MOST_PARTICIPANTS = 300
MOST_ROUNDS = 200
KEPT_SECONDS = 24 * 3600
EMPTY_SECONDS = 3600
"""How long a class is kept after its last use: with participants, and without."""

REPORTED = "explore"
"""The kind of round in which participants report what they have done, again and again, and do not answer."""

HERE_SECONDS = 30
"""After so long without a word from their browser a participant does not count as here."""


_ROUND = (ROUNDS.c.round, ROUNDS.c.kind, ROUNDS.c.setting, ROUNDS.c.revealed)
_ANSWER = (ANSWERS.c.round, ANSWERS.c.number, ANSWERS.c.first, ANSWERS.c.second)


class Round(NamedTuple):
    """What is going on: the round's number, its kind, its setting as text, whether it is revealed, and the version."""

    number: int
    kind: str
    setting: str
    revealed: bool
    version: int = 0


class Answer(NamedTuple):
    """What a participant has answered in a round: two numbers, whose meaning depends on the round's kind."""

    round: int
    number: int
    first: int
    second: int


class Pulse(NamedTuple):
    """What a browser asks for every second: whether something has changed.

    version: rises when what members see has changed; answered: how many have in the current round, or what has been
    reported in it, added up; here: participants who are there.
    """

    version: int
    answered: int
    here: int


class Store:
    """Classes in the database of `engine`. Raises DatabaseUnavailable where that fails, Refused as said at each."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine, self._clock = engine, clock
        self._for_writing = engine.execution_options(writes=True)

    # --- The teacher's ---------------------------------------------------------------------------

    def open_class(self, kind: str, setting: str) -> tuple[str, str]:
        """Open a class that begins with a round of `kind`; return its code and the teacher's secret."""
        self.forget_old()
        code, secret = new_code(), new_secret()
        with self._writing() as database:
            if database.scalars(select(func.count()).select_from(CLASSES)).one() >= MOST_CLASSES:
                raise Refused(f"{MOST_CLASSES} classes are open on this server, and it takes no more. Try again later.")
            while database.scalar(select(CLASSES.c.code).where(CLASSES.c.code == code)):
                code = new_code()
            row = {"code": code, "secret": digest(secret), "version": 1, "round": 1, "used": self._clock()}
            database.execute(insert(CLASSES).values(**row))
            _add_round(database, code, 1, kind, setting)
        return code, secret

    def is_teacher(self, code: str, secret: str) -> bool:
        """Return whether `secret` is that of the teacher of class `code`; False where there is no such class."""
        with self._reading() as database:
            known = database.scalar(select(CLASSES.c.secret).where(CLASSES.c.code == code))
        return known is not None and compare_digest(known, digest(secret))

    def begin(self, code: str, secret: str, kind: str, setting: str) -> None:
        """Begin another round; earlier ones stay in the results."""
        with self._as_teacher(code, secret) as (database, number):
            if number >= MOST_ROUNDS:
                raise Refused(f"A class has at most {MOST_ROUNDS} rounds. Save the results and open another class.")
            _add_round(database, code, number + 1, kind, setting)
            database.execute(update(CLASSES).where(CLASSES.c.code == code).values(round=number + 1))

    def change(self, code: str, secret: str, setting: str) -> None:
        """Change what the current round shows, as the teacher steps on."""
        with self._as_teacher(code, secret) as (database, number):
            database.execute(update(ROUNDS).where(_is(ROUNDS, code, number)).values(setting=_fits(setting)))

    def reveal(self, code: str, secret: str) -> None:
        """Reveal the answers of the current round to all; from then on it takes no more."""
        with self._as_teacher(code, secret) as (database, number):
            database.execute(update(ROUNDS).where(_is(ROUNDS, code, number)).values(revealed=True))

    def end(self, code: str, secret: str) -> None:
        """Delete the class with all that belongs to it."""
        with self._as_teacher(code, secret) as (database, _):
            _delete(database, [code])

    def results(self, code: str, secret: str) -> tuple[list[Round], list[Answer]]:
        """Return all rounds and all answers."""
        with self._as_teacher(code, secret, changes=False) as (database, _):
            of_class = select(*_ROUND).where(ROUNDS.c.code == code)
            rounds = [Round(*row) for row in database.execute(of_class.order_by(ROUNDS.c.round))]
            return rounds, _answers(database, ANSWERS.c.code == code)

    def answers_for_teacher(self, code: str, secret: str) -> list[Answer]:
        """Return the answers of the current round, revealed or not."""
        with self._as_teacher(code, secret, changes=False) as (database, number):
            return _answers(database, _is(ANSWERS, code, number))

    # --- The participants' -----------------------------------------------------------------------

    def join(self, code: str, token: str = "") -> tuple[str, int]:
        """Let a participant in, or with the `token` of before, in again; return the token and the number."""
        with self._writing() as database:
            _touch(database, code, self._clock())
            known = self._number(database, code, token)
            if known is not None:
                mine = and_(PARTICIPANTS.c.code == code, PARTICIPANTS.c.number == known)
                database.execute(update(PARTICIPANTS).where(mine).values(left=False, seen=self._clock()))
                return token, known
            taken = set(database.scalars(select(PARTICIPANTS.c.number).where(PARTICIPANTS.c.code == code)))
            if len(taken) >= MOST_PARTICIPANTS:
                raise Refused(f"This class has {MOST_PARTICIPANTS} participants, and it takes no more.")
            token = new_secret()
            while (number := new_number()) in taken:
                pass
            row = {"code": code, "number": number, "token": digest(token), "seen": self._clock(), "left": False}
            database.execute(insert(PARTICIPANTS).values(**row))
        return token, number

    def participant(self, code: str, token: str, left: bool = False) -> int | None:
        """Return the number of the participant who holds `token` and has not left, or None; left: or has."""
        with self._reading() as database:
            return self._number(database, code, token, left)

    def leave(self, code: str, token: str) -> None:
        """Note that a participant has left; what they answered stays, and with their token they come back."""
        with self._writing() as database:
            row = and_(PARTICIPANTS.c.code == code, PARTICIPANTS.c.token == digest(token))
            database.execute(update(PARTICIPANTS).where(row).values(left=True))

    def answer(self, code: str, token: str, number: int, first: int, second: int = 0) -> bool:
        """Take a participant's answer to round `number`; return False where there is one, which stays.

        Raises Refused where another round has begun or this one is revealed.
        """
        try:
            with self._as_participant(code, token, number, reports=False) as (database, participant):
                row = {"code": code, "round": number, "number": participant, "first": first, "second": second}
                database.execute(insert(ANSWERS).values(**row))
        except IntegrityError:
            return False
        return True

    def report(self, code: str, token: str, number: int, first: int, second: int) -> None:
        """Take what a participant has done so far in round `number`, in place of what was reported before."""
        with self._as_participant(code, token, number, reports=True) as (database, participant):
            row = {"code": code, "round": number, "number": participant}
            before = and_(_is(ANSWERS, code, number), ANSWERS.c.number == participant)
            database.execute(delete(ANSWERS).where(before))
            database.execute(insert(ANSWERS).values(**row, first=first, second=second))

    def own_answer(self, code: str, token: str, number: int) -> Answer | None:
        """Return what the participant has answered in round `number`, or None."""
        with self._reading() as database:
            participant = self._number(database, code, token)
            found = _answers(database, and_(_is(ANSWERS, code, number), ANSWERS.c.number == participant))
        return found[0] if found else None

    def revealed_answers(self, code: str) -> list[Answer]:
        """Return the answers of the current round; none before the reveal, whoever asks."""
        with self._reading() as database:
            found = _current(database, code)
            return _answers(database, _is(ANSWERS, code, found.number)) if found.revealed else []

    # --- What all may know -----------------------------------------------------------------------

    def current(self, code: str) -> Round:
        """Return what is going on in class `code`. Raises NoSuchClass."""
        with self._reading() as database:
            return _current(database, code)

    def pulse(self, code: str, heard: Iterable[int] = ()) -> Pulse | None:
        """Return the pulse of class `code`, None if there is none. heard: participants whose browsers are there."""
        now = self._clock()
        heard = list(heard)
        if heard:
            with self._writing() as database:
                some = and_(PARTICIPANTS.c.code == code, PARTICIPANTS.c.number.in_(heard))
                if database.execute(update(PARTICIPANTS).where(some).values(seen=now)).rowcount:
                    database.execute(update(CLASSES).where(CLASSES.c.code == code).values(used=now))
        here = and_(PARTICIPANTS.c.code == code, ~PARTICIPANTS.c.left, PARTICIPANTS.c.seen > now - HERE_SECONDS)
        with self._reading() as database:
            try:
                current = _current(database, code)
            except NoSuchClass:
                return None
            # What is reported may rise, so it is added up; picks are only counted: their sum would tell of them.
            total = func.coalesce(func.sum(ANSWERS.c.first + ANSWERS.c.second), 0)
            answered = select(total if current.kind == REPORTED else func.count()).select_from(ANSWERS)
            of_round = answered.where(_is(ANSWERS, code, current.number))
            there = select(func.count()).select_from(PARTICIPANTS).where(here)
            return Pulse(current.version, *(int(database.scalars(each).one()) for each in (of_round, there)))

    def forget_old(self) -> None:
        """Delete the classes that have not been used for a day, and those that nobody has joined within an hour."""
        joined = select(PARTICIPANTS.c.code).where(PARTICIPANTS.c.code == CLASSES.c.code).exists()
        with self._writing() as database:
            unused = self._clock() - CLASSES.c.used
            old = or_(unused > KEPT_SECONDS, and_(unused > EMPTY_SECONDS, ~joined))
            _delete(database, database.scalars(select(CLASSES.c.code).where(old)).all())

    # --- Transactions ----------------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with _in_words(), self._for_writing.begin() as database:
            yield database

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _in_words(), self._engine.connect() as database:
            yield database

    @contextmanager
    def _as_teacher(self, code: str, secret: str, changes: bool = True) -> Iterator[tuple[Connection, int]]:
        """Give the teacher alone a transaction and the number of the round; changes: members are to look again."""
        with self._writing() as database:
            _touch(database, code, self._clock(), changes)
            row = database.execute(select(CLASSES.c.secret, CLASSES.c.round).where(CLASSES.c.code == code)).one()
            if not compare_digest(row.secret, digest(secret)):
                raise Refused("Only the teacher of this class can do that.")
            yield database, row.round

    @contextmanager
    def _as_participant(self, code: str, token: str, number: int, reports: bool) -> Iterator[tuple[Connection, int]]:
        """Give a transaction and the participant's number to one who may answer round `number`, or report in it."""
        with self._writing() as database:
            _touch(database, code, self._clock())
            participant, now = self._number(database, code, token, left=False), _current(database, code)
            if participant is None:
                raise Refused("You have left this class. Join it again to answer.")
            if now.number != number or now.revealed or reports != (now.kind == REPORTED):
                raise Refused("Too late: this round is over.")
            yield database, participant

    @staticmethod
    def _number(database: Connection, code: str, token: str, left: bool = True) -> int | None:
        """Return the number of who holds `token`; left: also of those who have left."""
        mine = and_(PARTICIPANTS.c.code == code, PARTICIPANTS.c.token == digest(token))
        return database.scalar(select(PARTICIPANTS.c.number).where(mine if left else and_(mine, ~PARTICIPANTS.c.left)))


@contextmanager
def _in_words() -> Iterator[None]:
    """Say in a sentence why the database fails; that a row is there already is not a failure."""
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as problem:
        raise unavailable(problem) from problem


def _touch(database: Connection, code: str, now: float, changes: bool = False) -> None:
    """Note that a class is used, which also makes other transactions of the class wait. Raises NoSuchClass."""
    values = {"used": now} | ({"version": CLASSES.c.version + 1} if changes else {})
    if not database.execute(update(CLASSES).where(CLASSES.c.code == code).values(values)).rowcount:
        raise NoSuchClass


def _current(database: Connection, code: str) -> Round:
    both = and_(ROUNDS.c.code == CLASSES.c.code, ROUNDS.c.round == CLASSES.c.round)
    row = database.execute(select(*_ROUND, CLASSES.c.version).join(CLASSES, both).where(CLASSES.c.code == code)).first()
    if row is None:
        raise NoSuchClass
    return Round(*row)


def _add_round(database: Connection, code: str, number: int, kind: str, setting: str) -> None:
    row = {"code": code, "round": number, "kind": kind, "setting": _fits(setting), "revealed": False}
    database.execute(insert(ROUNDS).values(**row))


def _fits(setting: str) -> str:
    if len(setting) > MOST_SETTING:
        raise Refused(f"This is too much to show to a class: more than {MOST_SETTING} characters.")
    return setting


def _is(table, code: str, number: int):
    return and_(table.c.code == code, table.c.round == number)


def _answers(database: Connection, where) -> list[Answer]:
    found = select(*_ANSWER).where(where)
    return [Answer(*row) for row in database.execute(found.order_by(ANSWERS.c.round, ANSWERS.c.number))]


def _delete(database: Connection, codes: Iterable[str]) -> None:
    for code in codes:
        for table in (ANSWERS, PARTICIPANTS, ROUNDS, CLASSES):
            database.execute(delete(table).where(table.c.code == code))
