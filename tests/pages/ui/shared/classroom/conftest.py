"""What the tests of classes share: a store in a file, and one in a PostgreSQL of its own where there is one."""

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.driving import free_port
from pages.ui.shared.classroom.database import connect
from pages.ui.shared.classroom.store import Store

POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """The address of an empty PostgreSQL on this machine alone; skips where there is none, or no driver for it."""
    if not POSTGRES or find_spec("psycopg") is None:
        reason = "There is no PostgreSQL on this machine (Debian: apt-get install postgresql; pip install psycopg)."
        pytest.fail(reason) if os.environ.get("JSMA_REQUIRE_POSTGRES") == "1" else pytest.skip(reason)
    programs, folder, port = POSTGRES[-1].parent, tmp_path_factory.mktemp("postgres"), free_port()
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []  # it does not run as root
    if user:
        for above in (folder, *folder.parents[:2]):
            above.chmod(above.stat().st_mode | 0o711)
        shutil.chown(folder, "postgres")
    data, options = folder / "data", f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
    subprocess.run(
        [*user, programs / "initdb", "-A", "trust", "-U", "jsma", "-D", data], check=True, stdout=subprocess.DEVNULL
    )
    control = [*user, programs / "pg_ctl", "-D", data, "-w"]
    subprocess.run([*control, "-l", folder / "log", "-o", options, "start"], check=True, stdout=subprocess.DEVNULL)
    yield f"postgresql+psycopg://jsma@127.0.0.1:{port}/postgres"
    subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def file_store(tmp_path_factory):
    """A store in a file, for all tests of a module."""
    engine = connect(f"sqlite:///{tmp_path_factory.mktemp('classes')}/classes.sqlite")
    yield Store(engine)
    engine.dispose()


@pytest.fixture(scope="module", params=["SQLite", pytest.param("PostgreSQL", marks=pytest.mark.slow)])
def store(request) -> Store:
    """A store on each database that is tested."""
    if request.param == "SQLite":
        return request.getfixturevalue("file_store")
    return Store(connect(request.getfixturevalue("postgres")))
