"""Rows for tests: a small world with one of everything, and leads and attempts in it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from domain.vocabulary import AttemptStatus, CampaignStatus
from storage.attempts import NewAttempt, attempt_id
from storage.models import (
    AccountRow,
    AttemptRow,
    Base,
    CallerIdRow,
    CampaignRow,
    ContactRow,
    LeadRow,
    NumberPoolRow,
    OrganizationRow,
)

NOON = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
"""A Monday, 12:00 in Chicago."""

EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
OFFICE_HOURS = [{"days": EVERY_DAY, "opens": "09:00", "closes": "17:00"}]
ALWAYS = [{"days": EVERY_DAY, "opens": "00:00", "closes": "24:00"}]

Sessions = async_sessionmaker[AsyncSession]
Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True)
class World:
    organization: OrganizationRow
    account: AccountRow
    pool: NumberPoolRow
    campaign: CampaignRow


async def add_world(sessions: Sessions, **campaign: object) -> World:
    """A running campaign with office hours, a pool of 20 calls and 10 calls a second, and two numbers."""
    organization = OrganizationRow(id=uuid4(), name="An agency")
    account = AccountRow(
        id=uuid4(), organization_id=organization.id, name="Main", provider="simulator", is_default=True
    )
    pool = NumberPoolRow(
        id=uuid4(),
        organization_id=organization.id,
        account_id=account.id,
        name="Numbers",
        carrier="custom",
        max_live_calls=20,
        max_calls_per_second=10.0,
    )
    numbers = [
        CallerIdRow(
            organization_id=organization.id, number_pool_id=pool.id, phone_number=f"+1212555010{place}", position=place
        )
        for place in (1, 2)
    ]
    row = build_campaign(organization, pool, **campaign)
    async with sessions.begin() as session:
        for one in (organization, account, pool, *numbers, row):
            session.add(one)
            await session.flush()
    return World(organization, account, pool, row)


def build_campaign(organization: OrganizationRow, pool: NumberPoolRow, **columns: object) -> CampaignRow:
    values: dict[str, Any] = {
        "name": f"Campaign {uuid4()}",
        "status": CampaignStatus.RUNNING,
        "windows": OFFICE_HOURS,
        "max_attempts": 4,
        "retry_delays": {"no_answer": [1800], "failed": [300]},
        "max_call_seconds": 300,
    }
    return CampaignRow(id=uuid4(), organization_id=organization.id, number_pool_id=pool.id, **(values | columns))


async def add_campaign(sessions: Sessions, world: World, **columns: object) -> World:
    """Another campaign of the same pool."""
    campaign = build_campaign(world.organization, world.pool, **columns)
    async with sessions.begin() as session:
        session.add(campaign)
    return World(world.organization, world.account, world.pool, campaign)


async def add_pool(sessions: Sessions, world: World, **columns: object) -> World:
    """Another pool of the same account, with a number and a campaign of its own."""
    values: dict[str, Any] = {"max_live_calls": 20, "max_calls_per_second": 10.0}
    pool = NumberPoolRow(
        id=uuid4(),
        organization_id=world.organization.id,
        account_id=world.account.id,
        name=f"Numbers {uuid4()}",
        carrier="custom",
        **(values | columns),
    )
    number = CallerIdRow(
        organization_id=world.organization.id, number_pool_id=pool.id, phone_number="+12125550155", position=0
    )
    campaign = build_campaign(world.organization, pool)
    async with sessions.begin() as session:
        for row in (pool, number, campaign):
            session.add(row)
            await session.flush()
    return World(world.organization, world.account, pool, campaign)


async def add_lead(sessions: Sessions, world: World, phone_number: str = "+13125550123", **columns: object) -> LeadRow:
    """A lead in Chicago that the engine has taken, due at noon."""
    contact = ContactRow(id=uuid4(), organization_id=world.organization.id, phone_number=phone_number)
    return await add_lead_of(sessions, world, contact, **columns)


async def add_lead_of(sessions: Sessions, world: World, contact: ContactRow, **columns: object) -> LeadRow:
    values: dict[str, Any] = {
        "campaign_id": world.campaign.id,
        "time_zones": ["America/Chicago"],
        "time_zone_source": "given",
        "custom_fields": {},
        "due_at": NOON,
        "handed_over_at": NOON,
    }
    lead = LeadRow(id=uuid4(), organization_id=world.organization.id, contact_id=contact.id, **(values | columns))
    async with sessions.begin() as session:
        await session.merge(contact)
        await session.flush()
        session.add(lead)
    return lead


async def add_attempt_of(
    sessions: Sessions, world: World, lead: LeadRow, status: str = AttemptStatus.GRANTED, **columns: object
) -> AttemptRow:
    """The lead's next attempt, granted at noon; ``columns`` overwrite what a grant writes."""
    number = columns.pop("number", 1)
    assert isinstance(number, int)
    new = NewAttempt(
        id=attempt_id(lead.id, number),
        number=number,
        number_pool_id=world.pool.id,
        account_id=world.account.id,
        from_number="+12125550101",
        not_before=NOON,
        not_after=NOON + timedelta(seconds=30),
        request_body=call_body(attempt_id(lead.id, number)),
    )
    async with sessions.begin() as session:
        row = add_attempt(session, lead, new)
        row.status = status
        for column, value in columns.items():
            setattr(row, column, value)
        (await session.get_one(LeadRow, lead.id)).status = "new" if status == "done" else "in_progress"
    return row


def add_attempt(session: AsyncSession, lead: LeadRow, new: NewAttempt) -> AttemptRow:
    """Insert an attempt as a grant does, and nothing else that a grant writes."""
    row = AttemptRow(
        id=new.id,
        organization_id=lead.organization_id,
        lead_id=lead.id,
        contact_id=lead.contact_id,
        campaign_id=lead.campaign_id,
        number_pool_id=new.number_pool_id,
        account_id=new.account_id,
        number=new.number,
        from_number=new.from_number,
        status=AttemptStatus.GRANTED,
        not_before=new.not_before,
        not_after=new.not_after,
        request_body=new.request_body,
        is_probe=new.is_probe,
        look_up_at=new.not_after,
    )
    session.add(row)
    return row


def call_body(attempt: object) -> dict[str, Any]:
    return {
        "from_number": "+12125550101",
        "to_number": "+13125550123",
        "idempotency_key": str(attempt),
        "metadata": {"attempt_id": str(attempt)},
    }


async def change(sessions: Sessions, row: Base, **columns: object) -> None:
    """Write these columns of a row, as somebody else would meanwhile."""
    async with sessions.begin() as session:
        fresh = await session.get_one(type(row), row.id)  # type: ignore[attr-defined]
        for column, value in columns.items():
            setattr(fresh, column, value)


async def reread(sessions: Sessions, row: Row) -> Row:
    async with sessions() as session:
        return await session.get_one(type(row), row.id)  # type: ignore[attr-defined]
