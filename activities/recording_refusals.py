"""What a refused dial does: its attempt is closed without having rung, and what would be refused next is parked."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.aftermath import NOTHING, Aftermath, Line
from activities.call_meaning import NO_MEANING, after_meaning, give_meaning, lock_concerned
from activities.gate import SendOrder
from activities.parked import note_answer, park
from activities.refusals import Parks, Refusal
from domain.parking import UNREACHABLE
from domain.vocabulary import AttemptOutcome, AttemptStatus, BlockedReason, LeadStatus
from storage import attempts, contacts, parking
from storage.models import AccountRow, AttemptRow, CampaignRow, NumberPoolRow
from storage.parking import Parkable


async def hold_up_others(session: AsyncSession, order: SendOrder, refusal: Refusal, *, now: datetime) -> Sequence[Line]:
    """Keep the next leads from being refused too: park what the refusal concerns, and have the pool pause.

    Locks the owners only, so it is a transaction before the attempt's. A probe's refusal changes nothing about what is
    parked, but that an account which was unreachable isn't any more.
    """
    lines: list[Line] = []
    parked = _whom_it_parks(order, refusal)
    if parked is not None and parked[0] is CampaignRow:
        await parking.lock(session, *parked)  # comes before the account
    if order.is_probe and refusal.parked_as != UNREACHABLE:
        lines += await note_answer(session, order.account_id, asked_at=order.sent_at, now=now)
    if parked is not None:
        reason = refusal.parked_as or refusal.reason
        lines += await park(session, *parked, reason=reason, now=now, heard_of=order.sent_at)
    await parking.hold_back(session, order.number_pool_id, now + refusal.pause)
    return lines


async def close_refused(session: AsyncSession, order: SendOrder, refusal: Refusal, *, now: datetime) -> Aftermath:
    """Settle the attempt of a refused dial: nothing rang, nothing is used up, its lead goes on or ends."""
    known = await attempts.get_attempt(session, order.attempt_id)
    if known is None:
        return NOTHING
    is_forbidden = refusal.do_not_call and await contacts.set_do_not_call(
        session, known.contact_id, reason=refusal.reason, source="provider", now=now
    )
    concerned = await lock_concerned(session, known, None)
    attempt = await attempts.lock_attempt(session, order.attempt_id)
    meaning = NO_MEANING
    lines: list[Line] = []
    if attempt is not None and attempt.status != AttemptStatus.DONE and attempt.call_id is None:
        _settle(attempt, refusal, now)
        meaning = await give_meaning(session, attempt, concerned, now=now)
        lead = concerned.lead
        lead.status = LeadStatus.NEW if lead.status == LeadStatus.IN_PROGRESS else lead.status
        lines += [_set_aside(attempt)] if refusal.sets_lead_aside else []
    aftermath = await after_meaning(session, known, meaning, is_forbidden=is_forbidden)
    return replace(aftermath, lines=(*aftermath.lines, *lines))


def _settle(attempt: AttemptRow, refusal: Refusal, now: datetime) -> None:
    attempt.disconnection_reason = refusal.reason
    attempts.settle(attempt, outcome=AttemptOutcome(refusal.outcome), counts=False, now=now)


def _set_aside(attempt: AttemptRow) -> Line:
    """That people have to look at the lead: no call will tell of it any more."""
    fields = {name: str(getattr(attempt, name)) for name in ("organization_id", "campaign_id", "lead_id")}
    return Line("lead_set_aside", fields | {"reason": BlockedReason.REFUSED_BY_PROVIDER}, logging.WARNING)


def _whom_it_parks(order: SendOrder, refusal: Refusal) -> tuple[Parkable, UUID] | None:
    match refusal.parks:
        case Parks.NOBODY:
            return None
        case Parks.ACCOUNT:
            return AccountRow, order.account_id
        case Parks.NUMBER_POOL:
            return NumberPoolRow, order.number_pool_id
        case Parks.CAMPAIGN:
            return CampaignRow, order.campaign_id
        case never:
            assert_never(never)
