"""The activities of a lead as a script: what they answer, and what they were asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.messages import AttemptInput, CallFate, LeadInput
from domain.steps import Dial, Step
from workflows.lead_calling import LeadCalling

Answer = Step | Exception | Callable[[], Step]


@dataclass
class ScriptedActivities:
    """Each list is answered from the front; the last step repeats, as a database that doesn't change would."""

    clock: Callable[[], Awaitable[datetime]]
    steps: list[Answer]
    fates: list[CallFate | Exception] = field(default_factory=list)
    looks: list[CallFate | Exception] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    asked_at: list[datetime] = field(default_factory=list)
    decided: asyncio.Event = field(default_factory=asyncio.Event)
    placed: asyncio.Event = field(default_factory=asyncio.Event)

    @activity.defn
    async def next_step(self, lead: LeadInput) -> Step:  # noqa: ARG002  (the real one's shape)
        await self._note("next_step")
        self.decided.set()
        answer = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer

    @activity.defn
    async def place_call(self, dial: Dial) -> CallFate:
        await self._note(f"place_call {dial.number}")
        self.placed.set()
        return _next(self.fates)

    @activity.defn
    async def look_up_call(self, look: AttemptInput) -> CallFate:  # noqa: ARG002
        await self._note("look_up_call")
        return _next(self.looks)

    @property
    def all(self) -> list[Callable[..., object]]:
        return [self.next_step, self.place_call, self.look_up_call]

    async def _note(self, name: str) -> None:
        self.asked.append(name)
        self.asked_at.append(await self.clock())


def _next(answers: list[CallFate | Exception]) -> CallFate:
    answer = answers.pop(0)
    if isinstance(answer, Exception):
        raise answer
    return answer


def away(what: str) -> ApplicationError:
    return ApplicationError(f"{what} is away")


@asynccontextmanager
async def calling(
    environment: WorkflowEnvironment, script: ScriptedActivities
) -> AsyncIterator[WorkflowHandle[LeadCalling, str]]:
    """A lead whose activities answer from the script."""
    async with Worker(environment.client, task_queue="leads", workflows=[LeadCalling], activities=script.all):
        lead = LeadInput(uuid4())
        yield await environment.client.start_workflow(
            LeadCalling.run, lead, id=f"lead-{lead.lead_id}", task_queue="leads"
        )
