"""Files of leads that were accepted, through stops and crowds of workers."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import CampaignRow, LeadRow
from tests.api.file_work import imported, new_campaign, send, taken_in

Sessions = async_sessionmaker[AsyncSession]

NO_TIME = timedelta(0)


async def test_a_worker_that_stops_in_the_middle_is_followed_by_one_that_takes_no_row_twice(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    rows = "".join(f"+1212555{100 + number:04},{number}\n" for number in range(90))
    campaign_id = await new_campaign(admin, duplicate_numbers="allow")
    answer = await send(admin, campaign_id, f"phone,n\n{rows}nobody,x\n")
    done = await taken_in(admin, sessions, answer.json()["id"], batch=7, shift=NO_TIME)
    assert (done["rows_accepted"], done["rows_rejected"], done["rows_total"]) == (90, 1, 91)
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(LeadRow)) == 90


async def test_two_workers_at_one_file_take_each_row_once(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    rows = "".join(f"+1212555{100 + number:04}\n" for number in range(90))
    answer = await send(admin, await new_campaign(admin, duplicate_numbers="allow"), f"phone\n{rows}")
    import_id = answer.json()["id"]
    done = await asyncio.gather(*(taken_in(admin, sessions, import_id, batch=5) for _ in range(3)))
    assert {one["rows_accepted"] for one in done} == {90}


async def test_an_import_stops_where_its_campaign_is_finished(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    campaign_id = await new_campaign(admin)
    answer = await send(admin, campaign_id, "phone\n+12125550101\n")
    async with sessions.begin() as session:
        await session.execute(update(CampaignRow).where(CampaignRow.id == UUID(campaign_id)).values(status="finished"))
    failed = await taken_in(admin, sessions, answer.json()["id"])
    assert (failed["status"], failed["rows_accepted"]) == ("failed", 0)
    assert failed["problem"].startswith("The campaign was finished")
    assert datetime.fromisoformat(failed["done_at"]) <= datetime.now(UTC)


async def test_empty_rows_at_the_end_are_no_rows(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    done = await imported(admin, sessions, "phone,name,,,\n+12125550101,Ada,,,\n" + ",,,,\n" * 5_000)
    assert (done["rows_total"], done["rows_accepted"]) == (1, 1)
