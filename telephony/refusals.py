"""Turns what came back instead of an answer into the error tree.

The rules for a dial and for a question differ in one thing only: where it is uncertain whether the request took
effect, a dial is unconfirmed, while a question may simply be asked again.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from telephony.errors import (
    DialUnconfirmed,
    ProviderBusy,
    ProviderError,
    ProviderRejected,
    ProviderUnreachable,
    RejectionReason,
)

# Raised before the first byte of the request has left.
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)
_MAY_HAVE_TAKEN_EFFECT = frozenset({408, 409})
_MOVED = frozenset({301, 307, 308})
_LONGEST_WAIT = timedelta(hours=1)
_LONGEST_MESSAGE = 200

_BY_STATUS = {401: RejectionReason.ACCOUNT, 402: RejectionReason.PAYMENT, 403: RejectionReason.ACCOUNT}
_ABOUT_CONCURRENCY = re.compile(r"concurren", re.IGNORECASE)
# The provider has no error codes, only sentences; the first pattern that fits decides. "No outbound agent id set up
# for phone number" is about the agent, "Item +1… not found from phone-number" about the caller ID.
_BY_SENTENCE = (
    (RejectionReason.DO_NOT_CALL, re.compile(r"do[ _-]not[ _-]call|\bdnc\b|internal_dnc", re.IGNORECASE)),
    (RejectionReason.AGENT, re.compile(r"(?<![\w.])agent\b|agent_id|agent_version", re.IGNORECASE)),
    (RejectionReason.NUMBER, re.compile(r"to[_ ]number|\bdestination\b|\bcallee\b", re.IGNORECASE)),
    (RejectionReason.CALLER_ID, re.compile(r"from[_ ]number|caller[ _-]?id|phone[ _-]?number", re.IGNORECASE)),
)
_MISSING_ASSET = re.compile(r"not found|cannot find", re.IGNORECASE)
_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
# A provider may repeat anything of a request in its sentences: numbers, names, whole variables. Only these words of
# them get into messages, which is enough to tell what it complains about.
_TELLING_WORDS = """
a about above account active agent agent_id agent_version already an and any are at balance be because been below
body busy call caller calls can cannot carrier concurrency concurrent could country credit credits date denied
destination disabled do does don't dynamic enabled error exceed exceeded exists expired failed field find for
forbidden format found from from_number has id idempotency_key in inactive insufficient internal international
invalid is it json key less limit max_call_duration_ms maximum metadata minimum missing more must no not number
numbers of on only or organization outbound override_agent_id override_agent_version parameter payment permission
phone phone_number plan property provided published quota rate reached region rejected request required resource
retell_llm_dynamic_variables ring_duration_ms server service set should sip status string such support supported
temporarily than that the this timeout to to_number too type unable unauthorized unavailable unexpected unknown
unsupported url used valid value variable variables version was webhook_url while with workspace wrong your
"""
_TELLING = frozenset(_TELLING_WORDS.split())
_WORD = re.compile(r"\w+(?:['-]\w+)*")
_NEITHER_WORD_NOR_PUNCTUATION = re.compile(r"[^\w\s…'.,:;/()-]+")
_HIDDEN_IN_A_ROW = re.compile(r"…(?:[^\w…]*…)+")


def refused(response: httpx.Response, *, dial: Mapping[str, Any] | None) -> ProviderError:
    """The error for an answer other than 2xx.

    Args:
        response: The answer, already read.
        dial: The body of the request to dial; ``None`` when it was a question.
    """
    status = response.status_code
    said = _sentence(response)
    message = f"the provider answered {status}: {_telling(said)}"
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return ProviderBusy(message, retry_after=_retry_after(response, datetime.now(UTC)))
    if status in _MAY_HAVE_TAKEN_EFFECT or status not in _MOVED | set(range(400, 500)):
        return unanswered(message, dial=dial)
    if status not in _BY_STATUS and _ABOUT_CONCURRENCY.search(said):
        return ProviderBusy(message)
    return ProviderRejected(message, reason=_reason(status, said, dial or {}), status=status)


def lost(cause: BaseException | None, *, dial: Mapping[str, Any] | None) -> ProviderError:
    """The error for a connection that broke, never came about, or stayed silent.

    Args:
        cause: What httpx raised; anything unknown counts as having been sent.
        dial: The body of the request to dial; ``None`` when it was a question.
    """
    name = type(cause).__name__
    if isinstance(cause, _NEVER_SENT):
        return ProviderUnreachable(f"the provider could not be reached ({name})")
    return unanswered(f"the connection to the provider gave no answer ({name})", dial=dial)


def unanswered(message: str, *, dial: Mapping[str, Any] | None) -> ProviderError:
    """The error for a request that left and of which nobody knows what became."""
    return ProviderUnreachable(message) if dial is None else DialUnconfirmed(message)


def _reason(status: int, said: str, dial: Mapping[str, Any]) -> RejectionReason:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    for reason, sentence in _BY_SENTENCE:
        if sentence.search(said):
            return reason
    if status in {404, 422} and _MISSING_ASSET.search(said):
        # "Cannot find requested asset": a dial names two, and the agent only when it overrides.
        return RejectionReason.AGENT if "override_agent_id" in dial else RejectionReason.CALLER_ID
    return RejectionReason.REQUEST


def _sentence(response: httpx.Response) -> str:
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(body, dict):
        return ""
    said = next((body[key] for key in ("message", "error_message", "error") if isinstance(body.get(key), str)), "")
    return str(said)[: 10 * _LONGEST_MESSAGE]


def _telling(said: str) -> str:
    """The sentence on one short line, with ``…`` for everything that might be about a person."""
    shown = _WORD.sub(lambda word: word[0] if word[0].lower() in _TELLING else "…", said)
    line = " ".join(_NEITHER_WORD_NOR_PUNCTUATION.sub(" ", shown).split())
    return _HIDDEN_IN_A_ROW.sub("…", line)[:_LONGEST_MESSAGE] or "no reason given"


def _retry_after(response: httpx.Response, now: datetime) -> timedelta | None:
    """How long the provider asks to wait, in seconds or as a date, an hour at most."""
    header = response.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(header):
        return min(timedelta(seconds=float(header)), _LONGEST_WAIT)
    try:
        wait = parsedate_to_datetime(header) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), _LONGEST_WAIT)
