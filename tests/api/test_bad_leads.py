import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import ContactRow, LeadRow


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        pytest.param({"phone_number": "not a number"}, "phone_number", "no phone number", id="no-number"),
        pytest.param({"phone_number": ""}, "phone_number", "no phone number", id="empty-number"),
        pytest.param({"phone_number": "+1 212 555 01"}, "phone_number", "No phone", id="too-short"),
        pytest.param({"phone_number": 2125550123}, "phone_number", "string", id="number-as-a-number"),
        pytest.param({"phone_number": "1" * 5000}, "phone_number", "64", id="endless-number"),
        pytest.param({"phone_number": "+1 212 555 0123\x00"}, "phone_number", "", id="nul-in-the-number"),
        pytest.param({"phone_number": "+1 800 555 0123"}, "time_zone", "Give `time_zone`", id="toll-free"),
        pytest.param({"time_zone": "Etc/Unknown"}, "time_zone", "no place", id="unknown-zone"),
        pytest.param({"time_zone": "EST"}, "time_zone", "no place", id="abbreviated-zone"),
        pytest.param({"region": "US-XX"}, "region", "no region", id="unknown-region"),
        pytest.param({"name": "a" * 201}, "name", "200", id="long-name"),
        pytest.param({"name": "a\x00b"}, "name", "NUL", id="nul-in-the-name"),
        pytest.param({"name": "\ud800"}, "name", "lone surrogate", id="half-a-character"),
        pytest.param({"external_id": "a\x00"}, "external_id", "NUL", id="nul-in-the-external-id"),
        pytest.param({"priority": 0}, "priority", "", id="priority-too-low"),
        pytest.param({"priority": 6}, "priority", "", id="priority-too-high"),
        pytest.param({"priority": 10**30}, "priority", "", id="priority-beyond-all"),
        pytest.param({"not_before": "2027-01-01T09:00:00"}, "not_before", "offset", id="naive-instant"),
        pytest.param({"not_before": "9999-12-31T23:59:59-12:00"}, "not_before", "between", id="end-of-time"),
        pytest.param({"consent": {}}, "consent.basis", "required", id="consent-without-basis"),
        pytest.param({"consent": "yes"}, "consent", "object", id="consent-as-text"),
        pytest.param({"phone": "1"}, "phone", "no such field", id="misspelt-field"),
        pytest.param({"campaign_id": "7"}, "campaign_id", "UUID", id="campaign-id-is-no-id"),
        pytest.param({"custom_fields": []}, "custom_fields", "object", id="fields-as-a-list"),
        pytest.param({"custom_fields": {"a": "x" * 65_537}}, "custom_fields", "65536", id="too-many-fields"),
        pytest.param({"custom_fields": {"a": {"b": ["\x00"]}}}, "custom_fields", "NUL", id="nul-deep-inside"),
        pytest.param({"custom_fields": {"a": {"\x00": 1}}}, "custom_fields", "NUL", id="nul-in-a-key"),
        pytest.param({"custom_fields": {"a": ["\udfff"]}}, "custom_fields", "surrogate", id="surrogate-inside"),
        pytest.param({"custom_fields": {"a": {"\ud800": 1}}}, "custom_fields", "surrogate", id="surrogate-in-a-key"),
        pytest.param({"custom_fields": {"\ud800": 1}}, "custom_fields", "surrogate", id="surrogate-as-a-key"),
        pytest.param({"custom_fields": nested(40)}, "custom_fields", "nested", id="nested-too-deeply"),
        pytest.param({"custom_fields": {"a": float("nan")}}, "custom_fields", "NaN", id="not-a-number"),
        pytest.param({"custom_fields": {"a": [float("inf")]}}, "custom_fields", "infinite", id="infinity"),
    ],
)
async def test_a_bad_lead_is_refused_with_what_to_give(
    admin: httpx.AsyncClient,
    sessions: async_sessionmaker[AsyncSession],
    change: dict[str, Any],
    field: str,
    says: str,
) -> None:
    body = json.dumps({"phone_number": "+12125550123"} | change)
    answer = await admin.post("/api/v1/leads", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert error["field"].startswith(field)
    assert says in error["message"]
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(LeadRow)) == 0
        assert await session.scalar(select(func.count()).select_from(ContactRow)) == 0


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"phone_number=1", id="a-form"),
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut-off"),
        pytest.param(b"\xff\xfe", id="no-utf-8"),
        pytest.param(b"[" * 100_000, id="brackets-without-end"),
        pytest.param(b'{"priority": ' + b"9" * 5_000 + b"}", id="a-number-of-5000-digits"),
        pytest.param(b"[]", id="a-list"),
        pytest.param(b"null", id="null"),
    ],
)
async def test_a_body_that_is_no_lead_is_refused(admin: httpx.AsyncClient, body: bytes) -> None:
    answer = await admin.post("/api/v1/leads", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:leadline:problem:invalid-request"


@pytest.mark.parametrize("chunked", [pytest.param(False, id="with-its-length"), pytest.param(True, id="in-chunks")])
async def test_a_body_over_a_mebibyte_is_not_read(admin: httpx.AsyncClient, chunked: bool) -> None:
    body = json.dumps({"phone_number": "+12125550123", "custom_fields": {"a": "x" * (1 << 20)}}).encode()

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    content: Any = parts() if chunked else body
    answer = await admin.post("/api/v1/leads", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_unknown_campaign_is_named(admin: httpx.AsyncClient) -> None:
    body = {"phone_number": "+12125550123", "campaign_id": "00000000-0000-0000-0000-000000000000"}
    answer = await admin.post("/api/v1/leads", json=body)
    assert answer.status_code == 404
    assert "campaign_id" in answer.json()["detail"]


async def test_a_method_that_is_not_there_is_a_problem(admin: httpx.AsyncClient) -> None:
    answer = await admin.put("/api/v1/leads", json={})
    assert answer.status_code == 405
    assert answer.json()["title"] == "Method not allowed"


async def test_blank_texts_count_as_absent(admin: httpx.AsyncClient) -> None:
    body = {"phone_number": "+12125550123", "name": " ", "external_id": "", "time_zone": ""}
    lead = (await admin.post("/api/v1/leads", json=body)).json()
    assert (lead["name"], lead["external_id"], lead["time_zone"]) == (None, None, "America/New_York")
