"""What a call meant: its disposition, what was promised and booked in it, whether it forbids calls, who is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.aftermath import Aftermath, Line
from activities.terms import dispositions_of
from domain.bookings import booking_of
from domain.callbacks import promise_of
from domain.dispositions import Disposition, Then, disposition_named, disposition_of, may_forbid
from domain.outcomes import custom_analysis
from domain.time_zones import load_zones
from domain.vocabulary import AttemptOutcome, LeadStatus
from storage import contacts, leads
from storage.models import AttemptRow, CampaignRow, InboundCallRow, LeadRow


@dataclass(frozen=True, slots=True)
class Meaning:
    """``forbids``: from now on the number is never called. ``is_news``: something else may come after the call."""

    forbids: bool = False
    is_news: bool = False
    lines: Sequence[Line] = ()


NO_MEANING = Meaning()


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whom the meaning of a call concerns: its lead, which is locked, and its campaign, whose table is read."""

    lead: LeadRow
    campaign: CampaignRow


async def lock_concerned(session: AsyncSession, attempt: AttemptRow, analysis: Mapping[str, Any] | None) -> Concerned:
    """Lock the call's lead, and its contact before where the call's meaning may forbid further calls.

    Args:
        attempt: Not locked yet; its lock comes after these.
        analysis: What will be known of the call when its meaning is given.
    """
    contact_id, lead_id = attempt.contact_id, attempt.lead_id
    campaign = await session.get_one(CampaignRow, attempt.campaign_id)
    if may_forbid(custom_analysis(analysis), dispositions_of(campaign)):
        await contacts.lock_by_id(session, contact_id)
    return Concerned(await leads.lock_row(session, lead_id), campaign)


async def give_meaning(session: AsyncSession, attempt: AttemptRow, concerned: Concerned, *, now: datetime) -> Meaning:
    """Work out what a settled call meant, write it down and see to it. Safe to repeat.

    A disposition that a person gave stands. A call that rang nowhere meant nothing.

    Args:
        attempt: Locked, after those whom it concerns.
    """
    outcome = AttemptOutcome(attempt.outcome or AttemptOutcome.UNKNOWN)
    if outcome is AttemptOutcome.REFUSED:
        return NO_MEANING
    before = (attempt.disposition, attempt.callback_at)
    lead = concerned.lead
    disposition = _write_disposition(attempt, outcome, dispositions_of(concerned.campaign))
    _write_promise(attempt, lead, outcome, disposition)
    _write_booking(attempt, lead, outcome)
    if disposition is None or attempt.disposition == before[0]:
        return Meaning(is_news=(attempt.disposition, attempt.callback_at) != before)
    if lead.status == LeadStatus.DONE:
        await leads.follow_dispositions(session, lead)
    forbids = await _forbid(session, attempt, disposition, now)
    return Meaning(forbids, is_news=True, lines=[notice(attempt)] if disposition.notify else [])


async def name_by_hand(
    session: AsyncSession,
    attempt: AttemptRow,
    concerned: Concerned,
    given: Disposition | None,
    by: UUID,
    *,
    now: datetime,
) -> Meaning:
    """Have a settled call mean what a person says, and see to it as if it had been named so at first.

    Args:
        attempt: Locked with all its columns, after those whom it concerns and its contact.
        given: None takes back what a person said before: the call means again what its analysis says.
        by: The person, or the key.
    """
    before, outcome = attempt.disposition, AttemptOutcome(attempt.outcome or AttemptOutcome.UNKNOWN)
    attempt.disposition, attempt.disposition_by = (None, None) if given is None else (given.name, by)
    disposition = _write_disposition(attempt, outcome, dispositions_of(concerned.campaign))
    attempt.callback_at = attempt.callback_problem = None
    _write_promise(attempt, concerned.lead, outcome, disposition)
    if disposition is None:
        return Meaning(is_news=before is not None)
    is_news = disposition.name != before
    forbids = await _forbid(session, attempt, disposition, now)
    return Meaning(forbids, is_news, [notice(attempt)] if is_news and disposition.notify else [])


async def _forbid(session: AsyncSession, attempt: AttemptRow, disposition: Disposition, now: datetime) -> bool:
    """Whether the number may not be called from now on, which it might before."""
    return disposition.then is Then.DO_NOT_CALL and await contacts.set_do_not_call(
        session, attempt.contact_id, reason=disposition.name, source="disposition", now=now
    )


async def after_meaning(
    session: AsyncSession, attempt: AttemptRow, meaning: Meaning, *, is_forbidden: bool = False
) -> Aftermath:
    """What is left to be done after the commit, also where the number ``is_forbidden`` by something else."""
    wake = await others_of_contact(session, attempt) if is_forbidden or meaning.forbids else ()
    return Aftermath(tuple(meaning.lines), wake)


async def others_of_contact(session: AsyncSession, attempt: AttemptRow) -> tuple[tuple[UUID, int], ...]:
    """The open runs of other leads with the number that this call was made to, which end when it may not be called."""
    runs = await leads.open_runs_of_contact(session, attempt.contact_id)
    return tuple(run for run in runs if run[0] != attempt.lead_id)


def _write_disposition(
    attempt: AttemptRow, outcome: AttemptOutcome, table: Sequence[Disposition]
) -> Disposition | None:
    if attempt.disposition_by is not None:
        return disposition_named(attempt.disposition, table)
    disposition = disposition_of(custom_analysis(attempt.analysis), outcome, table)
    attempt.disposition = None if disposition is None else disposition.name
    return disposition


def _write_promise(
    attempt: AttemptRow, lead: LeadRow, outcome: AttemptOutcome, disposition: Disposition | None
) -> None:
    promise = promise_of(
        custom_analysis(attempt.analysis),
        outcome,
        None if disposition is None else disposition.then,
        ended_at=_end_of(attempt),
        zone=load_zones(lead.time_zones)[0],
    )
    if promise is not None:
        attempt.callback_at, attempt.callback_problem = promise.written, promise.problem


def _write_booking(attempt: AttemptRow, lead: LeadRow, outcome: AttemptOutcome) -> None:
    custom, zone = custom_analysis(attempt.analysis), load_zones(lead.time_zones)[0]
    booking = booking_of(custom, outcome, ended_at=_end_of(attempt), zone=zone)
    if booking is not None:
        attempt.appointment_at, attempt.appointment_written = booking.at, booking.written
        attempt.appointment_problem = booking.problem


def _end_of(attempt: AttemptRow) -> datetime:
    return attempt.ended_at or attempt.settled_at or attempt.created_at


def notice(call: AttemptRow | InboundCallRow) -> Line:
    """That people are to be told of this call; by this line for now, in ids only."""
    fields = {name: str(getattr(call, name)) for name in ("organization_id", "campaign_id", "lead_id")}
    its_own = "attempt_id" if isinstance(call, AttemptRow) else "inbound_call_id"
    return Line("disposition_notify", fields | {its_own: str(call.id)})
