"""When leads that nobody asked about may be called, for many of them at once.

Each gets what its own decision would say. Leads that nothing tells apart but their names share one decision: those of
one campaign with the same zones, the same rule and the same ``not_before``, whose numbers nobody called. All others
are weighed one by one, from facts that were read for all of them together.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from activities.terms import rule_of
from activities.weighing import CAPS_LOOK_BACK, DialSettings, look_back, rule_for, situation_of
from domain.appointments import appointment
from domain.calling_rules import CallingRule
from domain.decision import Finished, LookAgain, MayDial, NotYet, closing_of, decide
from domain.situation import Capacity
from domain.steps import Parked, Queued
from storage import appointments
from storage.contact_facts import ContactFacts, contact_facts_of_leads
from storage.models import CampaignRow, ContactRow, LeadRow, NumberPoolRow
from storage.replanning import Owners, Plan, WaitingLead
from storage.situations import LeadWithContext

log = structlog.get_logger(__name__)

NOTHING_GRANTED = Capacity(free_slots=0)
NO_CALLS = ContactFacts(dials=(), is_on_a_call=False, reached_at=None, is_listed=False)

AT_A_STRETCH = 25
"""Decisions between which everybody else in the process gets a turn."""

Alike = tuple[CallingRule, tuple[str, ...], datetime | None]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a decision says of a lead that waits. ``open_until``: until when it may be called where it may be now."""

    decision: Finished | NotYet | LookAgain | Queued | Parked
    open_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """What stood in a lead's row."""

    lead_id: UUID
    earliest_at: datetime | None
    due_at: datetime | None
    next_attempt_at: datetime | None


def calls_since(campaign: CampaignRow, now: datetime) -> datetime:
    """Calls to somebody's number before that have no say in when the leads of this campaign may be called."""
    distance = timedelta(seconds=campaign.min_seconds_between_attempts or 0)
    return now - max(CAPS_LOOK_BACK, distance, timedelta(days=campaign.skip_if_reached_within_days or 0))


async def plan_alike(
    session: AsyncSession, owners: Owners, leads: Sequence[WaitingLead], *, now: datetime, settings: DialSettings
) -> Sequence[Plan]:
    """The plans of untouched leads whose locks the caller holds; one decision for all that are alike."""
    groups: defaultdict[Alike, list[WaitingLead]] = defaultdict(list)
    for lead in leads:
        groups[_kind_of(owners.campaign, lead, now)].append(lead)
    outlooks: list[tuple[Before, Outlook]] = []
    for place, group in enumerate(groups.values()):
        await _take_turns(place)
        outlook = _outlook(_representative(owners, group[0]), NO_CALLS, now, settings)
        if outlook is not None:
            outlooks += [(_before(lead), outlook) for lead in group]
    return await _plans(session, owners.pool, outlooks, now)


async def plan_weighed(
    session: AsyncSession, owners: Owners, leads: Sequence[LeadWithContext], *, now: datetime, settings: DialSettings
) -> tuple[Sequence[Plan], Sequence[tuple[UUID, int]]]:
    """The plans of leads whose locks the caller holds, each weighed by itself; and the runs that have to end."""
    since = now - max((look_back(owners.campaign, rule_for(context)) for context in leads), default=CAPS_LOOK_BACK)
    facts = await contact_facts_of_leads(session, [context.lead.id for context in leads], dialled_since=since)
    outlooks: list[tuple[Before, Outlook]] = []
    ended: list[tuple[UUID, int]] = []
    for place, context in enumerate(leads):
        await _take_turns(place)
        outlook = _outlook(context, facts[context.lead.id], now, settings)
        if outlook is not None and isinstance(outlook.decision, Finished):
            ended.append((context.lead.id, context.lead.run))
        elif outlook is not None:
            outlooks.append((_before(context.lead), outlook))
    return await _plans(session, owners.pool, outlooks, now), ended


async def _take_turns(place: int) -> None:
    if place % AT_A_STRETCH == AT_A_STRETCH - 1:
        await asyncio.sleep(0)


