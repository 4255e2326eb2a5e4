"""What somebody resumes after it was parked comes back like what a probe released."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from structlog.testing import capture_logs

from storage.models import AccountRow, CampaignRow, NumberPoolRow
from storage.room import CHANNEL, PLAN

Sessions = async_sessionmaker[AsyncSession]


@pytest.mark.parametrize(
    ("rows", "path"),
    [
        pytest.param(AccountRow, "accounts", id="account"),
        pytest.param(NumberPoolRow, "number-pools", id="number-pool"),
        pytest.param(CampaignRow, "campaigns", id="campaign"),
    ],
)
@pytest.mark.parametrize("is_parked", [True, False], ids=["parked", "not-parked"])
async def test_what_is_resumed_by_hand_comes_back_by_steps_and_its_room_is_announced(
    admin: httpx.AsyncClient,
    sessions: Sessions,
    api_database_url: str,
    rows: type[AccountRow] | type[NumberPoolRow] | type[CampaignRow],
    path: str,
    is_parked: bool,
) -> None:
    (owner,) = (await admin.get(f"/api/v1/{path}")).json()["items"]
    if is_parked:
        parked = {"parked_at": datetime.now(UTC) - timedelta(hours=1), "parked_reason": "refused_payment"}
        async with sessions.begin() as session:
            await session.execute(update(rows).values(**parked, probe_at=datetime.now(UTC)))
    heard: list[str] = []
    connection = await asyncpg.connect(api_database_url)
    await connection.add_listener(CHANNEL, lambda _connection, _pid, _channel, payload: heard.append(payload))
    before = datetime.now(UTC)
    with capture_logs() as lines:
        assert (await admin.post(f"/api/v1/{path}/{owner['id']}/resume")).status_code == 200
    await connection.execute("select 1")
    await connection.close()
    async with sessions() as session:
        row: Any = await session.get_one(rows, UUID(owner["id"]))
        pool_id = (await session.scalars(select(NumberPoolRow.id))).one()
    assert (row.parked_at, row.parked_reason, row.probe_at) == (None, None, None)
    assert (row.released_at is not None and row.released_at >= before) is is_parked
    assert set(heard) <= {str(pool_id), f"{PLAN}{pool_id}"}
    assert heard or not is_parked
    released = [(line["log_level"], line["id"]) for line in lines if line["event"] == "released"]
    assert released == ([("info", owner["id"])] if is_parked else [])
