"""Connections to PostgreSQL: one bounded pool a process, past or through PgBouncer."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from runtime.settings import Settings

DRIVER = "postgresql+asyncpg"

# A request that can't get a connection within this time answers 503 rather than joining a growing queue.
POOL_WAIT_SECONDS = 3.0
CONNECT_SECONDS = 10.0
# Poolers and cloud networks drop idle connections silently, usually after an hour.
RECYCLE_SECONDS = 1_800

# Nothing this system does may hold a row for longer; migrations set their own limits on their own connection.
SERVER_LIMITS: Mapping[str, str] = {
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",  # short queries only: compiling one costs more than running it
}

# What libpq understands in an address and asyncpg does not take as an argument.
_LIBPQ_ONLY = ("pgbouncer", "application_name", "channel_binding", "connect_timeout", "sslmode", "gssencmode")


def async_url(dsn: str) -> URL:
    """The address in the form asyncpg wants.

    Takes ``postgresql://`` or ``postgres://``, also with ``?host=/cloudsql/…`` (a unix socket); ``sslmode`` becomes
    asyncpg's ``ssl``, and what only libpq understands is left out.
    """
    url = make_url(dsn.replace("postgres://", "postgresql://", 1) if dsn.startswith("postgres://") else dsn)
    ssl = url.query.get("sslmode")
    url = url.set(drivername=DRIVER).difference_update_query(_LIBPQ_ONLY)
    return url.update_query_dict({"ssl": str(ssl)}) if ssl else url


def behind_pooler(dsn: str, settings: Settings) -> bool:
    """Whether the address leads through a transaction pooler: ``?pgbouncer=true`` or LEADLINE_PGBOUNCER says so."""
    said = make_url(dsn).query.get("pgbouncer")
    return settings.database_behind_pooler or str(said).lower() in {"true", "1", "yes"}


def create_engine(
    settings: Settings, *, url: str | None = None, application: str = "leadline", pool_size: int | None = None
) -> AsyncEngine:
    """A pool that never grows beyond its size and never waits long.

    Args:
        settings: Gives the address (the primary), the size and whether a pooler stands between.
        url: Another address, such as ``settings.replica_url`` or ``settings.direct_url``.
        application: The name shown in ``pg_stat_activity``.
        pool_size: Connections at most; DATABASE_POOL_SIZE otherwise.

    Raises:
        SettingsError: There is no address.
    """
    dsn = url or settings.primary_url
    pooled = behind_pooler(dsn, settings) and dsn != settings.database_direct_url
    return create_async_engine(
        async_url(dsn),
        pool_size=pool_size or settings.database_pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        # After a restart of PostgreSQL a stale connection is replaced before use, instead of failing a request.
        pool_pre_ping=True,
        pool_recycle=RECYCLE_SECONDS,
        # The busiest connections stay warm and the others can go idle.
        pool_use_lifo=True,
        connect_args=_connect_arguments(application, pooled=pooled),
    )


def _connect_arguments(application: str, *, pooled: bool) -> dict[str, Any]:
    """asyncpg's arguments; behind a pooler statements are unnamed, and a session's settings would reach others."""
    if pooled:
        return {"timeout": CONNECT_SECONDS, "statement_cache_size": 0, "prepared_statement_cache_size": 0}
    return {"timeout": CONNECT_SECONDS, "server_settings": {"application_name": application, **SERVER_LIMITS}}


def session_factory(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Sessions whose rows stay readable after the commit; the caller owns the transaction."""
    return async_sessionmaker(engine, expire_on_commit=False)
