"""``./leadline tail`` on a running API, as a program of its own."""

import asyncio
import contextlib
import json
import os
import pty
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

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
    sign,
)
from tests.api.live.conftest import NewCall, Process, Report, change, new_call, process, report, start
from tests.patience import PATIENCE_SECONDS

__all__ = [
    "absent_engine",
    "api_database_url",
    "change",
    "closed_port",
    "database_template",
    "engine",
    "new_call",
    "process",
    "report",
    "sessions",
    "settings",
    "sign",
    "start",
]

PROJECT = Path(__file__).parents[2]
# What a shell starts in its background ignores Ctrl-C, and so does all that it starts.
HEARS_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
TAIL = f"{HEARS_CTRL_C}; import typer; from commands.tail import tail; typer.run(tail)"


class Running:
    """The command, and what it has written so far."""

    def __init__(self, program: asyncio.subprocess.Process) -> None:
        self.program = program

    async def line(self) -> str:
        assert self.program.stdout is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            return (await self.program.stdout.readline()).decode()

    async def event(self, kind: str) -> dict[str, Any]:
        """The next of this kind."""
        while True:
            event: dict[str, Any] = json.loads(await self.line())
            if event.get("type") == kind:
                return event

    async def ended(self) -> tuple[int, str, str]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            out, err = await self.program.communicate()
        return self.program.returncode or 0, (out or b"").decode(), err.decode()


Tail = Callable[..., Awaitable[Running]]


@pytest.fixture
async def tail(process: Process, tmp_path: Path) -> AsyncIterator[Tail]:
    """At a home whose stack is this process, as ``./leadline up`` leaves it."""
    (tmp_path / "addresses.json").write_text(json.dumps({"api": process.url}))
    (tmp_path / "secrets.json").write_text(json.dumps({"admin_password": PASSWORD}))
    started: list[Running] = []

    async def run(*options: str, stdout: int = asyncio.subprocess.PIPE, **environ: str) -> Running:
        program = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", TAIL, *options),
            cwd=PROJECT,
            env={"PATH": "/usr/bin:/bin", "LEADLINE_HOME": str(tmp_path), **environ},
            stdout=stdout,
            stderr=asyncio.subprocess.PIPE,
        )
        started.append(Running(program))
        return started[-1]

    yield run
    for one in started:
        if one.program.returncode is None:
            one.program.kill()
            await one.program.wait()


async def test_programs_get_each_event_on_a_line(tail: Tail, new_call: NewCall, report: Report) -> None:
    call = await new_call()
    running = await tail("--json")
    assert (await running.event("begin"))["resumed"] is False
    shown = await running.event("call")
    assert (shown["call_id"], shown["snapshot"]) == (call.call_id, True)
    assert shown["attempt"]["phone_number"].startswith("+1212")
    await report(call, ("user", "Tuesday\u2028would work"))
    assert (await running.event("transcript"))["utterances"][0]["content"] == "Tuesday\u2028would work"


async def test_ctrl_c_ends_it_quietly_and_signs_out(tail: Tail, new_call: NewCall, process: Process) -> None:
    await new_call()
    running = await tail("--json")
    await running.event("call")
    running.program.send_signal(signal.SIGINT)
    status, _, err = await running.ended()
    assert (status, err) == (0, "")
    assert process.deps.live.listeners == 0


async def test_what_goes_on_now_is_told_to_people_by_the_names_they_know(
    tail: Tail, new_call: NewCall, report: Report
) -> None:
    call = await new_call()
    await report(call, ("user", "Hello\x1b[2J"))
    status, out, err = await (await tail("--once")).ended()
    assert (status, err) == (0, "1 call going on.\n")
    (line,) = out.splitlines()
    assert "Default (simulator)" in line
    assert "in progress" in line
    assert line.isprintable()


async def test_after_as_long_as_was_asked_for_it_ends(tail: Tail) -> None:
    status, _, err = await (await tail("--json", "--for", "0.1")).ended()
    assert (status, err) == (0, "")


async def test_where_nobody_is_called_that_is_said(tail: Tail) -> None:
    assert await (await tail("--once")).ended() == (0, "", "No call is going on.\n")


async def test_only_what_is_asked_for_comes(tail: Tail, new_call: NewCall) -> None:
    wanted, _ = await new_call(), await new_call()
    _, out, _ = await (await tail("--json", "--once", "--call", wanted.call_id, "--no-transcripts")).ended()
    _, call = (json.loads(line) for line in out.splitlines())
    assert (call["call_id"], "utterances" in call) == (wanted.call_id, False)
    _, out, _ = await (await tail("--json", "--once", "--direction", "inbound")).ended()
    assert [json.loads(line)["type"] for line in out.splitlines()] == ["begin"]


async def test_a_key_that_is_revoked_meanwhile_ends_it_with_a_clear_word(tail: Tail, process: Process) -> None:
    admin = await process.sign_in()
    key = (await admin.post("/api/v1/api-keys", json={"name": "wall", "role": "viewer"})).json()
    running = await tail("--json", LEADLINE_API_KEY=key["key"])
    await running.event("begin")
    await admin.delete(f"/api/v1/api-keys/{key['id']}")
    await process.deps.live.beat()
    status, out, err = await running.ended()
    (line,) = out.splitlines()
    assert (status, json.loads(line)["error"]["status"]) == (1, 401)
    assert "Not connected, the API ended the stream; again in 1 s." in err
    assert "LEADLINE_API_KEY" in err.splitlines()[-1]


def written(terminal: int) -> str:
    """All that was written to it, by programs that have ended."""
    parts: list[bytes] = []
    with open(terminal, "rb", buffering=0) as file, contextlib.suppress(OSError):
        while part := file.read(65_536):
            parts.append(part)
    return b"".join(parts).decode()


async def test_on_a_terminal_there_is_a_table_that_leaves_the_terminal_as_it_was(
    tail: Tail, new_call: NewCall, report: Report
) -> None:
    await report(await new_call(), ("user", "Hello there"))
    ours, theirs = pty.openpty()
    try:
        running = await tail("--once", stdout=theirs, TERM="xterm", COLUMNS="140", LINES="30")
        status, _, _ = await running.ended()
    finally:
        os.close(theirs)
    drawn = written(ours)
    assert status == 0
    assert "Campaign" in drawn
    assert "person: Hello there" in drawn
    assert drawn.rindex("\x1b[?25h") > drawn.rindex("\x1b[?25l"), "the cursor is shown again"
