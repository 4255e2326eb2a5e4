"""``./leadline bench steering`` from its start to its report."""

import asyncio
import time

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from benchmarks.asked import Asked
from benchmarks.own_stack import http_to_api, run_on_own_stack
from benchmarks.report import Report
from benchmarks.steering.campaign import Campaign
from benchmarks.steering.findings import Findings, report
from benchmarks.steering.rival import signal_each
from benchmarks.steering.scale import Scale, chosen
from benchmarks.steering.scene import Scene
from benchmarks.steering.steps import begin, end
from runtime.embedded.part import Say
from runtime.embedded.plan import Plan


async def measure_steering(asked: Asked, say: Say) -> Report | None:
    """Measure everything on one stack; None when a signal came first.

    Raises:
        BenchmarkFailed: What was to be measured did not happen.
        StackError: The system did not start.
        DemoFailed: The API refused something or stayed away.
    """
    scale = chosen(asked)

    async def work(plan: Plan) -> Report:
        database = await asyncpg.connect(plan.database_url)
        try:
            async with http_to_api(plan) as http:
                return report(await _measure(await Scene.prepared(plan, http, database), scale, say))
        finally:
            await database.close()

    return await run_on_own_stack(work, say=say)


async def _measure(scene: Scene, scale: Scale, say: Say) -> Findings:
    campaign = await Campaign.drafted(scene)
    say(f"Intake: {scale.leads} leads into a draft")
    began = time.monotonic()
    await campaign.fill(scale.leads)
    intake_seconds = time.monotonic() - began
    reading_seconds = await campaign.seconds_of_reading()
    signals, calls = await scene.signals(), await scene.books.dials()

    say("Launch, pause, resume, stop, start")
    launched = await begin(scene, "Launch", lambda: campaign.tell("launch"))
    paused = await end(scene, "Pause", lambda: campaign.tell("pause"))
    resumed = await begin(scene, "Resume", lambda: campaign.tell("resume"))
    stopped = await end(scene, "Kill switch", lambda: scene.api.post("/api/v1/organizations/current/stop"))
    started = await begin(scene, "Start", lambda: scene.api.post("/api/v1/organizations/current/start"))

    say("Windows that close, and open again")
    closed, narrowed_seconds = await asyncio.gather(
        end(scene, "Narrowed windows", campaign.close), campaign.seconds_until_closed()
    )
    signals_between = await scene.signals()
    say(f"The rival: a signal to each of {scale.rivals_leads} leads")
    rivals = await campaign.some_leads(scale.rivals_leads)
    rival_seconds = await signal_each(scene, rivals)
    signals += await scene.signals() - signals_between
    reopened, widened_seconds = await asyncio.gather(
        begin(scene, "Reopened windows", campaign.reopen), campaign.seconds_until_open()
    )
    last = await end(scene, "Pause again", lambda: campaign.tell("pause"))
    return Findings(
        leads=scale.leads,
        intake_seconds=intake_seconds,
        reading_seconds=reading_seconds,
        begun=[launched, resumed, started, reopened],
        ended=[paused, stopped, closed, last],
        narrowed_seconds=narrowed_seconds,
        widened_seconds=widened_seconds,
        calls=await scene.books.dials() - calls,
        signals=await scene.signals() - signals,
        rivals_leads=len(rivals),
        rival_seconds=rival_seconds,
    )
