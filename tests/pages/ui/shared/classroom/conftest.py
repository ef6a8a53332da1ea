"""What the tests of classes share: a store in a file, and one in a PostgreSQL of its own where there is one."""

import pytest

from pages.ui.shared.classroom.database import connect
from pages.ui.shared.classroom.store import Store
from tests.helpers.postgres import postgres  # noqa: F401, a fixture


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