def _kind_of(campaign: CampaignRow, lead: WaitingLead, now: datetime) -> Alike:
    rule = rule_of(campaign, region=lead.region, phone_number=lead.phone_number)
    is_later = lead.not_before is not None and lead.not_before > now
    return rule, tuple(lead.time_zones), lead.not_before if is_later else None


def _representative(owners: Owners, lead: WaitingLead) -> LeadWithContext:
    """A lead that stands for all that are alike; its rows are in no session."""
    return LeadWithContext(
        owners.organization,
        owners.account,
        owners.campaign,
        owners.pool,
        pool_is_locked=False,
        contact=ContactRow(phone_number=lead.phone_number),
        lead=LeadRow(
            id=lead.id,
            region=lead.region,
            time_zones=lead.time_zones,
            not_before=lead.not_before,
            consent={},
            earlier_attempts=0,
        ),
        attempts=(),
    )


def _outlook(context: LeadWithContext, contact: ContactFacts, now: datetime, settings: DialSettings) -> Outlook | None:
    """None where nobody can tell: a zone or windows that can't be read keep no other leads waiting."""
    try:
        situation = situation_of(context, contact, now=now, settings=settings, capacity=NOTHING_GRANTED)
        decision = decide(situation)
    except ValueError as error:
        log.warning("lead_not_planned", lead_id=str(context.lead.id), error=type(error).__name__)
        return None
    match decision:
        case Finished() | NotYet() | LookAgain():
            return Outlook(decision)
        case Queued() | Parked():
            return Outlook(decision, closing_of(situation))
        case MayDial():
            raise RuntimeError("a decision without a free slot grants nothing")
        case never:
            assert_never(never)


def _before(lead: WaitingLead | LeadRow) -> Before:
    return Before(lead.id, lead.earliest_at, lead.due_at, lead.next_attempt_at)


async def _plans(
    session: AsyncSession, pool: NumberPoolRow, outlooks: Sequence[tuple[Before, Outlook]], now: datetime
) -> Sequence[Plan]:
    """The plans, and for all that wait for one opening the places in which they look by themselves."""
    every = (_plan(before, outlook, now) for before, outlook in outlooks)
    plans = [plan for plan in every if plan is not None]
    waiting: defaultdict[tuple[datetime, datetime], list[int]] = defaultdict(list)
    for place, plan in enumerate(plans):
        is_opening = plan.due_at > max(plan.earliest_at, now)
        if plan.next_attempt_at is None and is_opening and plan.open_until is not None:
            waiting[plan.due_at, plan.open_until].append(place)
    for (opens_at, open_until), of_opening in sorted(waiting.items()):
        places = await appointments.take_places(session, pool.id, opens_at, len(of_opening))
        for index, place in zip(of_opening, places, strict=True):
            instant = appointment(
                place,
                opens_at=opens_at,
                open_until=open_until,
                live_calls=pool.max_live_calls,
                calls_per_second=pool.max_calls_per_second,
            )
            plans[index] = replace(plans[index], next_attempt_at=instant)
    return plans


def _plan(before: Before, outlook: Outlook, now: datetime) -> Plan | None:
    """What the lead's own decision would write, but for an appointment that it hasn't got yet."""
    match outlook.decision:
        case Finished():
            return None
        case NotYet(earliest=earliest, opens_at=opens_at, open_until=open_until, why=why):
            keeps = before.next_attempt_at if before.due_at == opens_at else None
            next_attempt_at = keeps if opens_at > earliest else opens_at
            return Plan(before.lead_id, earliest, opens_at, open_until, next_attempt_at, why)
        case LookAgain(at=at, open_until=open_until, why=why):
            return Plan(before.lead_id, at, at, open_until, None, why)
        case Queued(why=why) | Parked(why=why):
            return Plan(
                before.lead_id,
                min(before.earliest_at or now, now),
                min(before.due_at or now, now),
                outlook.open_until,
                None,
                why,
            )
        case never:
            assert_never(never)
