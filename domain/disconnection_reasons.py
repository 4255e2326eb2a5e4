"""What each reason that the provider gives for a call's end means.

Source: the 39 values of retell-sdk 6.2.13 and the provider's page on disconnection, read November 2026, with two
older values that calls of the past may still carry. For reasons that page says nothing about, the reading is ours and
errs towards "it rang": an attempt counts unless the call certainly happened nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from domain.vocabulary import AttemptOutcome as Outcome


class FollowUp(StrEnum):
    """What has to happen besides settling the attempt."""

    NONE = "none"
    DO_NOT_CALL = "do_not_call"
    CALL_BACK = "call_back"
    REST_CALLER_ID = "rest_caller_id"
    """A network takes the caller ID for spam; it has to rest."""
    PARK_ACCOUNT = "park_account"
    """Every further call of the account will be refused until somebody acts (pays, raises a budget)."""
    PARK_POOL = "park_pool"
    """Every further call by this carrier or caller ID will be refused until somebody acts (grants a permission)."""
    PARK_CAMPAIGN = "park_campaign"
    """Every further call with this agent will be refused until somebody acts."""
    HOLD_BACK = "hold_back"
    """There was no room; nobody else should try for a moment."""


PARKING = frozenset({FollowUp.PARK_ACCOUNT, FollowUp.PARK_POOL, FollowUp.PARK_CAMPAIGN})


@dataclass(frozen=True, slots=True)
class OutcomeRule:
    """``counts`` is false where certainly nothing rang. ``when_spoken`` replaces the outcome once the callee spoke."""

    outcome: Outcome
    counts: bool = True
    follow_up: FollowUp = FollowUp.NONE
    when_spoken: Outcome | None = None


UNFORESEEN = OutcomeRule(Outcome.FAILED)
"""For a reason that is newer than this table."""


def _rang_nowhere(follow_up: FollowUp = FollowUp.NONE) -> OutcomeRule:
    return OutcomeRule(Outcome.REFUSED, counts=False, follow_up=follow_up)


RULE_BY_REASON: Mapping[str, OutcomeRule] = MappingProxyType(
    {
        # Somebody or something answered.
        "user_hangup": OutcomeRule(Outcome.ANSWERED),
        "agent_hangup": OutcomeRule(Outcome.ANSWERED),
        "max_duration_reached": OutcomeRule(Outcome.ANSWERED),
        "inactivity": OutcomeRule(Outcome.NO_ANSWER, when_spoken=Outcome.ANSWERED),
        "call_transfer": OutcomeRule(Outcome.TRANSFERRED),
        "transfer_bridged": OutcomeRule(Outcome.TRANSFERRED),
        "transfer_cancelled": OutcomeRule(Outcome.TRANSFER_CANCELLED),
        "call_take_over": OutcomeRule(Outcome.TRANSFERRED),
        "user_requested_dnc": OutcomeRule(Outcome.OPTED_OUT, follow_up=FollowUp.DO_NOT_CALL),
        "user_requested_callback": OutcomeRule(Outcome.CALLBACK_REQUESTED, follow_up=FollowUp.CALL_BACK),
        "voicemail_reached": OutcomeRule(Outcome.VOICEMAIL),
        "machine_detected": OutcomeRule(Outcome.VOICEMAIL),  # an older value
        "ivr_reached": OutcomeRule(Outcome.VOICEMAIL),
        # It rang, or may have rung, and nobody answered.
        "dial_busy": OutcomeRule(Outcome.BUSY),
        "dial_no_answer": OutcomeRule(Outcome.NO_ANSWER),
        "user_declined": OutcomeRule(Outcome.DECLINED),
        "dial_failed": OutcomeRule(Outcome.FAILED),
        "invalid_destination": OutcomeRule(Outcome.INVALID_NUMBER),
        "sip_routing_error": OutcomeRule(Outcome.FAILED),
        "marked_as_spam": OutcomeRule(Outcome.FAILED, follow_up=FollowUp.REST_CALLER_ID),
        "network_blocked": OutcomeRule(Outcome.FAILED, follow_up=FollowUp.REST_CALLER_ID),
        # Stopped by hand, also while it rang.
        "manual_stopped": OutcomeRule(Outcome.FAILED, when_spoken=Outcome.ANSWERED),
        # It rang nowhere.
        "concurrency_limit_reached": _rang_nowhere(FollowUp.HOLD_BACK),
        "telephony_provider_unavailable": _rang_nowhere(FollowUp.HOLD_BACK),
        "telephony_provider_permission_denied": _rang_nowhere(FollowUp.PARK_POOL),
        "no_valid_payment": _rang_nowhere(FollowUp.PARK_ACCOUNT),
        "credit_exhausted": _rang_nowhere(FollowUp.PARK_ACCOUNT),
        "budget_reached": _rang_nowhere(FollowUp.PARK_ACCOUNT),
        "registered_call_timeout": _rang_nowhere(),  # waited five minutes for a call that never came
        # Broke off at the provider, possibly in the middle of a talk.
        "scam_detected": OutcomeRule(Outcome.FAILED, follow_up=FollowUp.PARK_CAMPAIGN),
        "no_concurrency_fallback": UNFORESEEN,  # for inbound calls, by what is known of it
        "error_user_not_joined": UNFORESEEN,  # for web calls
        "error_inbound_webhook": UNFORESEEN,  # an older value
        "error_llm_websocket_open": UNFORESEEN,
        "error_llm_websocket_lost_connection": UNFORESEEN,
        "error_llm_websocket_runtime": UNFORESEEN,
        "error_llm_websocket_corrupt_payload": UNFORESEEN,
        "error_no_audio_received": UNFORESEEN,
        "error_asr": UNFORESEEN,
        "error_retell": UNFORESEEN,
        "error_unknown": UNFORESEEN,
    }
)
