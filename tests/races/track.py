"""Dials against what forbids them, at the same moment, over and over: game day 19 in numbers.

Each race lets the real second gate of one granted attempt run against a real request to the API that cancels the
lead, forbids its number, pauses its campaign or stops the organisation. Both commit in some order, which PostgreSQL
itself tells (``track_commit_timestamp``): a request for a call may leave only where its gate committed first.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import httpx
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import TextClause, select, text
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from typing_extensions import override

from activities.messages import CallFate
from api.app import Parts, create_app
from api.dependencies import Dependencies
from runtime.database import create_engine, session_factory
from runtime.settings import Settings
from storage.models import (
    AccountRow,
    AttemptRow,
    CampaignRow,
    ContactRow,
    LeadRow,
    NumberPoolRow,
    OrganizationRow,
)
from tests.activities.engine_edge import EngineEdge
from tests.activities.stage import Clock, Stage
from tests.builders import ALWAYS, Sessions, World, add_attempt_of, add_lead

PASSWORD = "correct horse"
LONGEST_DELAY_SECONDS = 0.03
"""Both sides take about as long to commit, so starting them this far apart at most lets either win."""


class Forbidding(StrEnum):
    """What runs against a dial."""

    CANCEL = "cancel"
    DO_NOT_CALL = "do_not_call"
    PAUSE = "pause"
    STOP = "stop"


ENDS_LIVE_CALLS = (Forbidding.CANCEL, Forbidding.DO_NOT_CALL)


@dataclass
class Results:
    """``wrong`` has a sentence for each dial whose gate committed after what forbids it, each attempt that is stuck,
    and each call that went on though it was to be ended.
    """

    dialled: Counter[Forbidding] = field(default_factory=Counter)
    held_back: Counter[Forbidding] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def races(self) -> int:
        return self.dialled.total() + self.held_back.total()


class RaceTrack:
    """One installation: the application, the activities, one database."""

    def __init__(
        self, stage: Stage, sessions: Sessions, admin: httpx.AsyncClient, world: World, edges: "Edges"
    ) -> None:
        self._stage = stage
        self._sessions = sessions
        self._admin = admin
        self._world = world
        self._edges = edges
        self._numbers = iter(range(2_000_000, 9_999_999))

    async def race(self, forbidding: Forbidding, dice: random.Random, results: Results) -> None:
        """One dial against one request; whoever starts first, and by how much, is thrown."""
        lead = await add_lead(self._sessions, self._world, f"+1312{next(self._numbers)}")
        now = datetime.now(UTC)
        attempt = await add_attempt_of(
            self._sessions, self._world, lead, not_before=now, not_after=now + timedelta(seconds=30)
        )
        forbid = await self._prepared(forbidding, lead)
        delays = (0.0, dice.random() * LONGEST_DELAY_SECONDS)
        first, second = delays if dice.random() < 0.5 else reversed(delays)
        await asyncio.gather(_after(first, self._place(attempt)), _after(second, forbid()))
        await self._judge(forbidding, lead, attempt, results)
        if forbidding in ENDS_LIVE_CALLS and attempt.id in self._edges.provider.gates_passed:
            await self._judge_the_live_call(forbidding, lead, attempt, results)
        await self._allow_again(forbidding)

    async def _place(self, attempt: AttemptRow) -> CallFate:
        return await self._stage.place(attempt)

    async def _prepared(self, forbidding: Forbidding, lead: LeadRow) -> Callable[[], Awaitable[None]]:
        async with self._sessions() as session:
            number = (await session.get_one(ContactRow, lead.contact_id)).phone_number
        path, body = {
            Forbidding.CANCEL: (f"/leads/{lead.id}/cancel", {"hang_up": True}),
            Forbidding.DO_NOT_CALL: ("/do-not-call", {"phone_number": number}),
            Forbidding.PAUSE: (f"/campaigns/{self._world.campaign.id}/pause", None),
            Forbidding.STOP: ("/organizations/current/stop", None),
        }[forbidding]

        async def forbid() -> None:
            (await self._admin.post(f"/api/v1{path}", json=body)).raise_for_status()

        return forbid

    async def _allow_again(self, forbidding: Forbidding) -> None:
        path = {
            Forbidding.PAUSE: f"/campaigns/{self._world.campaign.id}/resume",
            Forbidding.STOP: "/organizations/current/start",
        }.get(forbidding)
        if path is not None:
            (await self._admin.post(f"/api/v1{path}")).raise_for_status()

    async def _judge(self, forbidding: Forbidding, lead: LeadRow, attempt: AttemptRow, results: Results) -> None:
        table, row_id = {
            Forbidding.CANCEL: ("leads", lead.id),
            Forbidding.DO_NOT_CALL: ("contacts", lead.contact_id),
            Forbidding.PAUSE: ("campaigns", self._world.campaign.id),
            Forbidding.STOP: ("organizations", self._world.organization.id),
        }[forbidding]
        async with self._sessions() as session:
            forbidden_at = await session.scalar(_committed_at(table), {"id": row_id})
            row = await session.get_one(AttemptRow, attempt.id)
        passed_at = self._edges.provider.gates_passed.get(attempt.id)
        if passed_at is None:
            results.held_back[forbidding] += 1
            if row.status != "done" or row.counts is not False or row.slot_released_at is None:
                results.wrong.append(f"{forbidding}: attempt {attempt.id} was held back and is {row.status}")
            return
        results.dialled[forbidding] += 1
        if forbidden_at is None or passed_at >= forbidden_at:
            results.wrong.append(f"{forbidding}: attempt {attempt.id} passed its gate at {passed_at}, {forbidden_at}")

    async def _judge_the_live_call(
        self, forbidding: Forbidding, lead: LeadRow, attempt: AttemptRow, results: Results
    ) -> None:
        """The lead's workflow was told, and looks after the call as it does then: that ends it."""
        if (f"lead-{lead.id}", "wake") not in self._edges.engine.signals:
            results.wrong.append(f"{forbidding}: nobody told the workflow of attempt {attempt.id}")
        await self._stage.look_up(attempt.id)
        if attempt.id not in self._edges.provider.stopped:
            results.wrong.append(f"{forbidding}: the call of attempt {attempt.id} went on")


