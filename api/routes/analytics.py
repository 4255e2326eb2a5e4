"""Figures: what came of leads and calls, and what it cost. ``docs/operations/analytics.md`` says what each means."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api import figures
from api.campaign_filter import must_exist
from api.dependencies import AnalyticsSession, Deps, Reader
from api.problem_answers import may_answer
from api.schemas.analytics import (
    AnalyticsQuery,
    ByAgentAnswer,
    ByCampaignAnswer,
    ByHourAnswer,
    BySourceAnswer,
    CostAnswer,
    SummaryAnswer,
)
from storage.analytics import Asked

router = APIRouter(prefix="/api/v1/analytics", tags=["analytics"], responses=may_answer(404))

Given = Annotated[AnalyticsQuery, Query()]


async def asked_by(principal: Reader, session: AnalyticsSession, query: Given) -> Asked:
    """Whose figures, of when, of which campaign."""
    asked = figures.asked_of(principal, query)
    await must_exist(session, asked.organization_id, asked.campaign_id)
    return asked


AskedFor = Annotated[Asked, Depends(asked_by)]


@router.get("/summary", summary="Leads and how far they came, calls and what they cost")
async def get_summary(session: AnalyticsSession, asked: AskedFor) -> SummaryAnswer:
    """Leads are those that came in during the period, whenever they were called; calls those that began in it."""
    return await figures.summary(session, asked)


@router.get("/by-agent", summary="Calls by the agent and its version")
async def get_by_agent(session: AnalyticsSession, asked: AskedFor) -> ByAgentAnswer:
    return await figures.by_agent(session, asked)


@router.get("/by-source", summary="Leads and calls by the source of the lead")
async def get_by_source(session: AnalyticsSession, asked: AskedFor) -> BySourceAnswer:
    return await figures.by_source(session, asked)


@router.get("/by-campaign", summary="Leads and calls by campaign")
async def get_by_campaign(session: AnalyticsSession, asked: AskedFor) -> ByCampaignAnswer:
    return await figures.by_campaign(session, asked)


@router.get("/by-hour", summary="Calls by weekday and hour on the lead's own clock")
async def get_by_hour(session: AnalyticsSession, asked: AskedFor) -> ByHourAnswer:
    return await figures.by_hour(session, asked)


@router.get("/cost", summary="Cost by day and campaign, and against budgets")
async def get_cost(session: AnalyticsSession, asked: AskedFor, query: Given, deps: Deps) -> CostAnswer:
    """Of the last thirty days unless a period is given, of 400 days at most."""
    return await figures.cost(session, asked, query, deps.clock())
