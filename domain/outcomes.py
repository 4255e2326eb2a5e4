"""What a call was, read from what the provider says of it.

The provider's status can't tell a person from a machine (a call that reached voicemail has "ended" like any talk), so
only the disconnection reason and the analysis are read. What nobody foresaw is taken to have rung.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from domain.calls import CallFacts
from domain.disconnection_reasons import RULE_BY_REASON, UNFORESEEN, FollowUp, OutcomeRule
from domain.vocabulary import AttemptOutcome, LeadOutcome

SHORTEST_CONNECTION = timedelta(seconds=1)
"""A call that lasted as long was connected, whatever else is said of it."""

_LONGEST_WRITING = 100
_NOTHING = frozenset({"", "none", "null", "n/a", "na", "unknown", "false"})

_SEEMS_ANSWERED = frozenset(
    {AttemptOutcome.ANSWERED, AttemptOutcome.CALLBACK_REQUESTED, AttemptOutcome.TRANSFER_CANCELLED}
)

_LEAD_OUTCOMES = {
    AttemptOutcome.ANSWERED: LeadOutcome.REACHED,
    AttemptOutcome.TRANSFERRED: LeadOutcome.REACHED,
    AttemptOutcome.OPTED_OUT: LeadOutcome.OPTED_OUT,
    AttemptOutcome.INVALID_NUMBER: LeadOutcome.INVALID_NUMBER,
}


@dataclass(frozen=True, slots=True)
class SettledOutcome:
    """What an attempt came to.

    ``counts`` is false only for a call that certainly rang nowhere. ``follow_up`` is the same whether the call's end is
    reported with its analysis or without, but for what the analysis itself asks for.
    """

    outcome: AttemptOutcome
    counts: bool
    do_not_call: bool = False
    follow_up: FollowUp = FollowUp.NONE


def outcome_of(facts: CallFacts) -> SettledOutcome:
    """What a call that has ended came to. Facts that come later (the analysis) may be asked again and say more.

    A wish not to be called again outweighs everything, whoever may have heard it. A call said to have been refused,
    in which somebody spoke or which lasted a second, was none: it counts.

    Raises:
        ValueError: The call has not ended, so there is no outcome yet.
    """
    if not (facts.ended or facts.analyzed or facts.disconnection_reason):
        raise ValueError("A call that has not ended has no outcome; wait for its end or look it up.")
    custom = custom_analysis(facts.analysis)
    rule = _rule(facts)
    if facts.disconnection_reason == "user_requested_dnc" or _says_yes(custom.get("do_not_call")):
        return SettledOutcome(AttemptOutcome.OPTED_OUT, True, do_not_call=True, follow_up=rule.follow_up)
    rule = _by_analysis(rule, facts, callback_at=promised_text(custom))
    return SettledOutcome(rule.outcome, rule.counts, follow_up=rule.follow_up)


def custom_analysis(analysis: object) -> Mapping[str, Any]:
    """The fields that the agent's owner had the analysis fill in; empty where there are none."""
    return _mapping(_mapping(analysis).get("custom"))


def promised_text(custom: Mapping[str, Any]) -> str | None:
    """What the custom fields of an analysis say of the time of a call-back, in any form; 100 characters at most."""
    return written_field(custom, "callback_at")


def written_field(custom: Mapping[str, Any], name: str) -> str | None:
    """What one of the custom fields says in words; None for words for nothing. 100 characters at most."""
    written = custom.get(name)
    if not isinstance(written, str) or written.strip().lower() in _NOTHING:
        return None
    return written.strip()[:_LONGEST_WRITING]


def lead_outcome_for(outcome: AttemptOutcome) -> LeadOutcome | None:
    """How an attempt's outcome ends its lead at once; ``None`` where the retry schedule decides what comes next."""
    return _LEAD_OUTCOMES.get(outcome)


def _rule(facts: CallFacts) -> OutcomeRule:
    if not facts.disconnection_reason:
        return OutcomeRule(_outcome_without_reason(facts))
    rule = RULE_BY_REASON.get(facts.disconnection_reason, UNFORESEEN)
    if rule.when_spoken is not None and _callee_spoke(facts):
        return replace(rule, outcome=rule.when_spoken)
    if not rule.counts and (_callee_spoke(facts) or _was_connected(facts)):
        # Once it was connected there was room for it.
        follow_up = FollowUp.NONE if rule.follow_up is FollowUp.HOLD_BACK else rule.follow_up
        return replace(rule, outcome=AttemptOutcome.FAILED, counts=True, follow_up=follow_up)
    return rule


def _outcome_without_reason(facts: CallFacts) -> AttemptOutcome:
    if _callee_spoke(facts):
        return AttemptOutcome.ANSWERED
    if not _was_connected(facts):
        return AttemptOutcome.FAILED
    # Connected, and nobody kept what was said: rather one call too few than a person called twice.
    return AttemptOutcome.NO_ANSWER if is_known_to_be_silent(facts) else AttemptOutcome.ANSWERED


def is_known_to_be_silent(facts: CallFacts) -> bool:
    """Whether it was kept what was said, and the person on the other side said nothing."""
    return (facts.transcript is not None or facts.utterances is not None) and not _callee_spoke(facts)


def _by_analysis(rule: OutcomeRule, facts: CallFacts, *, callback_at: str | None) -> OutcomeRule:
    """What the analysis adds to a call that seemed to be answered: it was a machine, or wants another call."""
    if rule.outcome not in _SEEMS_ANSWERED:
        return rule
    if _says_yes(_analysis(facts).get("in_voicemail")):
        return OutcomeRule(AttemptOutcome.VOICEMAIL)
    if callback_at is not None:
        return OutcomeRule(AttemptOutcome.CALLBACK_REQUESTED, follow_up=FollowUp.CALL_BACK)
    return rule


def _was_connected(facts: CallFacts) -> bool:
    return timedelta(milliseconds=facts.duration_ms or 0) >= SHORTEST_CONNECTION


def _callee_spoke(facts: CallFacts) -> bool:
    if any(said.get("role") == "user" and str(said.get("content") or "").strip() for said in facts.utterances or ()):
        return True
    lines = (facts.transcript or "").splitlines()
    return any(line.startswith("User:") and line.removeprefix("User:").strip() for line in lines)


def _analysis(facts: CallFacts) -> Mapping[str, Any]:
    return _mapping(facts.analysis)


def _mapping(value: object) -> Mapping[str, Any]:
    # A model writes the analysis, so any shape may come.
    return value if isinstance(value, Mapping) else {}


def _says_yes(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.strip().lower() in {"true", "yes"})
