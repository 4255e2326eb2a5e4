"""Calls that figures are counted of, and how they are counted and asked for."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from activities.analytics_pump import AnalyticsPump
from domain.periods import whole_hours
from storage.analytics import Asked
from storage.models import AttemptRow, InboundCallRow, LeadRow
from tests.builders import NOON, Sessions, World, add_attempt_of

OWN_TABLE = [{"name": "hot", "then": "stop", "success": True}, {"name": "booked", "then": "stop", "success": False}]


async def drain(sessions: Sessions, batch: int = 5_000) -> None:
    pump = AnalyticsPump(sessions, batch=batch)
    while await pump.catch_up():
        pass


def asking(world: World, campaign_id: UUID | None = None, *, since: datetime | None = None) -> Asked:
    return Asked(organization_id=world.organization.id, period=whole_hours(since, None), campaign_id=campaign_id)


async def settled(sessions: Sessions, world: World, lead: LeadRow, **columns: object) -> AttemptRow:
    values: dict[str, Any] = {
        "outcome": "answered",
        "counts": True,
        "started_at": NOON,
        "settled_at": NOON,
        "slot_released_at": NOON,
        "duration_ms": 90_000,
        "cost_cents": Decimal("12.5"),
        "agent_id": "agent_1",
        "agent_version": 3,
    }
    return await add_attempt_of(sessions, world, lead, "done", **(values | columns))


def inbound(world: World, lead: LeadRow | None, **columns: object) -> InboundCallRow:
    values: dict[str, Any] = {
        "call_id": f"call_{uuid4()}",
        "status": "done",
        "outcome": "answered",
        "started_at": NOON,
        "duration_ms": 30_000,
    }
    if lead is not None:
        values |= {"lead_id": lead.id, "contact_id": lead.contact_id, "campaign_id": lead.campaign_id}
    return InboundCallRow(
        id=uuid4(), organization_id=world.organization.id, account_id=world.account.id, **(values | columns)
    )
