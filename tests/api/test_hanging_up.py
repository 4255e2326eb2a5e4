"""The kill switch with ``hang_up``: every call that is live or may ring is ended, and no call after it."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from api.dependencies import Dependencies
from runtime.settings import Settings
from storage.models import AttemptRow, AuditEntryRow, ContactRow, LeadRow, OrganizationRow
from tests.activities.engine_edge import EngineEdge
from tests.api.conftest import WEBHOOK_KEY, AttemptOfLead

Attempts = Callable[..., Awaitable[AttemptOfLead]]
Sessions = async_sessionmaker[AsyncSession]

STOP = "/api/v1/organizations/current/stop"
ALL = {"hang_up": True}
MAY_RING = ("dialling", "unconfirmed", "in_progress")


@pytest.fixture
def engine_edge() -> EngineEdge:
    return EngineEdge()


@pytest.fixture
async def absent_engine(engine_edge: EngineEdge) -> Client:
    return await Client.connect("127.0.0.1:1", lazy=True, interceptors=[engine_edge])


@dataclass
class Provider:
    """``stopped``: each call that was to be ended, and by which key."""

    refuses: set[str] = field(default_factory=set)
    stopped: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        call_id = request.url.path.removeprefix("/v2/stop-call/")
        self.stopped.append((call_id, request.headers["authorization"]))
        return httpx.Response(422 if call_id in self.refuses else 204)


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
async def provider_http(provider: Provider) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(provider)) as http:
        yield http


@pytest.fixture
async def app(make_app: Callable[..., FastAPI], settings: Settings, absent_engine: Client) -> FastAPI:
    """With a provider to be reached."""
    return make_app(absent_engine, settings.model_copy(update={"simulator_url": "https://provider.example.com"}))


@pytest.fixture
def attempt_to(open_attempt: Attempts, sessions: Sessions) -> Attempts:
    """As ``open_attempt``, each to a person of its own."""
    numbers = (f"+12125550{number}" for number in itertools.count(300))

    async def make(status: str, **columns: object) -> AttemptOfLead:
        async with sessions.begin() as session:
            known = await session.scalar(select(ContactRow).where(ContactRow.phone_number == "+12125550199"))
            if known is not None:
                known.phone_number = next(numbers)
        return await open_attempt(status, **columns)

    return make


async def settle(app: FastAPI) -> None:
    dependencies: Dependencies = app.state.dependencies
    await dependencies.background.drain(timeout_seconds=5)


async def attempt_row(sessions: Sessions, attempt_id: UUID) -> AttemptRow:
    async with sessions() as session:
        return await session.get_one(AttemptRow, attempt_id)


async def audited(sessions: Sessions) -> list[dict[str, Any]]:
    async with sessions() as session:
        entries = await session.scalars(select(AuditEntryRow).where(AuditEntryRow.action == "organization.stopped"))
        return [entry.details for entry in entries]


@pytest.mark.parametrize("status", MAY_RING)
async def test_a_call_that_is_live_or_may_ring_is_ended_and_its_lead_goes_on(
    admin: httpx.AsyncClient,
    app: FastAPI,
    open_attempt: Attempts,
    sessions: Sessions,
    engine_edge: EngineEdge,
    status: str,
) -> None:
    call = await open_attempt(status)
    began = datetime.now(UTC)
    answer = await admin.post(STOP, json=ALL)
    assert (answer.status_code, answer.json()["stopped_at"] is not None) == (200, True)
    row = await attempt_row(sessions, call.attempt_id)
    assert row.hang_up_at is not None
    assert row.look_up_at == row.hang_up_at >= began  # so that the reconciliation wakes whom nobody woke
    async with sessions() as session:
        lead = await session.get_one(LeadRow, call.lead_id)
    assert (lead.cancelled_at, lead.hang_up_at, lead.outcome) == (None, None, None)
    await settle(app)
    assert engine_edge.signals == [(f"lead-{call.lead_id}", "wake")]
    assert await audited(sessions) == [ALL]


async def test_all_calls_are_ended_at_once_but_for_those_that_are_over_or_never_left(
    admin: httpx.AsyncClient, app: FastAPI, attempt_to: Attempts, sessions: Sessions, engine_edge: EngineEdge
) -> None:
    live = [await attempt_to(status) for status in MAY_RING]
    granted = await attempt_to("granted")
    over = await attempt_to("in_progress", slot_released_at=datetime.now(UTC))
    others = await attempt_to("in_progress")
    async with sessions.begin() as session:
        other = OrganizationRow(name="Other")
        session.add(other)
        await session.flush()
        (await session.get_one(AttemptRow, others.attempt_id)).organization_id = other.id
    assert (await admin.post(STOP, json=ALL)).status_code == 200
    await settle(app)
    assert sorted(engine_edge.signals) == sorted((f"lead-{call.lead_id}", "wake") for call in live)
    for untouched in (granted, over, others):
        assert (await attempt_row(sessions, untouched.attempt_id)).hang_up_at is None


async def test_calls_are_ended_at_the_provider_by_the_accounts_key_whatever_becomes_of_others(
    admin: httpx.AsyncClient, app: FastAPI, attempt_to: Attempts, provider: Provider, engine_edge: EngineEdge
) -> None:
    """Also while the engine is away; of a call that is just being placed nobody knows yet what it is called."""
    for number in range(3):
        await attempt_to("in_progress", call_id=f"call_{number}")
    await attempt_to("dialling")
    provider.refuses.add("call_0")
    engine_edge.is_away = True
    assert (await admin.post(STOP, json=ALL)).status_code == 200
    await settle(app)
    assert sorted(provider.stopped) == [(f"call_{number}", f"Bearer {WEBHOOK_KEY}") for number in range(3)]


@pytest.mark.parametrize("body", [None, {}, {"hang_up": False}])
async def test_unless_it_is_wished_live_calls_go_on(
    admin: httpx.AsyncClient,
    app: FastAPI,
    open_attempt: Attempts,
    sessions: Sessions,
    engine_edge: EngineEdge,
    provider: Provider,
    body: dict[str, bool] | None,
) -> None:
    call = await open_attempt("in_progress", call_id="call_1")
    assert (await admin.post(STOP, json=body)).status_code == 200
    await settle(app)
    assert provider.stopped == []
    assert ((await attempt_row(sessions, call.attempt_id)).hang_up_at, engine_edge.signals) == (None, [])
    assert await audited(sessions) == [{"hang_up": False}]


async def test_calls_are_ended_also_where_calling_was_stopped_before_and_asking_again_wakes_again(
    admin: httpx.AsyncClient, app: FastAPI, open_attempt: Attempts, sessions: Sessions, engine_edge: EngineEdge
) -> None:
    call = await open_attempt("in_progress")
    stopped = (await admin.post(STOP)).json()
    first_wish = None
    for times in (1, 2):
        assert (await admin.post(STOP, json=ALL)).json() == stopped
        await settle(app)
        row = await attempt_row(sessions, call.attempt_id)
        first_wish = first_wish or row.hang_up_at
        assert row.hang_up_at == first_wish is not None
        assert len(engine_edge.signals) == times
    assert await audited(sessions) == [{"hang_up": False}, ALL, ALL]


async def test_where_the_engine_is_away_the_calls_are_marked_all_the_same(
    admin: httpx.AsyncClient, app: FastAPI, open_attempt: Attempts, sessions: Sessions, engine_edge: EngineEdge
) -> None:
    call = await open_attempt("in_progress")
    engine_edge.is_away = True
    assert (await admin.post(STOP, json=ALL)).status_code == 200
    await settle(app)
    assert (await attempt_row(sessions, call.attempt_id)).hang_up_at is not None


async def test_the_wish_is_told_in_the_timeline(admin: httpx.AsyncClient, open_attempt: Attempts) -> None:
    call = await open_attempt("in_progress")
    await admin.post(STOP, json=ALL)
    moments = (await admin.get(f"/api/v1/leads/{call.lead_id}/timeline")).json()["items"]
    assert [one["details"] for one in moments if one["kind"] == "hang_up_asked"] == [{"number": 1}]
