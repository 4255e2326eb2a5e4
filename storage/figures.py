"""How things stand, as a handful of numbers: read in one statement each time somebody looks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ScalarSelect, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from domain.vocabulary import AttemptStatus, CampaignStatus, LeadStatus
from storage.literals import written_out
from storage.models import AccountRow, AttemptRow, CampaignRow, LeadRow, NumberPoolRow
from storage.turns import PRIORITIES

LATE_AFTER = timedelta(seconds=10)
"""A look-up that is due is under way for a moment."""

_FOR_CAMPAIGN = LeadRow.campaign_id == CampaignRow.id


@dataclass(frozen=True, slots=True)
class Figures:
    """``limits_read_at``: when the oldest of the providers' figures that are in force was read."""

    live_calls: int
    leads_due: int
    leads_to_hand_over: int
    attempts_overdue: int
    accounts_parked: int
    number_pools_parked: int
    campaigns_parked: int
    limits_read_at: datetime | None


async def read_figures(session: AsyncSession, now: datetime) -> Figures:
    """Over all organisations; each number is one range of an index, or one of the few rows that people make."""
    query = select(
        select(func.count()).where(AttemptRow.slot_released_at.is_(None)).scalar_subquery(),
        _leads_due(now),
        _leads_to_hand_over(),
        _attempts_overdue(now),
        _parked(AccountRow.parked_at),
        _parked(NumberPoolRow.parked_at),
        _parked(CampaignRow.parked_at),
        select(func.min(AccountRow.limits_read_at)).scalar_subquery(),
    )
    return Figures(*(await session.execute(query)).one())


def _leads_due(now: datetime) -> ScalarSelect[int]:
    """Of running campaigns, in hours that go on."""
    return (
        select(func.count())
        .select_from(CampaignRow)
        .join(LeadRow, _FOR_CAMPAIGN)
        .where(
            CampaignRow.status == CampaignStatus.RUNNING,
            # A literal, and every priority by its name, so that the index on what is due is all that is read.
            LeadRow.status == written_out(LeadStatus.NEW),
            LeadRow.priority.in_(PRIORITIES),
            LeadRow.due_at <= now,
            or_(LeadRow.open_until.is_(None), LeadRow.open_until > now),
        )
        .scalar_subquery()
    )


def _leads_to_hand_over() -> ScalarSelect[int]:
    query = select(func.count()).where(LeadRow.handed_over_at.is_(None), LeadRow.status != written_out(LeadStatus.DONE))
    return query.scalar_subquery()


def _attempts_overdue(now: datetime) -> ScalarSelect[int]:
    query = select(func.count()).where(
        AttemptRow.status != written_out(AttemptStatus.DONE), AttemptRow.look_up_at < now - LATE_AFTER
    )
    return query.scalar_subquery()


def _parked(parked_at: InstrumentedAttribute[datetime | None]) -> ScalarSelect[int]:
    return select(func.count()).where(parked_at.is_not(None)).scalar_subquery()
