"""What goes out as a file is what the list shows, safe for spreadsheets, and comes in again as it was."""

import csv
import io
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.models import AuditEntryRow
from tests.api.conftest import AttemptOfLead
from tests.api.file_work import imported, leads_of, new_campaign

Sessions = async_sessionmaker[AsyncSession]
Json = dict[str, Any]

KEPT = ("phone_number", "name", "external_id", "time_zones", "source", "priority", "not_before", "custom_fields")

LEADS: list[Json] = [
    {
        "phone_number": "+12125550101",
        "name": "=HYPERLINK(1)",
        "external_id": "a-1",
        "custom_fields": {"company": "+cmd|calc", "phone": 'O\'Hara, "x"\nand more', "leadline_status": "odd"},
    },
    {
        "phone_number": "+13125550102",
        "name": "José",
        "time_zone": "America/Denver",
        "region": "US-CO",
        "postal_code": "80202",
        "source": "-web",
        "priority": 1,
        "not_before": "2030-01-02T03:04:05Z",
        "consent": {"basis": "written", "text": "@yes", "source": "form", "given_at": "2026-01-02T03:04:05Z"},
        "custom_fields": {"name": "\tnot the name", "company": "'=quoted"},
    },
    {"phone_number": "+12135550103", "custom_fields": {}},
]


async def with_leads(admin: httpx.AsyncClient) -> str:
    campaign_id = await new_campaign(admin, "Full")
    for lead in LEADS:
        answer = await admin.post("/api/v1/leads", json={**lead, "campaign_id": campaign_id})
        assert answer.status_code == 201, answer.text
    return campaign_id


async def export(client: httpx.AsyncClient, what: str, **query: str) -> httpx.Response:
    answer = await client.get(f"/api/v1/{what}/export", params=query)
    assert answer.status_code == 200, answer.text
    return answer


def table(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def whole(client: httpx.AsyncClient, campaign_id: str) -> list[Json]:
    """The leads with their consent, which lists don't show."""
    leads = [(await client.get(f"/api/v1/leads/{lead['id']}")).json() for lead in await leads_of(client, campaign_id)]
    return [{name: lead[name] for name in (*KEPT, "region", "postal_code", "consent")} for lead in leads]


@pytest.mark.parametrize("written_as", ["csv", "ndjson"])
async def test_leads_that_were_exported_come_in_again_as_they_were(
    admin: httpx.AsyncClient, sessions: Sessions, written_as: str
) -> None:
    campaign_id = await with_leads(admin)
    answer = await export(admin, "leads", format=written_as, campaign_id=campaign_id)
    again = await new_campaign(admin, "Again")
    done = await imported(admin, sessions, answer.content, campaign_id=again, name=f"leads.{written_as}")
    assert (done["rows_accepted"], done["rejected"]) == (len(LEADS), [])
    assert await whole(admin, again) == await whole(admin, campaign_id)


async def test_no_cell_begins_as_a_formula_and_plain_numbers_stay_what_programs_read(
    admin: httpx.AsyncClient,
) -> None:
    await with_leads(admin)
    answer = await export(admin, "leads")
    cells = [cell for row in csv.reader(io.StringIO(answer.text, newline="")) for cell in row]
    assert [cell for cell in cells if cell[:1] in tuple("=-@\t\r")] == []
    assert {cell for cell in cells if cell.startswith("+")} == {lead["phone_number"] for lead in LEADS}
    assert "'=HYPERLINK(1)" in cells


async def test_the_same_filters_choose_what_the_list_shows(admin: httpx.AsyncClient) -> None:
    campaign_id = await with_leads(admin)
    for query in ({"q": "José"}, {"status": "done"}, {"source": "-web"}, {"campaign_id": campaign_id}):
        listed = (await admin.get("/api/v1/leads", params=query)).json()["items"]
        exported = table(await export(admin, "leads", **query))
        assert [row["leadline_id"] for row in exported] == [lead["id"] for lead in listed]


async def test_an_export_of_nothing_has_its_header(admin: httpx.AsyncClient) -> None:
    answer = await export(admin, "leads")
    assert answer.text.splitlines()[0].startswith("phone_number,name,external_id")
    assert answer.headers["content-disposition"] == 'attachment; filename="leads.csv"'
    assert (await export(admin, "leads", format="ndjson")).text == ""


async def test_an_export_of_several_pages_has_every_lead_once(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    rows = "".join(f"+1{area}55501{n:02},{area}{n}\n" for area in range(201, 280) if area % 11 for n in range(30))
    done = await imported(admin, sessions, f"phone,n\n{rows}")
    assert done["rows_accepted"] > 1_000
    exported = table(await export(admin, "leads"))
    assert len({row["leadline_id"] for row in exported}) == len(exported) == done["rows_accepted"]


async def test_more_kinds_of_custom_fields_than_a_table_can_have_go_as_json(admin: httpx.AsyncClient) -> None:
    fields = {f"field {number}": "x" for number in range(401)}
    await admin.post("/api/v1/leads", json={"phone_number": "+12125550101", "custom_fields": fields})
    refused = await admin.get("/api/v1/leads/export")
    assert (refused.status_code, "format=ndjson" in refused.json()["detail"]) == (409, True)
    lines = (await export(admin, "leads", format="ndjson")).text.splitlines()
    assert json.loads(lines[0])["custom_fields"] == fields


async def test_calls_go_out_with_what_the_list_shows(
    admin: httpx.AsyncClient,
    open_attempt: Any,  # noqa: ANN401 - a fixture with arguments of its own
) -> None:
    made: AttemptOfLead = await open_attempt("in_progress", call_id="call_1", transcript="=hello")
    rows = table(await export(admin, "calls"))
    assert [(row["id"], row["call_id"], row["phone_number"]) for row in rows] == [
        (str(made.attempt_id), "call_1", "+12125550199")
    ]
    lines = (await export(admin, "calls", format="ndjson", direction="outbound")).text.splitlines()
    assert [json.loads(line)["transcript"] for line in lines] == ["=hello"]
    assert table(await export(admin, "calls", direction="inbound")) == []


async def test_do_not_call_numbers_go_out_and_come_in_as_a_list(admin: httpx.AsyncClient) -> None:
    await admin.post("/api/v1/do-not-call", json={"phone_number": "+12125550101", "reason": "=asked"})
    answer = await export(admin, "do-not-call")
    assert [(row["phone_number"], row["reason"]) for row in table(answer)] == [("+12125550101", "'=asked")]
    taken = await admin.post(
        "/api/v1/do-not-call/import",
        params={"name": "ours"},
        content=answer.content,
        headers={"content-type": "text/csv"},
    )
    assert (taken.json()["added"], taken.json()["rejected"]) == (1, [])


async def test_who_took_data_out_is_written_down(
    admin: httpx.AsyncClient, anyone: httpx.AsyncClient, sessions: Sessions
) -> None:
    for what in ("leads", "calls", "do-not-call"):
        await export(admin, what)
        assert (await anyone.get(f"/api/v1/{what}/export")).status_code == 401
    async with sessions() as session:
        actions = (await session.scalars(select(AuditEntryRow.action).order_by(AuditEntryRow.created_at))).all()
    assert [action for action in actions if action.endswith("exported")] == [
        "leads.exported",
        "calls.exported",
        "do_not_call.exported",
    ]
