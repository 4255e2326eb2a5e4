"""What the database says, read past the system: when gates let calls out, and whom decisions were made about."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg  # type: ignore[import-untyped]  # it ships no types


class Books:
    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def undecided(self, campaign_id: str) -> int:
        """Leads that were posted and whose workflow hasn't asked yet what to do."""
        return await self._count(
            "select count(*) from leads where campaign_id = $1 and planned_at is null", campaign_id
        )

    async def live_calls(self) -> int:
        return await self._count("select count(*) from interaction_attempts where slot_released_at is null")

    async def gates_after(self, instant: datetime) -> int:
        """Calls that a gate let out after that instant."""
        return await self._count("select count(*) from interaction_attempts where first_sent_at > $1", instant)

    async def dials(self) -> int:
        return await self._count("select count(*) from interaction_attempts where first_sent_at is not null")

    async def decided_since(self, lead_ids: Sequence[str], instant: datetime) -> int:
        """How many of these leads were decided about after that instant."""
        query = "select count(*) from leads where id = any($1::uuid[]) and planned_at > $2"
        return await self._count(query, lead_ids, instant)

    async def _count(self, query: str, *arguments: object) -> int:
        return int(await self._connection.fetchval(query, *arguments))
