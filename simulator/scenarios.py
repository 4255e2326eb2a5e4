"""What may happen to a call, and what Retell then says about it."""

import random
from enum import StrEnum


class Scenario(StrEnum):
    ANSWER = "answer"
    VOICEMAIL = "voicemail"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    INVALID_NUMBER = "invalid_number"
    FAILED = "failed"
    SPAM = "spam"
    DO_NOT_CALL = "do_not_call"
    CALLBACK = "callback"
    TRANSFERRED = "transferred"
    TRANSFER_CANCELLED = "transfer_cancelled"
    PLATFORM_ERROR = "platform_error"
    """Retell breaks in the middle of the talk."""
    REFUSED = "refused"
    """No room: the call was taken and ends at once with concurrency_limit_reached; nothing rings."""


NOT_CONNECTED_REASONS = {
    Scenario.BUSY: "dial_busy",
    Scenario.NO_ANSWER: "dial_no_answer",
    Scenario.DECLINED: "user_declined",
    Scenario.INVALID_NUMBER: "invalid_destination",
    Scenario.FAILED: "dial_failed",
    Scenario.SPAM: "marked_as_spam",
}

CONNECTED_REASONS = {
    Scenario.ANSWER: ("agent_hangup", "user_hangup"),
    Scenario.VOICEMAIL: ("voicemail_reached",),
    Scenario.DO_NOT_CALL: ("user_hangup",),
    Scenario.CALLBACK: ("user_requested_callback", "user_hangup"),
    Scenario.TRANSFERRED: ("call_transfer",),
    Scenario.TRANSFER_CANCELLED: ("agent_hangup",),
    Scenario.PLATFORM_ERROR: ("error_retell",),
}

ERROR_REASONS = frozenset({"concurrency_limit_reached", "no_valid_payment", "scam_detected", "registered_call_timeout"})

# Somebody picks up 60 calls in a hundred; two of three sales calls that reach nobody reach a machine or just ring.
DEFAULT_MIX = {
    Scenario.ANSWER: 48.0,
    Scenario.CALLBACK: 6.0,
    Scenario.DO_NOT_CALL: 3.0,
    Scenario.TRANSFERRED: 3.0,
    Scenario.VOICEMAIL: 14.0,
    Scenario.NO_ANSWER: 14.0,
    Scenario.BUSY: 6.0,
    Scenario.DECLINED: 3.0,
    Scenario.INVALID_NUMBER: 2.0,
    Scenario.FAILED: 1.0,
}


def status_of(reason: str, *, connected: bool) -> str:
    """The call_status that goes with a disconnection reason, by Retell's table.

    Source: docs.retellai.com, debug-call-disconnect. ``connected`` decides for the reasons that the table leaves open.
    """
    if reason.startswith("error_") or reason in ERROR_REASONS:
        return "error"
    return "ended" if connected else "not_connected"


def draw_scenario(throw: random.Random, mix: dict[Scenario, float], *, earlier_calls: int) -> Scenario:
    """One scenario of the mix; a number that was called before doesn't turn out not to exist."""
    weights = {s: w for s, w in mix.items() if not (earlier_calls and s is Scenario.INVALID_NUMBER)}
    if not any(weights.values()):
        return Scenario.ANSWER
    return throw.choices(list(weights), list(weights.values()))[0]
