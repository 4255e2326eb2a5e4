"""What is over goes by itself while the API runs, and what webhooks reported as long after as the settings say."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from api.pruning import WEBHOOKS_TOGETHER, pruning
from storage.models import RevokedTokenRow, WebhookEventRow
from tests.builders import Sessions, World, add_world
from tests.patience import PATIENCE_SECONDS

KEPT = timedelta(days=30)


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


def event(world: World, **columns: Any) -> WebhookEventRow:  # noqa: ANN401
    return WebhookEventRow(
        organization_id=world.organization.id,
        account_id=world.account.id,
        event_key=f"call_ended:{uuid4()}",
        event="call_ended",
        call_id="call_1",
        payload={"event": "call_ended"},
        **columns,
    )


async def whole(sessions: Sessions) -> int:
    """Of how many webhooks it is kept what they reported."""
    async with sessions() as session:
        query = select(func.count()).select_from(WebhookEventRow).where(WebhookEventRow.payload != {})
        return await session.scalar(query) or 0


async def test_what_old_webhooks_reported_goes_however_much_it_is(sessions: Sessions, world: World) -> None:
    long_ago = datetime.now(UTC) - KEPT - timedelta(minutes=1)
    async with sessions.begin() as session:
        session.add_all(event(world, received_at=long_ago) for _ in range(2 * WEBHOOKS_TOGETHER + 1))
        session.add(event(world))
    async with pruning(sessions, webhooks_kept=KEPT), asyncio.timeout(PATIENCE_SECONDS):
        while await whole(sessions) > 1:
            pass  # asked again: the question itself lets the pruning go on
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(WebhookEventRow)) == 2 * WEBHOOKS_TOGETHER + 2


async def test_without_an_end_nothing_goes(sessions: Sessions, world: World) -> None:
    async with sessions.begin() as session:
        session.add(event(world, received_at=datetime.now(UTC) - timedelta(days=3_650)))

    async def a_round() -> None:
        """Until what is pruned beside it is gone twice: then a whole round lies in between."""
        for _ in range(2):
            async with sessions.begin() as session:
                session.add(RevokedTokenRow(id=uuid4(), expires_at=datetime.now(UTC) - timedelta(days=1)))
            gone = False
            while not gone:
                async with sessions() as session:
                    gone = not await session.scalar(select(func.count()).select_from(RevokedTokenRow))

    async with pruning(sessions, every_seconds=0.01), asyncio.timeout(PATIENCE_SECONDS):
        await a_round()
    assert await whole(sessions) == 1
