"""Calls as they are told to those who listen: what fits an event, of many calls in one statement."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import AttemptRow


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCall:
    """``said``: role and words of each utterance; None where nothing was said, or it wasn't asked for."""

    id: UUID
    organization_id: UUID
    lead_id: UUID
    campaign_id: UUID
    call_id: str | None
    number: int
    status: str
    outcome: str | None
    disposition: str | None
    disconnection_reason: str | None
    from_number: str
    started_at: datetime | None
    ended_at: datetime | None
    duration_ms: int | None
    flags: Sequence[dict[str, Any]]
    said: Sequence[tuple[str, str]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """Which calls somebody wants to hear of, of one organisation."""

    organization_id: UUID
    campaign_id: UUID | None = None
    lead_id: UUID | None = None
    call_id: str | None = None

    def covers(self, call: LiveCall) -> bool:
        return all(getattr(call, name) == wanted for name, wanted in self._wanted())

    def conditions(self) -> Sequence[ColumnElement[bool]]:
        """The same for attempts in the database."""
        return [getattr(AttemptRow, name) == wanted for name, wanted in self._wanted()]

    def _wanted(self) -> Sequence[tuple[str, object]]:
        names = ("organization_id", "campaign_id", "lead_id", "call_id")
        return [(name, wanted) for name in names if (wanted := getattr(self, name)) is not None]


async def live_calls(
    session: AsyncSession, attempt_ids: Collection[UUID], *, with_transcript: Collection[UUID]
) -> Sequence[LiveCall]:
    """These attempts as they stand, in any order; those that are gone are left out.

    When each word was spoken stays in the database: it is most of what a transcript takes.
    """
    transcript = case((AttemptRow.id.in_(with_transcript), AttemptRow.utterances))
    roles, contents = (
        func.jsonb_path_query_array(transcript, cast(f"$[*].{name}", JSONPATH), type_=JSONB).label(name)
        for name in ("role", "content")
    )
    query = select(*(getattr(AttemptRow, name) for name in _COLUMNS), AttemptRow.flags, roles, contents)
    rows = await session.execute(query.where(AttemptRow.id.in_(attempt_ids)))
    return [
        LiveCall(
            **{name: getattr(row, name) for name in _COLUMNS},
            flags=row.flags or [],
            said=None if row.role is None else list(zip(row.role, row.content, strict=True)),
        )
        for row in rows
    ]


_COLUMNS = (
    "id",
    "organization_id",
    "lead_id",
    "campaign_id",
    "call_id",
    "number",
    "status",
    "outcome",
    "disposition",
    "disconnection_reason",
    "from_number",
    "started_at",
    "ended_at",
    "duration_ms",
)
