"""The activities as the worker composes them, with a clock that a test sets."""

from datetime import datetime, timedelta
from uuid import UUID

import httpx
from prometheus_client import CollectorRegistry
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.account_clients import AccountClients
from activities.coming_due import ComingDue
from activities.deciding import LeadDecisions
from activities.deleting_calls import CallDeletions
from activities.dialling import PlaceCall
from activities.hand_on import SlotHandOn
from activities.inbound_overdue import OverdueInboundCalls
from activities.joined_queues import JoinedQueues
from activities.lead_workflows import LeadWorkflows
from activities.looking_up import LookUpCall
from activities.messages import AttemptInput, CallFate, LeadInput
from activities.provider_limits import ProviderLimits
from activities.reconciling import Findings, Reconcile
from activities.replanning import Replanning
from activities.round_metrics import RoundMetrics
from activities.sending import CallSender
from activities.stepping import NextStep
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
        self.decisions = decisions = LeadDecisions(settings)
        self.workflows = LeadWorkflows(client, "leads")
        self.slots = SlotHandOn(sessions, decisions, self.workflows, clock)
        sender = CallSender(sessions, providers, self.workflows, clock)
        self.queues = JoinedQueues(sessions, self.slots)
        self._next_step = NextStep(sessions, decisions, self.queues, clock)
        self._place_call = PlaceCall(sessions, settings, sender, clock)
        self._look_up = LookUpCall(sessions, settings, providers, sender, self.workflows, clock)
        self.limits = ProviderLimits(sessions, providers, clock)
        self.registry = CollectorRegistry()
        self.coming_due = ComingDue(sessions, self.slots, clock, afterwards=timedelta(0))
        self.replanning = Replanning(sessions, decisions, self.workflows, self.slots, self.coming_due, settings, clock)
        self.overdue_inbound = OverdueInboundCalls(sessions, providers, self.workflows, clock)
        self._reconcile = Reconcile(
            sessions,
            self.workflows,
            self.slots,
            self.limits,
            self.replanning,
            self.coming_due,
            self.overdue_inbound,
            CallDeletions(sessions, providers, clock),
            RoundMetrics(self.registry),
            clock,
        )

    async def next_step(self, lead: LeadRow) -> Step:
        return await ActivityEnvironment().run(self._next_step.next_step, LeadInput(lead.id, lead.run))

    async def dial(self, lead: LeadRow) -> Dial:
        """The lead's next step, which has to be a dial."""
        step = await self.next_step(lead)
        assert isinstance(step, Dial), step
        return step

    async def place(self, dial: Dial | AttemptRow) -> CallFate:
        if isinstance(dial, AttemptRow):
            dial = Dial(dial.id, dial.number, dial.not_before, dial.not_after)
        return await ActivityEnvironment().run(self._place_call.place_call, dial)

    async def look_up(self, attempt_id: UUID) -> CallFate:
        return await ActivityEnvironment().run(self._look_up.look_up_call, AttemptInput(attempt_id))

    async def reconcile(self, environment: ActivityEnvironment | None = None) -> Findings:
        return await (environment or ActivityEnvironment()).run(self._reconcile.reconcile)

    def counted(self, finding: str) -> float | None:
        """How many of this kind the metrics say."""
        return self.registry.get_sample_value("leadline_reconciliation_findings_total", {"finding": finding})

    async def close(self) -> None:
        """End what goes on besides activities, as a worker that stops does."""
        await self.queues.close()
        await self.coming_due.close()
        await self.replanning.close()
        await self.slots.close()
