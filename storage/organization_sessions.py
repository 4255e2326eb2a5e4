"""Sessions in which PostgreSQL shows, and takes, one organisation's rows only, whatever is asked.

Each transaction begins by taking a role that owns nothing and by naming the organisation; the policies of the tables do
the rest (``storage/row_security.py``, docs/decisions/0029). Both are set for the transaction alone, so that whoever has
the connection next, in this process or behind a pooler, has neither.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, SessionTransaction

ROLE = "leadline_api"
SETTING = "leadline.organization_id"

_ENTER = f"select set_config('role', '{ROLE}', true), set_config('{SETTING}', $1, true)"


class _Walled(Session):
    """Knows its organisation by ``info``."""


@dataclass(frozen=True, slots=True)
class OrganizationSessions:
    """As a sessionmaker of the same connections. Raises ``RuntimeError`` where a session has no transactions."""

    sessions: async_sessionmaker[AsyncSession]
    organization_id: UUID

    def __call__(self) -> AsyncSession:
        return self.sessions(sync_session_class=_Walled, info={SETTING: str(self.organization_id)})


@event.listens_for(_Walled, "after_begin")
def _enter(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Before the first statement of each transaction; a savepoint is within one."""
    if transaction.nested:
        return
    if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        msg = "what holds for a transaction would hold for nothing here"
        raise RuntimeError(msg)
    connection.exec_driver_sql(_ENTER, (session.info[SETTING],))
