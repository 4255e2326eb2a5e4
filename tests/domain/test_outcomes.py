from dataclasses import replace
from typing import Any, get_args

import pytest
from retell.types.phone_call_response import PhoneCallResponse

from domain.calls import CallEvent, CallFacts
from domain.disconnection_reasons import RULE_BY_REASON, FollowUp
from domain.outcomes import lead_outcome_for, outcome_of
from domain.vocabulary import AttemptOutcome, LeadOutcome

OF_OWNERS = {*FollowUp} - {FollowUp.NONE, FollowUp.DO_NOT_CALL, FollowUp.CALL_BACK}
OLD_REASONS = {"machine_detected", "error_inbound_webhook"}


def ended(reason: str | None = None, facts: dict[str, Any] | None = None) -> CallFacts:
    call = CallFacts(event=CallEvent.ANALYZED, call_id="call_1", ended=True, disconnection_reason=reason)
    return replace(call, **(facts or {}))


def test_every_reason_the_provider_documents_has_its_rule() -> None:
    documented = set(get_args(get_args(PhoneCallResponse.model_fields["disconnection_reason"].annotation)[0]))
    assert len(documented) == 39
    assert RULE_BY_REASON.keys() - OLD_REASONS == documented


@pytest.mark.parametrize(
    ("reason", "outcome", "counts", "follow_up"),
    [
        ("user_hangup", "answered", True, FollowUp.NONE),
        ("voicemail_reached", "voicemail", True, FollowUp.NONE),
        ("machine_detected", "voicemail", True, FollowUp.NONE),
        ("dial_no_answer", "no_answer", True, FollowUp.NONE),
        ("dial_busy", "busy", True, FollowUp.NONE),
        ("user_declined", "declined", True, FollowUp.NONE),
        ("invalid_destination", "invalid_number", True, FollowUp.NONE),
        ("call_transfer", "transferred", True, FollowUp.NONE),
        ("user_requested_dnc", "opted_out", True, FollowUp.DO_NOT_CALL),
        ("user_requested_callback", "callback_requested", True, FollowUp.CALL_BACK),
        ("concurrency_limit_reached", "refused", False, FollowUp.HOLD_BACK),
        ("no_valid_payment", "refused", False, FollowUp.PARK_ACCOUNT),
        ("credit_exhausted", "refused", False, FollowUp.PARK_ACCOUNT),
        ("budget_reached", "refused", False, FollowUp.PARK_ACCOUNT),
        ("telephony_provider_permission_denied", "refused", False, FollowUp.PARK_POOL),
        ("scam_detected", "failed", True, FollowUp.PARK_CAMPAIGN),
        ("network_blocked", "failed", True, FollowUp.REST_CALLER_ID),
        ("marked_as_spam", "failed", True, FollowUp.REST_CALLER_ID),
        ("error_retell", "failed", True, FollowUp.NONE),
        ("a_reason_of_next_year", "failed", True, FollowUp.NONE),
    ],
    ids=lambda value: value if isinstance(value, str) and "_" in value else "",
)
def test_the_reason_tells_what_a_call_was(reason: str, outcome: str, counts: bool, follow_up: FollowUp) -> None:
    settled = outcome_of(ended(reason))
    assert (settled.outcome, settled.counts, settled.follow_up) == (outcome, counts, follow_up)


@pytest.mark.parametrize("status", ["ended", "not_connected", "error", "registered", None])
@pytest.mark.parametrize(
    ("reason", "outcome"), [("voicemail_reached", "voicemail"), ("user_hangup", "answered"), ("dial_busy", "busy")]
)
def test_the_status_of_a_call_changes_nothing(status: str | None, reason: str, outcome: str) -> None:
    assert outcome_of(ended(reason, {"provider_status": status})).outcome == outcome


@pytest.mark.parametrize(
    ("reason", "analysis", "outcome"),
    [
        pytest.param("agent_hangup", {"in_voicemail": True}, "voicemail", id="a-machine-answered"),
        pytest.param("agent_hangup", {"in_voicemail": False}, "answered", id="a-person-answered"),
        pytest.param("max_duration_reached", {"in_voicemail": True}, "voicemail", id="talked-to-a-machine"),
        pytest.param("dial_busy", {"in_voicemail": True}, "busy", id="nobody-answered-anyway"),
        pytest.param("call_transfer", {"in_voicemail": True}, "transferred", id="the-transfer-is-certain"),
        pytest.param("agent_hangup", {"custom": {"callback_at": "tomorrow"}}, "callback_requested", id="call-back"),
        pytest.param("agent_hangup", {"custom": {"callback_at": "None"}}, "answered", id="no-call-back-in-words"),
        pytest.param("agent_hangup", {"custom": {"callback_at": 7}}, "answered", id="call-back-of-a-strange-kind"),
        pytest.param("agent_hangup", {"custom": "none"}, "answered", id="custom-data-of-a-strange-kind"),
        pytest.param("agent_hangup", {"custom": {"do_not_call": True}}, "opted_out", id="opted-out"),
        pytest.param("voicemail_reached", {"custom": {"do_not_call": "yes"}}, "opted_out", id="opted-out-anywhere"),
        pytest.param("agent_hangup", {"custom": {"do_not_call": "no"}}, "answered", id="did-not-opt-out"),
        pytest.param(
            "user_requested_callback", {"in_voicemail": True}, "voicemail", id="a-machine-asks-for-no-call-back"
        ),
    ],
)
def test_the_analysis_tells_a_machine_a_promise_and_a_refusal(
    reason: str, analysis: dict[str, Any], outcome: str
) -> None:
    assert outcome_of(ended(reason, {"analysis": analysis})).outcome == outcome


