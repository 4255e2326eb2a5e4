"""What a call's fate means for those who dial next: a number rests, a pool waits, something is parked or released.

The rows of these owners are locked before the attempt's, as by everybody; which are needed follows from the report.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.aftermath import Line
from activities.parked import park, release
from activities.refusals import BUSY_PAUSE
from domain.calls import CallFacts
from domain.disconnection_reasons import FollowUp
from domain.outcomes import outcome_of
from domain.parking import CALLER_ID_REST, got_through
from domain.progress import AttemptState
from domain.vocabulary import AttemptStatus
from storage import caller_ids, parking
from storage.models import AccountRow, AttemptRow, CampaignRow, NumberPoolRow
from storage.parking import Parkable

_OWNER_OF: dict[FollowUp, Parkable] = {
    FollowUp.PARK_CAMPAIGN: CampaignRow,
    FollowUp.PARK_ACCOUNT: AccountRow,
    FollowUp.PARK_POOL: NumberPoolRow,
    FollowUp.REST_CALLER_ID: NumberPoolRow,
    FollowUp.HOLD_BACK: NumberPoolRow,
}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a report may do to the owners of its call, whose locks are held."""

    follow_up: FollowUp = FollowUp.NONE
    is_proof: bool = False


NO_CLAIMS = Claims()


def concerns_owners(follow_up: FollowUp) -> bool:
    """Whether this may change anything besides the call's own rows."""
    return follow_up in _OWNER_OF


async def lock_owners(session: AsyncSession, known: AttemptRow, facts: CallFacts) -> Claims:
    """Lock whatever this report may change besides its attempt: nothing, but for a few ends and for probes.

    Args:
        known: The attempt as it was read before, without a lock; its own lock comes later.
    """
    is_first = _is_first_end(AttemptStatus(known.status), known.disconnection_reason)
    follow_up = outcome_of(facts).follow_up if is_first and facts.ended else FollowUp.NONE
    is_proof = known.is_probe and got_through(facts) and await parking.is_any_parked(session, _owners(known))
    for what, row_id in _owners(known):
        if is_proof or _OWNER_OF.get(follow_up) is what:
            await parking.lock(session, what, row_id)
    return Claims(follow_up, is_proof)


async def follow_up(
    session: AsyncSession, claims: Claims, attempt: AttemptRow, before: AttemptState, facts: CallFacts, *, now: datetime
) -> Sequence[Line]:
    """Do what the report means for others, once for each call, whatever is reported of it again and in any order.

    Args:
        attempt: Locked, and written.
        before: What it was before it was written.
    """
    lines: list[Line] = []
    if _is_first_end(before.status, before.disconnection_reason):
        lines += await _follow_end(session, claims.follow_up, attempt, now)
    is_stale = before.ended_at is not None and not facts.ended
    if claims.is_proof and not is_stale:
        sent_at = attempt.first_sent_at or attempt.not_before
        for what, row_id in _owners(attempt):
            lines += await release(session, what, row_id, now=now, parked_before=sent_at)
    return lines


def _is_first_end(status: AttemptStatus, disconnection_reason: str | None) -> bool:
    """Whether an end that is reported now is the first of its call; a finished attempt has no effect any more."""
    return status is not AttemptStatus.DONE and disconnection_reason is None


async def _follow_end(session: AsyncSession, follow_up: FollowUp, attempt: AttemptRow, now: datetime) -> Sequence[Line]:
    match follow_up:
        case FollowUp.NONE | FollowUp.DO_NOT_CALL | FollowUp.CALL_BACK:
            return ()  # seen to with the outcome
        case FollowUp.HOLD_BACK:
            await parking.hold_back(session, attempt.number_pool_id, now + BUSY_PAUSE)
            return ()
        case FollowUp.REST_CALLER_ID:
            return await _rest_caller_id(session, attempt, now)
        case FollowUp.PARK_ACCOUNT | FollowUp.PARK_POOL | FollowUp.PARK_CAMPAIGN:
            row_id = dict(_owners(attempt))[_OWNER_OF[follow_up]]
            reason = attempt.disconnection_reason or follow_up
            heard_of = attempt.ended_at or now
            return await park(session, _OWNER_OF[follow_up], row_id, reason=reason, now=now, heard_of=heard_of)
        case never:
            assert_never(never)


async def _rest_caller_id(session: AsyncSession, attempt: AttemptRow, now: datetime) -> Sequence[Line]:
    until = (attempt.ended_at or now) + CALLER_ID_REST
    caller_id = await caller_ids.rest(session, attempt.number_pool_id, attempt.from_number, until)
    if caller_id is None:
        return ()
    fields = {"caller_id": str(caller_id), "number_pool_id": str(attempt.number_pool_id), "until": until.isoformat()}
    return [Line("caller_id_rests", fields, logging.WARNING)]


def _owners(attempt: AttemptRow) -> Collection[tuple[Parkable, UUID]]:
    """In the order of locks."""
    return (
        (CampaignRow, attempt.campaign_id),
        (AccountRow, attempt.account_id),
        (NumberPoolRow, attempt.number_pool_id),
    )
