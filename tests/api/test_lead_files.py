"""Files of leads: sent, taken in, and what is said of those that can't be."""

import csv
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import httpx
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from api.app import Parts, create_app
from runtime.settings import Settings
from storage.models import CampaignRow, LeadImportPieceRow, LeadImportRow
from tests.api.file_work import imported, leads_of, new_campaign, send, taken_in

Sessions = async_sessionmaker[AsyncSession]

ADA = "Phone Number,First Name,Last Name,E-Mail,Company\n+1 212 555 0101,Ada,Lovelace,ada@example.com,Engines\n"


async def test_a_file_becomes_leads_with_their_unknown_columns_as_custom_fields(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    answer = await send(admin, await new_campaign(admin), ADA)
    assert answer.status_code == 202
    queued = answer.json()
    assert (queued["status"], queued["rows_accepted"], queued["rows_total"]) == ("queued", 0, None)
    assert answer.headers["location"] == f"/api/v1/imports/{queued['id']}"
    done = await taken_in(admin, sessions, queued["id"])
    assert (done["status"], done["rows_total"], done["rows_accepted"], done["bytes_read"]) == ("done", 1, 1, len(ADA))
    lead = (await leads_of(admin, done["campaign_id"]))[0]
    assert (lead["phone_number"], lead["name"]) == ("+12125550101", "Ada Lovelace")
    assert lead["custom_fields"] == {"E-Mail": "ada@example.com", "Company": "Engines"}
    assert done["columns"][0] == {"column": "Phone Number", "field": "phone_number"}


async def test_the_file_is_kept_until_it_is_taken_in_and_no_longer(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    answer = await send(admin, await new_campaign(admin), ADA)
    async with sessions() as session:
        assert await session.scalar(select(LeadImportPieceRow.content)) == ADA.encode()
    await taken_in(admin, sessions, answer.json()["id"])
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(LeadImportPieceRow)) == 0


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        pytest.param("phone;name\n2125550101;José\n", "a.csv", "text/csv", id="semicolon"),
        pytest.param("phone\tname\r\n2125550101\tJosé\r\n", "a.txt", "text/plain", id="tab"),
        pytest.param("sep=|\nname|phone\nJosé|2125550101\n", "a.csv", "text/csv", id="named-delimiter"),
        pytest.param("phone,name\n2125550101,José\n".encode("cp1252"), "a.csv", "text/csv", id="windows"),
        pytest.param("phone\tname\n2125550101\tJosé\n".encode("utf-16"), "a.csv", "text/csv", id="utf-16"),
        pytest.param("phone,name\n2125550101,José\n".encode("utf-8-sig"), "a.csv", "text/csv", id="mark"),
        pytest.param("\n\nphone,name,,\n2125550101,José,,\n,,,\n,,,\n", "a.csv", "text/csv", id="empty-ends"),
        pytest.param('{"phone": "2125550101", "name": "José"}\n', "a.csv", "text/csv", id="json-by-its-beginning"),
        pytest.param('\n{"phone": 2125550101, "name": "José"}', "a.jsonl", "text/plain", id="json-by-its-name"),
        pytest.param('{"phone":"2125550101","name":"José"}\n', "a", "application/x-ndjson", id="json-by-its-type"),
    ],
)
async def test_files_of_every_usual_kind_are_read(
    admin: httpx.AsyncClient, sessions: Sessions, content: str | bytes, name: str, media_type: str
) -> None:
    done = await imported(admin, sessions, content, name=name, media_type=media_type)
    assert (done["rows_accepted"], done["rows_rejected"]) == (1, 0), done
    lead = (await leads_of(admin, done["campaign_id"]))[0]
    assert (lead["phone_number"], lead["name"], lead["custom_fields"]) == ("+12125550101", "José", {})


