"""A connection that was cut is replaced before it is used, instead of failing a request."""

import time
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

TRUSTED_SECONDS = 5.0
"""A connection that was used so lately, and that nobody closed since, isn't asked first whether it still answers.

The server closes what it ends, which is heard at once; only what a network drops in silence has to be asked. Asking
each time cost one round trip for every transaction.
"""

_RETURNED_AT = "leadline_returned_at"


def replace_stale_connections(engine: AsyncEngine) -> None:
    """Have the engine's pool look at each connection before it hands it out."""
    dialect = engine.dialect

    def returned(_: object, entry: ConnectionPoolEntry) -> None:
        entry.info[_RETURNED_AT] = time.monotonic()

    def checked(connection: Any, entry: ConnectionPoolEntry, _: object) -> None:  # noqa: ANN401  (a driver's own)
        if connection.driver_connection.is_closed():
            raise DisconnectionError
        returned_at = entry.info.get(_RETURNED_AT)
        if returned_at is None or time.monotonic() - returned_at < TRUSTED_SECONDS:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error

    event.listen(engine.sync_engine, "checkin", returned)
    event.listen(engine.sync_engine, "checkout", checked)