def test_a_wish_not_to_be_called_outweighs_a_promised_call_back() -> None:
    custom = {"callback_at": "2026-03-02T15:00", "do_not_call": True}
    settled = outcome_of(ended("user_requested_callback", {"analysis": {"custom": custom}}))
    assert (settled.outcome, settled.do_not_call) == ("opted_out", True)


@pytest.mark.parametrize("reason", [reason for reason, rule in RULE_BY_REASON.items() if rule.follow_up in OF_OWNERS])
@pytest.mark.parametrize(
    "custom", [{}, {"do_not_call": True}, {"callback_at": "2026-03-02T15:00"}], ids=["nothing", "opt-out", "call-back"]
)
def test_what_an_end_asks_for_is_the_same_with_its_analysis_and_without(reason: str, custom: dict[str, Any]) -> None:
    analyzed = ended(reason, {"analysis": {"in_voicemail": True, "custom": custom}})
    assert outcome_of(analyzed).follow_up is outcome_of(ended(reason)).follow_up is RULE_BY_REASON[reason].follow_up


@pytest.mark.parametrize(
    "proof",
    [
        pytest.param({"duration_ms": 1000}, id="it-lasted"),
        pytest.param({"transcript": "Agent: Hello\nUser: Who is this?\n"}, id="transcript"),
        pytest.param({"utterances": [{"role": "user", "content": "Who is this?"}]}, id="utterances"),
    ],
)
def test_a_refused_call_in_which_somebody_answered_counts(proof: dict[str, Any]) -> None:
    settled = outcome_of(ended("credit_exhausted", proof))
    assert (settled.outcome, settled.counts, settled.follow_up) == ("failed", True, FollowUp.PARK_ACCOUNT)


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        pytest.param({"transcript": "User: hello"}, "answered", id="somebody-spoke"),
        pytest.param(
            {"utterances": [{"role": "agent", "content": "Hello?"}], "duration_ms": 9000}, "no_answer", id="mute"
        ),
        pytest.param({"duration_ms": 9000}, "answered", id="lasted-and-nothing-was-kept"),
        pytest.param({"duration_ms": 0, "transcript": ""}, "failed", id="nothing-at-all"),
        pytest.param({"provider_status": "error"}, "failed", id="status-only"),
    ],
)
def test_a_call_that_ended_for_no_reason_is_told_by_what_was_said(facts: dict[str, Any], outcome: str) -> None:
    settled = outcome_of(ended(None, facts))
    assert (settled.outcome, settled.counts) == (outcome, True)


@pytest.mark.parametrize(
    ("reason", "silent"), [("inactivity", "no_answer"), ("manual_stopped", "failed")], ids=["inactivity", "stopped"]
)
def test_some_ends_are_an_answer_only_once_the_person_spoke(reason: str, silent: str) -> None:
    assert outcome_of(ended(reason, {"transcript": "Agent: Hello?\nUser: \n"})).outcome == silent
    assert outcome_of(ended(reason, {"transcript": "Agent: Hello?\nUser: Yes\n"})).outcome == "answered"


def test_a_call_that_goes_on_has_no_outcome() -> None:
    with pytest.raises(ValueError, match="wait for its end or look it up"):
        outcome_of(CallFacts(event=CallEvent.STARTED, call_id="call_1"))


@pytest.mark.parametrize("outcome", list(AttemptOutcome))
def test_only_a_talk_a_refusal_and_a_dead_number_end_the_lead_at_once(outcome: AttemptOutcome) -> None:
    ends = {
        AttemptOutcome.ANSWERED: LeadOutcome.REACHED,
        AttemptOutcome.TRANSFERRED: LeadOutcome.REACHED,
        AttemptOutcome.OPTED_OUT: LeadOutcome.OPTED_OUT,
        AttemptOutcome.INVALID_NUMBER: LeadOutcome.INVALID_NUMBER,
    }
    assert lead_outcome_for(outcome) == ends.get(outcome)
