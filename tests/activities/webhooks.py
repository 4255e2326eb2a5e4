"""What the provider reports of a call, as it documents it, and how the API takes it."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from activities import inbox
from activities.inbox import Arrived, Taken
from storage.models import AccountRow, AttemptRow
from telephony.payloads import event_key, read_webhook
from tests.builders import NOON, Sessions

BEGUN = NOON - timedelta(minutes=1)
HEARD = NOON + timedelta(minutes=1)
MS = int(BEGUN.timestamp() * 1000)
LIFECYCLE = ("call_started", "call_ended", "call_analyzed")


def payload(event: str, attempt: AttemptRow | None, **call: object) -> dict[str, Any]:
    """As the provider documents it: a started call says little, an ended one all but the analysis."""
    body: dict[str, Any] = {"call_id": "call_1", "call_status": "ongoing", "agent_id": "agent_1", "agent_version": 3}
    if attempt is not None:
        body["metadata"] = {"attempt_id": str(attempt.id)}
    body["start_timestamp"] = MS + 1_000
    if event != "call_started":
        body |= {
            "call_status": "ended",
            "end_timestamp": MS + 31_000,
            "duration_ms": 30_000,
            "disconnection_reason": "user_hangup",
            "transcript": "Agent: Hello\nUser: Hello\n",
            "transcript_object": [{"role": "user", "content": "Hello"}],
            "call_cost": {"combined_cost": 12.5},
        }
    if event == "call_analyzed":
        body["call_analysis"] = {"call_summary": "A short talk.", "in_voicemail": False}
    return {"event": event, "call": body | call}


def unanswered(event: str, attempt: AttemptRow, reason: str, **call: object) -> dict[str, Any]:
    """A call that nobody answered, or that never rang: its end and its analysis come all the same."""
    silent = {"duration_ms": 0, "transcript": "", "transcript_object": [], "call_id": f"call_{attempt.id}"}
    ended = {} if event == "call_started" else silent | {"disconnection_reason": reason}
    return payload(event, attempt, **({"call_id": f"call_{attempt.id}"} | ended | call))


def rings_in(event: str, from_number: str = "+13125550123", **call: object) -> dict[str, Any]:
    """A call that came in; nothing in it names an attempt."""
    numbers = {"direction": "inbound", "from_number": from_number, "to_number": "+12125550101"}
    return payload(event, None, **({"call_id": "call_in"} | numbers | call))


def says(**custom: object) -> dict[str, Any]:
    """An analysis whose custom fields say this."""
    return {"call_analysis": {"call_summary": "A short talk.", "custom_analysis_data": custom}}


async def take(
    sessions: Sessions, account: AccountRow, written: dict[str, Any], clock: Callable[[], datetime] | None = None
) -> Taken:
    async with sessions.begin() as session:
        return await inbox.take(session, arrived(account, written), now=clock() if clock else HEARD)


def arrived(account: AccountRow, written: dict[str, Any]) -> Arrived:
    """A webhook once its signature is verified."""
    webhook = read_webhook(json.dumps(written).encode())
    return Arrived(account, webhook.facts, event_key(webhook.facts), webhook.text)
