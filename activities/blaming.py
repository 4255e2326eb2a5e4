"""Whether a refused request is its lead's fault or its campaign's, by what other leads met with."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncSession

from activities.gate import SendOrder
from activities.refusals import Parks, Refusal
from domain.refused_requests import PROOF_HOLDS, Fault, RequestRefusal, is_set_aside, whose_fault
from storage import refused_requests


async def blame(session: AsyncSession, order: SendOrder, refusal: Refusal, *, now: datetime) -> Refusal:
    """The refusal as it is to be recorded. Locks nothing; refusals for a reason that is known stay as they are."""
    if refusal.reason != RequestRefusal.UNCLEAR:
        return refusal
    others = await refused_requests.dials_of_others(
        session, order.campaign_id, but_for=order.lead_id, since=now - PROOF_HOLDS
    )
    own = await refused_requests.refusals_of(session, order.lead_id)
    match whose_fault(others, was_refused_before=bool(own)):
        case Fault.CAMPAIGN:
            return refusal
        case Fault.UNKNOWN:
            return replace(refusal, parks=Parks.NOBODY)
        case Fault.LEAD:
            sets_aside = is_set_aside([*own, RequestRefusal.LEAD])
            return replace(refusal, reason=RequestRefusal.LEAD, parks=Parks.NOBODY, sets_lead_aside=sets_aside)
        case never:
            assert_never(never)
