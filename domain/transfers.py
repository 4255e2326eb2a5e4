"""Attempts to put a call through to a person: what the provider reports of them, and what they make of the call.

A call may be put through several times, to several numbers. The provider gives these events no instant of their own,
so each is kept with the one at which it was heard first.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from domain.calls import TRANSFER_EVENTS, CallEvent, CallFacts
from domain.vocabulary import AttemptOutcome

MOST_EVENTS = 100

_PUT_THROUGH = frozenset(
    {
        AttemptOutcome.ANSWERED,
        AttemptOutcome.CALLBACK_REQUESTED,
        AttemptOutcome.TRANSFER_CANCELLED,
        AttemptOutcome.FAILED,
        AttemptOutcome.NO_ANSWER,
        AttemptOutcome.UNKNOWN,
    }
)
"""What a call is taken for whose bridging is heard of later or not told by the reason of its end."""


def with_transfer(kept: Sequence[Mapping[str, Any]], facts: CallFacts, *, now: datetime) -> Sequence[Mapping[str, Any]]:
    """The transfer events of a call with the one that is reported. Repeats change nothing; 100 are kept."""
    if facts.event not in TRANSFER_EVENTS or len(kept) >= MOST_EVENTS:
        return kept
    identity = _identity(facts)
    if any({name: event.get(name) for name in identity} == identity for event in kept):
        return kept
    return [*kept, identity | {"at": _written(now)}]


def outcome_after(outcome: AttemptOutcome, transfers: Sequence[Mapping[str, Any]]) -> AttemptOutcome:
    """What a call came to, by its end and by how it was put through.

    Who was bridged to a person was transferred, however the call ended. Where no transfer came about the person was
    left waiting, unless a call-back was agreed then. It may be asked again as events come in: their order is the same.
    """
    events = {event.get("event") for event in transfers}
    if CallEvent.TRANSFER_BRIDGED in events and outcome in _PUT_THROUGH:
        return AttemptOutcome.TRANSFERRED
    if CallEvent.TRANSFER_CANCELLED in events and outcome is AttemptOutcome.ANSWERED:
        return AttemptOutcome.TRANSFER_CANCELLED
    return outcome


def _identity(facts: CallFacts) -> dict[str, Any]:
    """What tells a call's transfers apart. Source: docs.retellai.com, webhook overview."""
    return {
        "event": facts.event.value,
        "destination": facts.transfer_destination,
        "started_at": None if facts.started_at is None else _written(facts.started_at),
    }


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
