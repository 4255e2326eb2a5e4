"""Tells errors that mean "the database can't answer now" from errors of ours."""

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

# Classes and codes of PostgreSQL that pass by themselves. Source: PostgreSQL 18, appendix A.
_PASSING_CLASSES = ("08", "53", "57")  # connection, resources, operator (shutdown, timeout)
_PASSING_CODES = ("40001", "40P01", "55P03", "25006")  # serialisation, deadlock, lock timeout, read-only standby

# All that a query may raise: errors of connecting come as asyncpg's or the system's own.
DATABASE_ERRORS = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


def is_database_away(error: BaseException) -> bool:
    """Whether the same request may well succeed in a moment."""
    if isinstance(error, PoolTimeoutError | OSError | asyncpg.InterfaceError):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _passes(getattr(error.orig, "sqlstate", None))
    return isinstance(error, asyncpg.PostgresError) and _passes(error.sqlstate)


def _passes(sqlstate: str | None) -> bool:
    return sqlstate is not None and (sqlstate[:2] in _PASSING_CLASSES or sqlstate in _PASSING_CODES)
