"""Probes: calls that go out though something of theirs is parked, to try whether it goes again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.parking import Parking, describe, may_be_tried, next_probes
from storage.models import AccountRow, AttemptRow, CampaignRow, NumberPoolRow
from storage.parking import ParkableRow
from storage.situations import LeadWithContext


def as_probe(context: LeadWithContext, now: datetime) -> LeadWithContext:
    """The context with everything that a call granted now may try; as it was where something isn't due yet.

    Callers hold campaign, account and pool for themselves, so that of several only the first finds it due.
    """
    parked = _parked(context)
    if not may_be_tried([_parking(what, row) for what, row in parked], now):
        return context
    return replace(context, tried=[row.id for _, row in parked])


def put_next_probes_off(context: LeadWithContext, now: datetime) -> None:
    """A probe was granted: what it tries is left alone by others for a while."""
    tried = [row for _, row in _parked(context) if row.id in context.tried]
    for row, due in zip(tried, next_probes(len(tried), now), strict=True):
        row.probe_at = due


def let_probe_pass(context: LeadWithContext, attempt: AttemptRow) -> LeadWithContext:
    """The context in which a probe comes to its gate: what was parked since its grant holds it up like any other."""
    if not attempt.is_probe:
        return context
    return replace(context, tried=[row.id for _, row in _parked(context) if _parked_by(row, attempt.not_before)])


def held_up_by(context: LeadWithContext) -> str | None:
    """What is parked and not to be tried, in a sentence for people."""
    held_up = (_told(what, row) for what, row in _parked(context) if row.id not in context.tried)
    return next(held_up, None)


def why_parked(account: AccountRow, pool: NumberPoolRow, campaign: CampaignRow) -> str | None:
    """Which of these is parked, in a sentence for people; None when none is."""
    return next(iter(all_parked(account, pool, campaign)), None)


def all_parked(account: AccountRow, pool: NumberPoolRow, campaign: CampaignRow) -> Sequence[str]:
    """All of these that are parked, a sentence each, the outermost first."""
    return [_told(what, row) for what, row in _parked_of(account, pool, campaign)]


def told_if_parked(what: str, row: ParkableRow) -> str | None:
    """That it is parked and why, in a sentence for people; None when it isn't."""
    return None if row.parked_at is None else _told(what, row)


def _parked(context: LeadWithContext) -> Sequence[tuple[str, ParkableRow]]:
    return _parked_of(context.account, context.pool, context.campaign)


def _parked_of(account: AccountRow, pool: NumberPoolRow, campaign: CampaignRow) -> Sequence[tuple[str, ParkableRow]]:
    """What is parked of all that a call goes through, the outermost first."""
    owners = (("account", account), ("number pool", pool), ("campaign", campaign))
    return [(what, row) for what, row in owners if row.parked_at is not None]


def _told(what: str, row: ParkableRow) -> str:
    return describe(_parking(what, row))


def _parking(what: str, row: ParkableRow) -> Parking:
    return Parking(what, row.name, row.parked_reason, row.probe_at)


def _parked_by(row: ParkableRow, instant: datetime) -> bool:
    return row.parked_at is not None and row.parked_at <= instant
