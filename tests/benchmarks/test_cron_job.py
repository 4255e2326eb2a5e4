"""The rival is honest: it dials what is due, all of it, once."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx
import pytest

from benchmarks.errors import BenchmarkFailed
from benchmarks.lives.cron_job import CronJob

Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
async def table(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:
        yield pool


def cron_job(table: asyncpg.Pool, answer: Answer) -> CronJob:
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return CronJob(table, http, "http://provider.test/v2/create-phone-call", "key_simulated")


async def test_what_is_due_is_dialled_once_and_what_is_not_due_waits(table: asyncpg.Pool) -> None:
    dialled: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer key_simulated"
        dialled.append(json.loads(request.content)["to_number"])
        return httpx.Response(201, json={"call_id": "call_1"})

    job, now = cron_job(table, answer), datetime.now(UTC)
    due = [(f"+1212555{number:04}", now - timedelta(seconds=1)) for number in range(40)]
    await job.fill([*due, ("+12125559999", now + timedelta(hours=1))])
    await job.run_once()
    await job.run_once()
    assert sorted(dialled) == [number for number, _ in due]


async def test_a_refused_call_ends_the_measurement(table: asyncpg.Pool) -> None:
    job = cron_job(table, lambda _: httpx.Response(429))
    await job.fill([("+12125550100", datetime.now(UTC) - timedelta(seconds=1))])
    with pytest.raises(BenchmarkFailed, match="429"):
        await job.run_once()
