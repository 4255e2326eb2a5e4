"""Each rule of the decision, their order, and what may never come out of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytz
from hypothesis import given
from hypothesis import strategies as st

from domain.calling_hours import is_open, parse_windows
from domain.decision import (
    CLOSING_MARGIN,
    GRANT_LIFE,
    PACE_HORIZON,
    Capacity,
    Decision,
    Finished,
    MayDial,
    Situation,
    decide,
    may_send,
)
from domain.retry_schedule import AttemptSummary, RetrySchedule
from domain.steps import Parked, Queued, WaitUntil
from domain.vocabulary import AttemptOutcome, CampaignStatus, LeadOutcome

EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
NINE_TO_FIVE = parse_windows([{"days": EVERY_DAY, "opens": "09:00", "closes": "17:00"}])
NOON = datetime(2026, 3, 2, 17, tzinfo=UTC)  # noon in New York
ZONES = (pytz.timezone("America/New_York"),)
SCHEDULE = RetrySchedule(3, {AttemptOutcome.NO_ANSWER: (timedelta(hours=1),)})


def situation(**known: Any) -> Situation:  # noqa: ANN401  (fields of every type)
    base = Situation(now=NOON, hours=NINE_TO_FIVE, zones=ZONES, zone_names=("America/New_York",), schedule=SCHEDULE)
    return replace(base, **known)


def tried(
    outcome: AttemptOutcome, *, ago: timedelta = timedelta(minutes=10), counts: bool = True
) -> list[AttemptSummary]:
    return [AttemptSummary(1, outcome, counts, NOON - ago)]


def local(hour: int, minute: int = 0, second: int = 0) -> datetime:
    """An instant on the lead's clock, on the day of ``NOON``."""
    return NOON.replace(hour=hour + 5, minute=minute, second=second)


def test_a_lead_with_nothing_against_it_may_be_dialled_at_once_and_not_for_long() -> None:
    assert decide(situation()) == MayDial(NOON, NOON + GRANT_LIFE)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param({"outcome": LeadOutcome.REACHED}, Finished(LeadOutcome.REACHED), id="done-stays-done"),
        pytest.param({"cancelled": True}, Finished(LeadOutcome.CANCELLED), id="cancelled"),
        pytest.param({"do_not_call": True}, Finished(LeadOutcome.BLOCKED, "do_not_call"), id="do-not-call"),
        pytest.param({"consent_missing": True}, Finished(LeadOutcome.BLOCKED, "consent_missing"), id="no-consent"),
        pytest.param(
            {"campaign_status": CampaignStatus.FINISHED},
            Finished(LeadOutcome.BLOCKED, "campaign_finished"),
            id="campaign-finished",
        ),
        pytest.param({"history": tried(AttemptOutcome.ANSWERED)}, Finished(LeadOutcome.REACHED), id="reached"),
        pytest.param({"history": tried(AttemptOutcome.OPTED_OUT)}, Finished(LeadOutcome.OPTED_OUT), id="opted-out"),
        pytest.param(
            {"history": tried(AttemptOutcome.NO_ANSWER) * 3},
            Finished(LeadOutcome.MAX_ATTEMPTS_REACHED),
            id="attempts-used-up",
        ),
        pytest.param({"capacity": Capacity(free_slots=0)}, Queued(local(16, 59, 55), "a free slot"), id="pool-full"),
    ],
)
def test_what_stands_against_a_dial_is_said(known: dict[str, Any], expected: Decision) -> None:
    assert decide(situation(**known)) == expected


@pytest.mark.parametrize(
    "known",
    [
        pytest.param({"organization_stopped": True}, id="kill-switch"),
        pytest.param({"campaign_status": CampaignStatus.DRAFT}, id="draft"),
        pytest.param({"campaign_status": CampaignStatus.PAUSED}, id="paused"),
        pytest.param({"parked_reason": "the account is parked"}, id="account-refused"),
    ],
)
def test_what_people_have_to_see_to_parks_the_lead_without_a_timer(known: dict[str, Any]) -> None:
    assert isinstance(decide(situation(**known)), Parked)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        pytest.param(local(8, 59, 59), local(9), id="a-second-before-opening"),
        pytest.param(local(16, 59, 55), local(9) + timedelta(days=1), id="within-the-closing-margin"),
        pytest.param(local(17), local(9) + timedelta(days=1), id="closing-is-exclusive"),
    ],
)
def test_outside_hours_the_lead_waits_for_the_next_opening(now: datetime, opens: datetime) -> None:
    decision = decide(situation(now=now))
    assert isinstance(decision, WaitUntil)
    assert decision.instant == opens


