"""The process itself: it starts quickly, ends with 0, and forgets no call, however it dies."""

import asyncio
import os
import re
import resource
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from retell import AsyncRetell

from simulator.rehearsal import rehearsal
from simulator.settings import Settings
from tests.patience import PATIENCE_SECONDS

KEY = "key_of_tests"
ORDER: Any = {"from_number": "+12125550100", "to_number": "+13125550142", "idempotency_key": "a1"}


@dataclass
class Process:
    process: asyncio.subprocess.Process
    url: str

    def client(self) -> AsyncRetell:
        return AsyncRetell(api_key=KEY, base_url=self.url, max_retries=0)

    async def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return await self.process.wait()


@asynccontextmanager
async def simulator(*flags: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulator",
        *flags,
        env={**os.environ, "SIMULATOR_API_KEY": KEY},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), PATIENCE_SECONDS)).decode()
        yield Process(process, line.split()[-1])
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def refused_start(*flags: str, **environment: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator", *flags, env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    return process.returncode, said.decode()


@pytest.mark.parametrize("number", [pytest.param(n, id=n.name) for n in (signal.SIGTERM, signal.SIGINT)])
async def test_it_ends_with_status_0_in_the_middle_of_a_call(tmp_path: Path, number: signal.Signals) -> None:
    async with simulator("--state", str(tmp_path / "calls"), "--talk-seconds", "60") as running:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", running.url)
        async with running.client() as retell:
            await retell.call.create_phone_call(from_number="+12125550100", to_number="+13125550142")
        assert await running.end(number) == 0


async def test_after_a_kill_calls_and_keys_are_remembered_and_the_live_one_is_over(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "calls"))
    async with simulator(*state, "--ring-seconds", "60") as first, first.client() as retell:
        made = await retell.call.create_phone_call(**ORDER, metadata={"attempt_id": "a1"})
        await retell.contact.create(phone_number="+13125550142", do_not_call=True)
        await retell.phone_number.import_(phone_number="+14155550100", termination_uri="trunk.example.com")
        assert await first.end(signal.SIGKILL) == -signal.SIGKILL
    async with simulator(*state) as second, second.client() as retell:
        call = await retell.call.retrieve(made.call_id)
        assert (call.call_status, call.disconnection_reason) == ("error", "error_retell")
        replay = await retell.call.create_phone_call(**ORDER, metadata={"attempt_id": "a1"})
        assert replay.call_id == made.call_id
        assert (await retell.contact.get_by_phone("+13125550142")).do_not_call is True
        assert (await retell.phone_number.retrieve("+14155550100")).phone_number == "+14155550100"
        assert (await retell.concurrency.retrieve()).current_concurrency == 0


async def test_webhooks_of_a_call_that_was_cut_off_are_sent_after_the_restart(tmp_path: Path) -> None:
    state = tmp_path / "calls"
    async with (
        rehearsal(Settings(ring_seconds=60), KEY, state) as stage,
        AsyncRetell(api_key=KEY, base_url=stage.url, max_retries=0) as retell,
    ):
        made = await retell.call.create_phone_call(**ORDER)
    state.write_bytes(state.read_bytes() + b'{"entry": "accep')
    async with rehearsal(Settings(analysis_seconds=0.01), KEY, state) as stage:
        received = await stage.inbox.until(lambda r: len(r) == 2)
        assert [(r.event, r.call_id) for r in received] == [
            ("call_ended", made.call_id),
            ("call_analyzed", made.call_id),
        ]
    async with rehearsal(Settings(), KEY, state) as stage:
        assert [call.reason for call in stage.simulator.book.everything()] == ["error_retell"]


async def test_a_call_reads_the_same_before_and_after_a_restart(tmp_path: Path) -> None:
    quick = {"ring_seconds": 0.01, "talk_seconds": 0.01, "analysis_seconds": 0.01}
    told: list[object] = []
    for _ in range(2):
        async with (
            rehearsal(Settings.model_validate(quick), KEY, tmp_path / "calls") as stage,
            AsyncRetell(api_key=KEY, base_url=stage.url, max_retries=0) as retell,
        ):
            made = await retell.call.create_phone_call(**ORDER)
            if not told:
                await stage.inbox.until(lambda r: any(x.event == "call_analyzed" for x in r))
            call = await retell.call.retrieve(made.call_id)
            told.append(call.model_dump(exclude={"recording_url"}))
    assert told[0] == told[1]


async def test_it_starts_within_a_second_or_two_of_the_processor() -> None:
    """However many others want it meanwhile."""
    before = _seconds_of_children()
    async with simulator("--port", "0") as running:
        await running.end(signal.SIGTERM)
    assert _seconds_of_children() - before < 3


def _seconds_of_children() -> float:
    """What processes that were begun here, and are over, have taken of the processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def test_without_a_key_it_says_what_to_set() -> None:
    assert await refused_start() == (2, "simulator: set SIMULATOR_API_KEY to the key that callers will use\n")


async def test_a_taken_port_is_one_clear_line() -> None:
    async with simulator() as running:
        status, said = await refused_start("--port", running.url.rsplit(":", 1)[1], SIMULATOR_API_KEY=KEY)
    assert status == 2
    assert said.startswith("simulator: ")
    assert said.count("\n") == 1


async def test_an_impossible_setting_stops_the_start() -> None:
    status, said = await refused_start("--ring-seconds", "-1", SIMULATOR_API_KEY=KEY)
    assert status == 2
    assert "ring_seconds" in said
