"""What a call that came in meant: its disposition, a call-back promised in it, and whether its lead is done by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from activities.aftermath import Line
from activities.call_meaning import notice
from activities.terms import dispositions_of
from domain.callbacks import promise_of, promised_callback
from domain.dispositions import Then, disposition_of
from domain.outcomes import custom_analysis
from domain.ringing_back import lead_outcome_by_ringing
from domain.time_zones import load_zones
from domain.vocabulary import AttemptOutcome, LeadStatus
from storage import attempts, contacts, leads
from storage.models import CampaignRow, InboundCallRow, LeadRow


@dataclass(frozen=True, slots=True)
class Meant:
    """``forbids``: from now on the number is never called. ``moves_lead``: something else comes next for the lead."""

    forbids: bool = False
    moves_lead: bool = False
    lines: Sequence[Line] = ()


async def give_meaning(
    session: AsyncSession, row: InboundCallRow, lead: LeadRow | None, campaign: CampaignRow | None, *, now: datetime
) -> Meant:
    """Work out what a settled call meant, write it down and see to it. Safe to repeat.

    A lead that is done stays as it is. One that was reached by it, or wants no more calls, ends; a promised call-back
    puts it off.

    Args:
        row: Locked, after the lead and its contact.
    """
    if lead is None or campaign is None:
        return Meant()
    outcome = AttemptOutcome(row.outcome or AttemptOutcome.UNKNOWN)
    disposition = disposition_of(custom_analysis(row.analysis), outcome, dispositions_of(campaign))
    is_news = disposition is not None and disposition.name != row.disposition
    row.disposition = None if disposition is None else disposition.name
    then = None if disposition is None else disposition.then
    forbids = then is Then.DO_NOT_CALL and await contacts.set_do_not_call(
        session, lead.contact_id, reason=row.disposition, source="disposition", now=now
    )
    moves = await _move(session, row, lead, outcome, then, now)
    is_told = is_news and disposition is not None and disposition.notify
    return Meant(forbids, moves, [notice(row)] if is_told else [])


async def _move(
    session: AsyncSession,
    row: InboundCallRow,
    lead: LeadRow,
    outcome: AttemptOutcome,
    then: Then | None,
    now: datetime,
) -> bool:
    """Whether the lead goes on otherwise than before."""
    ended_at = row.ended_at or row.settled_at or now
    promised_at = _promise(row, lead, outcome, then, ended_at)
    if lead.status == LeadStatus.DONE:
        return False
    ends = lead_outcome_by_ringing(outcome, then, ended_at=ended_at)
    if ends is not None:
        lead.disposition = row.disposition or lead.disposition
        is_open = await attempts.has_open_attempt(session, lead.id)
        leads.end_by_ringing_back(lead, ends, now=now, call_is_open=is_open)
        return True
    if promised_at is None:
        return False
    lead.not_before = max(lead.not_before or promised_at, promised_at)
    lead.planned_at = None
    return True


def _promise(
    row: InboundCallRow, lead: LeadRow, outcome: AttemptOutcome, then: Then | None, ended_at: datetime
) -> datetime | None:
    """When the person was promised to be called back, if that can be kept; it is written down either way."""
    zone = load_zones(lead.time_zones)[0]
    promise = promise_of(custom_analysis(row.analysis), outcome, then, ended_at=ended_at, zone=zone)
    if promise is None:
        return None
    row.callback_at, row.callback_problem = promise.written, promise.problem
    return promised_callback(promise.written, now=ended_at, zone=zone)
