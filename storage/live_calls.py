"""Calls as they are told to those who listen: what fits an event, of many calls in one statement."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, Text, case, cast, func, literal, null, select, union_all
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.ext.asyncio import AsyncSession

from domain.ringing_back import INBOUND, OUTBOUND
from storage.models import AttemptRow, ContactRow, InboundCallRow

CallTable = type[AttemptRow] | type[InboundCallRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCall:
    """An attempt, or a call that came in, which has no ``number`` and perhaps nobody whose it is.

    ``from_number`` rang ``to_number``, whoever of them is ours.
    ``said``: role and words of each utterance; None where nothing was said, or it wasn't asked for.
    """

    id: UUID
    direction: str
    organization_id: UUID
    lead_id: UUID | None
    campaign_id: UUID | None
    call_id: str | None
    number: int | None
    status: str
    outcome: str | None
    disposition: str | None
    disconnection_reason: str | None
    from_number: str | None
    to_number: str | None
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
    direction: str | None = None

    def covers(self, call: LiveCall) -> bool:
        return all(getattr(call, name) == wanted for name, wanted in self._wanted("direction"))

    def conditions(self, table: CallTable) -> Sequence[ColumnElement[bool]]:
        """The same for calls in the database."""
        of_kind = self.direction in (None, direction_of(table))
        return [literal(of_kind), *(getattr(table, name) == wanted for name, wanted in self._wanted())]

    def _wanted(self, *more: str) -> Sequence[tuple[str, object]]:
        names = ("organization_id", "campaign_id", "lead_id", "call_id", *more)
        return [(name, wanted) for name in names if (wanted := getattr(self, name)) is not None]


def direction_of(table: CallTable) -> str:
    return OUTBOUND if table is AttemptRow else INBOUND


async def live_calls(
    session: AsyncSession, call_ids: Collection[UUID], *, with_transcript: Collection[UUID]
) -> Sequence[LiveCall]:
    """These calls as they stand, whoever rang whom, in any order; those that are gone are left out.

    When each word was spoken stays in the database: it is most of what a transcript takes.
    """
    rows = await session.execute(
        union_all(*(_shown(table, call_ids, with_transcript) for table in (AttemptRow, InboundCallRow)))
    )
    return [
        LiveCall(
            **{name: getattr(row, name) for name in _COLUMNS},
            flags=row.flags or [],
            said=None if row.role is None else list(zip(row.role, row.content, strict=True)),
        )
        for row in rows
    ]


def _shown(table: CallTable, call_ids: Collection[UUID], with_transcript: Collection[UUID]) -> Select[Any]:
    transcript = case((table.id.in_(with_transcript), table.utterances))
    roles, contents = (
        func.jsonb_path_query_array(transcript, cast(f"$[*].{name}", JSONPATH), type_=JSONB).label(name)
        for name in ("role", "content")
    )
    own: dict[str, ColumnElement[Any]] = {"direction": literal(direction_of(table), Text), **_LACKING[table]}
    columns = ((own[name] if name in own else getattr(table, name)).label(name) for name in _COLUMNS)
    return select(*columns, table.flags, roles, contents).where(table.id.in_(call_ids))


_CALLEE = select(ContactRow.phone_number).where(ContactRow.id == AttemptRow.contact_id).scalar_subquery()
_LACKING: dict[CallTable, dict[str, ColumnElement[Any]]] = {
    AttemptRow: {"to_number": _CALLEE},
    InboundCallRow: {"number": cast(null(), Integer)},
}
_COLUMNS = (
    "id",
    "direction",
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
    "to_number",
    "started_at",
    "ended_at",
    "duration_ms",
)
