"""``./leadline bench webhook`` from its start to its report."""

from dataclasses import replace

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx

from benchmarks.asked import Asked
from benchmarks.lives.system import System
from benchmarks.own_stack import http_to_api, run_on_own_stack
from benchmarks.report import Report
from benchmarks.webhook.bare_api import bare_api_part, bare_target
from benchmarks.webhook.findings import (
    Findings,
    Round,
    even_in_words,
    forged_in_words,
    heard_in_words,
    report,
    rush_in_words,
)
from benchmarks.webhook.generator import send
from benchmarks.webhook.listening import listening
from benchmarks.webhook.live_calls import Exchange, LiveCalls
from benchmarks.webhook.order import Order, Sent, Target
from benchmarks.webhook.scale import CONNECTIONS, PER_SECOND, WARM_UP, Scale, chosen
from runtime.embedded.part import Say
from runtime.embedded.plan import Plan
from runtime.embedded.ports import free_port

PATH = "/api/v1/calls/webhook"


async def measure_webhook(asked: Asked, say: Say) -> Report | None:
    """Measure both sides on one stack; None when a signal came first.

    Raises:
        BenchmarkFailed: What was to be measured did not happen, or a webhook was lost.
        StackError: The system did not start.
        DemoFailed: The API refused something or stayed away.
    """
    scale, bare_port = chosen(asked), free_port()

    async def work(plan: Plan) -> Report:
        database = await asyncpg.connect(plan.database_url)
        try:
            async with http_to_api(plan) as http:
                system = await System.prepared(plan, http, calls=scale.calls)
                exchange = await Exchange.opened(system, database)
                return report(await _Sides(exchange, bare_target(bare_port), say).measured(scale))
        finally:
            await database.close()

    return await run_on_own_stack(work, say=say, more_parts=lambda plan: [bare_api_part(plan, bare_port)])


class _Sides:
    """The bare route and the real one, each idle while the other is measured."""

    def __init__(self, exchange: Exchange, bare: Target, say: Say) -> None:
        self._exchange = exchange
        self._bare = bare
        self._say = say
        self._kept = 0

    async def measured(self, scale: Scale) -> Findings:
        self._say(f"Warm-up: {WARM_UP} calls are dialled and report")
        await self._both("Warm-up", WARM_UP, None)
        self._kept = 0
        rounds = [await self._round(number, scale) for number in range(1, scale.rounds + 1)]
        return Findings(rounds, self._kept)

    async def _round(self, number: int, scale: Scale) -> Round:
        self._say(f"Round {number}: {scale.even_calls} calls are dialled, then report {PER_SECOND} times a second")
        even = await self._both(f"Even {number}", scale.even_calls, PER_SECOND)
        self._say(f"  {even_in_words(*even)}")
        self._say(f"  {scale.rush_calls} calls are dialled, then report as fast as they are answered")
        rush = await self._both(f"Rush {number}", scale.rush_calls, None)
        self._say(f"  {rush_in_words(*rush)}")
        self._say(f"  {scale.heard_calls} calls are dialled, then report {PER_SECOND} times a second to a listener")
        heard, forged = await self._heard(f"Heard {number}", scale.heard_calls)
        self._say(f"  {heard_in_words(heard)}; {forged_in_words(forged)}")
        return Round(*even, *rush, heard, forged)

    async def _both(self, name: str, count: int, per_second: int | None) -> tuple[Sent, Sent]:
        """The webhooks of so many calls, first to the bare route and then to ours."""
        live = await self._exchange.dialled(name, count)
        bare = await send(self._order(live, self._bare, per_second))
        whole = await send(self._order(live, self._ours(), per_second))
        self._kept += await self._exchange.kept(live)
        return bare, whole

    async def _heard(self, name: str, count: int) -> tuple[list[float], Sent]:
        """The same webhooks, forged and then real, while somebody listens: how late their words are, in seconds."""
        live = await self._exchange.dialled(name, count)
        order = self._order(live, self._ours(), PER_SECOND)
        forged = await send(replace(order, key="somebody else's", expected=httpx.codes.UNAUTHORIZED))
        async with listening(self._exchange.system.http, live.campaign_id) as heard:
            lateness = await heard.lateness((await send(order)).spoken)
        self._kept += await self._exchange.kept(live)
        return lateness, forged

    def _order(self, live: LiveCalls, target: Target, per_second: int | None) -> Order:
        plan = self._exchange.system.plan
        recordings = f"{plan.simulator_url}/recordings"
        return Order(target, plan.simulator_key(), live.calls, recordings, CONNECTIONS, per_second)

    def _ours(self) -> Target:
        url = httpx.URL(self._exchange.system.plan.api_url)
        return Target(url.host, url.port or 80, PATH)
