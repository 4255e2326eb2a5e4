"""A file of leads of which no more is to be taken in."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.testing import ActivityEnvironment

from activities.taking_imports import TakeImports
from storage.models import AuditEntryRow, LeadImportPieceRow
from tests.api.file_work import leads_of, new_campaign, send, taken_in

Sessions = async_sessionmaker[AsyncSession]
Json = dict[str, Any]

ROWS = 90
FILE = "phone,n\n" + "".join(f"+1212555{100 + number:04},{number}\n" for number in range(ROWS))


async def begun(admin: httpx.AsyncClient, sessions: Sessions) -> Json:
    """An import of which a worker has stored one batch, and then stopped."""
    answer = await send(admin, await new_campaign(admin), FILE)
    taking = TakeImports(sessions, lambda: datetime.now(UTC), batch=10, shift=timedelta(0))
    assert not await ActivityEnvironment().run(taking.take_in_import, UUID(answer.json()["id"]))
    state: Json = (await admin.get(f"/api/v1/imports/{answer.json()['id']}")).json()
    assert (state["status"], state["rows_accepted"]) == ("running", 10)
    return state


async def cancel(client: httpx.AsyncClient, import_id: str) -> httpx.Response:
    return await client.post(f"/api/v1/imports/{import_id}/cancel")


async def test_rows_that_are_leads_stay_and_the_rest_is_not_taken(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    running = await begun(admin, sessions)
    answer = await cancel(admin, running["id"])
    assert answer.status_code == 200
    assert answer.json() == running | {"status": "cancelled", "done_at": answer.json()["done_at"]}
    assert datetime.fromisoformat(answer.json()["done_at"]) <= datetime.now(UTC)
    assert await taken_in(admin, sessions, running["id"]) == answer.json()
    assert len(await leads_of(admin, running["campaign_id"])) == 10
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(LeadImportPieceRow)) == 0


async def test_cancelling_again_changes_nothing_and_is_noted_once(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    running = await begun(admin, sessions)
    first, second = [await cancel(admin, running["id"]) for _ in range(2)]
    assert (second.status_code, second.json()) == (200, first.json())
    async with sessions() as session:
        noted = select(AuditEntryRow).where(AuditEntryRow.action == "leads.import_cancelled")
        (entry,) = await session.scalars(noted)
    assert (str(entry.target_id), entry.details) == (
        running["campaign_id"],
        {"import_id": running["id"], "rows_accepted": 10},
    )


async def test_one_that_nobody_has_begun_is_never_begun(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    answer = await send(admin, await new_campaign(admin), FILE)
    assert (await cancel(admin, answer.json()["id"])).json()["status"] == "cancelled"
    over = await taken_in(admin, sessions, answer.json()["id"])
    assert (over["status"], over["rows_accepted"], over["rows_total"]) == ("cancelled", 0, None)


async def test_one_that_is_over_is_refused(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    answer = await send(admin, await new_campaign(admin), FILE)
    done = await taken_in(admin, sessions, answer.json()["id"])
    refused = await cancel(admin, done["id"])
    assert (refused.status_code, "over already" in refused.json()["detail"]) == (409, True)
    assert (await admin.get(f"/api/v1/imports/{done['id']}")).json() == done


@pytest.mark.parametrize("batch", [1, 7, 1_000])
async def test_a_worker_at_work_stops_behind_a_whole_batch(
    admin: httpx.AsyncClient, sessions: Sessions, batch: int
) -> None:
    answer = await send(admin, await new_campaign(admin), FILE)
    import_id = answer.json()["id"]
    worked, cancelled = await asyncio.gather(
        taken_in(admin, sessions, import_id, batch=batch), cancel(admin, import_id)
    )
    over = (await admin.get(f"/api/v1/imports/{import_id}")).json()
    assert (cancelled.status_code, over["status"]) in {(200, "cancelled"), (409, "done")}
    assert worked == over
    assert over["rows_accepted"] in {*range(0, ROWS, batch), ROWS}
    assert len(await leads_of(admin, over["campaign_id"])) == over["rows_accepted"]
