"""Pages that ask again and again: told 304 while the answer would be the same, and never longer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import update
from temporalio.client import Client

from api.app import Parts, create_app
from api.conditional import is_had
from runtime.settings import Settings
from storage.models import AccountRow, LeadRow
from tests.api.conftest import PASSWORD
from tests.api.live.conftest import AheadClock
from tests.api.polled import Sessions, ask, attempt, change, paths

__all__ = ["attempt", "paths"]


EVERY_ANSWER = (
    "lead",
    "leads",
    "leads of a search",
    "call",
    "calls",
    "calls that are live",
    "campaign",
    "campaigns",
    "number pools",
    "accounts",
    "organization",
)


@pytest.mark.parametrize("what", EVERY_ANSWER)
async def test_who_has_the_answer_is_told_so_without_a_body(
    admin: httpx.AsyncClient, paths: dict[str, str], what: str
) -> None:
    first = await ask(admin, paths[what])
    etag = first.headers["etag"]
    assert (first.status_code, first.headers["cache-control"]) == (200, "private, no-cache")
    again = await ask(admin, paths[what], etag)
    assert (again.status_code, again.content) == (304, b"")
    assert (again.headers["etag"], again.headers["cache-control"]) == (etag, "private, no-cache")
    assert not {"content-type", "content-length"} & set(again.headers)
    assert (await ask(admin, paths[what], f'W/"other", {etag}')).status_code == 304
    assert (await ask(admin, paths[what], '"other"')).json() == first.json()


async def test_a_page_of_another_origin_may_read_the_validator(admin: httpx.AsyncClient, paths: dict[str, str]) -> None:
    answer = await admin.get("/api/v1/leads", headers={"Origin": "https://app.example.com"})
    assert "ETag" in answer.headers["access-control-expose-headers"]


async def test_what_is_not_there_or_not_allowed_is_never_unchanged(
    admin: httpx.AsyncClient, anyone: httpx.AsyncClient, paths: dict[str, str]
) -> None:
    for path in (f"leads/{uuid4()}", "calls/call_unknown", f"campaigns/{uuid4()}"):
        assert (await ask(admin, path, "*")).status_code == 404
    for path in paths.values():
        etag = (await ask(admin, path)).headers["etag"]
        assert (await ask(anyone, path, etag)).status_code == 401
    assert (await ask(admin, "leads", "*")).status_code == 304


async def test_answers_to_other_requests_have_no_validator(admin: httpx.AsyncClient) -> None:
    posted = await admin.post("/api/v1/leads", json={"phone_number": "+12125550123"})
    assert "etag" not in posted.headers
    assert "etag" not in (await admin.get("/healthz")).headers


@pytest.mark.parametrize(
    ("if_none_match", "etag", "has"),
    [
        pytest.param(None, '"a"', False, id="nothing-sent"),
        pytest.param("", '"a"', False, id="empty"),
        pytest.param('"a"', '"a"', True, id="strong"),
        pytest.param('W/"a"', '"a"', True, id="weak-and-strong"),
        pytest.param('"a"', 'W/"a"', True, id="strong-and-weak"),
        pytest.param('"b", W/"a" , "c"', 'W/"a"', True, id="one-of-a-list"),
        pytest.param('"b,a"', '"a"', False, id="a-comma-within"),
        pytest.param("a", '"a"', False, id="no-quotes"),
        pytest.param('"A"', '"a"', False, id="another-case"),
        pytest.param(" * ", '"a"', True, id="any"),
        pytest.param('"*"', '"a"', False, id="a-tag-that-is-a-star"),
    ],
)
def test_validators_are_compared_as_the_rfc_says(if_none_match: str | None, etag: str, has: bool) -> None:
    assert is_had(if_none_match, etag) is has


@pytest.fixture
def clock() -> AheadClock:
    return AheadClock()


@pytest.fixture
async def patient(
    settings: Settings, sessions: Sessions, absent_engine: Client, clock: AheadClock
) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in to an application whose clock can be put forward."""
    hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
    app = create_app(
        Parts(
            settings=settings,
            jwt_secret="a secret of tests that is long enough for HS256",
            sessions=sessions,
            temporal=absent_engine,
            hasher=hasher,
            clock=clock,
        )
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://leadline") as client:
        form = {"username": "admin@localhost", "password": PASSWORD}
        token = (await client.post("/api/v1/auth/token", data=form)).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


async def in_line(client: httpx.AsyncClient, sessions: Sessions, number: str, **columns: object) -> str:
    posted = (await client.post("/api/v1/leads", json={"phone_number": number})).json()
    now = datetime.now(UTC)
    due = {"due_at": now - timedelta(minutes=5), "open_until": now + timedelta(hours=5), "waiting_for": "a free slot"}
    async with sessions.begin() as session:
        await session.execute(update(LeadRow).where(LeadRow.id == UUID(posted["id"])).values(**(due | columns)))
    return str(posted["id"])


async def test_a_lead_in_line_is_told_of_its_place_although_nothing_of_its_own_has_changed(
    patient: httpx.AsyncClient, sessions: Sessions
) -> None:
    lead = f"leads/{await in_line(patient, sessions, '+12125550123')}"
    first = await ask(patient, lead)
    assert (await ask(patient, lead, first.headers["etag"])).status_code == 304
    await in_line(patient, sessions, "+12125550124", priority=1)
    second = await ask(patient, lead, first.headers["etag"])
    assert second.status_code == 200
    assert second.json()["waiting_for"] != first.json()["waiting_for"]
    await change(sessions, AccountRow, parked_at=datetime.now(UTC), parked_reason="unpaid")
    third = await ask(patient, lead, second.headers["etag"])
    assert third.status_code == 200
    assert third.json()["waiting_for"] != second.json()["waiting_for"]


async def test_a_lead_that_comes_due_or_whose_window_closes_is_told_of_it_by_the_clock_alone(
    patient: httpx.AsyncClient, sessions: Sessions, clock: AheadClock
) -> None:
    due_at = datetime.now(UTC) + timedelta(hours=1)
    lead = f"leads/{await in_line(patient, sessions, '+12125550123', due_at=due_at)}"
    said, etag = [], None
    for hours in (0, 2, 6):
        clock.ahead = timedelta(hours=hours)
        answer = await ask(patient, lead, etag)
        assert answer.status_code == 200
        etag = answer.headers["etag"]
        said.append(answer.json()["waiting_for"])
        assert (await ask(patient, lead, etag)).status_code == 304
    assert said[0] == said[2] == "a free slot"
    assert said[1].startswith("queued, ")


async def test_what_was_asked_for_while_it_changed_is_never_old(
    admin: httpx.AsyncClient, paths: dict[str, str], sessions: Sessions
) -> None:
    """Readers with their validators beside a writer: who is told 304 has what was last committed before they asked."""
    stop = asyncio.Event()
    committed = 0

    async def write() -> None:
        nonlocal committed
        for number in range(1, 40):
            await change(sessions, LeadRow, name=str(number))
            committed = number
        stop.set()

    async def poll(what: str) -> None:
        etag, name = None, "0"
        while not stop.is_set():
            before = committed
            answer = await ask(admin, paths[what], etag)
            if answer.status_code == 200:
                body = answer.json()
                etag = answer.headers["etag"]
                name = (body["items"][0] if what == "leads" else body)["name"] or "0"
            assert int(name) >= before, (what, answer.status_code)

    await asyncio.gather(write(), poll("lead"), poll("leads"))
