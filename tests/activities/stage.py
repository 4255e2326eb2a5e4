"""The activities as the worker composes them, with a clock that a test sets."""

from datetime import datetime, timedelta
from uuid import UUID

import httpx
from prometheus_client import CollectorRegistry
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.account_clients import AccountClients
from activities.deciding import LeadDecisions
from activities.lead_workflows import LeadWorkflows
from activities.leads_at_work import lead_work
from activities.messages import AttemptInput, CallFate, LeadInput
from activities.reconciling import Findings
from activities.weighing import DialSettings
from domain.steps import Dial, Step
from storage.models import AttemptRow, LeadRow
from telephony.provider import VoiceProvider
from telephony.retell_client import RetellProvider
from tests.builders import Sessions


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


class Stage:
    def __init__(
        self,
        sessions: Sessions,
        clock: Clock,
        http: httpx.AsyncClient,
        client: Client,
        provider_url: str = "https://provider.example.com",
        clients: AccountClients[VoiceProvider] | None = None,
    ) -> None:
        voice = RetellProvider("key_of_tests", provider_url, http)
        providers = clients or AccountClients[VoiceProvider]({"simulator": voice})
        settings = DialSettings(
            "https://leads.example.com/webhook", timedelta(seconds=300), providers.kinds, providers.opens_keys
        )
        self.settings = settings
        self.decisions = LeadDecisions(settings)
        self.workflows = LeadWorkflows(client, "leads")
        self.registry = CollectorRegistry()
        self.work = work = lead_work(
            sessions, providers, self.workflows, settings, self.registry, clock, afterwards=timedelta(0)
        )
        self.slots, self.queues, self.limits = work.hand_on, work.queues, work.limits
        self.coming_due, self.replanning, self.overdue_inbound = work.coming_due, work.replanning, work.inbound

    async def next_step(self, lead: LeadRow) -> Step:
        return await ActivityEnvironment().run(self.work.next_step.next_step, LeadInput(lead.id, lead.run))

    async def dial(self, lead: LeadRow) -> Dial:
        """The lead's next step, which has to be a dial."""
        step = await self.next_step(lead)
        assert isinstance(step, Dial), step
        return step

    async def place(self, dial: Dial | AttemptRow) -> CallFate:
        if isinstance(dial, AttemptRow):
            dial = Dial(dial.id, dial.number, dial.not_before, dial.not_after)
        return await ActivityEnvironment().run(self.work.place_call.place_call, dial)

    async def look_up(self, attempt_id: UUID) -> CallFate:
        return await ActivityEnvironment().run(self.work.look_up_call.look_up_call, AttemptInput(attempt_id))

    async def reconcile(self, environment: ActivityEnvironment | None = None) -> Findings:
        return await (environment or ActivityEnvironment()).run(self.work.reconcile.reconcile)

    def counted(self, finding: str) -> float | None:
        """How many of this kind the metrics say."""
        return self.registry.get_sample_value("leadline_reconciliation_findings_total", {"finding": finding})

    async def close(self) -> None:
        """End what goes on besides activities, as a worker that stops does."""
        await self.work.close()
