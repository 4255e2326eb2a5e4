"""Connections to PostgreSQL: one bounded pool a process, past or through PgBouncer."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from runtime.settings import Settings
from runtime.stale_connections import replace_stale_connections
from storage.address import async_url

# A request that can't get a connection within this time answers 503 rather than joining a growing queue.
POOL_WAIT = timedelta(seconds=3)
CONNECT_SECONDS = 10.0
# Poolers and cloud networks drop idle connections silently, usually after an hour.
RECYCLE_SECONDS = 1_800
# A process knows about a hundred; one that was dropped is planned anew.
STATEMENTS_PREPARED = 500
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})

# Rows are found by their keys, whatever is asked for: working out each time anew how took longer than finding them.
PLANNED_ONCE: Mapping[str, str] = {"plan_cache_mode": "force_generic_plan"}

# Nothing this system does may hold a row for longer; migrations set their own limits on their own connection.
SERVER_LIMITS: Mapping[str, str] = {
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",  # short queries only: compiling one costs more than running it
}


def behind_pooler(dsn: str, settings: Settings) -> bool:
    """Whether the address leads through a transaction pooler: ``?pgbouncer=true`` or LEADLINE_PGBOUNCER says so."""
    said = make_url(dsn).query.get("pgbouncer")
    return settings.database_behind_pooler or str(said).lower() in {"true", "1", "yes"}


def create_engine(
    settings: Settings,
    *,
    url: str | None = None,
    application: str = "leadline",
    pool_size: int | None = None,
    pool_wait: timedelta = POOL_WAIT,
    more_settings: Mapping[str, str] = NO_SETTINGS,
) -> AsyncEngine:
    """A pool that never grows beyond its size and never waits long.

    Args:
        settings: Gives the address (the primary), the size and whether a pooler stands between.
        url: Another address, such as ``settings.replica_url`` or ``settings.direct_url``.
        application: The name shown in ``pg_stat_activity``.
        pool_size: Connections at most; DATABASE_POOL_SIZE otherwise.
        pool_wait: How long to wait for one of them. Whom nobody waits for may have more patience than a request.
        more_settings: The server's, for these connections; not behind a pooler, where others would get them too.

    Raises:
        SettingsError: There is no address.
    """
    dsn = url or settings.primary_url
    pooled = behind_pooler(dsn, settings) and dsn != settings.database_direct_url
    engine = create_async_engine(
        async_url(dsn),
        pool_size=pool_size or settings.database_pool_size,
        max_overflow=0,
        pool_timeout=pool_wait.total_seconds(),
        pool_recycle=RECYCLE_SECONDS,
        # The busiest connections stay warm and the others can go idle.
        pool_use_lifo=True,
        # Errors are logged, and what a statement was given are phone numbers and names.
        hide_parameters=True,
        connect_args=_connect_arguments(application, more_settings, pooled=pooled),
    )
    replace_stale_connections(engine)
    return engine


def _connect_arguments(application: str, more_settings: Mapping[str, str], *, pooled: bool) -> dict[str, Any]:
    """asyncpg's arguments; behind a pooler statements are unnamed, and a session's settings would reach others."""
    if pooled:
        return {"timeout": CONNECT_SECONDS, "statement_cache_size": 0, "prepared_statement_cache_size": 0}
    return {
        "timeout": CONNECT_SECONDS,
        # SQLAlchemy's own, and the driver's, for what is said through it alone.
        "prepared_statement_cache_size": STATEMENTS_PREPARED,
        "statement_cache_size": STATEMENTS_PREPARED,
        "server_settings": {"application_name": application, **SERVER_LIMITS, **more_settings},
    }


def session_factory(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Sessions whose rows stay readable after the commit; the caller owns the transaction."""
    return async_sessionmaker(engine, expire_on_commit=False)
