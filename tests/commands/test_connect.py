"""``./leadline connect`` against a running API and the simulator, over real HTTP."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from temporalio.client import Client

from runtime.settings import Settings
from simulator.rehearsal import Stage, rehearsal
from simulator.server import bound_socket, running
from simulator.settings import Settings as SimulatorSettings
from tests.api.conftest import (
    PASSWORD,
    absent_engine,
    api_database_url,
    closed_port,
    database_template,
    engine,
    make_app,
    sessions,
    settings,
)

__all__ = [
    "absent_engine",
    "api_database_url",
    "closed_port",
    "database_template",
    "engine",
    "make_app",
    "sessions",
    "settings",
]

PROJECT = Path(__file__).parents[2]
SIMULATOR_KEY = "key_of_the_pretend_provider"
AGENCY_KEY = "key_of_the_agency_at_retell"
PHONE = "+12125550199"


@pytest.fixture
async def simulator() -> AsyncIterator[Stage]:
    """The installation's simulator, in which calls are quick."""
    quick = SimulatorSettings(ring_seconds=0.05, talk_seconds=0.1, analysis_seconds=0.05, mix={"answer": 1})
    async with rehearsal(quick, SIMULATOR_KEY) as stage:
        yield stage


@pytest.fixture
async def retell() -> AsyncIterator[Stage]:
    """What stands for Retell: it knows the agency's key, and only what was made in it."""
    strict = SimulatorSettings(ring_seconds=0.05, talk_seconds=0.1, mix={"answer": 1}, strict=True)
    async with rehearsal(strict, AGENCY_KEY) as stage:
        yield stage


@pytest.fixture
async def provider_http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield http


@dataclass(frozen=True)
class Ended:
    status: int
    said: str
    steps: dict[str, tuple[bool, str]]


Connect = Callable[..., "asyncio.Future[Ended]"]


@pytest.fixture
async def api(
    make_app: Callable[..., FastAPI], settings: Settings, absent_engine: Client, simulator: Stage, retell: Stage
) -> AsyncIterator[str]:
    listener = bound_socket("127.0.0.1", 0)
    given = Settings.model_validate(
        {
            "LEADLINE_SIMULATOR_URL": simulator.url,
            "LEADLINE_SIMULATOR_KEY": SIMULATOR_KEY,
            "RETELL_BASE_URL": retell.url,
            "LEADLINE_SECRETS_KEY": "s" * 32,
            "LEADLINE_PUBLIC_URL": f"http://127.0.0.1:{listener.getsockname()[1]}",
        }
    )
    names = ("simulator_url", "simulator_key", "retell_base_url", "secrets_keys", "public_url")
    changed = settings.model_copy(update={name: getattr(given, name) for name in names})
    async with running(make_app(absent_engine, changed), listener) as url:
        yield url


@pytest.fixture
def connect(api: str, tmp_path: Path) -> Callable[..., object]:
    async def connect(*options: str, password: str = PASSWORD, **environ: str) -> Ended:
        (tmp_path / "addresses.json").write_text(json.dumps({"api": api}))
        own = {"LEADLINE_HOME": str(tmp_path), "LEADLINE_ADMIN_PASSWORD": password, "PATH": os.environ["PATH"]}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "commands", "connect", "--json", *options),
            cwd=PROJECT,
            env=own | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await process.communicate()
        steps = json.loads(out)["steps"] if out else []
        told = {step["step"]: (step["ok"], f"{step['detail']} → {step['remedy']}") for step in steps}
        return Ended(process.returncode or 0, (out + err).decode(), told)

    return connect


async def test_in_play_every_step_is_well_and_ones_own_phone_is_called(connect: Connect, simulator: Stage) -> None:
    ended = await connect("--simulator", "--phone", PHONE)
    assert ended.status == 0, ended.said
    assert list(ended.steps) == [
        "api",
        "account",
        "key",
        "concurrency",
        "agents",
        "numbers",
        "calls_per_second",
        "webhook",
        "test_call",
    ]
    assert "your phone was called" in ended.steps["test_call"][1]
    (call,) = simulator.simulator.book.everything()
    assert call.to_number == PHONE


