"""What the database says, read past the API, so that it can be read while that is down."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.database import create_engine
from runtime.embedded.plan import Plan
from runtime.settings import Settings
from tests.end_to_end.witness import Attempt

_ATTEMPTS = """
select id::text as attempt_id, lead_id::text as lead_id, number, status, outcome, counts, call_id, created_at,
    settled_at
from interaction_attempts order by created_at
"""
_LEADS = "select id::text, created_at from leads"
_NOT_HANDED_OVER = "select id::text from leads where handed_over_at is null and status <> 'done'"
_OPEN_LEADS = "select id::text, status, waiting_for from leads where status <> 'done'"


class Lead(NamedTuple):
    lead_id: str
    created_at: datetime


class OpenLead(NamedTuple):
    lead_id: str
    status: str
    waiting_for: str | None


class Books:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def attempts(self) -> list[Attempt]:
        """All attempts, in the order of their grants."""
        return [Attempt(**row._asdict()) for row in await self._read(_ATTEMPTS)]

    async def leads(self) -> list[Lead]:
        return [Lead._make(row) for row in await self._read(_LEADS)]

    async def leads_not_handed_over(self) -> list[str]:
        """Committed, and nobody has noted yet that the engine has the workflow."""
        return [row[0] for row in await self._read(_NOT_HANDED_OVER)]

    async def open_leads(self) -> list[OpenLead]:
        return [OpenLead._make(row) for row in await self._read(_OPEN_LEADS)]

    async def last_gate_passed(self) -> datetime | None:
        """When the last attempt passed the second gate: its request leaves in this very moment."""
        (row,) = await self._read("select max(first_sent_at) from interaction_attempts")
        passed: datetime | None = row[0]
        return passed

    async def _read(self, query: str) -> Sequence[Row[Any]]:
        async with self._engine.connect() as connection:
            return (await connection.execute(text(query))).all()


@asynccontextmanager
async def open_books(plan: Plan) -> AsyncIterator[Books]:
    engine = create_engine(Settings(), url=plan.database_url, application="witness", pool_size=2)
    try:
        yield Books(engine)
    finally:
        await engine.dispose()
