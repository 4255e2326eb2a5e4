"""A stack on real servers: found by its addresses, stopped on request, and going on after everything was killed."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from temporalio.client import WorkflowExecutionStatus

from runtime.database import create_engine
from runtime.embedded.control_group import ControlGroup, place_for_groups
from runtime.embedded.errors import StackError
from runtime.embedded.part import Part
from runtime.embedded.parts import PROJECT, make_parts
from runtime.embedded.plan import Plan
from runtime.embedded.postgres import base_for
from runtime.embedded.process_records import identity_of
from runtime.embedded.stack import Compose, Stack
from runtime.settings import Settings
from runtime.temporal_client import connect_once

# The two servers and the schema, in the foreground, as `up` runs all of it.
PROGRAM = """
import asyncio, os, sys
from pathlib import Path
from runtime.embedded.foreground import run_until_stopped
from runtime.embedded.parts import make_parts
from runtime.embedded.stack import Stack
from runtime.exit import leave
say = lambda line: print(line, flush=True)
def servers(plan, environ):
    return [part for part in make_parts(plan, environ) if part.name in {"postgres", "temporal", "migrations"}]
async def main():
    stack = Stack(Path(sys.argv[1]), os.environ, say=say, private_ports=True, compose=servers)
    await run_until_stopped(stack, say=say, when_up=lambda: say("UP"))
asyncio.run(main())
leave(0)
"""


class Foreground:
    """A stack in a process of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.said: list[str] = []
        environ = os.environ | {"RETELL_API_KEY": "real", "DATABASE_URL": "postgresql://real.test/x"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(home)], cwd=PROJECT, env=environ, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.strip())
            if line.strip() == "UP":
                return
        pytest.fail(f"the stack did not start: {self.said}")

    def addresses(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.home / "addresses.json").read_text())
        return found

    def children(self) -> list[int]:
        return [record["pid"] for record in json.loads((self.home / "processes.json").read_text())]

    def kill_everything(self) -> None:
        for pid in [self.process.pid, *self.children()]:
            os.kill(pid, signal.SIGKILL)
        self.process.communicate()

    def stop(self) -> int:
        self.process.terminate()
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    yield home
    shutil.rmtree(base_for(home), ignore_errors=True)  # as root it lies elsewhere


def unheard(line: str) -> None:
    """Where nobody reads what the stack says."""


def only(*names: str) -> Compose:
    """Some of a stack's parts."""

    def compose(plan: Plan, environ: Mapping[str, str]) -> list[Part]:
        return [part for part in make_parts(plan, environ) if part.name in names]

    return compose


async def run_sql(dsn: str, *statements: str) -> object:
    engine = create_engine(Settings(database_url=dsn))
    try:
        async with engine.begin() as connection:
            for statement in statements[:-1]:
                await connection.execute(text(statement))
            return await connection.scalar(text(statements[-1]))
    finally:
        await engine.dispose()


async def test_after_everything_was_killed_the_next_start_goes_on_with_the_same_data(home: Path) -> None:
    first = Foreground(home)  # its environment names a real account and database
    assert set(first.addresses()) >= {"api", "temporal", "temporal_ui", "postgres", "simulator"}
    assert "real.test" not in first.addresses()["postgres"]
    assert first.addresses()["simulator"].startswith("http://127.0.0.1:")
    kept = await run_sql(
        first.addresses()["postgres"], "CREATE TABLE kept AS SELECT 7 AS seven", "SELECT seven FROM kept"
    )
    client = await connect_once(Settings(temporal_environment={"TEMPORAL_ADDRESS": first.addresses()["temporal"]}))
    await client.start_workflow("LeadCalling", id="lead-1", task_queue="nobody-listens")
    first.kill_everything()

    second = Foreground(home)
    try:
        assert await run_sql(second.addresses()["postgres"], "SELECT seven FROM kept") == kept == 7
        client = await connect_once(Settings(temporal_environment={"TEMPORAL_ADDRESS": second.addresses()["temporal"]}))
        description = await client.get_workflow_handle("lead-1").describe()
        assert description.status == WorkflowExecutionStatus.RUNNING
    finally:
        status = second.stop()
    assert status == 0


async def test_a_killed_supervisor_takes_its_parts_with_it_or_its_successor_ends_them(home: Path) -> None:
    first = Foreground(home)
    children = [(pid, identity_of(pid)) for pid in first.children()]
    first.process.kill()
    first.process.communicate()
    second = Foreground(home)
    try:
        assert [pid for pid, identity in children if identity_of(pid) == identity] == []
        assert second.addresses()["api"].startswith("http://127.0.0.1:")
    finally:
        status = second.stop()
    assert (status, (home / "addresses.json").exists()) == (0, False)


async def test_a_stack_that_cannot_start_frees_its_home(home: Path) -> None:
    def impossible(plan: Plan, environ: Mapping[str, str]) -> list[Part]:
        return [replace(make_parts(plan, environ)[0], argv=["/nonexistent"], before_start=None, start_attempts=1)]

    for _ in range(2):  # the second would find the home in use
        stack = Stack(home, {}, say=unheard, private_ports=True, compose=impossible)
        with pytest.raises(StackError, match=r"cannot be started|ended with status 127"):
            await stack.start()


async def test_a_throwaway_stack_leaves_nothing(home: Path) -> None:
    async with Stack(home, {}, say=unheard, private_ports=True, throwaway=True, compose=only("postgres")) as stack:
        assert stack.pid("postgres") is not None
        assert await run_sql(stack.plan.database_url, "SELECT 1") == 1
    assert not home.exists()  # noqa: ASYNC240 - a look at a local folder
    assert not base_for(home).exists()


async def test_the_log_of_a_fresh_database_grows_in_small_steps_and_is_as_long_as_any(home: Path) -> None:
    async with Stack(home, {}, say=unheard, private_ports=True, throwaway=True, compose=only("postgres")) as stack:
        names = ("wal_segment_size", "min_wal_size", "max_wal_size")
        shown = [await run_sql(stack.plan.database_url, f"SHOW {name}") for name in names]
    assert shown == ["4MB", "80MB", "1GB"]


@pytest.mark.skipif(place_for_groups() is None, reason="this system lets nobody like us make control groups")
async def test_a_stack_is_in_control_groups_of_its_own_and_takes_them_away(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched: list[str] = []

    async def watch(group: ControlGroup) -> None:
        watched.append(group.folder.name)
        try:
            await asyncio.Event().wait()
        finally:
            watched.append("no more")

    monkeypatch.setattr("runtime.embedded.stack.keep_from_starving", watch)

    def group_of(pid: int | None) -> str:
        text = Path(f"/proc/{pid}/cgroup").read_text()
        return next(line.rpartition(":")[2] for line in text.splitlines() if "leadline-" in line)

    async with Stack(
        home, {}, say=unheard, private_ports=True, throwaway=True, compose=only("postgres", "temporal")
    ) as stack:
        front, rest = group_of(stack.pid("postgres")), group_of(stack.pid("temporal"))
    assert watched == [Path(front).parent.name, "no more"]
    assert (Path(front).name, Path(rest).name, Path(front).parent) == ("front", "rest", Path(rest).parent)
    place = place_for_groups()
    assert place is not None
    assert not (place / Path(front).parent.relative_to("/")).exists()