async def test_from_a_key_and_a_trunk_to_a_call_with_only_the_public_address_left_to_do(
    connect: Connect, retell: Stage, simulator: Stage
) -> None:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {AGENCY_KEY}"}, base_url=retell.url) as at_retell:
        engine = {"type": "retell-llm", "llm_id": "llm_simulator"}
        made = await at_retell.post("/create-agent", json={"voice_id": "11labs-Adrian", "response_engine": engine})
        agent = made.json()["agent_id"]
        (await at_retell.post(f"/publish-agent-version/{agent}", json={"version": 0})).raise_for_status()
    trunk = ("--import", "+12125550111", "--termination-uri", "agency.pstn.twilio.com", "--agent", agent)
    options = (*trunk, "--trunk-username", "agency", "--phone", PHONE)
    ended = await connect(*options, RETELL_API_KEY=AGENCY_KEY, SIP_TRUNK_PASSWORD="a secret of the trunk")
    assert [step for step, (ok, _) in ended.steps.items() if not ok] == ["webhook"]
    assert (ended.status, "cloudflared tunnel" in ended.steps["webhook"][1]) == (1, True)
    assert "your phone was called" in ended.steps["test_call"][1]
    assert AGENCY_KEY not in ended.said
    assert "a secret of the trunk" not in ended.said
    (call,) = retell.simulator.book.everything()
    assert (call.from_number, call.to_number, call.agent_id) == ("+12125550111", PHONE, agent)
    assert not simulator.simulator.book.everything()
    again = await connect(RETELL_API_KEY=AGENCY_KEY)
    assert "has this key already" in again.steps["account"][1]


@pytest.mark.parametrize(
    ("options", "environ", "step", "says"),
    [
        pytest.param((), {"RETELL_API_KEY": "key_that_nobody_takes"}, "account", "doesn't take this key", id="key"),
        pytest.param((), {}, "account", "set RETELL_API_KEY", id="no-key"),
        pytest.param((), {"password": "wrong"}, "api", "LEADLINE_ADMIN_PASSWORD", id="password"),
    ],
)
async def test_what_is_missing_is_told_with_its_remedy(
    connect: Connect, options: tuple[str, ...], environ: dict[str, str], step: str, says: str
) -> None:
    ended = await connect(*options, **environ)
    assert ended.status == 1
    ok, said = list(ended.steps.items())[-1][1]
    assert (list(ended.steps)[-1], ok, says in said) == (step, False, True), ended.said


async def test_a_number_on_the_do_not_call_list_is_not_called_even_to_try(
    connect: Connect, api: str, simulator: Stage
) -> None:
    async with httpx.AsyncClient(base_url=f"{api}/api/v1") as client:
        form = {"username": "admin@localhost", "password": PASSWORD}
        token = (await client.post("/auth/token", data=form)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        (await client.post("/do-not-call", json={"phone_number": PHONE}, headers=headers)).raise_for_status()
    ended = await connect("--simulator", "--phone", PHONE)
    assert (ended.status, ended.steps["test_call"][0]) == (1, False)
    assert "do-not-call" in ended.steps["test_call"][1]
    assert not simulator.simulator.book.everything()


def test_without_a_stack_it_says_how_to_start_one(tmp_path: Path, closed_port: int) -> None:
    (tmp_path / "addresses.json").write_text(json.dumps({"api": f"http://127.0.0.1:{closed_port}"}))
    ended = subprocess.run(
        [sys.executable, "-m", "commands", "connect", "--simulator"],
        cwd=PROJECT,
        env={"LEADLINE_HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, "✗ api" in ended.stdout, "./leadline up" in ended.stdout) == (1, True, True)
