"""Where classes are stored: a file in the user's data folder, or the database that JSMA_DATABASE_URL names."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Engine,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from pages.ui.shared.classroom.errors import DatabaseUnavailable

ADDRESS = "JSMA_DATABASE_URL"
FILE = "classes.sqlite"
MOST_SETTING = 1000
"""How many characters the setting of a round has at most."""

_all = MetaData()


def _of_class() -> Column[str]:
    return Column("code", String(5), ForeignKey("class_classes.code", ondelete="CASCADE"), primary_key=True)


CLASSES = Table(
    "class_classes",
    _all,
    Column("code", String(5), primary_key=True),
    Column("secret", String(64), nullable=False),  # the digest of the teacher's
    Column("version", Integer, nullable=False),  # rises whenever what its members see changes
    Column("round", Integer, nullable=False),
    Column("used", Float, nullable=False, index=True),  # when last, in seconds since 1970
)
ROUNDS = Table(
    "class_rounds",
    _all,
    _of_class(),
    Column("round", Integer, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("setting", String(MOST_SETTING), nullable=False),
    Column("revealed", Boolean, nullable=False),
)
PARTICIPANTS = Table(
    "class_participants",
    _all,
    _of_class(),
    Column("number", Integer, primary_key=True),
    Column("token", String(64), nullable=False),  # the digest of what the participant's browser holds
    Column("seen", Float, nullable=False),
    Column("left", Boolean, nullable=False),
)
ANSWERS = Table(
    "class_answers",
    _all,
    _of_class(),
    Column("round", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),  # one answer a round and participant: the key sees to it
    Column("first", BigInteger, nullable=False),
    Column("second", BigInteger, nullable=False),
)


def connect(address: str | None = None) -> Engine:
    """Return an engine for `address`, by default that of this server, with all tables made.

    Raises DatabaseUnavailable.
    """
    address = address or os.environ.get(ADDRESS) or f"sqlite:///{_file()}"
    try:
        url = make_url(address)
        sqlite = url.get_backend_name() == "sqlite"
        options: dict[str, Any] = {"connect_args": {"timeout": 10}} if sqlite else {"pool_pre_ping": True}
        engine = create_engine(url, **options)
        if sqlite:
            _prepare_sqlite(engine)
        _all.create_all(engine)
    except (SQLAlchemyError, ArgumentError, ImportError) as problem:
        raise unavailable(problem) from problem
    return engine


def is_there() -> bool:
    """Return whether a database is named, or the embedded one was made already."""
    return bool(os.environ.get(ADDRESS)) or (_folder() / FILE).exists()


def unavailable(problem: Exception) -> DatabaseUnavailable:
    """Return the sentence for `problem`, with the first line of what it says; no address and no password are told."""
    reason = str(getattr(problem, "orig", None) or problem).strip().partition("\n")[0]
    return DatabaseUnavailable(
        f"Classes cannot be stored ({reason}). The operator of this server can set {ADDRESS} to a database that can be "
        "written to; all other pages work without."
    )


def _file() -> Path:
    """Return the file of the embedded database; its folder is made."""
    folder = _folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise unavailable(problem) from problem
    return folder / FILE


def _folder() -> Path:
    try:
        return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "jsma"
    except RuntimeError as no_home:
        raise unavailable(no_home) from no_home


def _prepare_sqlite(engine: Engine) -> None:
    """Let many read while one writes (WAL), and a transaction that writes wait for its turn at its beginning."""

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: object) -> None:
        connection.isolation_level = None  # else sqlite3 itself would begin transactions, and too late
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")
