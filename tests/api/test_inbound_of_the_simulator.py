"""Somebody rings back, from the question who that is to the end of their lead, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from api.app import Parts, create_app
from runtime.settings import Settings
from simulator.rehearsal import rehearsal
from simulator.server import bound_socket, running
from simulator.settings import Settings as Rehearsed
from tests.api.conftest import PASSWORD, WEBHOOK_KEY

Sessions = async_sessionmaker[AsyncSession]
PATH = "/api/v1/calls/webhook"
CALLER = "+12125550199"
PATIENCE_SECONDS = 15


@dataclass(frozen=True)
class Line:
    hook: str
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
        yield Line(f"{url}{PATH}", admin, control)


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
