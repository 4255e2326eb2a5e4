"""``./leadline bench lives`` from its start to its report."""

from benchmarks.asked import Asked
from benchmarks.lives.bare_round import bare_seconds
from benchmarks.lives.bare_worker import bare_worker_part
from benchmarks.lives.cron_job import measure_cron_job
from benchmarks.lives.findings import Findings, Round, report
from benchmarks.lives.lateness import measure_lateness
from benchmarks.lives.scale import LEADS_PER_SECOND, LIVES_AT_ONCE, TRANSCRIPT_UPDATES, WARM_UP, Scale, chosen
from benchmarks.lives.system import System
from benchmarks.lives.whole_round import whole_seconds
from benchmarks.own_stack import http_to_api, run_on_own_stack
from benchmarks.report import Report
from runtime.embedded.part import Part, Say
from runtime.embedded.plan import Plan


async def measure_lives(asked: Asked, say: Say) -> Report | None:
    """Measure everything on one stack; None when a signal came first.

    Raises:
        BenchmarkFailed: What was to be measured did not happen.
        StackError: The system did not start.
        DemoFailed: The API refused something or stayed away.
    """
    scale = chosen(asked)

    async def work(plan: Plan) -> Report:
        async with http_to_api(plan) as http:
            system = await System.prepared(plan, http, calls=scale.calls)
            return report(await _measure(system, scale, say))

    return await run_on_own_stack(work, say=say, more_parts=_bare_worker)


def _bare_worker(plan: Plan) -> list[Part]:
    return [bare_worker_part(plan.temporal)] if plan.temporal else []


async def _measure(system: System, scale: Scale, say: Say) -> Findings:
    await bare_seconds(system.engine, "bare-warm-up", WARM_UP)
    await whole_seconds(system, "Warm-up", WARM_UP)
    say(f"Lives: {scale.leads} bare and {scale.leads} whole a round, {LIVES_AT_ONCE} calls at once")
    rounds = [await _round(system, number, scale.leads, say) for number in range(1, scale.rounds + 1)]
    say(f"Dial lateness: {scale.spread_leads} leads, {LEADS_PER_SECOND} a second")
    lateness = await measure_lateness(system, scale.spread_leads)
    webhooks = await system.webhooks()
    say(f"The cron job: {scale.polled_leads} leads, {scale.polls} runs, one every {scale.poll_seconds:g} s")
    cron_job = await measure_cron_job(system, scale.polled_leads, scale.polls, scale.poll_seconds)
    return Findings(rounds, lateness, cron_job, scale.poll_seconds, webhooks)


async def _round(system: System, number: int, lives: int, say: Say) -> Round:
    bare = await bare_seconds(system.engine, f"bare-{number}", lives)
    await system.talk_with(transcript_updates=0, recordings=False)
    whole = await whole_seconds(system, f"Lives {number}", lives)
    await system.talk_with(transcript_updates=TRANSCRIPT_UPDATES, recordings=True)
    found = Round(lives, bare, whole, await whole_seconds(system, f"Lives {number}, talkative", lives))
    say(f"  Round {number}, {found.in_words()}")
    return found
