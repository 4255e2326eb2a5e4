"""What an event tells of, as its rows stand when it is sent."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events import EventSubject
from storage.calls import CallRecord
from storage.models import AttemptRow, ContactRow, EventDeliveryRow, InboundCallRow, LeadRow


async def call_of(session: AsyncSession, delivery: EventDeliveryRow) -> CallRecord | InboundCallRow | None:
    """The call that the event tells of; None for an event that tells of none."""
    if delivery.subject == EventSubject.INBOUND_CALL:
        return await session.get(InboundCallRow, delivery.subject_id)
    if delivery.subject != EventSubject.ATTEMPT:
        return None
    query = select(AttemptRow, ContactRow.phone_number).join(ContactRow, ContactRow.id == AttemptRow.contact_id)
    row = (await session.execute(query.where(AttemptRow.id == delivery.subject_id))).first()
    return None if row is None else CallRecord(row[0], row[1])


async def is_erased(session: AsyncSession, subject: str, subject_id: UUID, *, lock: bool = False) -> bool:
    """Whether the person of whom the event tells was erased.

    With ``lock`` nobody is erased until the transaction ends: the contact's row, or the call's, is held for that.
    """
    if subject == EventSubject.SUBSCRIPTION:
        return False
    if subject == EventSubject.LEAD:
        whose = select(LeadRow.contact_id).where(LeadRow.id == subject_id).scalar_subquery()
        query = select(ContactRow.erased_at).where(ContactRow.id == whose)
    else:
        table = AttemptRow if subject == EventSubject.ATTEMPT else InboundCallRow
        query = select(table.erased_at).where(table.id == subject_id)
    return await session.scalar(query.with_for_update(read=True) if lock else query) is not None
