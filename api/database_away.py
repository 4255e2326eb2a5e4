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
    return is_unreachable(error) or _sqlstate(error) in _PASSING_CODES


def is_unreachable(error: BaseException) -> bool:
    """Whether any other request would fail by this just now."""
    if isinstance(error, PoolTimeoutError | OSError | asyncpg.InterfaceError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return (_sqlstate(error) or "")[:2] in _PASSING_CLASSES


def _sqlstate(error: BaseException) -> str | None:
    origin = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(origin, "sqlstate", None)
    return state if isinstance(state, str) else None
