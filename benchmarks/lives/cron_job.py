"""The rival: a table, and a job that looks at it once a minute and dials what is due."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx

from benchmarks.errors import BenchmarkFailed
from benchmarks.lives.scale import LEADS_PER_SECOND
from benchmarks.lives.system import POOL, System
from benchmarks.together import together
from commands.demo.client import Json

DIALS_AT_ONCE = 16

# A little ahead, so that the table is filled before the first lead is due.
HEAD_START = timedelta(seconds=1)

TABLE = """
create table bench_cron_leads (
    phone_number text primary key,
    due_at timestamptz not null,
    dialled_at timestamptz
);
create index on bench_cron_leads (due_at) where dialled_at is null;
"""


class CronJob:
    """Knows nobody but its table and the provider."""

    def __init__(self, table: asyncpg.Pool, http: httpx.AsyncClient, dial_url: str, key: str) -> None:
        self._table = table
        self._http = http
        self._dial_url = dial_url
        self._key = key
        self._room = asyncio.Semaphore(DIALS_AT_ONCE)

    async def fill(self, due: Sequence[tuple[str, datetime]]) -> None:
        """Make the table and put the leads into it."""
        await self._table.execute(TABLE)
        await self._table.executemany("insert into bench_cron_leads (phone_number, due_at) values ($1, $2)", due)

    async def run_once(self) -> None:
        """Dial everything that is due now, sixteen at once."""
        due = await self._table.fetch(
            "select phone_number from bench_cron_leads where dialled_at is null and due_at <= now() order by due_at"
        )
        await together(self._dial(row["phone_number"]) for row in due)

    async def _dial(self, phone_number: str) -> None:
        body: Json = {"from_number": POOL["from_numbers"][0], "to_number": phone_number}
        async with self._room:
            answer = await self._http.post(self._dial_url, json=body, headers={"Authorization": f"Bearer {self._key}"})
            if not answer.is_success:
                raise BenchmarkFailed(f"The provider refused a call of the cron job: {answer.status_code}")
            await self._table.execute(
                "update bench_cron_leads set dialled_at = now() where phone_number = $1", phone_number
            )


async def measure_cron_job(system: System, leads: int, polls: int, poll_seconds: float) -> list[float]:
    """How late, in seconds, a cron job dials leads that come due evenly between its runs.

    It uses the same database server and the same provider as the system that it is compared with.

    Raises:
        BenchmarkFailed: The provider refused a call.
    """
    plan = system.plan
    async with asyncpg.create_pool(plan.database_url, max_size=DIALS_AT_ONCE) as table:
        job = CronJob(table, system.http, f"{plan.simulator_url}/v2/create-phone-call", plan.simulator_key())
        began = datetime.now(UTC) + HEAD_START
        numbers = [lead["phone_number"] for lead in system.take(leads)]
        due = {number: began + timedelta(seconds=place / LEADS_PER_SECOND) for place, number in enumerate(numbers)}
        await job.fill(list(due.items()))
        for poll in range(1, polls + 1):
            runs_at = began + timedelta(seconds=poll * poll_seconds)
            await asyncio.sleep((runs_at - datetime.now(UTC)).total_seconds())
            await job.run_once()
    arrivals = await system.arrivals(since=began)
    return [(arrivals[number] - instant).total_seconds() for number, instant in due.items()]
