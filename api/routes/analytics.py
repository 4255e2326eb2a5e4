"""Figures: what came of leads and calls, and what it cost. ``docs/operations/analytics.md`` says what each means."""

from typing import Annotated

from fastapi import APIRouter, Query

from api import figures
from api.dependencies import AnalyticsSession, Deps, Reader
from api.schemas.analytics import (
    AnalyticsQuery,
    ByAgentAnswer,
    ByCampaignAnswer,
    ByHourAnswer,
    BySourceAnswer,
    CostAnswer,
    SummaryAnswer,
)

router = APIRouter(prefix="/api/v1/analytics", tags=["analytics"])

Asked = Annotated[AnalyticsQuery, Query()]


@router.get("/summary", summary="Leads and how far they came, calls and what they cost")
async def get_summary(principal: Reader, session: AnalyticsSession, query: Asked) -> SummaryAnswer:
    """Leads are those that came in during the period, whenever they were called; calls those that began in it."""
    return await figures.summary(session, figures.asked_of(principal, query))


@router.get("/by-agent", summary="Calls by the agent and its version")
async def get_by_agent(principal: Reader, session: AnalyticsSession, query: Asked) -> ByAgentAnswer:
    return await figures.by_agent(session, figures.asked_of(principal, query))


@router.get("/by-source", summary="Leads and calls by the source of the lead")
async def get_by_source(principal: Reader, session: AnalyticsSession, query: Asked) -> BySourceAnswer:
    return await figures.by_source(session, figures.asked_of(principal, query))


@router.get("/by-campaign", summary="Leads and calls by campaign")
async def get_by_campaign(principal: Reader, session: AnalyticsSession, query: Asked) -> ByCampaignAnswer:
    return await figures.by_campaign(session, figures.asked_of(principal, query))


@router.get("/by-hour", summary="Calls by weekday and hour on the lead's own clock")
async def get_by_hour(principal: Reader, session: AnalyticsSession, query: Asked) -> ByHourAnswer:
    return await figures.by_hour(session, figures.asked_of(principal, query))


@router.get("/cost", summary="Cost by day and campaign, and against budgets")
async def get_cost(principal: Reader, session: AnalyticsSession, query: Asked, deps: Deps) -> CostAnswer:
    """Of the last thirty days unless a period is given, of 400 days at most."""
    return await figures.cost(session, figures.asked_of(principal, query), query, deps.clock())
