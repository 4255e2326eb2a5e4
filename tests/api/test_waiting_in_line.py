"""What a lead waits for, as people read it while it stands in the queue."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import AccountRow, CampaignRow, LeadRow

Sessions = async_sessionmaker[AsyncSession]
Lead = Callable[..., Awaitable[str]]


@pytest.fixture
def lead(admin: httpx.AsyncClient, sessions: Sessions) -> Lead:
    """Posts a lead that stands in line, as the worker would have written it."""

    async def make(number: str = "+12125550123", **columns: object) -> str:
        now = datetime.now(UTC)
        posted: dict[str, Any] = (await admin.post("/api/v1/leads", json={"phone_number": number})).json()
        in_line = {
            "due_at": now - timedelta(minutes=5),
            "open_until": now + timedelta(hours=5),
            "waiting_for": "a free slot",
        }
        async with sessions.begin() as session:
            query = update(LeadRow).where(LeadRow.id == UUID(posted["id"]))
            await session.execute(query.values(**(in_line | columns)))
        return str(posted["id"])

    return make


async def waiting_for(client: httpx.AsyncClient, lead_id: str) -> str:
    return str((await client.get(f"/api/v1/leads/{lead_id}")).json()["waiting_for"])


async def test_a_lead_in_line_is_told_its_place_and_about_when(admin: httpx.AsyncClient, lead: Lead) -> None:
    await lead("+12125550101", priority=1)
    await lead("+12125550102", priority=5)
    sentence = await waiting_for(admin, await lead())
    assert sentence.startswith("queued, 1 before it, about ")


@pytest.mark.parametrize(
    ("waits_for", "planned"),
    [
        pytest.param("Mon 09:00 America/New_York, next attempt", True, id="its-time"),
        pytest.param("another call to this number to end", None, id="another-call"),
    ],
)
async def test_a_lead_whose_time_has_come_stands_in_line_whatever_its_row_says(
    admin: httpx.AsyncClient, lead: Lead, waits_for: str, planned: bool | None
) -> None:
    """It was planned anew in its sleep; nobody wakes it before it is its turn."""
    came = datetime.now(UTC) - timedelta(seconds=30)
    lead_id = await lead(due_at=came, next_attempt_at=planned and came, waiting_for=waits_for)
    shown = (await admin.get(f"/api/v1/leads/{lead_id}")).json()
    assert shown["waiting_for"].startswith("queued, nobody before it, about ")
    assert shown["next_attempt_at"] is None


async def test_lists_keep_what_is_stored(admin: httpx.AsyncClient, lead: Lead) -> None:
    await lead()
    (shown,) = (await admin.get("/api/v1/leads")).json()["items"]
    assert shown["waiting_for"] == "a free slot"


async def test_a_lead_whose_window_ends_before_its_turn_is_told_so(admin: httpx.AsyncClient, lead: Lead) -> None:
    lead_id = await lead(open_until=datetime.now(UTC) + timedelta(seconds=2))
    assert (await waiting_for(admin, lead_id)).endswith(
        "today's window ends before its turn; goes on at the next opening"
    )


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"waiting_for": "Mon 09:00 America/New_York, next attempt"}, id="waits-for-its-hours"),
        pytest.param(
            {"waiting_for": "another call to end", "next_attempt_at": datetime(2100, 1, 1, tzinfo=UTC)},
            id="waits-for-its-time",
        ),
        pytest.param({"waiting_for": "the campaign is paused"}, id="held-up"),
        pytest.param({"due_at": datetime(2100, 1, 1, tzinfo=UTC)}, id="not-due"),
        pytest.param({"open_until": datetime(2026, 1, 1, tzinfo=UTC)}, id="its-window-has-closed"),
        pytest.param({"status": "in_progress", "waiting_for": None}, id="on-a-call"),
    ],
)
async def test_a_lead_that_is_not_in_line_is_told_what_is_stored(
    admin: httpx.AsyncClient, lead: Lead, columns: dict[str, Any]
) -> None:
    expected = columns.get("waiting_for", "a free slot")
    assert await waiting_for(admin, await lead(**columns)) == str(expected)


async def test_nobody_is_promised_a_turn_in_a_campaign_that_is_held_up(
    admin: httpx.AsyncClient, lead: Lead, sessions: Sessions
) -> None:
    lead_id = await lead()
    async with sessions.begin() as session:
        await session.execute(update(CampaignRow).values(status="paused"))
    assert await waiting_for(admin, lead_id) == "the campaign is paused"


async def test_nor_while_calling_is_stopped(admin: httpx.AsyncClient, lead: Lead) -> None:
    lead_id = await lead()
    await admin.post("/api/v1/organizations/current/stop")
    assert await waiting_for(admin, lead_id) == "calling is stopped for the whole organization"
    await admin.post("/api/v1/organizations/current/start")
    assert (await waiting_for(admin, lead_id)).startswith("queued, nobody before it, about ")


async def test_of_those_who_come_due_at_one_instant_each_has_a_place_of_its_own(
    admin: httpx.AsyncClient, lead: Lead
) -> None:
    due_at = datetime.now(UTC) - timedelta(minutes=5)
    leads = [await lead(f"+1212555{number:04}", due_at=due_at) for number in range(140, 144)]
    told = {(await waiting_for(admin, lead_id)).split(",")[1] for lead_id in leads}
    assert told == {" nobody before it", " 1 before it", " 2 before it", " 3 before it"}


async def test_a_lead_in_line_is_told_what_was_parked_and_its_place_again_once_that_is_released(
    admin: httpx.AsyncClient, lead: Lead, sessions: Sessions
) -> None:
    """Nobody rewrites the rows of all that wait for it."""
    lead_id = await lead()
    parked = {"parked_at": datetime.now(UTC), "parked_reason": "refused_payment", "probe_at": datetime.now(UTC)}
    async with sessions.begin() as session:
        await session.execute(update(AccountRow).values(**parked))
    sentence = await waiting_for(admin, lead_id)
    assert sentence.endswith(
        "is parked: the provider wants to be paid first (refused_payment); it is tried again every 30 seconds"
    )
    async with sessions.begin() as session:
        await session.execute(update(LeadRow).values(waiting_for=sentence))
        await session.execute(update(AccountRow).values(parked_at=None, parked_reason=None, probe_at=None))
    assert (await waiting_for(admin, lead_id)).startswith("queued, nobody before it, about ")