class Provider(httpx.AsyncBaseTransport):
    """Takes every call, and notes for each attempt when the gate that let it out had committed."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.gates_passed: dict[UUID, datetime] = {}
        self.stopped: set[UUID] = set()

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        call_id = request.url.path.rsplit("/", 1)[1]
        if call_id == "create-phone-call":
            return await self._take(request)
        if "stop-call" in request.url.path:
            self.stopped.add(UUID(call_id.removeprefix("call_")))
            return httpx.Response(204, request=request)
        return httpx.Response(200, json={"call_id": call_id, "call_status": "ongoing"}, request=request)

    async def _take(self, request: httpx.Request) -> httpx.Response:
        attempt_id = UUID(json.loads(await request.aread())["idempotency_key"])
        async with self._sessions() as session:
            passed_at = await session.scalar(_committed_at("interaction_attempts"), {"id": attempt_id})
        if attempt_id in self.gates_passed:
            raise AssertionError(f"attempt {attempt_id} was dialled twice")
        self.gates_passed[attempt_id] = passed_at
        return httpx.Response(201, json={"call_id": f"call_{attempt_id.hex}"}, request=request)


@dataclass(frozen=True)
class Edges:
    """Where requests leave the process."""

    provider: Provider
    engine: EngineEdge


class _WallClock(Clock):
    @override
    def __call__(self) -> datetime:
        return datetime.now(UTC)


@asynccontextmanager
async def race_track(database_url: str) -> AsyncIterator[RaceTrack]:
    """Over a migrated database of a server that tracks commit timestamps."""
    settings = Settings.model_validate(
        {"DATABASE_URL": database_url, "LEADLINE_ADMIN_PASSWORD": PASSWORD, "LEADLINE_RATE_LIMIT": "off"}
    )
    async with AsyncExitStack() as stack:
        engine = create_engine(settings)
        stack.push_async_callback(engine.dispose)
        sessions = session_factory(engine)
        engine_edge = EngineEdge()
        client = await Client.connect(
            "127.0.0.1:1", lazy=True, interceptors=[engine_edge], data_converter=pydantic_data_converter
        )
        app = _application(settings, sessions, client)
        dependencies: Dependencies = app.state.dependencies
        stack.push_async_callback(dependencies.background.drain, timeout_seconds=5)
        admin = await stack.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://leadline", timeout=60)
        )
        answer = await admin.post("/api/v1/auth/token", data={"username": "admin@localhost", "password": PASSWORD})
        admin.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        edges = Edges(Provider(sessions), engine_edge)
        http = await stack.enter_async_context(httpx.AsyncClient(transport=edges.provider))
        stage = Stage(sessions, _WallClock(datetime.now(UTC)), http, client)
        yield RaceTrack(stage, sessions, admin, await _world(sessions), edges)


def _application(settings: Settings, sessions: Sessions, client: Client) -> FastAPI:
    hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
    secret = "a secret of tests that is long enough for HS256"
    return create_app(Parts(settings=settings, jwt_secret=secret, sessions=sessions, temporal=client, hasher=hasher))


async def _world(sessions: Sessions) -> World:
    """The default campaign, open at every hour."""
    async with sessions.begin() as session:
        campaign = (await session.scalars(select(CampaignRow))).one()
        campaign.status, campaign.windows, campaign.calling_rules = "running", ALWAYS, "off"
        pool = await session.get_one(NumberPoolRow, campaign.number_pool_id)
        return World(
            organization=await session.get_one(OrganizationRow, campaign.organization_id),
            account=await session.get_one(AccountRow, pool.account_id),
            pool=pool,
            campaign=campaign,
        )


def _committed_at(table: str) -> TextClause:
    return text(f"select pg_xact_commit_timestamp(xmin) from {table} where id = :id")  # noqa: S608  (our own names)


async def _after(seconds: float, work: Awaitable[object]) -> None:
    await asyncio.sleep(seconds)
    await work
