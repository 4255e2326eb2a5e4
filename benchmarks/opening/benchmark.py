"""``./leadline bench opening`` from its start to its report."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.asked import Asked
from benchmarks.lives.system import System
from benchmarks.opening.busyness import Call
from benchmarks.opening.findings import Findings, report
from benchmarks.opening.scale import ANALYSIS_SECONDS, LIVE_CALLS, RING_SECONDS, TALK_SECONDS, Scale, chosen
from benchmarks.opening.signals import signal_delays, some_asleep
from benchmarks.opening.sleepers import put_to_sleep
from benchmarks.own_stack import http_to_api, run_on_own_stack
from benchmarks.report import Report
from runtime.embedded.part import Say
from runtime.embedded.plan import Plan

# So many may be dialled and done before their turn to be signalled comes.
SPARE = 3

TALKS = {"ring_seconds": RING_SECONDS, "talk_seconds": TALK_SECONDS, "analysis_seconds": ANALYSIS_SECONDS}


async def measure_opening(asked: Asked, say: Say) -> Report | None:
    """Measure one opening on a stack of its own; None when a signal came first.

    Raises:
        BenchmarkFailed: What was to be measured did not happen.
        StackError: The system did not start.
        DemoFailed: The API refused something or stayed away.
    """
    scale = chosen(asked)

    async def work(plan: Plan) -> Report:
        async with http_to_api(plan) as http:
            system = await System.prepared(plan, http, calls=sum(scale.sizes()))
            (await http.post(f"{plan.simulator_url}/control/settings", json=TALKS)).raise_for_status()
            return report(await _measure(system, scale, say))

    return await run_on_own_stack(work, say=say)


async def _measure(system: System, scale: Scale, say: Say) -> Findings:
    bell = scale.bell(datetime.now(UTC))
    say(f"{scale.leads} leads in {len(scale.sizes())} campaigns go to sleep; the bell rings at {bell:%H:%M} UTC")
    began = time.monotonic()
    campaigns = await put_to_sleep(system, scale, bell)
    asleep_seconds = time.monotonic() - began
    say(f"  asleep after {asleep_seconds:.0f} s")
    sleepers = await some_asleep(system.engine, campaigns, SPARE * scale.seconds)
    await asyncio.sleep((bell - datetime.now(UTC)).total_seconds())
    say(f"  the bell: {LIVE_CALLS} slots, watched for {scale.seconds} s")
    delays = await signal_delays(system.engine, sleepers, scale.seconds)
    return Findings(scale, bell, campaigns, await _calls(system, campaigns), delays, asleep_seconds)


async def _calls(system: System, campaigns: Sequence[str]) -> list[Call]:
    answer = await system.http.get(f"{system.plan.simulator_url}/control/calls")
    answer.raise_for_status()
    calls = [_call(written) for written in answer.json()]
    return [call for call in calls if call.campaign_id in campaigns]


def _call(written: dict[str, object]) -> Call:
    metadata = written["metadata"]
    campaign_id = metadata.get("campaign_id") if isinstance(metadata, dict) else None
    accepted, ended = written["accepted_ms"], written["ended_ms"]
    return Call(str(campaign_id), _instant(accepted), None if ended is None else _instant(ended))


def _instant(milliseconds: object) -> datetime:
    return datetime.fromtimestamp(float(str(milliseconds)) / 1000, UTC)
