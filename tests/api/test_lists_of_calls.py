"""What lists of calls leave out, those that went out and those that came in, page by page."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import BaseModel

from api.schemas.calls import CallAnswer
from api.schemas.inbound_calls import InboundCallAnswer
from api.schemas.leads import LeadSummary
from storage.call_lists import ListedInboundCall
from storage.calls import ListedAttempt
from storage.lead_lists import ListedLead
from storage.models import AttemptRow, CampaignRow, InboundCallRow, LeadRow, NumberPoolRow
from tests.api.conftest import AttemptOfLead
from tests.builders import Sessions

OUT, IN = "call_out", "call_in"
Attempts = Callable[..., Awaitable[AttemptOfLead]]


@pytest.fixture
async def told(open_attempt: Attempts, sessions: Sessions) -> dict[str, str]:
    """One call each way, alike but for their direction, with the ids that they have."""
    attempt = await open_attempt("in_progress", call_id=OUT)
    async with sessions.begin() as session:
        row = await session.get_one(AttemptRow, attempt.attempt_id)
        lead = await session.get_one(LeadRow, row.lead_id)
        campaign = await session.get_one(CampaignRow, row.campaign_id)
        pool = await session.get_one(NumberPoolRow, campaign.number_pool_id)
        row.disposition = "booked"
        session.add(
            InboundCallRow(
                organization_id=lead.organization_id,
                account_id=pool.account_id,
                contact_id=lead.contact_id,
                lead_id=lead.id,
                campaign_id=campaign.id,
                call_id=IN,
                from_number="+12125550199",
                to_number="+12125550101",
                status="done",
                outcome="answered",
                disposition="booked",
            )
        )
    return {"lead_id": str(lead.id), "campaign_id": str(campaign.id)}


async def found(admin: httpx.AsyncClient, **params: str) -> set[str]:
    page = (await admin.get("/api/v1/calls", params=params)).json()
    return {call["call_id"] for call in page["items"]}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        pytest.param({}, {OUT, IN}, id="nothing-asked-for"),
        pytest.param({"direction": "outbound"}, {OUT}, id="outbound"),
        pytest.param({"direction": "inbound"}, {IN}, id="inbound"),
        pytest.param({"status": "in_progress"}, {OUT}, id="going-on"),
        pytest.param({"status": "done"}, {IN}, id="over"),
        pytest.param({"outcome": "answered"}, {IN}, id="an-outcome"),
        pytest.param({"outcome": "busy"}, set(), id="another-outcome"),
        pytest.param({"disposition": "booked"}, {OUT, IN}, id="a-disposition"),
        pytest.param({"disposition": "cold"}, set(), id="another-disposition"),
        pytest.param({"disposition": "booked", "direction": "inbound"}, {IN}, id="both-together"),
        pytest.param({"lead_id": str(uuid4())}, set(), id="another-lead"),
    ],
)
async def test_filters_narrow_the_list(
    admin: httpx.AsyncClient, told: dict[str, str], params: dict[str, str], expected: set[str]
) -> None:
    del told
    assert await found(admin, **params) == expected


@pytest.mark.parametrize("name", ["lead_id", "campaign_id"])
async def test_calls_of_one_lead_or_campaign(admin: httpx.AsyncClient, told: dict[str, str], name: str) -> None:
    assert await found(admin, **{name: told[name]}) == {OUT, IN}


async def test_calls_of_another_campaign_are_left_out(admin: httpx.AsyncClient, told: dict[str, str]) -> None:
    campaign = (await admin.get(f"/api/v1/campaigns/{told['campaign_id']}")).json()
    other = {"name": "Another", "number_pool_id": campaign["number_pool_id"]}
    made = (await admin.post("/api/v1/campaigns", json=other)).json()
    assert await found(admin, campaign_id=made["id"]) == set()


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        pytest.param({}, [IN, OUT], id="both"),
        pytest.param({"direction": "outbound"}, [OUT], id="outbound"),
        pytest.param({"direction": "inbound"}, [IN], id="inbound"),
    ],
)
async def test_pages_have_each_call_once_the_newest_first(
    admin: httpx.AsyncClient, told: dict[str, str], direction: dict[str, str], expected: list[str]
) -> None:
    del told
    calls: list[str] = []
    params: dict[str, str] = {"limit": "1", **direction}
    for _ in expected:
        page: dict[str, Any] = (await admin.get("/api/v1/calls", params=params)).json()
        calls += [call["call_id"] for call in page["items"]]
        params["cursor"] = page["next_cursor"] or ""
    assert calls == expected
    assert params["cursor"] == ""


SHOWN = ((CallAnswer, ListedAttempt), (InboundCallAnswer, ListedInboundCall), (LeadSummary, ListedLead))
WORKED_OUT = {"direction", "phone_number", "time_zone", "duration_seconds", "cost", "recording_url"}


@pytest.mark.parametrize(("answer", "listed"), SHOWN)
def test_what_is_answered_is_read(answer: type[BaseModel], listed: type[Any]) -> None:
    assert answer.model_fields.keys() - WORKED_OUT - set(listed._fields) == set()
