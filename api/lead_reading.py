"""One lead as people read it, with its place in the queue worked out at that moment."""

from dataclasses import dataclass
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
from storage.leads import with_its_calls
from storage.models import LeadRow
from storage.organizations import get_organization
from storage.parking import owners_of
from storage.pilots import is_over
from storage.queue_position import queue_of
from storage.versions import LeadVersion, version_of_lead


@dataclass(frozen=True, slots=True)
class KnownLead:
    """A lead before its calls are read. ``waits_for``: what clock and others decide of that, and not its row."""

    found: LeadVersion
    waits_for: str | None

    @property
    def version(self) -> object:
        """What differs when the lead's answer does: its rows and, while it is in line, what is said of that."""
        return self.found.version, self.waits_for


async def know_one(deps: Dependencies, session: AsyncSession, principal: Principal, lead_id: UUID) -> KnownLead:
    """The lead as it is now, and what tells whether who asks has this answer already.

    Raises:
        NotFound: there is no such lead.
    """
    found = await version_of_lead(session, principal.organization_id, lead_id)
    if found is None:
        raise NotFound(NO_LEAD)
    return KnownLead(found, await _worked_out(session, found.record.lead, deps.clock()))


async def read_known(session: AsyncSession, known: KnownLead) -> LeadAnswer:
    """The answer; its calls may be newer than the version, and never older."""
    found = known.found
    record = await with_its_calls(session, found.record, has_attempts=found.has_attempts, has_inbound=found.has_inbound)
    answer = lead_answer(record)
    if known.waits_for is not None:
        answer.waiting_for, answer.next_attempt_at = known.waits_for, None
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
