"""Figures as they are asked for and answered. Money is in main units; a rate without a whole is null."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from api.schemas.fields import Instant
from api.schemas.words import LeadOutcomeWord, LeadStatusWord
from domain.figures import share
from domain.time_zones import load_zones
from storage.analytics import CallSums, HourSums, LeadSums
from storage.costs import CampaignMoney

CENTS = 100
MINUTE_MS = 60_000

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


def _date_or_instant(value: object) -> date | datetime:
    if isinstance(value, str) and _DATE.fullmatch(value):
        day = date.fromisoformat(value)
        if not 2000 < day.year < 2100:
            raise ValueError("Give a date between 2001 and 2099.")
        return day
    try:
        return _INSTANT.validate_python(value)
    except ValueError:
        raise ValueError("Give a date (2026-03-01) or an instant with its offset (2026-03-01T15:00:00Z).") from None


def _known_zone(value: str) -> str:
    load_zones([value])
    return value


When = Annotated[datetime | date, BeforeValidator(_date_or_instant)]


class AnalyticsQuery(BaseModel):
    """``from`` is included, ``to`` isn't: both instants, or dates, which begin at midnight in ``time_zone``."""

    since: Annotated[When | None, Field(alias="from", description="A date or an instant; included.")] = None
    until: Annotated[When | None, Field(alias="to", description="A date or an instant; not included.")] = None
    campaign_id: UUID | None = None
    time_zone: Annotated[
        str, Field(max_length=64, description="Whose days dates are (IANA)."), AfterValidator(_known_zone)
    ] = "UTC"


class Figures(BaseModel):
    """``as_of``: all that was known before is counted, mostly that of some seconds ago; null: nothing was yet.

    ``from`` and ``to`` are what was asked for, widened to full hours of UTC; null: bounded by nothing.
    """

    model_config = ConfigDict(validate_by_name=True)

    as_of: datetime | None
    since: Annotated[datetime | None, Field(alias="from")]
    until: Annotated[datetime | None, Field(alias="to")]


class CallFigures(BaseModel):
    """Of calls that began in the period. ``calls``: ours that count; ``refused``: ours that rang nowhere.

    ``reached``: a person was on the line. ``succeeded``: the disposition is one that the campaign marks as a success.
    Costs are those of all calls, also of ``inbound`` ones, and so are the successes that they are divided by.
    """

    calls: int
    reached: int
    succeeded: int
    refused: int
    reached_share: float | None
    success_rate: float | None
    success_rate_of_reached: float | None
    inbound: int
    inbound_reached: int
    inbound_succeeded: int
    minutes: float
    talk_minutes: float
    cost: float
    cost_per_success: float | None

    @classmethod
    def of(cls, sums: CallSums) -> Self:
        cost = main_unit(sums.cost_cents)
        return cls(
            calls=sums.calls,
            reached=sums.reached,
            succeeded=sums.succeeded,
            refused=sums.refused,
            reached_share=share(sums.reached, sums.calls),
            success_rate=share(sums.succeeded, sums.calls),
            success_rate_of_reached=share(sums.succeeded, sums.reached),
            inbound=sums.inbound,
            inbound_reached=sums.inbound_reached,
            inbound_succeeded=sums.inbound_succeeded,
            minutes=minutes(sums.duration_ms),
            talk_minutes=minutes(sums.talk_ms),
            cost=cost,
            cost_per_success=share(cost, sums.succeeded + sums.inbound_succeeded),
        )


class LeadFigures(BaseModel):
    """Of leads that came in during the period, whenever they were called: how far they came."""

    leads: int
    called: int
    reached: int
    succeeded: int
    success_rate: float | None

    @classmethod
    def of(cls, sums: LeadSums) -> Self:
        return cls(
            leads=sums.leads,
            called=sums.called,
            reached=sums.reached,
            succeeded=sums.succeeded,
            success_rate=share(sums.succeeded, sums.called),
        )


class AttemptsFigures(BaseModel):
    """``to_reach``: how many leads were first reached by their first call, their second, …"""

    attempts: int
    per_called_lead: float | None
    mean_to_reach: float | None
    to_reach: Mapping[int, int]


class SummaryAnswer(Figures):
    by_status: Mapping[LeadStatusWord, int]
    by_outcome: Mapping[LeadOutcomeWord, int]
    funnel: LeadFigures
    attempts: AttemptsFigures
    calls: CallFigures


class AgentFigures(CallFigures):
    agent_id: str | None
    agent_version: int | None


class ByAgentAnswer(Figures):
    items: list[AgentFigures]


class SourceFigures(BaseModel):
    source: str | None
    leads: LeadFigures
    calls: CallFigures


class BySourceAnswer(Figures):
    items: list[SourceFigures]


class CampaignFigures(BaseModel):
    """A ``campaign_id`` of null: calls that came in from numbers that belong to none."""

    campaign_id: UUID | None
    name: str | None
    leads: LeadFigures
    calls: CallFigures


class ByCampaignAnswer(Figures):
    items: list[CampaignFigures]


class HourFigures(BaseModel):
    """An hour of the week on the lead's own clock; ``weekday`` 1 is Monday, 7 is Sunday."""

    weekday: int
    hour: int
    calls: int
    reached: int
    reached_share: float | None
    success_rate: float | None

    @classmethod
    def of(cls, hour_of_week: int, sums: HourSums) -> Self:
        weekday, hour = divmod(hour_of_week, 24)
        reached, succeeded = share(sums.reached, sums.calls), share(sums.succeeded, sums.calls)
        return cls(
            weekday=weekday + 1,
            hour=hour,
            calls=sums.calls,
            reached=sums.reached,
            reached_share=reached,
            success_rate=succeeded,
        )


class ByHourAnswer(Figures):
    """Hours without a call of ours are left out."""

    items: list[HourFigures]


class DayFigures(BaseModel):
    day: date
    campaign_id: UUID | None
    calls: int
    minutes: float
    cost: float


class MoneyFigures(BaseModel):
    """``spent``: since the campaign's first call, whatever the period. ``spent_share``: of the budget."""

    campaign_id: UUID
    name: str
    budget: float | None
    spent: float
    left: float | None
    spent_share: float | None

    @classmethod
    def of(cls, money: CampaignMoney) -> Self:
        budget, spent = money.budget, money.spent_cents / CENTS
        return cls(
            campaign_id=money.id,
            name=money.name,
            budget=None if budget is None else float(budget),
            spent=float(spent),
            left=None if budget is None else float(budget - spent),
            spent_share=float(spent / budget) if budget else None,
        )


class CostAnswer(Figures):
    cost: float
    days: list[DayFigures]
    campaigns: list[MoneyFigures]


def minutes(milliseconds: int) -> float:
    return milliseconds / MINUTE_MS


def main_unit(cents: Decimal) -> float:
    return float(cents / CENTS)
