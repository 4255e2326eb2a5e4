"""Attempts as people read them: the list of calls, one call."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, false, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import AttemptStatus
from storage.literals import written_out
from storage.models import AttemptRow, ContactRow


@dataclass(frozen=True, slots=True)
class CallRecord:
    attempt: AttemptRow
    phone_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """``direction``: ``outbound`` are attempts, ``inbound`` calls that came in; without it both."""

    direction: str | None = None
    status: str | None = None
    outcome: str | None = None
    disposition: str | None = None
    campaign_id: UUID | None = None
    lead_id: UUID | None = None


def matching_calls(
    statement: Select[*tuple[Any, ...]], organization_id: UUID, wanted: CallFilter
) -> Select[*tuple[Any, ...]]:
    """A statement on attempts, cut down to those that are wanted; their contacts are joined to it."""
    statement = statement.join(ContactRow, ContactRow.id == AttemptRow.contact_id)
    statement = statement.where(AttemptRow.organization_id == organization_id)
    if wanted.direction == "inbound":
        return statement.where(false())
    for name in ("outcome", "disposition", "campaign_id", "lead_id"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(AttemptRow, name) == value)
    if wanted.status is not None:
        # A literal: the planner must see that the partial index of open attempts holds what is asked for.
        statement = statement.where(AttemptRow.status == written_out(AttemptStatus(wanted.status)))
    return statement


async def get_call(session: AsyncSession, organization_id: UUID, call_id: str) -> CallRecord | None:
    """The attempt with the provider's ``call_id``."""
    query = select(AttemptRow, ContactRow.phone_number).join(ContactRow, ContactRow.id == AttemptRow.contact_id)
    query = query.where(AttemptRow.call_id == call_id, AttemptRow.organization_id == organization_id)
    row = (await session.execute(query)).first()
    return CallRecord(row[0], row[1]) if row else None
