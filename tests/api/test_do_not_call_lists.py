"""Lists of numbers that must not be called, as the API takes them in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from api.body_limit import FILE_LIMIT_BYTES, MEBIBYTE
from storage.models import AuditEntryRow, ContactRow, DoNotCallEntryRow, DoNotCallListRow, OrganizationRow
from tests.patience import PATIENCE_SECONDS

ROOT = "/api/v1/do-not-call"
CUT_OFF_WHOEVER_WAITS = text(
    "select count(pg_terminate_backend(pid)) from pg_stat_activity"
    " where datname = current_database() and wait_event_type = 'Lock'"
)
CSV = {"Content-Type": "text/csv; charset=utf-8"}

Sessions = async_sessionmaker[AsyncSession]
Member = Callable[[str], Awaitable[httpx.AsyncClient]]


async def send(client: httpx.AsyncClient, body: str | AsyncIterator[bytes], **query: str) -> httpx.Response:
    content = body.encode() if isinstance(body, str) else body
    return await client.post(f"{ROOT}/import", params={"name": "Registry"} | query, content=content, headers=CSV)


async def taken(client: httpx.AsyncClient, body: str | AsyncIterator[bytes], **query: str) -> dict[str, Any]:
    answer = await send(client, body, **query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def entries(sessions: Sessions) -> set[str]:
    async with sessions() as session:
        return set(await session.scalars(select(DoNotCallEntryRow.phone_number)))


def counts(told: dict[str, Any]) -> tuple[int, int, int, int]:
    return told["added"], told["kept"], told["removed"], told["rejected_count"]


async def test_a_list_is_imported_and_tells_what_became_of_every_line(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    refreshed_at = "2026-01-02T09:00:00Z"
    told = await taken(
        admin,
        "name,phone\nAnn,(212) 555-0101\nBob,nobody\nCid,+12125550102\n",
        kind="registry",
        source="donotcall.gov",
        refreshed_at=refreshed_at,
    )
    assert counts(told) == (2, 0, 0, 1)
    ((line, reason),) = [(rejection["line"], rejection["reason"]) for rejection in told["rejected"]]
    assert line == 3
    assert "no phone number" in reason
    assert await entries(sessions) == {"+12125550101", "+12125550102"}
    (row,) = (await admin.get(f"{ROOT}/lists")).json()["items"]
    assert row == told["list"]
    assert {name: row[name] for name in ("name", "kind", "source", "refreshed_at", "numbers")} == {
        "name": "Registry",
        "kind": "registry",
        "source": "donotcall.gov",
        "refreshed_at": refreshed_at,
        "numbers": 2,
    }


async def test_a_repeated_import_replaces_the_lists_content_and_keeps_what_it_does_not_say(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    first = await taken(admin, "2125550101\n2125550102\n", kind="registry", source="donotcall.gov")
    second = await taken(admin, "2125550102\n2125550103\n2125550104\n")
    assert counts(second) == (2, 1, 1, 0)
    assert await entries(sessions) == {"+12125550102", "+12125550103", "+12125550104"}
    assert {**second["list"], "refreshed_at": None} == {**first["list"], "numbers": 3, "refreshed_at": None}
    assert counts(await taken(admin, "2125550102\n2125550103\n2125550104\n", kind="list"))[:3] == (0, 3, 0)
    assert (await admin.get(f"{ROOT}/lists")).json()["items"][0]["kind"] == "list"


async def test_a_file_of_several_batches_is_taken_whole(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    numbers = [f"212555{number:04}" for number in range(2_500)]
    told = await taken(admin, "\n".join([*numbers, *numbers[:700], "x", "y"]))
    assert counts(told) == (2_500, 0, 0, 2)
    assert [rejection["line"] for rejection in told["rejected"]] == [3_201, 3_202]
    assert counts(await taken(admin, numbers[0])) == (0, 1, 2_499, 0)
    assert await entries(sessions) == {"+12125550000"}


async def test_of_many_bad_lines_the_first_hundred_are_told(admin: httpx.AsyncClient) -> None:
    told = await taken(admin, "2125550101\n" + "nobody\n" * 1_500)
    assert (told["rejected_count"], len(told["rejected"]), told["rejected"][-1]["line"]) == (1_500, 100, 101)


@pytest.mark.parametrize(
    ("body", "query", "field"),
    [
        pytest.param("", {}, "body", id="empty"),
        pytest.param("phone\n", {}, "body", id="header-only"),
        pytest.param("nobody\nnothing\n", {}, "body", id="no-number-at-all"),
        pytest.param("name,mobile\nAnn,2125550101\n", {}, "body", id="unknown-columns"),
        pytest.param("2125550101", {"name": ""}, "name", id="no-name"),
        pytest.param("2125550101", {"name": " "}, "name", id="blank-name"),
        pytest.param("2125550101", {"name": "n" * 201}, "name", id="long-name"),
        pytest.param("2125550101", {"kind": "other"}, "kind", id="unknown-kind"),
        pytest.param("2125550101", {"refreshed_at": "2026-01-02T09:00:00"}, "refreshed_at", id="no-offset"),
        pytest.param("2125550101", {"refreshed": "yesterday"}, "refreshed", id="misspelt"),
    ],
)
async def test_an_import_that_says_nothing_usable_changes_nothing(
    admin: httpx.AsyncClient, sessions: Sessions, body: str, query: dict[str, str], field: str
) -> None:
    before = await taken(admin, "2125550199")
    answer = await send(admin, body, **query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert (await admin.get(f"{ROOT}/lists")).json()["items"] == [before["list"]]
    assert await entries(sessions) == {"+12125550199"}


async def test_a_list_cannot_have_been_refreshed_in_the_future(admin: httpx.AsyncClient) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    answer = await send(admin, "2125550101", refreshed_at=tomorrow.isoformat())
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "refreshed_at")
    assert (await admin.get(f"{ROOT}/lists")).json()["items"] == []


@pytest.mark.parametrize("media_type", ["application/json", "multipart/form-data; boundary=x", ""])
async def test_a_file_in_another_wrapping_is_refused(admin: httpx.AsyncClient, media_type: str) -> None:
    answer = await admin.post(
        f"{ROOT}/import", params={"name": "A"}, content=b"2125550101", headers={"Content-Type": media_type}
    )
    assert (answer.status_code, answer.json()["type"]) == (415, "urn:leadline:problem:unsupported-media-type")


async def goes_on_too_long() -> AsyncIterator[bytes]:
    yield "\n".join(f"212555{number:04}" for number in range(1_500)).encode()
    for _ in range(FILE_LIMIT_BYTES // MEBIBYTE):
        yield b"\n" * MEBIBYTE


async def test_an_import_that_breaks_off_removes_nothing_and_may_be_repeated(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    before = await taken(admin, "3125550101")
    answer = await send(admin, goes_on_too_long())
    assert (answer.status_code, answer.json()["detail"]) == (413, "The body may have 200 MiB at most.")
    assert len(await entries(sessions)) == 1_001
    assert (await admin.get(f"{ROOT}/lists")).json()["items"] == [before["list"]]
    assert counts(await taken(admin, "2125550000\n3125550101")) == (0, 2, 999, 0)


async def test_a_client_that_goes_away_midway_leaves_the_list_as_it_was(
    admin: httpx.AsyncClient, sessions: Sessions, gone_midway: Callable[[bytes], Awaitable[int]]
) -> None:
    before = await taken(admin, "3125550101")
    status = await gone_midway("\n".join(f"212555{number:04}" for number in range(1_500)).encode())
    assert status == 422
    assert len(await entries(sessions)) == 1_001
    assert (await admin.get(f"{ROOT}/lists")).json()["items"] == [before["list"]]


async def test_a_first_import_that_breaks_off_leaves_a_list_that_was_never_fresh(
    admin: httpx.AsyncClient, gone_midway: Callable[[bytes], Awaitable[int]]
) -> None:
    await gone_midway("\n".join(f"212555{number:04}" for number in range(1_500)).encode())
    (row,) = (await admin.get(f"{ROOT}/lists")).json()["items"]
    assert (row["refreshed_at"], row["numbers"]) == (None, 0)
    assert (await admin.get(f"{ROOT}/2125550000")).json()["listed"] is True


@pytest.fixture
def gone_midway(admin: httpx.AsyncClient, app: Any) -> Callable[[bytes], Awaitable[int]]:  # noqa: ANN401 - any ASGI
    """Sends the beginning of a file and then goes away, as a server tells the application of it."""

    async def upload(beginning: bytes) -> int:
        messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": beginning, "more_body": True},
            {"type": "http.disconnect"},
        ]
        answered: list[int] = []

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        async def answer(message: dict[str, Any]) -> None:
            answered.extend([message["status"]] if message["type"] == "http.response.start" else [])

        headers = {"authorization": admin.headers["Authorization"], "content-type": "text/csv"}
        scope = {
            "type": "http",
            "method": "POST",
            "path": f"{ROOT}/import",
            "query_string": b"name=Registry&kind=registry",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        await app(scope, receive, answer)
        return answered[0]

    return upload


async def test_the_large_bodies_are_for_files_only(admin: httpx.AsyncClient) -> None:
    body = "\n" * (3 * MEBIBYTE) + "2125550101"
    assert counts(await taken(admin, body)) == (1, 0, 0, 0)
    assert (await admin.post(ROOT, content=body.encode())).status_code == 413
    declared = {**CSV, "Content-Length": str(FILE_LIMIT_BYTES + 1)}
    answer = await admin.post(f"{ROOT}/import", params={"name": "A"}, content=b"", headers=declared)
    assert answer.status_code == 413


async def test_an_import_that_begins_meanwhile_makes_the_older_one_stop(
    admin: httpx.AsyncClient, sessions: Sessions
) -> None:
    async def interrupted() -> AsyncIterator[bytes]:
        yield b"\n".join(b"212555%04d" % number for number in range(1_500))
        await taken(admin, "3125550101")
        yield b"\n"

    answer = await send(admin, interrupted())
    assert answer.status_code == 409
    assert await entries(sessions) == {"+13125550101"}


async def test_a_batch_that_loses_its_connection_is_put_again(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    before = await taken(admin, "2125550101\n2125550102")
    async with sessions.begin() as gate:
        await gate.execute(select(OrganizationRow.id).with_for_update(read=True))
        importing = asyncio.create_task(taken(admin, "2125550102\n2125550103"))
        async with asyncio.timeout(PATIENCE_SECONDS), sessions() as watching:
            while await watching.scalar(CUT_OFF_WHOEVER_WAITS) == 0:
                await watching.rollback()
    assert counts(await importing) == (1, 1, 1, 0)
    (row,) = (await admin.get(f"{ROOT}/lists")).json()["items"]
    assert (row["id"], row["numbers"]) == (before["list"]["id"], 2)


async def test_a_number_tells_why_and_on_which_lists_it_stands(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    await taken(admin, "2125550101", kind="registry", source="donotcall.gov")
    await taken(admin, "2125550101\n2125550102", name="A client's list")
    await admin.post(ROOT, json={"phone_number": "2125550103", "reason": "asked by letter"})
    both = (await admin.get(f"{ROOT}/(212) 555-0101")).json()
    assert (both["phone_number"], both["listed"], both["source"]) == ("+12125550101", True, None)
    assert [(row["name"], row["kind"], row["source"]) for row in both["lists"]] == [
        ("A client's list", "list", None),
        ("Registry", "registry", "donotcall.gov"),
    ]
    by_hand = (await admin.get(f"{ROOT}/+12125550103")).json()
    assert (by_hand["listed"], by_hand["reason"], by_hand["source"]) == (True, "asked by letter", "api")
    assert by_hand["lists"] == []
    assert by_hand["created_at"].endswith("Z")
    nobody = (await admin.get(f"{ROOT}/+12125550104")).json()
    assert (nobody["listed"], nobody["created_at"], nobody["lists"]) == (False, None, [])
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(ContactRow)) == 1
    assert (await admin.get(f"{ROOT}/me")).status_code == 422


async def test_a_list_is_deleted_by_an_admin_and_its_numbers_with_it(
    admin: httpx.AsyncClient, member: Member, sessions: Sessions
) -> None:
    told = await taken(admin, "\n".join(f"212555{number:04}" for number in range(1_200)))
    await taken(admin, "3125550101", name="Other")
    path = f"{ROOT}/lists/{told['list']['id']}"
    operator, viewer = await member("operator"), await member("viewer")
    assert (await operator.delete(path)).status_code == 403
    assert (await send(viewer, "2125550101")).status_code == 403
    assert (await viewer.get(f"{ROOT}/lists")).status_code == 200
    assert (await admin.delete(path)).status_code == 204
    assert await entries(sessions) == {"+13125550101"}
    assert [row["name"] for row in (await admin.get(f"{ROOT}/lists")).json()["items"]] == ["Other"]
    assert (await admin.delete(path)).status_code == 404
    assert (await admin.delete(f"{ROOT}/lists/{uuid4()}")).status_code == 404


async def test_imports_and_deletions_are_noted_without_a_number(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    told = await taken(admin, "2125550101\nnobody\n")
    await admin.delete(f"{ROOT}/lists/{told['list']['id']}")
    async with sessions() as session:
        noted = (await session.scalars(select(AuditEntryRow).order_by(AuditEntryRow.created_at))).all()
    assert [(entry.action, str(entry.target_id), entry.details) for entry in noted] == [
        (
            "do_not_call_list.imported",
            told["list"]["id"],
            {"name": "Registry", "added": 1, "kept": 0, "removed": 0, "rejected_count": 1},
        ),
        ("do_not_call_list.deleted", told["list"]["id"], {"name": "Registry"}),
    ]


async def test_lists_come_in_pages(admin: httpx.AsyncClient) -> None:
    for name in ("A", "B", "C"):
        await taken(admin, "2125550101", name=name)
    first = (await admin.get(f"{ROOT}/lists", params={"limit": 2})).json()
    second = (await admin.get(f"{ROOT}/lists", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [row["name"] for row in first["items"] + second["items"]] == ["C", "B", "A"]


async def test_a_stranger_imports_nothing(anyone: httpx.AsyncClient, sessions: Sessions) -> None:
    assert (await send(anyone, "2125550101")).status_code == 401
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(DoNotCallListRow)) == 0
