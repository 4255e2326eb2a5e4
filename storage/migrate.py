"""Brings a database to the newest schema: ``python -m storage.migrate``.

Reads ``DATABASE_DIRECT_URL``, else ``DATABASE_URL``: locks and settings of a session don't survive a connection pooler.
Safe to run from several processes at once: one works, the others wait for it and then find nothing to do.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from storage.address import async_url
from storage.row_security import RoleMissing

MIGRATIONS = Path(__file__).parent / "migrations"

# Any number that nothing else here uses: one migration at a time in one database.
ADVISORY_LOCK = 0x1EAD_11E5


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    connection.exec_driver_sql(f"select pg_advisory_lock({ADVISORY_LOCK})")
    connection.commit()
    try:
        command.upgrade(alembic_config(connection), "head")
    finally:
        connection.exec_driver_sql(f"select pg_advisory_unlock({ADVISORY_LOCK})")


async def upgrade(database_url: str) -> None:
    """Run what is missing.

    Raises:
        sqlalchemy.exc.DBAPIError: the database can't be reached, or a lock wasn't to be had in five seconds; nothing
            of the failing migration is left behind, and a repeat goes on from there.
        RoleMissing: an administrator has to make a role first; it says which.
    """
    engine = create_async_engine(async_url(database_url), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def database_url_from(environ: Mapping[str, str]) -> str | None:
    return environ.get("DATABASE_DIRECT_URL") or environ.get("DATABASE_URL")


def main() -> int:
    url = database_url_from(os.environ)
    if url is None:
        sys.stderr.write("DATABASE_URL is not set; give the database to migrate, as postgresql://…\n")
        return 2
    try:
        asyncio.run(upgrade(url))
    except RoleMissing as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
