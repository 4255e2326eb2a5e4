import asyncio

import httpx
import pytest
from sqlalchemy import event, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import ContactRow, LeadRow

LEAD = {"phone_number": "+12125550123", "name": "Ada", "custom_fields": {"b": 1, "a": 2}}


async def test_in_a_batch_a_bad_lead_costs_only_itself(admin: httpx.AsyncClient) -> None:
    leads = [
        {"phone_number": "+12125550101"},
        {"phone_number": "nobody"},
        "not an object",
        {"phone_number": "+18005550123"},
        {"phone_number": "+12125550102", "campaign_id": "00000000-0000-0000-0000-000000000000"},
        {"phone_number": "+12125550101", "name": "the same number"},
        {"phone_number": "+12125550103", "external_id": "x"},
        {"phone_number": "+12125550104", "external_id": "x"},
    ]
    answer = await admin.post("/api/v1/leads/batch", json={"leads": leads})
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [item["index"] for item in items] == list(range(8))
    assert [item["status"] for item in items] == [201, 422, 422, 422, 404, 200, 201, 200]
    assert items[5]["lead"]["id"] == items[0]["lead"]["id"]
    assert items[7]["lead"]["id"] == items[6]["lead"]["id"]
    assert items[1]["problem"]["title"] == "Invalid request"


async def test_a_thousand_leads_take_a_few_statements_and_come_back_when_repeated(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> None:
    leads = [
        {"phone_number": f"+1{area}55501{n:02}", "external_id": f"{area}-{n}"}
        for area in (212, 312, 303, 415, 305, 206, 602, 617, 713, 404)
        for n in range(100)
    ]
    statements: list[str] = []
    engine = sessions.kw["bind"].sync_engine
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    first = await admin.post("/api/v1/leads/batch", json={"leads": leads})
    assert {item["status"] for item in first.json()["items"]} == {201}
    assert len(statements) < 20
    second = await admin.post("/api/v1/leads/batch", json={"leads": leads})
    assert {item["status"] for item in second.json()["items"]} == {200}
    assert [i["lead"]["id"] for i in second.json()["items"]] == [i["lead"]["id"] for i in first.json()["items"]]
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(LeadRow)) == 1000


async def test_batches_with_the_same_people_at_once_block_each_other_never(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> None:
    leads = [{"phone_number": f"+121255501{n:02}", "external_id": str(n)} for n in range(60)]
    bodies = [leads, leads[::-1], leads[30:] + leads[:30], leads[::2]]
    answers = await asyncio.gather(*(admin.post("/api/v1/leads/batch", json={"leads": body}) for body in bodies))
    assert [answer.status_code for answer in answers] == [200] * 4
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(LeadRow)) == 60


@pytest.mark.parametrize(
    "leads", [pytest.param([], id="none"), pytest.param([{}] * 1001, id="too-many"), pytest.param("x", id="no-list")]
)
async def test_a_batch_has_one_to_a_thousand_leads(admin: httpx.AsyncClient, leads: object) -> None:
    assert (await admin.post("/api/v1/leads/batch", json={"leads": leads})).status_code == 422


async def test_a_repeated_key_gets_the_first_answer(admin: httpx.AsyncClient) -> None:
    first = await admin.post("/api/v1/leads", json=LEAD, headers={"Idempotency-Key": "k"})
    second = await admin.post("/api/v1/leads", json=LEAD, headers={"Idempotency-Key": "k"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()


async def test_a_key_with_another_body_is_refused(admin: httpx.AsyncClient) -> None:
    await admin.post("/api/v1/leads", json=LEAD, headers={"Idempotency-Key": "k"})
    answer = await admin.post("/api/v1/leads", json=LEAD | {"name": "Bob"}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


async def test_a_refused_request_does_not_use_up_its_key(admin: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k"}
    assert (
        await admin.post("/api/v1/leads", json={"phone_number": "+18005550123"}, headers=headers)
    ).status_code == 422
    assert (await admin.post("/api/v1/leads", json=LEAD, headers=headers)).status_code == 201


async def test_requests_with_one_key_at_once_make_one_lead(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> None:
    campaign = await admin.post("/api/v1/campaigns", json={"name": "Often", "duplicate_numbers": "allow"})
    body = LEAD | {"campaign_id": campaign.json()["id"]}
    posts = (admin.post("/api/v1/leads", json=body, headers={"Idempotency-Key": "k"}) for _ in range(6))
    answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(LeadRow)) == 1


async def test_while_the_first_request_is_under_way_its_key_is_taken(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> None:
    await admin.post("/api/v1/leads", json=LEAD)
    async with sessions.begin() as blocker:
        await blocker.execute(select(ContactRow).with_for_update())
        posts = [admin.post("/api/v1/leads", json=LEAD, headers={"Idempotency-Key": "k"}) for _ in range(2)]
        done, waiting = await asyncio.wait(map(asyncio.create_task, posts), return_when=asyncio.FIRST_COMPLETED)
        assert [task.result().status_code for task in done] == [409]
    assert [(await task).status_code for task in waiting] == [200]
