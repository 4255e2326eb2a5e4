"""Whoever changes what every decision reads gets a turn, however many decisions there are.

Decisions lock organisation, campaign and account shared, and on a busy day these locks overlap without an end.
PostgreSQL lets each new sharer of a row in ahead of somebody who waits to change it, so a pause or the kill switch
would wait for as long as the rush lasts. Therefore both sides first take one more lock in the organisation's name, of a
kind for which everybody stands in line. It comes before all others, and ends with the transaction.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from storage.models import AccountRow, CampaignRow, NumberPoolRow

_KIND = 20_251_125
"""Keeps the numbers of these locks apart from others that are made of an id."""

OwnedRow = type[AccountRow] | type[NumberPoolRow] | type[CampaignRow]


def give_way(organization_id: InstrumentedAttribute[UUID]) -> ColumnElement[Any]:
    """In a query that comes before any lock: wait for those who change something, and hold up those who come later.

    Whoever has locked a row already when this is asked may be waited for by somebody who is waited for here.
    """
    return func.pg_advisory_xact_lock_shared(_number(organization_id))


def right_of_way(organization_id: InstrumentedAttribute[UUID]) -> ColumnElement[Any]:
    """In a query that comes before any lock: as ``take_right_of_way``."""
    return func.pg_advisory_xact_lock(_number(organization_id))


async def take_right_of_way(session: AsyncSession, organization_id: UUID) -> None:
    """Wait for the decisions that are under way, and hold up those that come later, until the transaction ends.

    For short transactions that change the organisation, a campaign or an account, before their first lock.
    """
    await session.execute(select(func.pg_advisory_xact_lock(_number(literal(str(organization_id))))))


async def take_right_of_way_of(session: AsyncSession, what: OwnedRow, row_id: UUID) -> None:
    """As ``take_right_of_way``, for who knows only the row that will be changed."""
    await session.execute(select(right_of_way(what.organization_id)).where(what.id == row_id))


def _number(organization_id: ColumnElement[str] | InstrumentedAttribute[UUID]) -> ColumnElement[int]:
    return func.hashtextextended(cast(organization_id, Text), _KIND)
