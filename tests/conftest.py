"""Fixtures for every test: a real PostgreSQL per test process, and a database of its own for each test that asks."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from runtime.embedded.temporary_postgres import TemporaryPostgres, temporary_postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[TemporaryPostgres]:
    """One server for this test process (each xdist worker has its own), started by the first test that needs it."""
    with temporary_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def database_template(postgres_server: TemporaryPostgres) -> str:
    """The database that `database_url` copies; a folder with migrated tables overrides this fixture."""
    return "template1"


@pytest.fixture
def database_url(postgres_server: TemporaryPostgres, database_template: str) -> Iterator[str]:
    """The address of a fresh database, dropped afterwards."""
    name = f"test_{uuid4().hex}"
    yield postgres_server.create_database(name, template=database_template)
    postgres_server.drop_database(name)
