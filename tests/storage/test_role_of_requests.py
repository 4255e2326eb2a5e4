"""The role that requests run as, on servers where whoever migrates is no superuser, and where several do at once.

Roles are a server's, so these tests have one of their own.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import func, make_url, select, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from runtime.database import create_engine, session_factory
from runtime.embedded.temporary_postgres import TemporaryPostgres, temporary_postgres
from runtime.settings import Settings
from storage.address import async_url
from storage.migrate import upgrade
from storage.models import CampaignRow
from storage.organization_sessions import ROLE, OrganizationSessions
from storage.row_security import RoleMissing
from tests.builders import add_world

MIGRATE = [sys.executable, "-m", "storage.migrate"]


def environment(database_url: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": database_url, "DATABASE_DIRECT_URL": ""}


@pytest.fixture
def server() -> Iterator[TemporaryPostgres]:
    with temporary_postgres() as server:
        yield server


def run_as_administrator(server: TemporaryPostgres, *statements: str) -> None:
    for statement in statements:
        server.cluster.execute(server.port, statement)


def owned_by(server: TemporaryPostgres, owner: str, rights: str = "") -> str:
    """The address of a database for somebody who is no superuser, and owns it."""
    run_as_administrator(
        server,
        f"create role {owner} login password 'secret' nosuperuser {rights}",
        f"create database of_{owner} owner {owner}",
    )
    address = make_url(server.dsn(f"of_{owner}")).set(username=owner, password="secret")
    return address.render_as_string(hide_password=False)


async def counted(database_url: str) -> tuple[int | None, int | None]:
    """How many campaigns of two the system sees, and how many one of the two organisations does."""
    engine = create_engine(Settings.model_validate({"DATABASE_URL": database_url}))
    sessions = session_factory(engine)
    world, _ = await add_world(sessions), await add_world(sessions)
    count = select(func.count()).select_from(CampaignRow)
    try:
        async with sessions() as system, OrganizationSessions(sessions, world.organization.id)() as organization:
            return await system.scalar(count), await organization.scalar(count)
    finally:
        await engine.dispose()


async def revision_of(database_url: str) -> str:
    engine = create_async_engine(async_url(database_url), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return str(await connection.scalar(text("select version_num from alembic_version")))
    finally:
        await engine.dispose()


async def test_whoever_may_make_roles_needs_nobody_and_has_the_wall(server: TemporaryPostgres) -> None:
    database_url = owned_by(server, "maker", "createrole")
    await upgrade(database_url)
    assert await counted(database_url) == (2, 1)


async def test_whoever_may_not_is_told_what_an_administrator_runs_and_goes_on_afterwards(
    server: TemporaryPostgres,
) -> None:
    database_url = owned_by(server, "plain")
    with pytest.raises(RoleMissing) as refused:
        await upgrade(database_url)
    told = str(refused.value).partition(": ")[2].partition(" (")[0]
    assert await revision_of(database_url) != "2026_11_28_row_security"
    run_as_administrator(server, told)
    await upgrade(database_url)
    assert await counted(database_url) == (2, 1)


async def test_whoever_may_not_take_the_role_of_another_database_is_told_so_too(server: TemporaryPostgres) -> None:
    await upgrade(server.create_database("elsewhere"))
    with pytest.raises(RoleMissing, match=f"grant {ROLE} to plain"):
        await upgrade(owned_by(server, "plain"))


async def test_databases_of_one_server_are_migrated_at_once(server: TemporaryPostgres) -> None:
    """Each by a process of its own, as it is; all of them make the role."""
    databases = [server.create_database(f"database_{place}") for place in range(3)]
    processes = [await asyncio.create_subprocess_exec(*MIGRATE, env=environment(database)) for database in databases]
    assert [await process.wait() for process in processes] == [0, 0, 0]
    assert [await counted(database) for database in databases] == [(2, 1)] * 3


def test_the_command_says_it_in_one_line(server: TemporaryPostgres) -> None:
    owned = owned_by(server, "plain")
    done = subprocess.run(MIGRATE, env=environment(owned), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert f"create role {ROLE} nologin" in done.stderr