def test_at_the_very_opening_the_lead_may_be_dialled() -> None:
    assert isinstance(decide(situation(now=local(9))), MayDial)


def test_a_retry_that_would_fall_after_closing_waits_for_the_morning() -> None:
    late = situation(now=local(16, 30), history=[AttemptSummary(1, AttemptOutcome.NO_ANSWER, True, local(16, 20))])
    decision = decide(late)
    assert isinstance(decision, WaitUntil)
    assert decision.instant == local(9) + timedelta(days=1)


def test_a_grant_ends_before_the_window_does() -> None:
    decision = decide(situation(now=local(16, 59, 40)))
    assert decision == MayDial(local(16, 59, 40), local(17) - CLOSING_MARGIN)


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        pytest.param(PACE_HORIZON, MayDial, id="soon-enough"),
        pytest.param(PACE_HORIZON + timedelta(seconds=1), Queued, id="too-far-ahead"),
    ],
)
def test_calls_a_second_are_waited_for_only_a_little(ahead: timedelta, expected: type) -> None:
    paced = Capacity(free_slots=1, next_dial_at=NOON + ahead)
    assert isinstance(decide(situation(capacity=paced)), expected)


def test_a_contact_who_is_on_another_call_is_waited_for() -> None:
    decision = decide(situation(contact_on_a_call=True))
    assert isinstance(decision, WaitUntil)
    assert NOON < decision.instant <= NOON + timedelta(minutes=1)


def test_a_promised_call_back_goes_before_the_schedule() -> None:
    promise = tried(AttemptOutcome.CALLBACK_REQUESTED)
    decision = decide(situation(history=promise, callback_at="2026-03-02T15:30:00"))
    assert isinstance(decision, WaitUntil)
    assert decision.instant == local(15, 30)


def test_a_lead_called_ahead_doesnt_wait_for_its_schedule_and_does_for_its_hours() -> None:
    history = tried(AttemptOutcome.NO_ANSWER)
    assert isinstance(decide(situation(history=history, called_ahead=True)), MayDial)
    assert isinstance(decide(situation(now=local(8), called_ahead=True)), WaitUntil)


def test_a_held_slot_isnt_counted_against_its_own_dial() -> None:
    held = situation(capacity=Capacity(free_slots=0), contact_on_a_call=True)
    assert may_send(held)
    assert not may_send(replace(held, do_not_call=True))


instants = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  (bounds are naive)
zone_sets = st.lists(
    st.sampled_from(["America/New_York", "America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe"]),
    min_size=1,
    max_size=3,
    unique=True,
)


@given(
    now=instants,
    names=zone_sets,
    flags=st.fixed_dictionaries(
        {name: st.booleans() for name in ("cancelled", "do_not_call", "consent_missing", "organization_stopped")}
    ),
    free_slots=st.integers(-1, 2),
    called_ahead=st.booleans(),
    status=st.sampled_from(CampaignStatus),
)
def test_whatever_else_is_true_nobody_is_dialled_against_a_rule(
    now: datetime,
    names: list[str],
    flags: dict[str, bool],
    free_slots: int,
    called_ahead: bool,
    status: CampaignStatus,
) -> None:
    zones = [pytz.timezone(name) for name in names]
    decision = decide(
        situation(
            now=now,
            zones=zones,
            zone_names=names,
            campaign_status=status,
            called_ahead=called_ahead,
            capacity=Capacity(free_slots=free_slots),
            **flags,
        )
    )
    if not isinstance(decision, MayDial):
        return
    assert not any(flags.values())
    assert (status, free_slots > 0) == (CampaignStatus.RUNNING, True)
    assert is_open(decision.not_before, NINE_TO_FIVE, zones)
    assert is_open(decision.not_after, NINE_TO_FIVE, zones)
