"""What takes leads from step to step, put together."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.account_clients import AccountClients
from activities.coming_due import AFTERWARDS, ComingDue
from activities.deciding import LeadDecisions
from activities.deleting_calls import CallDeletions
from activities.dialling import PlaceCall
from activities.hand_on import SlotHandOn
from activities.inbound_overdue import OverdueInboundCalls
from activities.joined_queues import JoinedQueues
from activities.lead_workflows import LeadWorkflows
from activities.looking_up import LookUpCall
from activities.provider_limits import ProviderLimits
from activities.reconciling import Reconcile
from activities.replanning import Replanning
from activities.round_metrics import RoundMetrics
from activities.sending import CallSender
from activities.stepping import NextStep
from activities.weighing import DialSettings
from storage.room import PLAN
from telephony.provider import VoiceProvider


@dataclass(frozen=True, slots=True)
class LeadWork:
    """What workflows call, and what goes on besides in the same process."""

    next_step: NextStep
    place_call: PlaceCall
    look_up_call: LookUpCall
    reconcile: Reconcile
    hand_on: SlotHandOn
    queues: JoinedQueues
    replanning: Replanning
    coming_due: ComingDue
    limits: ProviderLimits
    inbound: OverdueInboundCalls

    @property
    def activities(self) -> Sequence[Callable[..., object]]:
        return [
            self.next_step.next_step,
            self.place_call.place_call,
            self.look_up_call.look_up_call,
            self.reconcile.reconcile,
        ]

    def hear(self, word: str) -> None:
        """A word of ``storage.room``.

        Anybody who may connect to the database may notify, so what comes is not trusted to be a pool's id.
        """
        with contextlib.suppress(ValueError):
            if word.startswith(PLAN):
                self.replanning.nudge(UUID(word.removeprefix(PLAN)))
            else:
                self.hand_on.nudge(UUID(word))

    async def close(self) -> None:
        """End what goes on besides activities."""
        await self.queues.close()
        await self.coming_due.close()
        await self.replanning.close()
        await self.hand_on.close()


def lead_work(
    sessions: async_sessionmaker[AsyncSession],
    clients: AccountClients[VoiceProvider],
    workflows: LeadWorkflows,
    dial: DialSettings,
    registry: CollectorRegistry,
    clock: Callable[[], datetime],
    *,
    afterwards: timedelta = AFTERWARDS,
) -> LeadWork:
    """``afterwards``: how long after an opening ``ComingDue`` looks; the registry gets the rounds' metrics."""
    decisions = LeadDecisions(dial)
    hand_on = SlotHandOn(sessions, decisions, workflows, clock)
    queues = JoinedQueues(sessions, hand_on)
    limits = ProviderLimits(sessions, clients, clock)
    coming_due = ComingDue(sessions, hand_on, clock, afterwards=afterwards)
    replanning = Replanning(sessions, decisions, workflows, hand_on, coming_due, dial, clock)
    sender = CallSender(sessions, clients, workflows, clock)
    inbound = OverdueInboundCalls(sessions, clients, workflows, clock)
    reconcile = Reconcile(
        sessions,
        workflows,
        hand_on,
        limits,
        replanning,
        coming_due,
        inbound,
        CallDeletions(sessions, clients, clock),
        RoundMetrics(registry),
        clock,
    )
    return LeadWork(
        next_step=NextStep(sessions, decisions, queues, clock),
        place_call=PlaceCall(sessions, dial, sender, clock),
        look_up_call=LookUpCall(sessions, dial, clients, sender, workflows, clock),
        reconcile=reconcile,
        hand_on=hand_on,
        queues=queues,
        replanning=replanning,
        coming_due=coming_due,
        limits=limits,
        inbound=inbound,
    )
