from datetime import UTC, datetime

import pytest

from domain.calls import CallEvent, CallFacts
from domain.dispositions import Then
from domain.ringing_back import inbound_outcome_of, lead_outcome_by_ringing
from domain.vocabulary import AttemptOutcome, LeadOutcome

ENDED_AT = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


def ended(**facts: object) -> CallFacts:
    return CallFacts(event=CallEvent.ANALYZED, call_id="call_1", ended=True, analyzed=True, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        pytest.param({"transcript": "Agent: Hi\nUser: Hello\n"}, "answered", id="a-talk"),
        pytest.param({"transcript": "Agent: Hi\n"}, "no_answer", id="hung-up-without-a-word"),
        pytest.param({"utterances": []}, "no_answer", id="nothing-was-said"),
        pytest.param({}, "answered", id="nobody-kept-what-was-said"),
        pytest.param({"transcript": "", "disconnection_reason": "user_requested_dnc"}, "opted_out", id="opted-out"),
    ],
)
def test_whoever_rings_and_says_nothing_was_not_reached(facts: dict[str, object], outcome: str) -> None:
    assert inbound_outcome_of(ended(**{"disconnection_reason": "user_hangup", **facts})).outcome == outcome


@pytest.mark.parametrize(
    ("outcome", "then", "ends"),
    [
        pytest.param(AttemptOutcome.ANSWERED, None, LeadOutcome.REACHED, id="a-talk-ends-the-lead"),
        pytest.param(AttemptOutcome.TRANSFERRED, None, LeadOutcome.REACHED, id="handed-to-a-person"),
        pytest.param(AttemptOutcome.OPTED_OUT, None, LeadOutcome.OPTED_OUT, id="an-opt-out-too"),
        pytest.param(AttemptOutcome.ANSWERED, Then.DO_NOT_CALL, LeadOutcome.OPTED_OUT, id="or-by-disposition"),
        pytest.param(AttemptOutcome.CALLBACK_REQUESTED, None, None, id="who-wants-another-call-gets-it"),
        pytest.param(AttemptOutcome.ANSWERED, Then.RETRY, None, id="so-does-a-campaign-that-says-so"),
        pytest.param(AttemptOutcome.NO_ANSWER, None, None, id="a-silent-call-ends-nothing"),
        pytest.param(AttemptOutcome.NO_ANSWER, Then.STOP, None, id="whatever-its-disposition"),
        pytest.param(AttemptOutcome.INVALID_NUMBER, None, None, id="a-number-that-rings-exists"),
    ],
)
def test_a_call_of_ones_own_ends_the_lead_only_when_the_person_was_reached(
    outcome: AttemptOutcome, then: Then | None, ends: LeadOutcome | None
) -> None:
    assert lead_outcome_by_ringing(outcome, then, ended_at=ENDED_AT) == ends
