"""Files of leads sent to the API, and taken in as a worker would."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.testing import ActivityEnvironment

from activities.taking_imports import BATCH, SHIFT, TakeImports

Json = dict[str, Any]


async def new_campaign(client: httpx.AsyncClient, name: str = "Files", **fields: object) -> str:
    """The id of a draft."""
    pools = (await client.get("/api/v1/number-pools")).json()["items"]
    body = {
        "name": name,
        "number_pool_id": pools[0]["id"],
        "windows": [{"days": ["mon"], "opens": "09:00", "closes": "17:00"}],
        "max_attempts": 1,
        "max_call_seconds": 60,
        **fields,
    }
    answer = await client.post("/api/v1/campaigns", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def send(
    client: httpx.AsyncClient,
    campaign_id: str,
    content: str | bytes,
    *,
    name: str = "leads.csv",
    media_type: str = "text/csv",
    key: str | None = None,
    **fields: str,
) -> httpx.Response:
    """Post a file; the answer as it came."""
    body = content.encode() if isinstance(content, str) else content
    return await client.post(
        "/api/v1/leads/import",
        files={"file": (name, body, media_type)},
        data={"campaign_id": campaign_id, **fields},
        headers={} if key is None else {"Idempotency-Key": key},
    )


async def taken_in(
    client: httpx.AsyncClient,
    sessions: async_sessionmaker[AsyncSession],
    import_id: str,
    *,
    batch: int = BATCH,
    shift: timedelta = SHIFT,
) -> Json:
    """The import once a worker has taken it in."""
    taking = TakeImports(sessions, lambda: datetime.now(UTC), batch=batch, shift=shift)
    while not await ActivityEnvironment().run(taking.take_in_import, UUID(import_id)):
        pass
    answer: Json = (await client.get(f"/api/v1/imports/{import_id}")).json()
    return answer


async def imported(
    client: httpx.AsyncClient,
    sessions: async_sessionmaker[AsyncSession],
    content: str | bytes,
    *,
    campaign_id: str | None = None,
    **options: str,
) -> Json:
    """Send a file and take it in, into a new campaign unless one is given."""
    answer = await send(client, campaign_id or await new_campaign(client), content, **options)
    assert answer.status_code == 202, answer.text
    return await taken_in(client, sessions, answer.json()["id"])


async def leads_of(client: httpx.AsyncClient, campaign_id: str) -> list[Json]:
    """All leads of a campaign by their numbers."""
    items: list[Json] = []
    query: dict[str, str] = {"campaign_id": campaign_id, "limit": "200"}
    while True:
        page = (await client.get("/api/v1/leads", params=query)).json()
        items += page["items"]
        if page["next_cursor"] is None:
            return sorted(items, key=lambda lead: str(lead["phone_number"]))
        query["cursor"] = page["next_cursor"]