async def test_a_bad_row_costs_only_itself_and_is_given_back_with_its_reason(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    content = (
        "phone,name,region\n+12125550101,Ada,\n1.2126E+10,Bob,\nnobody,=cmd(),\n+12125550102,Cy,US-XX\n"
        '"+12125550103,Open,\n+12125550104,Dee,,x\n\n+18005550105,Eve,\n+12125550106,Fay,\n'
    )
    done = await imported(admin, sessions, content)
    assert (done["rows_accepted"], done["rows_rejected"], done["rows_total"]) == (2, 6, 8)
    assert [row["row"] for row in done["rejected"]] == [3, 4, 5, 6, 7, 9]
    answer = await admin.get(f"/api/v1/imports/{done['id']}/rejected")
    assert answer.headers["content-type"].startswith("text/csv")
    header, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    assert header == ["leadline_row", "leadline_reason", "phone", "name", "region"]
    assert "last digits are lost" in rows[0][1]
    assert rows[1][2:] == ["nobody", "'=cmd()", ""]
    assert rows[2][1].startswith("region: 'US-XX' is no region")
    assert rows[3][1] == "A quotation mark opens a cell in this row and none closes it."
    assert rows[4][1].startswith("This row has 4 cells and the first one 3")
    assert rows[5][1].startswith("time_zone: ")


async def test_rejected_rows_that_were_mended_can_be_sent_as_they_are(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    done = await imported(admin, sessions, "phone,note\nnobody,=1+1\n")
    rejected = (await admin.get(f"/api/v1/imports/{done['id']}/rejected")).text
    again = await imported(admin, sessions, rejected.replace("nobody", "+12125550101"), campaign_id=done["campaign_id"])
    assert again["rows_accepted"] == 1
    assert (await leads_of(admin, done["campaign_id"]))[0]["custom_fields"] == {"note": "=1+1"}


@pytest.mark.parametrize(
    ("duplicate_numbers", "counts"),
    [
        pytest.param("reuse", (2, 3, 0), id="reuse"),
        pytest.param("refuse", (2, 1, 2), id="refuse"),
        pytest.param("allow", (4, 1, 0), id="allow"),
    ],
)
async def test_duplicates_are_what_the_campaign_says(
    admin: httpx.AsyncClient, sessions: Sessions, duplicate_numbers: str, counts: tuple[int, int, int]
) -> None:
    """The same number within the file and one that was there before; the same external id is always the same lead."""
    campaign_id = await new_campaign(admin, duplicate_numbers=duplicate_numbers)
    await admin.post("/api/v1/leads", json={"phone_number": "+12125550100", "campaign_id": campaign_id})
    content = "phone,external_id\n+12125550100,\n+12125550101,a\n+1 (212) 555-0101,\n+12125550102,b\n+12125550103,b\n"
    done = await imported(admin, sessions, content, campaign_id=campaign_id)
    assert (done["rows_accepted"], done["rows_duplicate"], done["rows_rejected"]) == counts


async def test_a_number_that_may_not_be_called_comes_in_as_by_a_request(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    """The gates stop it: whether it may be called is decided when it would be."""
    await admin.post("/api/v1/do-not-call", json={"phone_number": "+12125550101"})
    done = await imported(admin, sessions, "phone\n+12125550101\n")
    assert done["rows_accepted"] == 1
    posted = await admin.post("/api/v1/leads", json={"phone_number": "+12125550101"})
    assert posted.json()["status"] == (await leads_of(admin, done["campaign_id"]))[0]["status"] == "new"


@pytest.mark.parametrize(
    ("content", "field", "said"),
    [
        pytest.param("name,city\nAda,London\n", "file", "No column has phone numbers", id="no-phone-column"),
        pytest.param("", "file", "nothing in this file", id="empty"),
        pytest.param("\n \n,,\n", "file", "nothing in this file", id="only-blank-rows"),
        pytest.param("phone,name\n", "file", "no row below", id="only-names"),
        pytest.param(b"PK\x03\x04" + bytes(100), "file", "save it as CSV UTF-8", id="workbook"),
        pytest.param(b"\x00\x01\x02\x03", "file", "no text file", id="binary"),
        pytest.param('[{"phone": "1"}]', "file", "one object a line", id="json-array"),
        pytest.param('[\n  {"phone": "1"}\n]', "file", "one object a line", id="json-array-over-lines"),
        pytest.param('{"name": "Ada"}\n', "file", "No column has phone numbers", id="json-without-number"),
        pytest.param('"phone,name\n1,2\n', "file", "The first row can't be read", id="names-never-closed"),
    ],
)
async def test_a_file_nobody_can_read_is_refused_with_what_to_send(
    admin: httpx.AsyncClient, content: str | bytes, field: str, said: str
) -> None:
    answer = await send(admin, await new_campaign(admin), content)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        pytest.param("{", "Give a JSON object", id="no-json"),
        pytest.param("[1]", "Give a JSON object", id="no-object"),
        pytest.param('{"phone": 1}', "Give a JSON object", id="no-text"),
        pytest.param('{"fone": "phone_number"}', "no column 'fone'", id="no-such-column"),
        pytest.param('{"phone": "fone"}', "no field 'fone'", id="no-such-field"),
        pytest.param('{"phone": null}', "No column has phone numbers", id="left-out-what-is-needed"),
    ],
)
async def test_a_broken_mapping_is_refused(admin: httpx.AsyncClient, mapping: str, said: str) -> None:
    answer = await send(admin, await new_campaign(admin), "phone\n1\n", mapping=mapping)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


async def test_a_mapping_says_what_columns_are(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    mapping = json.dumps({"Reach": "phone_number", "Who": "name", "Junk": None, "Town": "custom_fields.city"})
    done = await imported(admin, sessions, "Who,Reach,Junk,Town\nAda,2125550101,x,London\n", mapping=mapping)
    lead = (await leads_of(admin, done["campaign_id"]))[0]
    assert (lead["name"], lead["custom_fields"]) == ("Ada", {"city": "London"})


async def test_unknown_finished_and_foreign_campaigns_take_no_file(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    assert (await send(admin, str(uuid4()), ADA)).status_code == 404
    assert (await send(admin, "nonsense", ADA)).status_code == 422
    campaign_id = await new_campaign(admin)
    async with sessions.begin() as session:
        await session.execute(update(CampaignRow).where(CampaignRow.id == UUID(campaign_id)).values(status="finished"))
    refused = await send(admin, campaign_id, ADA)
    assert (refused.status_code, "finished" in refused.json()["detail"]) == (409, True)


async def test_forms_that_arent_one_file_are_refused(admin: httpx.AsyncClient) -> None:
    campaign_id = await new_campaign(admin)
    two = [("file", ("a.csv", b"x", "text/csv")), ("file", ("b.csv", b"x", "text/csv"))]
    answers = [
        await admin.post("/api/v1/leads/import", files=two, data={"campaign_id": campaign_id}),
        await admin.post("/api/v1/leads/import", files={"x": ("a.csv", b"x")}, data={"campaign_id": campaign_id}),
        await admin.post("/api/v1/leads/import", files={"file": ("a.csv", b"x")}),
        await admin.post("/api/v1/leads/import", content=b"phone\n1\n", headers={"content-type": "text/csv"}),
        await admin.post("/api/v1/leads/import", content=b"nonsense", headers={"content-type": "multipart/form-data"}),
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 415, 422]
    assert "one file a request" in answers[0].json()["detail"]
    assert "part `file`" in answers[1].json()["detail"]


async def test_the_same_key_gives_the_same_import(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    campaign_id = await new_campaign(admin)
    first = await send(admin, campaign_id, ADA, key="k")
    second = await send(admin, campaign_id, ADA, key="k")
    assert (first.status_code, second.status_code, first.json()) == (202, 202, second.json())
    other = await send(admin, campaign_id, ADA + "+12125550102,Bob,,,\n", key="k")
    assert other.status_code == 422
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(LeadImportRow)) == 1


async def test_who_may_only_look_sends_nothing_and_strangers_see_nothing(
    admin: httpx.AsyncClient,
    anyone: httpx.AsyncClient,
    member: Callable[[str], Awaitable[httpx.AsyncClient]],
    sessions: Sessions,
) -> None:
    campaign_id = await new_campaign(admin)
    done = await imported(admin, sessions, ADA, campaign_id=campaign_id)
    viewer = await member("viewer")
    assert (await send(viewer, campaign_id, ADA)).status_code == 403
    assert (await viewer.get(f"/api/v1/imports/{done['id']}")).status_code == 200
    assert (await send(anyone, campaign_id, ADA)).status_code == 401
    assert (await anyone.get("/api/v1/imports")).status_code == 401
    assert (await admin.get(f"/api/v1/imports/{uuid4()}")).status_code == 404
    assert (await admin.get(f"/api/v1/imports/{uuid4()}/rejected")).status_code == 404


async def test_imports_are_listed_newest_first_and_by_campaign(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    done = [await imported(admin, sessions, ADA, campaign_id=await new_campaign(admin, name)) for name in "ab"]
    page = (await admin.get("/api/v1/imports", params={"limit": 1})).json()
    assert [item["id"] for item in page["items"]] == [done[1]["id"]]
    rest = (await admin.get("/api/v1/imports", params={"cursor": page["next_cursor"]})).json()
    assert [item["id"] for item in rest["items"]] == [done[0]["id"]]
    of_one = (await admin.get("/api/v1/imports", params={"campaign_id": done[0]["campaign_id"]})).json()
    assert [item["id"] for item in of_one["items"]] == [done[0]["id"]]


async def test_a_file_that_is_larger_than_it_may_be_is_refused_however_it_is_sent(
    settings: Settings, sessions: Sessions, absent_engine: Client, admin: httpx.AsyncClient
) -> None:
    hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
    small = settings.model_copy(update={"import_max_mib": 1})
    app = create_app(Parts(small, "a secret of tests that is long enough for HS256", sessions, absent_engine, hasher))
    campaign_id = await new_campaign(admin)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://leadline") as client:
        client.headers["Authorization"] = admin.headers["Authorization"]
        answer = await send(client, campaign_id, ADA + "x" * (1 << 20))
        form = client.build_request("POST", "/api/v1/leads/import", files={"file": ("a", b"x" * (1 << 20))})
        in_chunks = await client.post(
            "/api/v1/leads/import",
            content=_chunks(form.read()),
            headers={"content-type": form.headers["content-type"]},
        )
        assert (await send(client, campaign_id, ADA)).status_code == 202
    assert [answer.status_code, in_chunks.status_code] == [413, 413]
    assert "1 MiB at most" in in_chunks.json()["detail"]


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 100_000):
        yield body[start : start + 100_000]
