"""Calls that come in: kept in rows of their own, matched to whoever rings, and heeded by the lead they were called for.

Locks are taken in the usual order, contact and lead, and the call's own row after them.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.aftermath import NOTHING, Aftermath
from activities.inbound_meaning import Meant, give_meaning
from activities.live_analysis import Heard, flag, heard_anew, wish_among
from activities.terms import live_phrases_of
from domain.calls import CallFacts
from domain.live_phrases import DEFAULT_LIVE_PHRASES, forbids_calls
from domain.phone_numbers import InvalidPhoneNumber, to_e164
from domain.progress import AttemptState, progress
from domain.ringing_back import inbound_outcome_of
from domain.vocabulary import AttemptOutcome, AttemptStatus
from storage import attempts, contacts, inbound_calls, leads
from storage.models import AccountRow, CampaignRow, InboundCallRow, LeadRow

_OF_ATTEMPTS_ALONE = frozenset({"slot_released_at", "transfers"})
"""A call that came in holds no slot, and how it was put through isn't kept."""


@dataclass(frozen=True, slots=True)
class _Party:
    """Whose call it is, as far as anybody knows."""

    contact_id: UUID | None = None
    lead: LeadRow | None = None
    campaign: CampaignRow | None = None


async def take(session: AsyncSession, account: AccountRow, facts: CallFacts, *, now: datetime) -> Aftermath:
    """Write down what is reported of a call that came in, and do what follows from it. The caller commits.

    Safe to repeat, in any order: the row only moves forward, and its outcome is decided once, by the analysis or by a
    look at it after that should have come.
    """
    known = await inbound_calls.find_call(session, account.id, facts.call_id)
    if known is not None and known.erased_at is not None:
        facts = replace(facts, from_number=None, to_number=None)
    party = await _find_party(session, account, facts, known)
    heard, wish = _listen(party, known, facts)
    party = await _lock_party(session, account, facts, party, is_wish=wish is not None)
    row = await inbound_calls.lock_call(session, account, facts, contact_id=party.contact_id, lead=party.lead, now=now)
    if row.erased_at is not None:
        _write(row, facts, now)
        return NOTHING
    flag(row, heard, now=now)
    forbids = False
    if wish is not None and party.contact_id is not None:
        forbids = await contacts.set_do_not_call(session, party.contact_id, reason=wish, source="call", now=now)
    meant = Meant()
    if _write(row, facts, now):
        meant = await give_meaning(session, row, party.lead, party.campaign, now=now)
    return await _aftermath(session, party, replace(meant, forbids=meant.forbids or forbids))


def caller_of(number: str | None) -> str | None:
    """The caller's number in E.164; None where it is withheld, or nobody could ever be called at it."""
    if number is None or not number.startswith("+"):
        return None
    try:
        return to_e164(number)
    except InvalidPhoneNumber:
        return None


async def lead_for(
    session: AsyncSession, account: AccountRow, contact_id: UUID, lead_id: UUID | None = None
) -> LeadRow | None:
    """The contact's lead that its call is about: the one that the agent was told of, else the latest."""
    if lead_id is not None:
        lead = await inbound_calls.lead_of_contact(session, account, contact_id, lead_id)
        if lead is not None:
            return lead
    return await inbound_calls.latest_lead(session, account, contact_id)


async def _find_party(
    session: AsyncSession, account: AccountRow, facts: CallFacts, known: InboundCallRow | None
) -> _Party:
    """By what was found when the call was first heard of, else by the caller's number; nothing is locked yet."""
    contact_id = None if known is None else known.contact_id
    number = caller_of(facts.from_number)
    if contact_id is None and number is not None:
        contact = await contacts.get_contact(session, account.organization_id, number)
        contact_id = None if contact is None else contact.id
    if contact_id is None:
        return _Party()
    lead_id = facts.lead_id if known is None or known.lead_id is None else known.lead_id
    lead = await lead_for(session, account, contact_id, lead_id)
    return _Party(contact_id, lead, None if lead is None else await session.get_one(CampaignRow, lead.campaign_id))


async def _lock_party(
    session: AsyncSession, account: AccountRow, facts: CallFacts, party: _Party, *, is_wish: bool
) -> _Party:
    """Lock the contact and its lead. Whoever asks never to be called, and isn't known yet, becomes a contact for it."""
    if party.contact_id is None:
        number = caller_of(facts.from_number)
        if number is None or not is_wish:
            return party
        return _Party((await contacts.lock_contact(session, account.organization_id, number)).id)
    await contacts.lock_by_id(session, party.contact_id)
    lead = None if party.lead is None else await leads.lock_row(session, party.lead.id)
    # The lead may have got another number while its contact's lock was waited for.
    is_theirs = lead is not None and lead.contact_id == party.contact_id
    return party if is_theirs else _Party(party.contact_id)


def _listen(party: _Party, known: InboundCallRow | None, facts: CallFacts) -> tuple[Heard, str | None]:
    """What is heard for the first time, and why the number may not be called again, if it may not."""
    phrases = DEFAULT_LIVE_PHRASES if party.campaign is None else live_phrases_of(party.campaign)
    new = heard_anew(None if known is None else known.flags, facts, phrases)
    if facts.ended and inbound_outcome_of(facts).do_not_call:
        return Heard(new), "asked not to be called"
    return Heard(new), wish_among(new)


def _write(row: InboundCallRow, facts: CallFacts, now: datetime) -> bool:
    """Move the row forward; whether it is to be told now what the call meant."""
    before = AttemptState(
        status=AttemptStatus(row.status),
        ended_at=row.ended_at,
        analyzed_at=row.analyzed_at,
        disconnection_reason=row.disconnection_reason,
        takes_recording=row.recording_deletion is None,
        transcript_reach=row.transcript_reach,
    )
    step = progress(before, facts, now=now)
    attempts.write(row, {column: value for column, value in step.changes.items() if column not in _OF_ATTEMPTS_ALONE})
    attempts.fill(row, step.missing)
    if before.status is AttemptStatus.DONE:
        return facts.analyzed and before.analyzed_at is None
    if step.settled is None:
        return False
    outcome = inbound_outcome_of(replace(facts, disconnection_reason=row.disconnection_reason)).outcome
    inbound_calls.settle(row, outcome=AttemptOutcome.OPTED_OUT if forbids_calls(row.flags) else outcome, now=now)
    return True


async def _aftermath(session: AsyncSession, party: _Party, meant: Meant) -> Aftermath:
    """Whoever may not be called any more is woken to end, and the lead itself where something else comes next."""
    runs = (
        list(await leads.open_runs_of_contact(session, party.contact_id)) if meant.forbids and party.contact_id else []
    )
    lead = party.lead
    if meant.moves_lead and lead is not None and lead.handed_over_at is not None:
        own = (lead.id, lead.run)
        runs = [own, *(run for run in runs if run != own)]
    return Aftermath(tuple(meant.lines), tuple(runs))
