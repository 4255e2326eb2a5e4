"""What the organisation's own systems are told, and how long it is tried.

Source of the schedule: the Standard Webhooks specification, 1.0, "Deliverability and reliability".
"""

from datetime import datetime, timedelta
from enum import StrEnum


class EventType(StrEnum):
    """Closed; grows by adding. A name that is out in the world is never changed."""

    CALL_STARTED = "call.started"
    CALL_ENDED = "call.ended"
    CALL_ANALYZED = "call.analyzed"
    LEAD_DONE = "lead.done"
    LEAD_OPTED_OUT = "lead.opted_out"


PING = "ping"
"""Sent by who tries a subscription. Nobody subscribes to it."""


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    """Its first try is still to come."""
    RETRYING = "retrying"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Nobody tries any more, unless somebody asks for it."""


class DisabledReason(StrEnum):
    """Why a subscription was disabled that nobody disabled by hand."""

    GONE = "gone"
    """Its address answered 410."""
    FAILING = "failing"
    """Nothing came through for five days."""


class EventSubject(StrEnum):
    """What an event tells of."""

    LEAD = "lead"
    ATTEMPT = "attempt"
    INBOUND_CALL = "inbound_call"
    SUBSCRIPTION = "subscription"


RETRY_DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Between two tries, from the first one on: ten tries in a little more than three days."""

ROTATION = timedelta(hours=24)
"""How long the old secret goes on signing beside the new one."""

LONGEST_REST = timedelta(minutes=5)
FAILING_FOR_TOO_LONG = timedelta(days=5)
FAILURES_THAT_COUNT = 10
_FIRST_REST = timedelta(seconds=1)
_LARGEST_POWER = 9


def rest_after(failures: int) -> timedelta:
    """How long an address gets nothing new after so many failures in a row (at least one): twice as long each time."""
    times: int = 2 ** min(failures - 1, _LARGEST_POWER)
    return min(_FIRST_REST * times, LONGEST_REST)


def is_given_up(failing_since: datetime, failures: int, now: datetime) -> bool:
    """Whether an address failed for so long, without one success, that nothing is sent there any more."""
    return failures >= FAILURES_THAT_COUNT and now - failing_since >= FAILING_FOR_TOO_LONG
