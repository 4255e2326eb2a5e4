"""When leads of a campaign would be called, if it ran: decided as for a call, but nobody is granted anything."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.planning import AT_A_STRETCH
from activities.weighing import CAPS_LOOK_BACK, DialSettings, look_back, rule_for, situation_of
from domain.decision import Finished, LookAgain, MayDial, NotYet, decide
from domain.situation import UNLIMITED
from domain.steps import Parked, Queued
from domain.vocabulary import CampaignStatus, LeadOutcome
from storage.contact_facts import ContactFacts, contact_facts_of_leads
from storage.previews import Owners, in_context
from storage.situations import LeadWithContext

NEVER_OPEN = "no_calling_hours"
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Foreseen:
    """``calls_at``: when the lead would be called at the earliest; else ``skipped`` says why it wouldn't be."""

    context: LeadWithContext
    calls_at: datetime | None
    why: str
    skipped: str | None = None


async def foresee(
    session: AsyncSession, owners: Owners, lead_ids: Sequence[UUID], *, now: datetime, settings: DialSettings
) -> Mapping[UUID, Foreseen]:
    """What would become of these leads if the campaign ran and every slot were free."""
    contexts = await in_context(session, owners, lead_ids)
    backs = (look_back(owners.campaign, rule_for(context)) for context in contexts.values())
    since = now - max(backs, default=CAPS_LOOK_BACK)
    facts = await contact_facts_of_leads(session, list(contexts), dialled_since=since)
    foreseen: dict[UUID, Foreseen] = {}
    for place, (lead_id, context) in enumerate(contexts.items()):
        if place % AT_A_STRETCH == AT_A_STRETCH - 1:
            await asyncio.sleep(0)
        foreseen[lead_id] = _foresee(context, facts[lead_id], now, settings)
    return foreseen


def _foresee(context: LeadWithContext, contact: ContactFacts, now: datetime, settings: DialSettings) -> Foreseen:
    try:
        situation = situation_of(context, contact, now=now, settings=settings, capacity=UNLIMITED)
        running = replace(
            situation, campaign_status=CampaignStatus.RUNNING, organization_stopped=False, parked_reason=None
        )
        decision = decide(running)
    except ValueError:
        return Foreseen(context, None, "its time zone or the campaign's windows can't be read", UNREADABLE)
    match decision:
        case Finished(outcome=outcome, blocked_reason=reason):
            skipped = reason if outcome is LeadOutcome.BLOCKED and reason is not None else str(outcome)
            return Foreseen(context, None, skipped.replace("_", " "), skipped)
        case NotYet(opens_at=opens_at, why=why):
            return Foreseen(context, opens_at, why)
        case LookAgain(at=at, open_until=open_until, why=why):
            is_never = open_until is None
            return Foreseen(context, None if is_never else at, why, NEVER_OPEN if is_never else None)
        case MayDial(not_before=not_before):
            return Foreseen(context, not_before, "as soon as a slot is free")
        case Queued(why=why) | Parked(why=why):
            return Foreseen(context, now, why)
        case never:
            assert_never(never)
