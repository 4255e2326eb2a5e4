"""Accounts, number pools and campaigns are parked and released, and people are told of each."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.aftermath import Line
from domain.parking import UNREACHABLE
from storage import parking
from storage.models import AccountRow, CampaignRow, NumberPoolRow
from storage.parking import Parkable

_NAMES: Mapping[Parkable, str] = {AccountRow: "account", NumberPoolRow: "number_pool", CampaignRow: "campaign"}


async def park(
    session: AsyncSession, what: Parkable, row_id: UUID, *, reason: str, now: datetime, heard_of: datetime
) -> Sequence[Line]:
    """As ``storage.parking.park``; the alert for the log, if it is parked by this."""
    if not await parking.park(session, what, row_id, reason=reason, now=now, heard_of=heard_of):
        return ()
    return [_line("parked", what, row_id, reason, level=logging.ERROR)]


async def release(
    session: AsyncSession, what: Parkable, row_id: UUID, *, now: datetime, parked_before: datetime | None = None
) -> Sequence[Line]:
    """As ``storage.parking.release``; the line for the log, if it is released by this."""
    reason = await parking.release(session, what, row_id, now=now, parked_before=parked_before)
    return () if reason is None else [_line("released", what, row_id, reason)]


async def note_answer(session: AsyncSession, account_id: UUID, *, asked_at: datetime, now: datetime) -> Sequence[Line]:
    """The provider answered a request of ``asked_at``, whatever it said: if the account is unreachable, it was."""
    account = await parking.lock(session, AccountRow, account_id)
    if account.parked_reason != UNREACHABLE:
        return ()
    return await release(session, AccountRow, account_id, now=now, parked_before=asked_at)


def _line(event: str, what: Parkable, row_id: UUID, reason: str, *, level: int = logging.INFO) -> Line:
    return Line(event, {"what": _NAMES[what], "id": str(row_id), "reason": reason}, level)
