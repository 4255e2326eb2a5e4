from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.dispositions import Then
from domain.outcomes import lead_outcome_for
from domain.parking import PROBE_EVERY
from domain.refused_requests import RequestRefusal
from domain.retry_schedule import (
    DEFAULT_DELAYS,
    AttemptSummary,
    InvalidRetryDelays,
    RetrySchedule,
    next_due,
    parse_retry_delays,
)
from domain.vocabulary import AttemptOutcome

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SCHEDULE = RetrySchedule(4, parse_retry_delays({"no_answer": [1800, 14400], "busy": [600]}))


def history(*outcomes: str) -> list[AttemptSummary]:
    """Attempts of these outcomes, one an hour, the last one at noon."""
    first = NOON - timedelta(hours=len(outcomes) - 1)
    return [
        AttemptSummary(number, AttemptOutcome(outcome), outcome != "refused", first + timedelta(hours=number - 1))
        for number, outcome in enumerate(outcomes, 1)
    ]


def test_a_lead_that_was_never_tried_is_due_now() -> None:
    assert next_due(SCHEDULE, [], NOON) == NOON


@pytest.mark.parametrize(
    ("outcomes", "pause_seconds"),
    [
        pytest.param(["no_answer"], 1800, id="first-delay"),
        pytest.param(["no_answer", "no_answer"], 14400, id="second-delay"),
        pytest.param(["no_answer", "no_answer", "no_answer"], 14400, id="the-last-one-repeats"),
        pytest.param(["no_answer", "busy"], 600, id="another-outcome-starts-its-own"),
        pytest.param(["no_answer", "busy", "no_answer"], 14400, id="and-does-not-interrupt-the-first"),
        pytest.param(["no_answer", "refused", "refused", "no_answer"], 14400, id="refusals-use-up-no-delay"),
        pytest.param(["voicemail"], 86400, id="an-outcome-the-campaign-does-not-name"),
        pytest.param(["transfer_cancelled"], 900, id="nobody-to-be-put-through-to"),
        pytest.param(["transfer_cancelled", "no_answer", "transfer_cancelled"], 7200, id="nor-the-second-time"),
        pytest.param(["refused"], 1, id="refused-once"),
        pytest.param(["refused", "refused", "refused"], 4, id="refused-three-times"),
        pytest.param(["refused"] * 7, 60, id="a-minute-at-most"),
        pytest.param(["refused"] * 5000, 60, id="however-often"),
        pytest.param(["refused", "no_answer", "refused"], 1, id="refusals-in-a-row-only"),
    ],
)
def test_the_next_attempt_is_due_after_the_pause_for_what_happened(outcomes: list[str], pause_seconds: int) -> None:
    assert next_due(SCHEDULE, history(*outcomes), NOON) == NOON + timedelta(seconds=pause_seconds)


@pytest.mark.parametrize("refusal", RequestRefusal)
@pytest.mark.parametrize(("times", "pause_seconds"), [(1, 35), (6, 35), (7, 60), (50, 60)])
def test_a_request_that_was_refused_leaves_the_next_probe_to_another_lead(
    refusal: RequestRefusal, times: int, pause_seconds: int
) -> None:
    refused = [replace(attempt, refusal=refusal) for attempt in history(*["refused"] * times)]
    assert next_due(SCHEDULE, refused, NOON) == NOON + timedelta(seconds=pause_seconds)
    assert timedelta(seconds=pause_seconds) > PROBE_EVERY


def test_a_refusal_does_not_shorten_the_pause_before_it() -> None:
    assert next_due(SCHEDULE, history("voicemail", "refused"), NOON) == NOON + timedelta(hours=23)


@pytest.mark.parametrize(
    ("outcomes", "used_up"),
    [
        pytest.param(["busy"] * 3, False, id="one-left"),
        pytest.param(["busy"] * 4, True, id="all-used-up"),
        pytest.param(["busy"] * 3 + ["refused"] * 9, False, id="refusals-do-not-count"),
        pytest.param(["busy"] * 4 + ["refused"], True, id="used-up-before-the-refusal"),
        pytest.param(["unknown"] * 4, True, id="what-may-have-rung-counts"),
        pytest.param(["opted_out"], True, id="nobody-calls-after-that"),
    ],
)
def test_the_schedule_ends_with_the_last_counted_attempt(outcomes: list[str], used_up: bool) -> None:
    assert (next_due(SCHEDULE, history(*outcomes), NOON) is None) is used_up


@pytest.mark.parametrize("outcome", [outcome for outcome in AttemptOutcome if outcome is not AttemptOutcome.REFUSED])
def test_every_outcome_either_ends_the_lead_or_has_a_pause(outcome: AttemptOutcome) -> None:
    assert (outcome in DEFAULT_DELAYS) is (lead_outcome_for(outcome) is None)


def test_a_schedule_without_attempts_is_none() -> None:
    with pytest.raises(ValueError, match="1 attempt at least"):
        RetrySchedule(0, {})


def test_delays_are_read_as_the_contract_writes_them() -> None:
    written = {"no_answer": [1800, 14400, 86400], "busy": [600], "voicemail": [86400], "failed": [300]}
    assert parse_retry_delays(written).items() <= DEFAULT_DELAYS.items()


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        pytest.param([1800], "Give an object", id="list"),
        pytest.param(None, "Give an object", id="null"),
        pytest.param({"noanswer": [1]}, "'noanswer' is no outcome. Give delays for some of no_answer, busy", id="typo"),
        pytest.param({3: [1]}, "'3' is no outcome", id="number-as-name"),
        pytest.param({"x" * 1_000_000: [1]}, "is no outcome", id="megabyte"),
        pytest.param({"opted_out": [60]}, "After opted_out the schedule has no say", id="opted-out"),
        pytest.param({"answered": [60]}, "After answered the schedule has no say", id="answered"),
        pytest.param({"refused": [60]}, "After refused the schedule has no say", id="refused"),
        pytest.param({"busy": []}, "busy needs a list of 1 to 20", id="empty"),
        pytest.param({"busy": 600}, "busy needs a list of 1 to 20", id="no-list"),
        pytest.param({"busy": [1] * 21}, "busy needs a list of 1 to 20", id="too-many"),
        pytest.param({"busy": [-1]}, "whole number of seconds", id="negative"),
        pytest.param({"busy": [90 * 86400 + 1]}, "90 days", id="too-long"),
        pytest.param({"busy": [1.5]}, "whole number of seconds", id="fraction"),
        pytest.param({"busy": [True]}, "whole number of seconds", id="yes-as-number"),
        pytest.param({"busy": ["600"]}, "whole number of seconds", id="text"),
    ],
)
def test_delays_that_cannot_be_kept_are_refused_with_what_to_give(written: object, hint: str) -> None:
    with pytest.raises(InvalidRetryDelays, match=hint) as refused:
        parse_retry_delays(written)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("then", [None, Then.RETRY, Then.CALL_BACK])
def test_a_cancelled_transfer_is_tried_again_by_its_own_rule_whatever_the_disposition_says(then: Then | None) -> None:
    schedule = RetrySchedule(4, parse_retry_delays({"transfer_cancelled": [120], "callback_requested": [7200]}))
    cancelled = AttemptSummary(1, AttemptOutcome.TRANSFER_CANCELLED, True, NOON, then)
    assert next_due(schedule, [cancelled], NOON) == NOON + timedelta(seconds=120)
