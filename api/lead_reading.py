"""One lead as people read it, with its place in the queue worked out at that moment."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.deciding import PILOT_IS_OVER
from activities.probing import why_parked
from api.dependencies import Dependencies
from api.lead_actions import NO_LEAD
from api.principal import Principal
from api.problems import NotFound
from api.schemas.leads import LeadAnswer, lead_answer
from domain.budgets import BUDGET_IS_USED_UP
from domain.decision import CONTACT_BUSY, why_held_up
from domain.parking import tells_of_parking
from domain.queue_estimate import QUEUED_FOR, describe_place
from domain.vocabulary import CampaignStatus, LeadStatus
from storage.budgets import told_used_up
from storage.leads import get_lead
from storage.models import LeadRow
from storage.organizations import get_organization
from storage.parking import owners_of
from storage.pilots import is_over
from storage.queue_position import queue_of
from storage.versions import version_of_lead


async def version_of_one(deps: Dependencies, session: AsyncSession, principal: Principal, lead_id: UUID) -> object:
    """What differs when the lead's answer does: its rows and, while it is in line, what is said of that.

    Raises:
        NotFound: there is no such lead.
    """
    known = await version_of_lead(session, principal.organization_id, lead_id)
    if known is None:
        raise NotFound(NO_LEAD)
    return known.version, await _worked_out(session, known.lead, deps.clock())


async def read_one(deps: Dependencies, session: AsyncSession, principal: Principal, lead_id: UUID) -> LeadAnswer:
    record = await get_lead(session, principal.organization_id, lead_id)
    if record is None:
        raise NotFound(NO_LEAD)
    answer = lead_answer(record)
    worked_out = await _worked_out(session, record.lead, deps.clock())
    if worked_out is not None:
        answer.waiting_for, answer.next_attempt_at = worked_out, None
    return answer


async def _worked_out(session: AsyncSession, lead: LeadRow, now: datetime) -> str | None:
    """What a lead waits for where the clock or others decide that, and not its row."""
    return await _place_in_line(session, lead, now) if _is_in_line(lead, now) else None


async def _place_in_line(session: AsyncSession, lead: LeadRow, now: datetime) -> str | None:
    """Its place in the queue, or what holds it up; the row may not know yet that it does, or does no more."""
    queue = await queue_of(session, lead, now)
    if queue is not None:
        return describe_place(queue, now=now, open_until=lead.open_until, zone_name=lead.time_zones[0])
    account, pool, campaign = await owners_of(session, lead.campaign_id)
    organization = await get_organization(session, lead.organization_id)
    held_up = why_held_up(CampaignStatus(campaign.status), organization_stopped=organization.stopped_at is not None)
    if held_up is not None:
        return held_up
    if await is_over(session, campaign):
        return PILOT_IS_OVER
    if await told_used_up(session, campaign):
        return BUDGET_IS_USED_UP
    return why_parked(account, pool, campaign)


def _is_in_line(lead: LeadRow, now: datetime) -> bool:
    """Also where its row still tells of a time that has come: it stands in line before its workflow knows that."""
    waits_for = lead.waiting_for or ""
    waits_for_its_turn = waits_for in QUEUED_FOR or waits_for == CONTACT_BUSY or tells_of_parking(waits_for)
    has_come = lead.next_attempt_at is not None and lead.next_attempt_at <= now
    if lead.status != LeadStatus.NEW or not (waits_for_its_turn or has_come):
        return False
    is_due = lead.due_at is not None and lead.due_at <= now
    return is_due and (lead.open_until is None or lead.open_until > now)
