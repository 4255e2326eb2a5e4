"""A person is erased, or may be called again: one transaction each, then those who still work for them are told."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.auditing import note
from api.dependencies import Dependencies
from api.lead_actions import MOVING, NO_LEAD
from api.principal import Principal
from api.problems import Conflict, NotFound
from storage import erasure, suppressions
from storage.contacts import ERASURE, allow_calls, lock_contact_ids, lock_known_contact


async def erase_lead(deps: Dependencies, session: AsyncSession, principal: Principal, lead_id: UUID) -> None:
    """Erase the person behind a lead. Safe to repeat."""
    contact_id = await erasure.contact_of_lead(session, principal.organization_id, lead_id)
    if contact_id is None:
        raise NotFound(NO_LEAD)
    await _erase(deps, session, principal, contact_id, lead_id)


async def erase_number(deps: Dependencies, session: AsyncSession, principal: Principal, phone_number: str) -> None:
    """Erase whoever has this number (E.164), whether or not anything is known of them. Safe to repeat."""
    ids = await lock_contact_ids(session, principal.organization_id, [phone_number])
    await _erase(deps, session, principal, ids[phone_number], None)


async def lift_suppression(session: AsyncSession, principal: Principal, phone_number: str) -> None:
    """Whoever has this number (E.164) was erased, and may be called again all the same."""
    contact = await lock_known_contact(session, principal.organization_id, phone_number)
    if not await suppressions.lift(session, principal.organization_id, phone_number):
        raise NotFound("Nobody with this number was erased, so there is nothing to lift.")
    if contact is not None and contact.do_not_call_source == ERASURE:
        allow_calls(contact)
    note(session, principal, "person.suppression_lifted", None if contact is None else contact.id)
    await session.commit()


async def _erase(
    deps: Dependencies, session: AsyncSession, principal: Principal, contact_id: UUID, lead_id: UUID | None
) -> None:
    contact = await erasure.lock_person(session, contact_id)
    if lead_id is not None:
        # Read again under the lock: the lead may have got another number while it was waited for.
        now_of_lead = await erasure.contact_of_lead(session, principal.organization_id, lead_id)
        if now_of_lead != contact_id:
            raise Conflict(MOVING)
    if contact.erased_at is not None:
        return
    erased = await erasure.erase(session, contact, deps.clock())
    note(session, principal, "person.erased", contact_id)
    await session.commit()
    await deps.engine.wake(erased.runs, "erased")
