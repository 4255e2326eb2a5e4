"""The API killed with SIGKILL while it takes leads in; every lead that it committed gets its workflow, once."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

import httpx

from runtime.embedded.plan import Plan
from runtime.temporal_client import connect_once
from tests.end_to_end.crowd import CAMPAIGN, Crowd, Json
from tests.end_to_end.experiment import in_seconds
from tests.end_to_end.victim import Victim

POSTERS = 4
BATCH = 10
LOOK_SECONDS = 0.005
LONGEST_LIFE_SECONDS = 1.5
AIM_SECONDS = 5.0
LONGEST_DELAY_SECONDS = 0.03
STARTED_SECONDS = 120.0
GOAL_SECONDS = 45.0
RESTART_GOAL_SECONDS = 5.0


class ApiKills:
    """The campaign is a draft, so that workflows are started and nobody is called."""

    victim_name = "api"

    def __init__(self, *, kills: int, dice: random.Random) -> None:
        self.wrong: list[str] = []
        self._wanted = kills
        self._dice = dice
        self._kills = 0
        self._acknowledged: set[str] = set()
        self._caught: dict[str, datetime] = {}
        self._leads = 0
        self._workflows = 0
        self._after_commit: list[float] = []
        self._restart_seconds: list[float] = []
        self._after_restart: list[float] = []

    async def run(self, crowd: Crowd, victim: Victim) -> None:
        await victim.start()
        await crowd.gather(CAMPAIGN, launched=False)
        for _ in range(self._wanted):
            await self._kill_once(crowd, victim)
        self.wrong += await _left_behind(crowd)
        await self._judge(crowd)

    async def _kill_once(self, crowd: Crowd, api: Victim) -> None:
        async with asyncio.TaskGroup() as posters:
            for size in [1, BATCH] * (POSTERS // 2):
                posters.create_task(self._post_until_it_dies(crowd, size))
            await asyncio.sleep(self._dice.uniform(0, LONGEST_LIFE_SECONDS))
            await self._take_aim(crowd)
            await api.kill()
        self._kills += 1
        caught = await crowd.books.leads_not_handed_over()
        restarted_at = datetime.now(UTC)
        await api.start()
        ready_at = datetime.now(UTC)
        self._caught |= {lead: ready_at for lead in caught if lead not in self._caught}
        self._restart_seconds.append((ready_at - restarted_at).total_seconds())

    async def _post_until_it_dies(self, crowd: Crowd, size: int) -> None:
        """Post without a second try, and note what was acknowledged."""
        while True:
            bodies = crowd.bodies(size)
            path, body = ("/leads", bodies[0]) if size == 1 else ("/leads/batch", {"leads": bodies})
            try:
                answer = await crowd.post_once(path, body)
            except httpx.TransportError:
                return
            self._acknowledged |= _taken(answer)

    async def _take_aim(self, crowd: Crowd) -> None:
        """Every other kill falls right after a commit whose workflows are just being started."""
        if self._dice.random() < 1 / 2:
            deadline = time.monotonic() + AIM_SECONDS
            while not await crowd.books.leads_not_handed_over():
                if time.monotonic() > deadline:
                    return
                await asyncio.sleep(LOOK_SECONDS)
        await asyncio.sleep(self._dice.uniform(0, LONGEST_DELAY_SECONDS))

    async def _judge(self, crowd: Crowd) -> None:
        leads = {lead.lead_id: lead.created_at for lead in await crowd.books.leads()}
        started = await _all_listed(crowd.plan, leads)
        runs = Counter(lead_id for lead_id, _ in started)
        first = dict(reversed(started))
        self._leads, self._workflows = len(leads), len(started)
        self._after_commit = [(first[lead] - leads[lead]).total_seconds() for lead in first if lead in leads]
        self._after_restart = [
            max(0.0, (first[lead] - at).total_seconds()) for lead, at in self._caught.items() if lead in first
        ]
        self.wrong += [f"lead {lead} was acknowledged and is lost" for lead in self._acknowledged - leads.keys()]
        self.wrong += [f"lead {lead} has {runs[lead]} workflows" for lead in leads if runs[lead] != 1]
        self.wrong += _slower(self._after_commit, GOAL_SECONDS, "the commit")
        self.wrong += _slower(self._after_restart, RESTART_GOAL_SECONDS, "the restart")

    def figures(self) -> Mapping[str, str]:
        return {
            "kills": str(self._kills),
            "leads": f"{self._leads}, {len(self._acknowledged)} of them acknowledged",
            "caught after their commit": str(len(self._caught)),
            "workflows": str(self._workflows),
            "started after the commit": in_seconds(self._after_commit),
            "restarts took": in_seconds(self._restart_seconds),
            "started after the restart": in_seconds(self._after_restart),
        }


def _taken(answer: httpx.Response) -> set[str]:
    """The ids of the leads that an answer acknowledges."""
    if not answer.is_success:
        return set()
    body: Json = answer.json()
    leads = [item["lead"] for item in body["items"]] if "items" in body else [body]
    return {str(lead["id"]) for lead in leads if lead is not None}


def _slower(seconds: list[float], goal_seconds: float, since: str) -> list[str]:
    late = sum(one > goal_seconds for one in seconds)
    return [f"{late} workflows were started later than {goal_seconds:.0f} s after {since}"] if late else []


async def _left_behind(crowd: Crowd) -> list[str]:
    deadline = time.monotonic() + STARTED_SECONDS
    while left := await crowd.books.leads_not_handed_over():
        if time.monotonic() > deadline:
            return [f"lead {lead} was not handed over within {STARTED_SECONDS:.0f} s" for lead in left]
        await asyncio.sleep(LOOK_SECONDS)
    return []


async def _all_listed(plan: Plan, leads: Collection[str]) -> list[tuple[str, datetime]]:
    """As soon as each lead has a workflow in it: what the engine lists is a little behind what it has started."""
    deadline = time.monotonic() + STARTED_SECONDS
    while True:
        started = await started_workflows(plan)
        if {lead for lead, _ in started}.issuperset(leads) or time.monotonic() > deadline:
            return started
        await asyncio.sleep(LOOK_SECONDS)


async def started_workflows(plan: Plan) -> list[tuple[str, datetime]]:
    """Lead and start of every workflow of a lead that the engine knows, oldest first; also a second one of a lead."""
    if plan.temporal is None:
        msg = "the stack has no engine of its own"
        raise RuntimeError(msg)
    client = await connect_once(plan.temporal.client_settings())
    found = [
        (workflow.id.removeprefix("lead-"), workflow.start_time)
        async for workflow in client.list_workflows("WorkflowType = 'LeadCalling'")
    ]
    return sorted(found, key=lambda workflow: workflow[1])
