"""The second gate: the last look before a request leaves, and the compare-and-set that lets it leave once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.messages import CallFate
from activities.probing import let_probe_pass
from activities.weighing import DialSettings, weigh
from domain.decision import may_send
from domain.vocabulary import AttemptStatus, LeadStatus
from storage import attempts
from storage.accounts import AccountAddress, address_of
from storage.budgets import has_no_budget_left
from storage.models import AttemptRow
from storage.situations import LeadWithContext, lock_lead_of_attempt

LISTENING_MARGIN = timedelta(seconds=30)
"""A call whose end wasn't heard this long after it must have ended is looked up."""

REPEAT_UNTIL = timedelta(minutes=50)
"""A repeat under the same key is safe for one hour (source: the provider); this leaves a margin for slow answers."""

REPEAT_DISTANCE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class SendOrder:
    """The request may leave now, at ``sent_at``, and whoever holds this order sends it."""

    attempt_id: UUID
    account: AccountAddress
    body: dict[str, Any]
    number_pool_id: UUID
    account_id: UUID
    campaign_id: UUID
    lead_id: UUID
    look_up_at: datetime
    sent_at: datetime
    is_probe: bool = False
    is_repeat: bool = False


async def pass_gate(
    session: AsyncSession, attempt_id: UUID, *, settings: DialSettings, clock: Callable[[], datetime]
) -> SendOrder | CallFate:
    """Let a granted attempt go out, under all locks, if every rule still allows it at this instant.

    Otherwise the attempt is closed without having rung and its slot is free. An attempt that went out before stays as
    it is: its fate says when to look it up. The caller commits before it sends.

    Args:
        clock: Read once the locks are held: waiting for them may take seconds, and the hours may end meanwhile.
    """
    context = await lock_lead_of_attempt(session, attempt_id)
    if context is None:
        return CallFate(None, "erased")
    now = clock()
    attempt = context.open_attempt
    if attempt is None or attempt.id != attempt_id:
        return CallFate(None, "settled")
    if attempt.status != AttemptStatus.GRANTED or attempt.request_body is None:
        return CallFate(attempt.look_up_at or now, "placed before")
    if not await _open(session, context, attempt, settings, now):
        attempts.close_unrung(attempt, now=now, reason="gate_closed")
        context.lead.status = LeadStatus.NEW
        return CallFate(None, "the gate was closed")
    return await _let_go(session, context, attempt, attempt.request_body, now)


async def _open(
    session: AsyncSession, context: LeadWithContext, attempt: AttemptRow, settings: DialSettings, now: datetime
) -> bool:
    if not attempt.not_before <= now <= attempt.not_after:
        return False
    return await _is_allowed(session, context, attempt, settings, now)


async def _is_allowed(
    session: AsyncSession, context: LeadWithContext, attempt: AttemptRow, settings: DialSettings, now: datetime
) -> bool:
    if await has_no_budget_left(session, context.campaign, but_for=1):
        return False
    passing = let_probe_pass(context, attempt)
    return may_send(await weigh(session, passing, now=now, settings=settings, attempt=attempt))


async def _let_go(
    session: AsyncSession, context: LeadWithContext, attempt: AttemptRow, body: dict[str, Any], now: datetime
) -> SendOrder:
    look_up_at = now + longest_life(context)
    if not await attempts.mark_dialling(session, attempt.id, now=now, look_up_at=look_up_at):
        msg = "an attempt changed under its own lock"
        raise RuntimeError(msg)
    return _order(context, attempt, body, look_up_at, now)


def longest_life(context: LeadWithContext) -> timedelta:
    """Ring, talk at most, and a margin: after this the provider must have reported the end of a call."""
    campaign = context.campaign
    return timedelta(seconds=campaign.ring_seconds + campaign.max_call_seconds) + LISTENING_MARGIN


def _order(
    context: LeadWithContext, attempt: AttemptRow, body: dict[str, Any], look_up_at: datetime, now: datetime
) -> SendOrder:
    return SendOrder(
        attempt_id=attempt.id,
        account=address_of(context.account),
        body=body,
        number_pool_id=attempt.number_pool_id,
        account_id=attempt.account_id,
        campaign_id=attempt.campaign_id,
        lead_id=attempt.lead_id,
        look_up_at=look_up_at,
        sent_at=now,
        is_probe=attempt.is_probe,
    )


async def pass_gate_again(
    session: AsyncSession, attempt_id: UUID, *, settings: DialSettings, clock: Callable[[], datetime]
) -> SendOrder | None:
    """Let an unconfirmed attempt be repeated under its own key and body, if every rule still allows a dial.

    None when it may not be repeated now: settled meanwhile, its key about to lapse, just sent, against the rules, or
    to be hung up at once.
    """
    context = await lock_lead_of_attempt(session, attempt_id)
    attempt = None if context is None else context.open_attempt
    if context is None or attempt is None or attempt.id != attempt_id or attempt.request_body is None:
        return None
    now = clock()
    if attempt.call_id is not None or attempt.hang_up_at is not None or not _is_time_to_repeat(attempt, now):
        return None
    if not await _is_allowed(session, context, attempt, settings, now):
        return None
    attempt.last_sent_at = now
    attempt.look_up_at = now + longest_life(context)
    order = _order(context, attempt, attempt.request_body, attempt.look_up_at, now)
    return replace(order, is_repeat=True)


def _is_time_to_repeat(attempt: AttemptRow, now: datetime) -> bool:
    first, last = attempt.first_sent_at, attempt.last_sent_at
    if first is None or last is None:
        return False
    return now - last >= REPEAT_DISTANCE and now - first < REPEAT_UNTIL
