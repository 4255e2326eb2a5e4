"""What must not be called: one number, or for a while nobody at all."""

from sqlalchemy.ext.asyncio import AsyncSession

from api.auditing import note
from api.dependencies import Dependencies
from api.hanging_up import hang_up as hang_up_calls
from api.principal import Principal
from api.problems import Conflict, NotFound
from storage.contacts import ERASURE, allow_calls, lock_contact, lock_known_contact, set_do_not_call
from storage.hanging_up import hang_up_all
from storage.leads import open_runs_of_contact
from storage.models import ContactRow, OrganizationRow
from storage.organizations import get_organization, set_stopped


async def forbid_number(
    deps: Dependencies, session: AsyncSession, principal: Principal, phone_number: str, reason: str | None
) -> ContactRow:
    """Never call this number again, whatever lead or campaign asks. Safe to repeat."""
    contact = await lock_contact(session, principal.organization_id, phone_number)
    await set_do_not_call(session, contact.id, reason=reason, source="api", now=deps.clock())
    await session.refresh(contact)
    _audit(session, principal, "contact.calls_forbidden", contact)
    runs = await open_runs_of_contact(session, contact.id)
    await session.commit()
    await deps.engine.wake(runs, "do_not_call")
    return contact


async def allow_number(session: AsyncSession, principal: Principal, phone_number: str) -> None:
    """Take a number off the list. Leads that ended because of it stay ended."""
    contact = await lock_known_contact(session, principal.organization_id, phone_number)
    if contact is None or contact.do_not_call_at is None:
        raise NotFound("This number is not on the do-not-call list.")
    if contact.do_not_call_source == ERASURE:
        raise Conflict(
            "The person with this number was erased and is never called again; where they wish otherwise themselves, "
            "an admin lifts it with POST /api/v1/suppressions/lift."
        )
    allow_calls(contact)
    _audit(session, principal, "contact.calls_allowed", contact)
    await session.commit()


async def stop_organization(
    deps: Dependencies, session: AsyncSession, principal: Principal, *, hang_up: bool
) -> OrganizationRow:
    """The kill switch: nothing is dialled after the commit. Safe to repeat.

    With ``hang_up`` the calls of leads that ring or are live are ended too, also where calling was stopped before; the
    leads aren't cancelled. That is done after the answer.
    """
    organization_id, now = principal.organization_id, deps.clock()
    is_news = await set_stopped(session, organization_id, now)
    ending = await hang_up_all(session, organization_id, now=now) if hang_up else ()
    if is_news or ending:
        note(session, principal, "organization.stopped", organization_id, {"hang_up": hang_up})
    await session.commit()
    if ending:
        deps.background.spawn(hang_up_calls(deps, organization_id, ending))
        deps.background.spawn(deps.engine.wake_many([(call.lead_id, call.run) for call in ending], "hang up"))
    return await get_organization(session, organization_id)


async def start_organization(session: AsyncSession, principal: Principal) -> OrganizationRow:
    """Let calls go out again. Safe to repeat."""
    if await set_stopped(session, principal.organization_id, None):
        note(session, principal, "organization.started", principal.organization_id)
    await session.commit()
    return await get_organization(session, principal.organization_id)


def _audit(session: AsyncSession, principal: Principal, action: str, contact: ContactRow) -> None:
    """The row names the contact by its id: the audit log holds nothing personal."""
    note(session, principal, action, contact.id)
