"""Whole lives of leads: the real server, the real database, the worker as it is composed; only the phone is made up."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
from prometheus_client import CollectorRegistry
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from activities import inbox
from activities.account_clients import AccountClients
from activities.inbox import Arrived
from activities.lead_workflows import SEARCH_ATTRIBUTES, LeadToStart, LeadWorkflows
from domain.calls import CallEvent, CallFacts
from runtime.payloads import data_converter
from runtime.settings import Settings
from storage.attempts import attempt_id
from storage.models import LeadRow
from telephony.provider import VoiceProvider
from telephony.retell_client import RetellProvider
from tests.activities.provider_edge import ProviderEdge
from tests.builders import Sessions, World, add_lead
from tests.patience import PATIENCE_SECONDS
from worker import build_worker

TEMPORAL = Path(sys.executable).parent / "temporal"
WHOLE_CALL = (CallEvent.STARTED, CallEvent.ENDED, CallEvent.ANALYZED)

CANARY = "Canary"
"""Part of everything personal that is planted in a life."""

PHONE_NUMBER = "+13125550177"
PERSONAL: Mapping[str, object] = {
    "name": f"{CANARY} Lovelace",
    "source": f"{CANARY}-Source",
    "external_id": f"{CANARY}-17",
    "custom_fields": {"pet": f"{CANARY}-Goldfish", "email": f"{CANARY.lower()}@example.com"},
    "consent": {"basis": "written", "text": f"{CANARY} agrees to be called at {PHONE_NUMBER}"},
}


@asynccontextmanager
async def real_server(port: int | None = None, file: Path | None = None) -> AsyncIterator[Client]:
    environment = await WorkflowEnvironment.start_local(
        port=port,
        dev_server_existing_path=str(TEMPORAL),
        dev_server_database_filename=None if file is None else str(file),
        data_converter=data_converter,
        search_attributes=SEARCH_ATTRIBUTES,
    )
    async with environment:
        yield environment.client


class Life:
    """One lead, its workflow, and those who call and report."""

    def __init__(
        self, client: Client, sessions: Sessions, world: World, lead: LeadRow, phone_number: str = PHONE_NUMBER
    ) -> None:
        self.provider = ProviderEdge()
        self._client = client
        self._sessions = sessions
        self._world = world
        self.lead = lead
        self.phone_number = phone_number
        self._workflows = LeadWorkflows(client, str(lead.id))

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        settings = Settings.model_validate({"LEADLINE_TASK_QUEUE": str(self.lead.id)})
        async with httpx.AsyncClient(transport=httpx.MockTransport(self.provider)) as http:
            voice = RetellProvider("key_of_tests", "https://provider.example.com", http)
            providers = AccountClients[VoiceProvider]({"simulator": voice})
            worker, _ = build_worker(
                self._client,
                self._sessions,
                providers,
                settings,
                CollectorRegistry(),
                workflow_runner=SandboxedWorkflowRunner(),
            )
            async with worker:
                yield

    async def start(self) -> WorkflowHandle[object, str]:
        campaign, lead = self._world.campaign, self.lead
        await self._workflows.start(LeadToStart(lead.id, 1, campaign.id, campaign.name, lead.organization_id))
        return self._client.get_workflow_handle(f"lead-{lead.id}", result_type=str)

    async def is_dialled(self, times: int) -> None:
        await eventually(lambda: len(self.provider.dialled) == times)

    async def report(self, number: int, reason: str, *events: CallEvent) -> None:
        """The provider's webhooks for one attempt, taken as the API takes them."""
        attempt = attempt_id(self.lead.id, number)
        for event in events:
            facts = self._facts(attempt, event, reason)
            said = json.dumps({"call": {"to_number": self.phone_number, "transcript": CANARY}})
            arrived = Arrived(self._world.account, facts, f"{event}:{facts.call_id}", said)
            async with self._sessions.begin() as session:
                taken = await inbox.take(session, arrived, now=datetime.now(UTC))
            if taken.forward is not None:
                await inbox.forward(self._sessions, self._workflows, [taken.forward], now=datetime.now(UTC))

    def _facts(self, attempt: UUID, event: CallEvent, reason: str) -> CallFacts:
        is_over = event is not CallEvent.STARTED
        return CallFacts(
            event=event,
            call_id=f"call_{attempt}",
            attempt_id=attempt,
            ended=is_over,
            analyzed=event is CallEvent.ANALYZED,
            disconnection_reason=reason if is_over else None,
            to_number=self.phone_number,
            transcript=f"User: this is {CANARY} Lovelace",
            utterances=[{"role": "user", "content": f"{CANARY} again"}],
            recording_url=f"https://recordings.example.com/{CANARY}",
            analysis={"summary": f"{CANARY} was glad", "custom": {"pet": f"{CANARY}-Goldfish"}},
        )


async def add_personal_lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world, PHONE_NUMBER, **PERSONAL)


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110  (what is waited for happens in another process)
            await asyncio.sleep(0.02)


async def result(handle: WorkflowHandle[object, str]) -> str:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await handle.result()
