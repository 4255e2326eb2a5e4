"""Calling a lead at once, and calling a finished one again."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.dependencies import Dependencies
from api.lead_actions import locked, read_again, start
from api.principal import Principal
from api.problems import Conflict
from domain.vocabulary import OVER, AttemptStatus, LeadOutcome, LeadStatus
from storage.contacts import is_listed
from storage.lead_changes import call_ahead
from storage.lead_changes import reopen as begin_again
from storage.lead_intake import Added
from storage.leads import LeadRecord
from storage.situations import LeadWithContext


async def call_now(deps: Dependencies, session: AsyncSession, principal: Principal, lead_id: UUID) -> LeadRecord:
    """Put a lead ahead of the queue, inside the rules: hours, caps and refusals hold as before. Safe to repeat."""
    context = await locked(session, principal, lead_id)
    lead, attempt = context.lead, context.open_attempt
    if lead.outcome == LeadOutcome.ERASED or context.contact.erased_at is not None:
        raise Conflict("This lead was erased, and whoever was erased is called no more.")
    if lead.status == LeadStatus.DONE:
        raise Conflict("This lead is done; to have it called again, reopen it with POST /leads/{id}/reopen.")
    if attempt is not None and attempt.status != AttemptStatus.GRANTED:
        raise Conflict("A call to this lead is being placed or is live; wait until it has ended.")
    call_ahead(lead, now=deps.clock())
    await session.commit()
    await deps.engine.wake([(lead_id, lead.run)], "call_now")
    return await read_again(session, principal, lead_id)


async def reopen(deps: Dependencies, session: AsyncSession, principal: Principal, lead_id: UUID) -> LeadRecord:
    """Call a finished lead again, by a workflow of its own; its attempts are numbered on and counted anew.

    Safe to repeat: a lead that isn't done stays as it is.
    """
    context = await locked(session, principal, lead_id)
    lead = context.lead
    if lead.status != LeadStatus.DONE:
        return await read_again(session, principal, lead_id)
    await _must_be_callable(session, context)
    begin_again(lead, attempts_before=context.attempts[-1].number if context.attempts else 0)
    await session.commit()
    await start(deps, principal, [Added(LeadRecord(lead, context.contact.phone_number), is_new=False)])
    return await read_again(session, principal, lead_id)


async def _must_be_callable(session: AsyncSession, context: LeadWithContext) -> None:
    lead, contact = context.lead, context.contact
    if lead.outcome == LeadOutcome.ERASED:
        raise Conflict("This lead was erased; add the person as a new lead.")
    if context.campaign.status in OVER:
        raise Conflict(
            f"The campaign of this lead is {context.campaign.status} and calls nobody any more; add the person as a "
            "lead of another campaign (POST /leads with its `campaign_id`)."
        )
    if context.open_attempt is not None:
        raise Conflict("The last call of this lead isn't settled yet; reopen the lead when it is.")
    if contact.do_not_call_at is not None:
        raise Conflict("This number must not be called; take it off the list first (DELETE /do-not-call/{number}).")
    if await is_listed(session, lead.organization_id, contact.phone_number):
        raise Conflict("This number stands on an imported do-not-call list, so the lead can't be reopened.")
