"""The API as it runs: over sockets, with connections of its own, several of them on one database."""

import asyncio
import contextlib
import itertools
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from api.__main__ import Server
from api.app import Parts, create_app
from api.dependencies import Dependencies
from runtime.database import create_engine, session_factory
from runtime.settings import Settings
from storage.attempts import NewAttempt, attempt_id
from storage.models import AttemptRow, CampaignRow, ContactRow, LeadRow, NumberPoolRow
from tests.builders import add_attempt, add_world
from tests.patience import PATIENCE_SECONDS

PASSWORD = "correct horse"
JWT_SECRET = "a secret of tests that is long enough for HS256"
STOP_SECONDS = 5
APPLICATION = "leadline-api-of-a-test"

Sessions = async_sessionmaker[AsyncSession]
Sign = Callable[..., dict[str, str]]


class AheadClock:
    """Goes as clocks go, until a test puts it forward."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Process:
    app: FastAPI
    url: str
    clock: AheadClock
    server: Server
    running: asyncio.Task[None]
    stack: contextlib.AsyncExitStack

    @property
    def deps(self) -> Dependencies:
        deps: Dependencies = self.app.state.dependencies
        return deps

    async def sign_in(self, email: str = "admin@localhost", password: str = PASSWORD) -> httpx.AsyncClient:
        client = await self.stack.enter_async_context(
            httpx.AsyncClient(base_url=self.url, limits=httpx.Limits(max_connections=None))
        )
        answer = await client.post("/api/v1/auth/token", data={"username": email, "password": password})
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return client

    async def stop(self) -> None:
        """As SIGTERM does."""
        self.server.should_exit = True
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.running


Start = Callable[[], Awaitable[Process]]


@pytest.fixture
async def start(settings: Settings, sessions: Sessions, absent_engine: Client) -> AsyncIterator[Start]:
    async with contextlib.AsyncExitStack() as stack:

        async def start() -> Process:
            clock = AheadClock()
            engine = create_engine(settings, application=APPLICATION)
            stack.push_async_callback(engine.dispose)
            parts = Parts(
                settings=settings,
                jwt_secret=JWT_SECRET,
                sessions=session_factory(engine),
                temporal=absent_engine,
                hasher=PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)),
                clock=clock,
            )
            app = create_app(parts)
            listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=512))
            config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=STOP_SECONDS)
            server = Server(config, app.state.dependencies.live.close)
            running = asyncio.create_task(server.serve(sockets=[listening]))
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            process = Process(app, url, clock, server, running, stack)
            stack.push_async_callback(process.stop)
            await process.deps.first_rows.ready()
            return process

        yield start


@pytest.fixture
async def process(start: Start) -> Process:
    return await start()


@pytest.fixture
async def listener(process: Process) -> httpx.AsyncClient:
    return await process.sign_in()


@dataclass(frozen=True)
class LiveCall:
    lead_id: UUID
    campaign_id: UUID
    attempt_id: UUID
    call_id: str


NewCall = Callable[..., Awaitable[LiveCall]]


@pytest.fixture
def new_call(process: Process, sessions: Sessions) -> NewCall:
    """A call of the default campaign, or of another, as the worker and the provider would have made it."""

    async def make(status: str = "in_progress", campaign_id: UUID | None = None) -> LiveCall:
        campaign_id = campaign_id or (await process.deps.first_rows.ready()).campaign.id
        call_id = f"call_{uuid4().hex}"
        async with sessions.begin() as session:
            campaign = await session.get_one(CampaignRow, campaign_id)
            pool = await session.get_one(NumberPoolRow, campaign.number_pool_id)
            lead = await _add_lead(session, campaign)
            row = add_attempt(session, lead, _attempt(lead, pool))
            row.status, row.call_id = status, call_id
        return LiveCall(lead.id, campaign.id, row.id, call_id)

    return make


async def _add_lead(session: AsyncSession, campaign: CampaignRow) -> LeadRow:
    number = f"+1212{uuid4().int % 10**7:07}"
    contact = ContactRow(id=uuid4(), organization_id=campaign.organization_id, phone_number=number)
    lead = LeadRow(
        id=uuid4(),
        organization_id=campaign.organization_id,
        campaign_id=campaign.id,
        contact_id=contact.id,
        time_zones=["America/New_York"],
        time_zone_source="given",
        status="in_progress",
    )
    for row in (contact, lead):
        session.add(row)
        await session.flush()
    return lead


def _attempt(lead: LeadRow, pool: NumberPoolRow) -> NewAttempt:
    now = datetime.now(UTC)
    return NewAttempt(
        id=attempt_id(lead.id, 1),
        number=1,
        number_pool_id=pool.id,
        account_id=pool.account_id,
        from_number="+12125550101",
        not_before=now,
        not_after=now + timedelta(seconds=30),
        request_body={},
    )


Said = tuple[str, str]
Report = Callable[..., Awaitable[None]]


@pytest.fixture
def report(process: Process, sign: Sign) -> Report:
    """Sends a webhook of a call to a process: the transcript so far, or another event. The call goes on meanwhile."""
    seconds = itertools.count(1)

    async def send(
        call: LiveCall, *said: Said, event: str = "transcript_updated", to: Process = process, **fields: object
    ) -> None:
        words = [{"word": "so", "end": next(seconds)}]
        utterances = [{"role": role, "content": content, "words": words} for role, content in said]
        told: dict[str, Any] = {"transcript_object": utterances} if said else {}
        body = json.dumps({"event": event, "call": {"call_id": call.call_id, **told, **fields}}).encode()
        async with httpx.AsyncClient(base_url=to.url) as provider:
            answer = await provider.post("/api/v1/calls/webhook", content=body, headers=sign(body))
        assert answer.status_code == 204, answer.text

    return send


Change = Callable[..., Awaitable[None]]


@pytest.fixture
def change(sessions: Sessions) -> Change:
    """Writes columns of an attempt, as a worker would: no process is told of it."""

    async def write(call: LiveCall, **columns: object) -> None:
        async with sessions.begin() as session:
            row = await session.get_one(AttemptRow, call.attempt_id)
            for column, value in columns.items():
                setattr(row, column, value)

    return write


@pytest.fixture
async def foreign_campaign(process: Process, sessions: Sessions) -> UUID:
    """A campaign of another organisation, with a pool of its own."""
    return (await add_world(sessions)).campaign.id
