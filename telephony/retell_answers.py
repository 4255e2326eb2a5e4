"""What Retell's answers say, whoever asked; nothing here needs the SDK, whose import takes seconds."""

from collections.abc import Mapping
from typing import Any

import httpx

from domain.calls import CallEvent, CallFacts
from telephony import fields
from telephony.cleaning import decode_json
from telephony.errors import ProviderUnreachable
from telephony.payloads import MalformedCall, is_call_id, parse_call
from telephony.provider import Concurrency, PlacedCall
from telephony.refusals import unanswered

DEFAULT_BASE_URL = "https://api.retellai.com"


def check_key(api_key: str) -> None:
    """Raises ValueError: the key is empty or has characters no HTTP header can carry."""
    if not api_key or not api_key.isascii() or not api_key.isprintable():
        msg = "the API key is empty or has characters that no key has; copy it again from the provider's settings"
        raise ValueError(msg)


def json_object(response: httpx.Response, *, dial: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """``dial``: the body of the request to dial; ``None`` when it was a question."""
    try:
        answer = decode_json(response.content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        msg = f"the provider answered {response.status_code} with something that is no JSON object"
        raise unanswered(msg, dial=dial)
    return answer


def items_of(page: Mapping[str, Any]) -> list[Any]:
    """Raises ProviderUnreachable: it isn't one of a list."""
    items = page.get("items")
    if not isinstance(items, list):
        msg = "the provider's answer isn't a list"
        raise ProviderUnreachable(msg)
    return items


def placed_call(response: httpx.Response, *, dial: Mapping[str, Any]) -> PlacedCall:
    """The call that was taken. Raises DialUnconfirmed: it can't be told which."""
    call = json_object(response, dial=dial)
    call_id = call.get("call_id")
    if not isinstance(call_id, str) or not is_call_id(call_id):
        msg = "the provider took the call and gave no usable call_id"
        raise unanswered(msg, dial=dial)
    return PlacedCall(
        call_id=call_id,
        agent_id=fields.text(call.get("agent_id"), longest=200),
        agent_version=fields.whole(call.get("agent_version")),
        from_number=fields.text(call.get("from_number"), longest=200),
    )


def facts_of(call: object) -> CallFacts | None:
    try:
        return parse_call(call, CallEvent.LOOKED_UP) if isinstance(call, dict) else None
    except MalformedCall:
        return None


def looked_up(response: httpx.Response, call_id: str) -> CallFacts:
    """Raises ProviderUnreachable: it isn't the call that was asked for."""
    facts = facts_of(json_object(response))
    if facts is None or facts.call_id != call_id:
        msg = "the provider's answer isn't the call that was asked for"
        raise ProviderUnreachable(msg)
    return facts


def concurrency_of(response: httpx.Response) -> Concurrency:
    """Raises ProviderUnreachable: it names none."""
    numbers = json_object(response)
    current = fields.whole(numbers.get("current_concurrency"))
    limit = fields.whole(numbers.get("concurrency_limit"))
    if current is None or limit is None:
        msg = "the provider's answer names no concurrency"
        raise ProviderUnreachable(msg)
    reserved = fields.whole(numbers.get("reserved_inbound_concurrency")) or 0
    return Concurrency(current=current, limit=limit, reserved_inbound=reserved)
