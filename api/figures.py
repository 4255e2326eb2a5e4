"""Figures put together for their routes."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.principal import Principal
from api.problems import Invalid
from api.schemas.analytics import (
    AgentFigures,
    AnalyticsQuery,
    AttemptsFigures,
    ByAgentAnswer,
    ByCampaignAnswer,
    ByHourAnswer,
    BySourceAnswer,
    CallFigures,
    CampaignFigures,
    CostAnswer,
    DayFigures,
    HourFigures,
    LeadFigures,
    MoneyFigures,
    SourceFigures,
    SummaryAnswer,
    main_unit,
    minutes,
)
from domain.figures import share
from domain.periods import BEGINNING, END, Period, beginning_of, days_within, whole_hours
from domain.time_zones import load_zones
from domain.vocabulary import LeadOutcome
from storage import analytics
from storage.analytics import Asked, CallSums, LeadSums
from storage.analytics_marks import read_progress
from storage.costs import costs_by_day, money_of_campaigns

MOST_DAYS = 400
DAYS_UNLESS_ASKED = 30


def asked_of(principal: Principal, query: AnalyticsQuery) -> Asked:
    """What is asked for.

    Raises:
        Invalid: the period ends before it begins.
    """
    period = whole_hours(_instant(query.since, query.time_zone), _instant(query.until, query.time_zone))
    if period.since >= period.until:
        raise Invalid("to", "The period is empty; give a `to` that is later than `from`.")
    return Asked(organization_id=principal.organization_id, period=period, campaign_id=query.campaign_id)


async def summary(session: AsyncSession, asked: Asked) -> SummaryAnswer:
    funnel = await analytics.leads_in_all(session, asked)
    outcomes = dict(await analytics.leads_by_outcome(session, asked))
    to_reach = dict(await analytics.leads_by_attempts_to_reach(session, asked))
    is_open = outcomes.pop("", 0)
    in_progress = min(await analytics.leads_in_progress(session, asked), is_open)
    return SummaryAnswer(
        **await _told(session, asked.period),
        by_status={"new": is_open - in_progress, "in_progress": in_progress, "done": sum(outcomes.values())},
        by_outcome={outcome.value: outcomes.get(outcome, 0) for outcome in LeadOutcome},
        funnel=LeadFigures.of(funnel),
        attempts=AttemptsFigures(
            attempts=funnel.attempts,
            per_called_lead=share(funnel.attempts, funnel.called),
            mean_to_reach=share(sum(place * leads for place, leads in to_reach.items()), sum(to_reach.values())),
            to_reach=to_reach,
        ),
        calls=CallFigures.of(await analytics.calls_in_all(session, asked)),
    )


async def by_agent(session: AsyncSession, asked: Asked) -> ByAgentAnswer:
    items = [
        AgentFigures(agent_id=agent, agent_version=version, **dict(CallFigures.of(sums)))
        for agent, version, sums in await analytics.calls_by_agent(session, asked)
    ]
    return ByAgentAnswer(**await _told(session, asked.period), items=items)


async def by_source(session: AsyncSession, asked: Asked) -> BySourceAnswer:
    leads = dict(await analytics.leads_by_source(session, asked))
    calls = dict(await analytics.calls_by_source(session, asked))
    items = [
        SourceFigures(
            source=source or None,
            leads=LeadFigures.of(leads.get(source, LeadSums())),
            calls=CallFigures.of(calls.get(source, CallSums())),
        )
        for source in sorted({*leads, *calls})
    ]
    return BySourceAnswer(**await _told(session, asked.period), items=items)


async def by_campaign(session: AsyncSession, asked: Asked) -> ByCampaignAnswer:
    leads: dict[UUID | None, LeadSums] = dict(await analytics.leads_by_campaign(session, asked))
    calls = dict(await analytics.calls_by_campaign(session, asked))
    names = await analytics.names_of_campaigns(session, asked.organization_id)
    items = [
        CampaignFigures(
            campaign_id=campaign_id,
            name=None if campaign_id is None else names.get(campaign_id),
            leads=LeadFigures.of(leads.get(campaign_id, LeadSums())),
            calls=CallFigures.of(calls.get(campaign_id, CallSums())),
        )
        for campaign_id in sorted(
            {*leads, *calls}, key=lambda one: ("" if one is None else names.get(one, ""), str(one))
        )
    ]
    return ByCampaignAnswer(**await _told(session, asked.period), items=items)


async def by_hour(session: AsyncSession, asked: Asked) -> ByHourAnswer:
    items = [HourFigures.of(hour, sums) for hour, sums in await analytics.calls_by_hour(session, asked)]
    return ByHourAnswer(**await _told(session, asked.period), items=items)


async def cost(session: AsyncSession, asked: Asked, query: AnalyticsQuery, now: datetime) -> CostAnswer:
    """By day; of the last thirty days unless a period was given.

    Raises:
        Invalid: there are too many days in the period.
    """
    zone = load_zones([query.time_zone])[0]
    asked = _of_days(asked, query, now)
    if asked.period.until - asked.period.since > timedelta(days=MOST_DAYS):
        raise Invalid("from", f"Costs are told by day, of {MOST_DAYS} days at most; give a shorter period.")
    days = await costs_by_day(session, asked, days_within(asked.period, zone))
    return CostAnswer(
        **await _told(session, asked.period),
        cost=main_unit(sum((of_day.cost_cents for of_day in days), Decimal(0))),
        days=[
            DayFigures(
                day=of_day.day,
                campaign_id=of_day.campaign_id,
                calls=of_day.calls,
                minutes=minutes(of_day.duration_ms),
                cost=main_unit(of_day.cost_cents),
            )
            for of_day in days
        ],
        campaigns=[MoneyFigures.of(money) for money in await money_of_campaigns(session, asked)],
    )


def _of_days(asked: Asked, query: AnalyticsQuery, now: datetime) -> Asked:
    """With a beginning and an end in any case."""
    period = asked.period
    until = now if query.until is None else period.until
    first_day = (until - timedelta(days=DAYS_UNLESS_ASKED)).date()
    since = beginning_of(first_day, load_zones([query.time_zone])[0]) if query.since is None else period.since
    bounded = whole_hours(since, max(until, since + timedelta(hours=1)))
    return Asked(organization_id=asked.organization_id, period=bounded, campaign_id=asked.campaign_id)


async def _told(session: AsyncSession, period: Period) -> dict[str, Any]:
    """What every answer says about itself."""
    return {
        "as_of": await read_progress(session),
        "since": None if period.since == BEGINNING else period.since,
        "until": None if period.until == END else period.until,
    }


def _instant(given: date | datetime | None, time_zone: str) -> datetime | None:
    if given is None or isinstance(given, datetime):
        return given
    return beginning_of(given, load_zones([time_zone])[0])
