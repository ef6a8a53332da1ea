"""A PostgreSQL for tests, where Debian's programs and a driver for it are there."""

import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.driving import free_port

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


@pytest.fixture(scope="session")
def postgres():
    """The address of an empty PostgreSQL on this machine alone; skips where there is none, or no driver for it."""
    if not PROGRAMS or find_spec("psycopg") is None:
        reason = "There is no PostgreSQL on this machine (Debian: apt-get install postgresql; pip install psycopg)."
        pytest.fail(reason) if os.environ.get("JSMA_REQUIRE_POSTGRES") == "1" else pytest.skip(reason)
    folder, port = (
        Path(tempfile.mkdtemp(prefix="jsma-postgres-")),
        free_port(),
    )  # not in pytest's, which others cannot read
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []  # it does not run as root
    if user:
        shutil.chown(folder, "postgres")

    def run(program: str, *arguments: str | Path) -> None:
        command = [*user, PROGRAMS[-1].with_name(program), "-D", folder / "data", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)

    try:
        run("initdb", "-A", "trust", "-U", "jsma")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
        run("pg_ctl", "-w", "-l", folder / "log", "-o", options, "start")
        yield f"postgresql+psycopg://jsma@127.0.0.1:{port}/postgres"
        run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
