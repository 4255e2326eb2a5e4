"""Somebody rings back, from the question who that is to the end of their lead, over real HTTP.

What a worker does of it, this process does: it asks the simulator and fetches from it as a worker would.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.account_clients import AccountClients
from activities.deleting_recordings import RecordingDeletions
from activities.fetching_recordings import RecordingFetcher
from activities.inbound_overdue import OverdueInboundCalls
from activities.keeping_recordings import KeepRecordings, Shift
from activities.lead_workflows import LeadWorkflows
from activities.recording_metrics import RecordingMetrics
from api.app import Parts, create_app
from runtime.settings import Settings
from simulator.rehearsal import rehearsal
from simulator.server import bound_socket, running
from simulator.settings import Settings as Rehearsed
from storage.recording_store import RecordingStore
from telephony.http import provider_http_client
from telephony.outside_http import outside_http_client
from telephony.provider import VoiceProvider
from telephony.recording_links import RecordingLinks
from telephony.retell_client import RetellProvider
from tests.api.conftest import PASSWORD, WEBHOOK_KEY
from tests.api.live.ear import listen
from tests.patience import PATIENCE_SECONDS

Sessions = async_sessionmaker[AsyncSession]
PATH = "/api/v1/calls/webhook"
CALLER = "+12125550199"


@dataclass(frozen=True)
class Line:
    hook: str
    provider_url: str
    admin: httpx.AsyncClient
    control: httpx.AsyncClient


@pytest.fixture
async def line(settings: Settings, sessions: Sessions, absent_engine: Client) -> AsyncIterator[Line]:
    """Our API and the simulator, each behind a socket of its own, and somebody who is signed in."""
    listener = bound_socket("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    parts = Parts(
        settings=settings.model_copy(update={"public_url": url}),
        jwt_secret="a secret of tests that is long enough for HS256",
        sessions=sessions,
        temporal=absent_engine,
        hasher=PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)),
    )
    quick = Rehearsed(ring_seconds=0.01, talk_seconds=0.1, analysis_seconds=0.01)
    async with (
        running(create_app(parts), listener),
        rehearsal(quick, WEBHOOK_KEY) as stage,
        httpx.AsyncClient(base_url=f"{stage.url}/control", trust_env=False) as control,
        httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False) as admin,
    ):
        signed_in = await admin.post("/auth/token", data={"username": "admin@localhost", "password": PASSWORD})
        admin.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
        yield Line(f"{url}{PATH}", stage.url, admin, control)


async def lead_once_done(admin: httpx.AsyncClient, lead_id: str) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            lead: dict[str, Any] = (await admin.get(f"/leads/{lead_id}")).json()
            if lead["status"] == "done" and lead["inbound_calls"][-1]["status"] == "done":
                return lead


@pytest.mark.parametrize(("scenario", "outcome"), [("answer", "reached"), ("do_not_call", "opted_out")])
async def test_who_rings_back_is_known_and_heeded(line: Line, scenario: str, outcome: str) -> None:
    lead = (await line.admin.post("/leads", json={"phone_number": CALLER, "name": "Ada"})).json()
    rung = {"from_number": CALLER, "to_number": "+12125550100", "inbound_webhook_url": line.hook, "scenario": scenario}
    call = (await line.control.post("/ring", json=rung)).json()
    assert call["dynamic_variables"]["lead_name"] == "Ada"
    assert call["metadata"]["lead_id"] == lead["id"]
    done = await lead_once_done(line.admin, lead["id"])
    assert (done["outcome"], done["inbound_calls"][0]["call_id"]) == (outcome, call["call_id"])
    listed = (await line.admin.get("/do-not-call")).json()["items"]
    assert len(listed) == (outcome == "opted_out")


LATER = timedelta(minutes=11)
"""When nothing was heard of a call for so long, the provider is asked."""


def in_a_while() -> datetime:
    return datetime.now(UTC) + LATER


@pytest.fixture
async def overdue(line: Line, sessions: Sessions, absent_engine: Client) -> AsyncIterator[OverdueInboundCalls]:
    async with provider_http_client() as http:
        clients = AccountClients[VoiceProvider]({"simulator": RetellProvider(WEBHOOK_KEY, line.provider_url, http)})
        yield OverdueInboundCalls(sessions, clients, LeadWorkflows(absent_engine, "leads"), in_a_while)


@pytest.fixture
async def keeper(line: Line, settings: Settings, sessions: Sessions) -> AsyncIterator[KeepRecordings]:
    store, metrics = RecordingStore(settings.recordings_location), RecordingMetrics(CollectorRegistry())
    async with outside_http_client() as followed:
        links, origins = RecordingLinks(followed), {"simulator": line.provider_url}
        fetcher = RecordingFetcher(sessions, store, links, AccountClients({}), origins, metrics, in_a_while)
        deletions = RecordingDeletions(sessions, store, metrics, in_a_while)
        yield KeepRecordings(sessions, store, fetcher, deletions, in_a_while, shift=timedelta(0))


async def until_analyzed(control: httpx.AsyncClient, call_id: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            (call,) = [one for one in (await control.get("/calls")).json() if one["call_id"] == call_id]
            if call["analyzed_ms"] is not None:
                return


async def test_a_call_is_heard_live_asked_for_when_its_end_gets_lost_and_its_recording_is_kept(
    line: Line, overdue: OverdueInboundCalls, keeper: KeepRecordings
) -> None:
    lead = (await line.admin.post("/leads", json={"phone_number": CALLER})).json()
    lost = {"operation": "webhook", "effect": "lost", "events": ["call_ended", "call_analyzed"]}
    (await line.control.post("/faults", json=lost)).raise_for_status()
    rung = {"from_number": CALLER, "to_number": "+12125550100", "inbound_webhook_url": line.hook, "scenario": "answer"}
    async with (
        httpx.AsyncClient(base_url=line.hook.removesuffix(PATH), headers=line.admin.headers) as client,
        listen(client, direction="inbound") as ear,
    ):
        await ear.shown()
        call_id = (await line.control.post("/ring", json=rung | {"talk_seconds": 0.5})).json()["call_id"]
        told = await ear.event("transcript")
    assert (told["call_id"], told["lead_id"], told["inbound"]["phone_number"]) == (call_id, lead["id"], CALLER)
    await until_analyzed(line.control, call_id)
    assert (await line.admin.get(f"/calls/{call_id}")).json()["status"] == "in_progress"
    assert len(await overdue.settle()) == 1
    done = (await line.admin.get(f"/calls/{call_id}")).json()
    assert (done["status"], done["outcome"], done["recording_url"]) == ("done", "answered", None)
    assert (await line.admin.get(f"/leads/{lead['id']}")).json()["outcome"] == "reached"
    assert await ActivityEnvironment().run(keeper.keep_recordings) == Shift(kept=1)
    kept = (await line.admin.get(f"/calls/{call_id}")).json()
    assert kept["recording_url"] == f"/api/v1/calls/{call_id}/recording"
    part = await line.admin.get(f"/calls/{call_id}/recording", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")
