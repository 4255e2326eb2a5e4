"""What is known of a contact over all leads and campaigns of its organisation, in one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, DateTime, Text, Uuid, and_, bindparam, exists, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from domain.vocabulary import AttemptOutcome, AttemptStatus
from storage.looks import Look
from storage.models import AttemptRow, ContactRow, DoNotCallEntryRow, InboundCallRow, LeadRow

NIL = UUID(int=0)
"""No attempt has this id."""

_REACHED = (
    AttemptOutcome.ANSWERED,
    AttemptOutcome.TRANSFERRED,
    AttemptOutcome.TRANSFER_CANCELLED,
    AttemptOutcome.CALLBACK_REQUESTED,
)


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """Attributes:
    dials: When requests left that rang or may have rung, oldest first.
    is_on_a_call: Some lead of the contact has a call that isn't settled: it goes on, or nobody can tell yet what was
        said in it.
    reached_at: When another lead last reached somebody, by a call of ours or of theirs.
    rings_in: The person rang us, and what that came to isn't decided yet.
    is_listed: The number stands on an imported do-not-call list. That stays true while the organisation is held.
    """

    dials: Sequence[datetime]
    is_on_a_call: bool
    reached_at: datetime | None
    is_listed: bool
    rings_in: bool = False


async def contact_facts(
    session: AsyncSession, contact: ContactRow, lead: LeadRow, *, dialled_since: datetime, but_for: UUID | None = None
) -> ContactFacts:
    """Read under the contact's lock, so that it stays true until the caller commits.

    Args:
        lead: Its own talks don't make ``reached_at``.
        dialled_since: Dials before it are left out.
        but_for: An attempt that is being decided about and isn't counted against itself.
    """
    row = await _FACTS.first(
        session,
        contact_id=contact.id,
        lead_id=lead.id,
        organization_id=contact.organization_id,
        phone_number=contact.phone_number,
        dialled_since=dialled_since,
        but_for=but_for or NIL,
    )
    found, *facts = row or ()
    return ContactFacts(found or [], *facts)


async def contact_facts_of_leads(
    session: AsyncSession, lead_ids: Sequence[UUID], *, dialled_since: datetime
) -> Mapping[UUID, ContactFacts]:
    """The same for the contacts of many leads in one statement, by the leads' ids; true only while it is read."""
    known = _Known(LeadRow.contact_id, LeadRow.id, ContactRow.organization_id, ContactRow.phone_number)
    query = (
        select(LeadRow.id, *_facts(known))
        .join(ContactRow, ContactRow.id == LeadRow.contact_id)
        .where(LeadRow.id.in_(lead_ids))
    )
    rows = await session.execute(query, {"dialled_since": dialled_since, "but_for": NIL})
    return {lead_id: ContactFacts(found or [], *facts) for lead_id, found, *facts in rows}


async def hold_calls(session: AsyncSession, contact_id: UUID) -> None:
    """Have no call of this contact be settled until the caller commits; waits for whoever is settling one just now.

    Callers hold the contact's lock, so that none of ours begins either. The calls' locks come after it, and are shared.
    """
    of_ours = select(AttemptRow.id).where(AttemptRow.contact_id == contact_id, AttemptRow.status != _DONE)
    of_theirs = select(InboundCallRow.id).where(InboundCallRow.contact_id == contact_id, InboundCallRow.status != _DONE)
    for calls in (of_ours, of_theirs):
        await session.execute(calls.with_for_update(read=True))


_DONE = AttemptStatus.DONE


async def was_reached_by_ringing(session: AsyncSession, lead_id: UUID, *, since: datetime) -> bool:
    """Whether a call of the person's own reached somebody for this lead after that."""
    query = select(InboundCallRow.id).where(
        InboundCallRow.lead_id == lead_id, InboundCallRow.outcome.in_(_REACHED), InboundCallRow.settled_at > since
    )
    return await session.scalar(query.limit(1)) is not None


class _Known(NamedTuple):
    """Whose facts: parameters, or the columns that have them."""

    contact_id: BindParameter[UUID] | InstrumentedAttribute[UUID]
    lead_id: BindParameter[UUID] | InstrumentedAttribute[UUID]
    organization_id: BindParameter[UUID] | InstrumentedAttribute[UUID]
    phone_number: BindParameter[str] | InstrumentedAttribute[str]


def _facts(known: _Known) -> Sequence[ColumnElement[Any]]:
    of_contact = AttemptRow.contact_id == known.contact_id
    rang = and_(
        of_contact,
        AttemptRow.first_sent_at >= bindparam("dialled_since", type_=DateTime(timezone=True)),
        AttemptRow.counts.is_not(False),
        AttemptRow.id != bindparam("but_for", type_=Uuid()),
    )
    dials = select(func.array_agg(aggregate_order_by(AttemptRow.first_sent_at, AttemptRow.first_sent_at))).where(rang)
    reached = select(func.max(AttemptRow.settled_at)).where(
        of_contact, AttemptRow.lead_id != known.lead_id, AttemptRow.outcome.in_(_REACHED)
    )
    rang_in = InboundCallRow.contact_id == known.contact_id
    reached_in = select(func.max(InboundCallRow.settled_at)).where(
        rang_in, InboundCallRow.lead_id.is_distinct_from(known.lead_id), InboundCallRow.outcome.in_(_REACHED)
    )
    return (
        dials.scalar_subquery(),
        exists().where(of_contact, AttemptRow.status != _DONE),
        func.greatest(reached.scalar_subquery(), reached_in.scalar_subquery()),
        exists().where(
            DoNotCallEntryRow.organization_id == known.organization_id,
            DoNotCallEntryRow.phone_number == known.phone_number,
        ),
        exists().where(rang_in, InboundCallRow.status != _DONE),
    )


# Made once: every decision needs it, and putting it together costs more than what it finds.
_FACTS = Look(
    select(
        *_facts(
            _Known(
                bindparam("contact_id", type_=Uuid()),
                bindparam("lead_id", type_=Uuid()),
                bindparam("organization_id", type_=Uuid()),
                bindparam("phone_number", type_=Text()),
            )
        )
    )
)
