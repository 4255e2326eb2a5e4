"""What becomes of a finished lead whose last call is named otherwise: as if it had been named so at first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytz

from domain.calling_hours import federal_hours
from domain.corrections import Reweighed, reweigh
from domain.decision import Finished
from domain.dispositions import Then
from domain.retry_schedule import AttemptSummary, RetrySchedule
from domain.situation import Situation
from domain.vocabulary import AttemptOutcome, CampaignStatus, LeadOutcome

NOON = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
REACHED, OPTED_OUT = LeadOutcome.REACHED, LeadOutcome.OPTED_OUT
USED_UP, BLOCKED, CANCELLED = LeadOutcome.MAX_ATTEMPTS_REACHED, LeadOutcome.BLOCKED, LeadOutcome.CANCELLED


def situation(outcome: str, then: Then | None, *, calls: int = 1, **facts: Any) -> Situation:  # noqa: ANN401
    """Noon in Chicago, after calls that nobody answered and a last one with this outcome; three are the most."""
    history = [_call(number, "no_answer", None) for number in range(1, calls)]
    usual = Situation(
        now=NOON,
        hours=federal_hours(),
        zones=[pytz.timezone("America/Chicago")],
        zone_names=["America/Chicago"],
        schedule=RetrySchedule(3, {}),
        history=[*history, _call(calls, outcome, then)],
    )
    return replace(usual, **facts)


def _call(number: int, outcome: str, then: Then | None) -> AttemptSummary:
    return AttemptSummary(number, AttemptOutcome(outcome), True, NOON - timedelta(hours=9 - number), then)


@pytest.mark.parametrize(
    ("now", "outcome", "before"),
    [
        pytest.param(situation("answered", Then.RETRY), REACHED, Then.STOP, id="retry"),
        pytest.param(situation("answered", Then.CALL_BACK), REACHED, None, id="call-back"),
        pytest.param(situation("answered", Then.RETRY), OPTED_OUT, Then.DO_NOT_CALL, id="off-the-list-already"),
        pytest.param(situation("callback_requested", None), REACHED, Then.STOP, id="what-a-person-said-is-taken-back"),
        pytest.param(
            situation("answered", Then.RETRY, campaign_status=CampaignStatus.PAUSED),
            REACHED,
            None,
            id="waits-for-resume",
        ),
    ],
)
def test_a_lead_that_the_call_had_ended_goes_on(now: Situation, outcome: LeadOutcome, before: Then | None) -> None:
    done = replace(now, outcome=outcome)
    number = len(now.history)
    assert reweigh(done, outcome, number=number, before=before) == Reweighed(None, asks_for_calls=True)


@pytest.mark.parametrize(
    ("now", "outcome", "finished"),
    [
        pytest.param(situation("answered", Then.RETRY, calls=3), REACHED, Finished(USED_UP), id="attempts-used-up"),
        pytest.param(
            situation("answered", Then.RETRY, do_not_call=True),
            OPTED_OUT,
            Finished(BLOCKED, "do_not_call"),
            id="listed-meanwhile",
        ),
        pytest.param(
            situation("answered", Then.RETRY, campaign_status=CampaignStatus.FINISHED),
            REACHED,
            Finished(CANCELLED),
            id="campaign-over",
        ),
        pytest.param(situation("answered", Then.RETRY, cancelled=True), REACHED, Finished(CANCELLED), id="cancelled"),
        pytest.param(situation("answered", Then.RETRY, rang_back=REACHED), REACHED, Finished(REACHED), id="rang-back"),
        pytest.param(situation("opted_out", Then.RETRY), OPTED_OUT, Finished(OPTED_OUT), id="asked-for-no-more-calls"),
        pytest.param(
            situation("answered", Then.RETRY, blocked_reason="consent_missing"),
            BLOCKED,
            Finished(BLOCKED, "consent_missing"),
            id="was-blocked",
        ),
        pytest.param(situation("answered", Then.RETRY), CANCELLED, Finished(CANCELLED), id="was-cancelled"),
    ],
)
def test_what_else_ends_a_lead_holds(now: Situation, outcome: LeadOutcome, finished: Finished) -> None:
    done = replace(now, outcome=outcome)
    number = len(now.history)
    assert reweigh(done, outcome, number=number, before=Then.STOP) == Reweighed(finished, asks_for_calls=True)


def test_a_lead_whose_attempts_were_used_up_does_not_go_on_by_another_name_of_a_call() -> None:
    """Also where the campaign allows more by now: nobody would expect a call from putting figures right."""
    now = replace(situation("no_answer", Then.RETRY), outcome=USED_UP)
    assert reweigh(now, USED_UP, number=1, before=None).finished == Finished(USED_UP)


@pytest.mark.parametrize(
    ("then", "finished"),
    [
        pytest.param(Then.STOP, Finished(REACHED), id="stop"),
        pytest.param(Then.DO_NOT_CALL, Finished(OPTED_OUT), id="do-not-call"),
        pytest.param(None, Finished(REACHED), id="nothing"),
    ],
)
def test_a_call_that_ends_the_lead_otherwise_gives_it_its_outcome(then: Then | None, finished: Finished) -> None:
    now = replace(situation("answered", then), outcome=USED_UP, do_not_call=then is Then.DO_NOT_CALL)
    assert reweigh(now, USED_UP, number=1, before=Then.RETRY) == Reweighed(finished, asks_for_calls=False)


@pytest.mark.parametrize("hour", [0, 15], ids=["in the hours", "outside them"])
def test_how_a_lead_is_done_doesnt_depend_on_when_it_is_corrected(hour: int) -> None:
    """What the call was called before didn't end it, and its campaign is over since."""
    now = situation("no_answer", None, now=NOON + timedelta(hours=hour), campaign_status=CampaignStatus.FINISHED)
    found = reweigh(replace(now, outcome=USED_UP), USED_UP, number=1, before=None)
    assert found.finished == Finished(USED_UP)
