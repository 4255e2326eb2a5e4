"""What takes events to other systems, put together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpx
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.event_couriers import EventCouriers
from activities.event_metrics import EventMetrics
from activities.event_payloads import EventPayloads, Shown
from activities.event_sending import EventSender
from activities.event_workflows import EventWorkflows
from activities.retrying_events import RetryEvent
from telephony.event_posting import EventPosting
from telephony.outside_http import OutsideHttp


@dataclass(frozen=True, slots=True)
class EventWork:
    """``couriers`` make the first tries, ``retries`` those of the workflows."""

    couriers: EventCouriers
    retries: RetryEvent


def event_work(
    sessions: async_sessionmaker[AsyncSession],
    workflows: EventWorkflows,
    http: httpx.AsyncClient,
    shown: Shown,
    registry: CollectorRegistry,
    clock: Callable[[], datetime],
    *,
    unseal: Callable[[str], str] | None,
    allows_loopback: bool,
) -> EventWork:
    """``http`` is for addresses that are trusted in nothing; the rest is as ``EventSender`` wants it."""
    sender = EventSender(
        sessions,
        EventPayloads(shown),
        EventPosting(OutsideHttp(http)),
        EventMetrics(registry),
        clock,
        unseal=unseal,
        allows_loopback=allows_loopback,
    )
    return EventWork(EventCouriers(sessions, sender, workflows, clock), RetryEvent(sender, clock))
