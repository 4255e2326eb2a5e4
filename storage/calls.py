"""Attempts as people read them: one call, and a row of a list of them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import AttemptRow, ContactRow


class ListedAttempt(NamedTuple):
    """What a list shows of an attempt, by the names of ``AttemptRow``; what is long and shown nowhere isn't read."""

    id: UUID
    lead_id: UUID
    campaign_id: UUID
    number_pool_id: UUID
    number: int
    call_id: str | None
    status: str
    counts: bool | None
    disconnection_reason: str | None
    outcome: str | None
    disposition: str | None
    callback_at: str | None
    callback_problem: str | None
    appointment_at: datetime | None
    appointment_written: str | None
    appointment_problem: str | None
    agent_version: int | None
    from_number: str
    started_at: datetime | None
    ended_at: datetime | None
    duration_ms: int | None
    transcript: str | None
    recording_fetched_at: datetime | None
    recording_deletion: str | None
    analysis: dict[str, Any] | None
    cost_cents: Decimal | None
    transfer_destination: str | None
    transfers: list[dict[str, Any]] | None
    flags: list[dict[str, Any]] | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CallRecord:
    attempt: AttemptRow
    phone_number: str


async def get_call(session: AsyncSession, organization_id: UUID, call_id: str) -> CallRecord | None:
    """The attempt with the provider's ``call_id``."""
    query = select(AttemptRow, ContactRow.phone_number).join(ContactRow, ContactRow.id == AttemptRow.contact_id)
    query = query.where(AttemptRow.call_id == call_id, AttemptRow.organization_id == organization_id)
    row = (await session.execute(query)).first()
    return CallRecord(row[0], row[1]) if row else None
