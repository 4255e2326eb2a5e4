"""Sessions, and looks, in which PostgreSQL shows, and takes, one organisation's rows only, whatever is asked.

Each transaction begins by taking a role that owns nothing and by naming the organisation; the policies of the tables do
the rest (``storage/row_security.py``, docs/decisions/0029). Both are set for the transaction alone, so that whoever has
the connection next, in this process or behind a pooler, has neither.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, SessionTransaction

from storage.looks import Looking, Lookout

ROLE = "leadline_api"
SETTING = "leadline.organization_id"

_SET = f"select set_config('role', '{ROLE}', true), set_config('{SETTING}', {{organization_id}}, true)"
_ENTER = _SET.format(organization_id="$1")
# Without parameters PostgreSQL takes several statements in one round trip.
_BEGIN = f"begin read only; {_SET}"


class _Walled(Session):
    """Knows its organisation by ``info``."""


@dataclass(frozen=True, slots=True)
class OrganizationSessions:
    """As a sessionmaker of the same connections. Raises ``RuntimeError`` where a session has no transactions."""

    sessions: async_sessionmaker[AsyncSession]
    organization_id: UUID

    def __call__(self) -> AsyncSession:
        return self.sessions(sync_session_class=_Walled, info={SETTING: str(self.organization_id)})

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[Looking]:
        """For looks alone, in one transaction that writes nothing: a round trip less, and no session."""
        async with Lookout(self.sessions).looking() as looking:
            await looking.driver.execute(_BEGIN.format(organization_id=f"'{self.organization_id}'"))
            try:
                yield looking
            except Exception:
                with suppress(Exception):  # what went wrong before tells more
                    await looking.driver.execute("rollback")
                raise
            # Should this fail, so does the request: the connection may have the role still, and isn't used again.
            await looking.driver.execute("rollback")


@event.listens_for(_Walled, "after_begin")
def _enter(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Before the first statement of each transaction; a savepoint is within one."""
    if transaction.nested:
        return
    if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        msg = "what holds for a transaction would hold for nothing here"
        raise RuntimeError(msg)
    connection.exec_driver_sql(_ENTER, (session.info[SETTING],))
