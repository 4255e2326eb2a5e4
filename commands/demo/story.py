"""The demo from the running stack to the summary."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from commands.demo.campaigns import MAX_LIVE_CALLS, SIMULATOR, Stage, set_up, waiting_lead, waiting_numbers
from commands.demo.client import Client, DemoFailed, Json
from commands.demo.lead_file import LEADS_FILE, read_leads, take_leads
from commands.demo.leads_in import Taken, post_leads
from commands.demo.screen import Screen
from commands.demo.summary import Result, number_lines, talk_lines
from commands.demo.watching import watch_leads
from runtime.embedded.plan import Plan

DECISION_SECONDS = 60.0
LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Clock:
    """When the demo began, on both clocks."""

    began: float
    began_at: datetime

    @classmethod
    def started(cls) -> "Clock":
        return cls(time.monotonic(), datetime.now(UTC))

    def seconds(self) -> float:
        return time.monotonic() - self.began

    def seconds_until(self, instant: datetime) -> float:
        return (instant - self.began_at).total_seconds()


class Story:
    """Tells the demo once, on a stack that is up."""

    def __init__(self, plan: Plan, http: httpx.AsyncClient, screen: Screen, clock: Clock) -> None:
        self._plan = plan
        self._http = http
        self._api = Client(http)
        self._screen = screen
        self._clock = clock

    async def tell(self, wanted: int | None, *, stays: bool) -> None:
        """Call the leads and say how it went.

        Args:
            wanted: So many leads; None: all of the file.
            stays: Whether the stack stays up afterwards, for people to look around.

        Raises:
            DemoFailed: A lead didn't come to its end, or something refused; the text says which.
        """
        ready_seconds = self._clock.seconds()
        self._screen.say(f"Everything runs after {ready_seconds:.1f} s")
        stage = await self._prepare()
        waiting = await self._post_waiting(stage)
        taken = await self._post(stage, wanted)
        leads = await self._watch(stage, taken)
        all_seconds = self._clock.seconds()
        calls = await self._api.everything("/api/v1/calls", campaign_id=stage.campaign_id)
        result = Result(leads, calls)
        self._summarise(result, len(taken.refused), ready_seconds, all_seconds)
        self._show_call(result)
        await self._show_waiting(waiting)
        self._show_where(result, stays=stays)

    async def _prepare(self) -> Stage:
        await self._api.sign_in(self._plan.settings.admin_email, self._plan.admin_password)
        # By the simulator's own side door; everything else goes through the API.
        answer = await self._http.post(f"{self._plan.simulator_url}/control/settings", json=SIMULATOR)
        answer.raise_for_status()
        return await set_up(self._api, datetime.now(UTC))

    async def _post_waiting(self, stage: Stage) -> str:
        lead = {**waiting_lead(datetime.now(UTC)), "campaign_id": stage.waiting_campaign_id}
        return str((await self._api.post("/api/v1/leads", lead))["id"])

    async def _post(self, stage: Stage, wanted: int | None) -> Taken:
        try:
            leads = take_leads(read_leads(LEADS_FILE), wanted, reserved=waiting_numbers())
        except (OSError, ValueError) as error:
            raise DemoFailed(f"{LEADS_FILE} can't be read: {error}") from error
        self._screen.head(f"Calling {len(leads)} leads from examples/{LEADS_FILE.name}")
        self._screen.say(
            f"  At most {MAX_LIVE_CALLS} calls at a time, up to 4 tries a lead; hours between tries are seconds here.\n"
            "  All numbers are reserved for fiction and a simulator answers: no phone rings."
        )
        with self._screen.meter(len(leads)) as meter:
            taken = await post_leads(self._api, stage.campaign_id, leads, meter)
        for sentence in taken.refused:
            self._screen.say(f"  {sentence}")
        return taken

    async def _watch(self, stage: Stage, taken: Taken) -> list[Json]:
        with self._screen.meter(len(taken.lead_ids)) as meter:
            return await watch_leads(self._api, stage.campaign_id, taken.lead_ids, meter)

    def _summarise(self, result: Result, refused: int, ready_seconds: float, all_seconds: float) -> None:
        self._screen.head("Summary")
        for line in number_lines(result, refused=refused):
            self._screen.say(f"  {line}")
        first_at = result.first_call_at()
        first = f"first call after {self._clock.seconds_until(first_at):.1f} s, " if first_at else ""
        self._screen.say(f"  Time      ready after {ready_seconds:.1f} s, {first}all done after {all_seconds:.1f} s")

    def _show_call(self, result: Result) -> None:
        call = result.best_call()
        if call is None:
            return
        name = next((lead["name"] for lead in result.leads if lead["id"] == call["lead_id"]), None)
        self._screen.head(f"One call: {name}, {call['phone_number']}, {call['outcome']}")
        for line in talk_lines(call):
            self._screen.say(f"  {line}")

    async def _show_waiting(self, lead_id: str) -> None:
        """One lead elsewhere is outside office hours; whoever waits is not waited for."""
        deadline = time.monotonic() + DECISION_SECONDS
        lead = await self._api.get(f"/api/v1/leads/{lead_id}")
        while not lead["waiting_for"] and time.monotonic() < deadline:
            await asyncio.sleep(LOOK_SECONDS)
            lead = await self._api.get(f"/api/v1/leads/{lead_id}")
        self._screen.head("One lead waits, as it should: its campaign calls from 9 to 5 on the lead's own clock")
        self._screen.say(f"  {lead['name']} waits for {lead['waiting_for']} ({lead['next_attempt_at']})")

    def _show_where(self, result: Result, *, stays: bool) -> None:
        plan, settings = self._plan, self._plan.settings
        own = settings.admin_password is not None
        password = "as set in LEADLINE_ADMIN_PASSWORD" if own else plan.admin_password
        rows = [
            ("Sign in", f"{settings.admin_email}, password {password}"),
            ("API", f"{plan.api_url}/docs"),
            ("Temporal UI", str(plan.addresses()["temporal_ui"])),
            *([("Life of a lead", self._workflow_url(most_tried(result)))] if result.calls else []),
            ("Logs", str(plan.home.logs)),
        ]
        self._screen.head(
            "Where to look" if stays else "Where to look while it runs (on a terminal, without --exit, it stays up)"
        )
        for name, value in rows:
            self._screen.say(f"  {name:<15} {value}")

    def _workflow_url(self, lead_id: str) -> str:
        namespace = self._plan.temporal.namespace if self._plan.temporal else "default"
        return f"{self._plan.addresses()['temporal_ui']}/namespaces/{namespace}/workflows/lead-{lead_id}"


def most_tried(result: Result) -> str:
    """The lead with the most calls has the most to show."""
    return str(max(result.calls, key=lambda call: call["number"])["lead_id"])
