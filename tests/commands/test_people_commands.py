"""``./leadline users`` and ``./leadline keys`` as they are used, on a running API."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import (
    PASSWORD,
    absent_engine,
    api_database_url,
    closed_port,
    database_template,
    engine,
    sessions,
    settings,
)
from tests.api.live.conftest import Process, process, start

__all__ = [
    "absent_engine",
    "api_database_url",
    "closed_port",
    "database_template",
    "engine",
    "process",
    "sessions",
    "settings",
    "start",
]

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Terminal:
    home: Path

    async def run(self, group: str, *words: str, **environ: str) -> Said:
        """The group alone: all commands together take seconds to load."""
        return await self._run("-c", f"from commands.{group} import {group}; {group}()", *words, **environ)

    async def run_whole(self, *words: str, **environ: str) -> Said:
        return await self._run("-m", "commands", *words, **environ)

    async def _run(self, *arguments: str, **environ: str) -> Said:
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, *arguments),
            cwd=PROJECT,
            env={"PATH": "/usr/bin:/bin", "LEADLINE_HOME": str(self.home), **environ},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await running.communicate()
        return Said(running.returncode or 0, out.decode(), err.decode())


@pytest.fixture
def terminal(process: Process, tmp_path: Path) -> Terminal:
    """At a home whose stack is this process, as ``./leadline up`` leaves it."""
    (tmp_path / "addresses.json").write_text(json.dumps({"api": process.url}))
    (tmp_path / "secrets.json").write_text(json.dumps({"admin_password": PASSWORD}))
    return Terminal(tmp_path)


async def test_somebody_is_invited_gets_another_role_and_is_removed(terminal: Terminal, process: Process) -> None:
    made = await terminal.run("users", "invite", "new@example.com", "viewer", "--json")
    token = json.loads(made.out)["token"]
    listed = await terminal.run("users", "list")
    assert "viewer    new@example.com (invited until" in listed.out
    assert token not in listed.out
    async with httpx.AsyncClient(base_url=process.url) as client:
        body = {"token": token, "password": "a password of their own"}
        assert (await client.post("/api/v1/auth/accept-invitation", json=body)).status_code == 200
    changed = await terminal.run("users", "role", "New@example.com", "operator")
    assert (changed.status, changed.out) == (0, "new@example.com is operator now.\n")
    assert (await terminal.run("users", "remove", "new@example.com")).status == 0
    people = json.loads((await terminal.run("users", "list", "--json")).out)
    assert ([one["email"] for one in people["users"]], people["invitations"]) == (["admin@localhost"], [])


async def test_somebodys_password_is_reset(terminal: Terminal, process: Process) -> None:
    made = await terminal.run("users", "invite", "new@example.com", "viewer", "--json")
    async with httpx.AsyncClient(base_url=process.url) as client:
        body = {"token": json.loads(made.out)["token"], "password": "a password they forget"}
        await client.post("/api/v1/auth/accept-invitation", json=body)
        reset = await terminal.run("users", "reset-password", "New@example.com")
        (token,) = [word for word in reset.out.split() if word.startswith("rst_")]
        body = {"token": token, "password": "one that they keep"}
        assert (await client.post("/api/v1/auth/accept-password-reset", json=body)).status_code == 200
    own = await terminal.run("users", "reset-password", "admin@localhost")
    assert (own.status, "Change your own password" in own.err) == (1, True)


async def test_what_is_refused_is_said_in_one_line(terminal: Terminal) -> None:
    last = await terminal.run("users", "role", "admin@localhost", "viewer")
    unknown = await terminal.run("users", "remove", "nobody@example.com")
    wrong = await terminal.run("users", "role", "admin@localhost", "owner")
    assert (last.status, unknown.status, wrong.status) == (1, 1, 2)
    assert last.err == "This is the last admin of the organisation; make somebody else an admin first.\n"
    assert "users list" in unknown.err


async def test_a_key_is_made_used_and_revoked(terminal: Terminal) -> None:
    made = json.loads((await terminal.run("keys", "make", "CRM", "admin", "--rate-limit", "600/minute", "--json")).out)
    listed = await terminal.run("keys", "list", LEADLINE_API_KEY=made["key"])
    assert listed.out.startswith(f"{made['id']}  admin     …{made['hint']}  CRM (last used ")
    assert (await terminal.run("keys", "revoke", made["id"])).out == "The key is revoked.\n"
    refused = await terminal.run("keys", "list", LEADLINE_API_KEY=made["key"])
    assert (refused.status, refused.out) == (1, "")
    assert "LEADLINE_API_KEY" in refused.err


async def test_where_nothing_runs_that_is_said(tmp_path: Path, closed_port: int) -> None:
    nowhere = Terminal(tmp_path)
    silent = await nowhere.run_whole("keys", "list", LEADLINE_API_KEY="ll_x", LEADLINE_PORT=str(closed_port))
    keyless = await nowhere.run_whole("users", "list", LEADLINE_PORT=str(closed_port))
    assert (silent.status, keyless.status) == (1, 1)
    assert silent.err.startswith("Leadline doesn't answer (ConnectError)")
    assert keyless.err.startswith("Set LEADLINE_API_KEY")
