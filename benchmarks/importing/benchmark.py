"""``./leadline bench import`` from its start to its report."""

import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks.asked import Asked
from benchmarks.errors import BenchmarkFailed
from benchmarks.importing.findings import Findings, report
from benchmarks.importing.memory import Memory
from benchmarks.importing.rows import as_bodies, made_up_rows, write_file
from benchmarks.importing.scale import BATCH, Scale, chosen
from benchmarks.lives.system import System
from benchmarks.own_stack import http_to_api, run_on_own_stack
from benchmarks.report import Report
from commands.demo.campaigns import EVERY_DAY
from commands.demo.client import Json
from runtime.embedded.part import Say
from runtime.embedded.plan import Plan

LOOK_SECONDS = 0.25
PATIENCE_SECONDS = 120.0  # and a hundredth of a second for each row
UPLOAD_SECONDS = 300.0

TERMS: Json = {
    "windows": [{"days": EVERY_DAY, "opens": "09:00", "closes": "17:00"}],
    "max_attempts": 1,
    "max_call_seconds": 60,
}


async def measure_import(asked: Asked, say: Say) -> Report | None:
    """Measure both ways on one stack; None when a signal came first.

    Raises:
        BenchmarkFailed: Not all rows were taken in.
        StackError: The system did not start.
        DemoFailed: The API refused something or stayed away.
    """
    scale = chosen(asked)

    async def work(plan: Plan) -> Report:
        async with http_to_api(plan) as http:
            return report(await _measure(await System.prepared(plan, http, calls=1), scale, say))

    return await run_on_own_stack(work, say=say)


async def _measure(system: System, scale: Scale, say: Say) -> Findings:
    say(f"By batches: {scale.rivals_rows:,} leads into a draft")
    rival_seconds = await _by_batches(system, scale.rivals_rows)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "leads.csv"
        size = write_file(file, scale.rows)
        say(f"By a file: {scale.rows:,} leads ({size:,} bytes) into a draft")
        memory = Memory(system.plan.home.processes_file)
        began = time.monotonic()
        sent = await _send(system, file)
        upload_seconds = time.monotonic() - began
        await _until_in(system, str(sent["id"]), scale.rows, memory)
        whole_seconds = time.monotonic() - began
    return Findings(
        rows=scale.rows,
        file_bytes=size,
        upload_seconds=upload_seconds,
        whole_seconds=whole_seconds,
        rivals_rows=scale.rivals_rows,
        rival_seconds=rival_seconds,
        api_peak=memory.peak["api"],
        api_grown=memory.grown("api"),
        worker_peak=memory.peak["worker"],
        worker_grown=memory.grown("worker"),
    )


async def _draft(system: System, name: str) -> str:
    made = await system.api.post("/api/v1/campaigns", {**TERMS, "name": name, "number_pool_id": system.pool_id})
    return str(made["id"])


async def _by_batches(system: System, rows: int) -> float:
    """Seconds that it takes to bring these in by requests, one after the other."""
    bodies = as_bodies(list(made_up_rows(rows)), await _draft(system, "By batches"))
    began = time.monotonic()
    for start in range(0, len(bodies), BATCH):
        answer = await system.api.post("/api/v1/leads/batch", {"leads": bodies[start : start + BATCH]})
        refused = [item for item in answer["items"] if item["lead"] is None]
        if refused:
            raise BenchmarkFailed(f"{len(refused)} leads were refused: {refused[0]['problem']['detail']}")
    return time.monotonic() - began


async def _send(system: System, file: Path) -> Json:
    with file.open("rb") as content:
        answer = await system.http.post(
            "/api/v1/leads/import",
            files={"file": (file.name, content, "text/csv")},
            data={"campaign_id": await _draft(system, "By a file")},
            timeout=UPLOAD_SECONDS,
        )
    if answer.is_error:
        raise BenchmarkFailed(f"The file was refused: {answer.text[:200]}")
    sent: Json = answer.json()
    return sent


async def _until_in(system: System, import_id: str, rows: int, memory: Memory) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS + rows / 100
    while True:
        taken = await system.api.get(f"/api/v1/imports/{import_id}")
        memory.look()
        if taken["status"] == "done":
            break
        if taken["status"] == "failed" or time.monotonic() > deadline:
            raise BenchmarkFailed(f"The import is {taken['status']} with {taken['rows_accepted']} of {rows} rows.")
        await asyncio.sleep(LOOK_SECONDS)
    if taken["rows_accepted"] != rows:
        raise BenchmarkFailed(f"{taken['rows_accepted']} of {rows} rows were accepted; all of them should have been.")
