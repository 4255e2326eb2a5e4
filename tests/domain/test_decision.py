"""What may happen to a lead now: each rule, and which of two goes first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytz
from hypothesis import given
from hypothesis import strategies as st

from domain.attempt_caps import NO_CAPS, AttemptCaps
from domain.calling_hours import closes_at, federal_hours, is_open, parse_windows
from domain.decision import (
    CLOSING_MARGIN,
    CLOSING_SPREAD,
    CONTACT_BUSY_PAUSE,
    NO_OPENING_PAUSE,
    Decision,
    Finished,
    LookAgain,
    MayDial,
    NotYet,
    decide,
    may_send,
)
from domain.dispositions import Then
from domain.due import AFTER_A_REFUSAL, OTHER_PART_OF_DAY, PROMISE, RETRY_SCHEDULE, when_due
from domain.refused_requests import RequestRefusal
from domain.retry_schedule import AttemptSummary, RetrySchedule
from domain.situation import Capacity, Situation
from domain.steps import Parked, Queued
from domain.vocabulary import AttemptOutcome, CampaignStatus, LeadOutcome

NOON = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
CLOSING = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)
CHICAGO = pytz.timezone("America/Chicago")
SECOND = timedelta(seconds=1)
SCHEDULE = RetrySchedule(3, {AttemptOutcome.NO_ANSWER: (timedelta(hours=1),)})


def situation(**facts: Any) -> Situation:  # noqa: ANN401
    """Monday, noon in Chicago, with nothing against a call."""
    usual = Situation(
        now=NOON, hours=federal_hours(), zones=[CHICAGO], zone_names=["America/Chicago"], schedule=SCHEDULE
    )
    return replace(usual, **facts)


def tried(outcome: str, minutes_ago: float, *, counts: bool = True, number: int = 1) -> AttemptSummary:
    return AttemptSummary(number, AttemptOutcome(outcome), counts, NOON - timedelta(minutes=minutes_ago))


def refused(*reasons: str) -> list[AttemptSummary]:
    """Requests that were refused for these reasons, one an hour, the last one an hour ago."""
    attempts = [tried("refused", 60 * place, counts=False) for place in range(len(reasons), 0, -1)]
    return [replace(one, refusal=RequestRefusal(why)) for one, why in zip(attempts, reasons, strict=True)]


def _another_call(looks_at: datetime) -> LookAgain:
    return LookAgain(looks_at, CLOSING - CLOSING_MARGIN, "another call to this number to end")


def test_with_nothing_against_it_the_lead_may_be_dialled_now_and_for_thirty_seconds() -> None:
    assert decide(situation()) == MayDial(NOON, NOON + 30 * SECOND)


@pytest.mark.parametrize(
    ("facts", "decision"),
    [
        pytest.param({"outcome": LeadOutcome.REACHED}, Finished(LeadOutcome.REACHED), id="done-stays-done"),
        pytest.param({"cancelled": True}, Finished(LeadOutcome.CANCELLED), id="cancelled"),
        pytest.param({"do_not_call": True}, Finished(LeadOutcome.BLOCKED, "do_not_call"), id="do-not-call"),
        pytest.param({"consent_missing": True}, Finished(LeadOutcome.BLOCKED, "consent_missing"), id="no-consent"),
        pytest.param(
            {"history": refused("refused_request", "refused_lead", "refused_lead")},
            Finished(LeadOutcome.BLOCKED, "refused_by_provider"),
            id="refused-alone",
        ),
        pytest.param({"history": [tried("answered", 5)]}, Finished(LeadOutcome.REACHED), id="reached"),
        pytest.param({"history": [tried("transferred", 5)]}, Finished(LeadOutcome.REACHED), id="transferred"),
        pytest.param({"history": [tried("opted_out", 5)]}, Finished(LeadOutcome.OPTED_OUT), id="opted-out"),
        pytest.param({"history": [tried("invalid_number", 5)]}, Finished(LeadOutcome.INVALID_NUMBER), id="no-number"),
        pytest.param(
            {"history": [tried("no_answer", 300 - n, number=n) for n in (1, 2, 3)]},
            Finished(LeadOutcome.MAX_ATTEMPTS_REACHED),
            id="attempts-used-up",
        ),
        pytest.param(
            {"campaign_status": CampaignStatus.FINISHED},
            Finished(LeadOutcome.CANCELLED),
            id="campaign-finished",
        ),
        pytest.param({"parked_reason": "unpaid"}, Parked("unpaid"), id="parked"),
        pytest.param({"capacity": Capacity(free_slots=0)}, Queued(CLOSING, "a free slot"), id="full"),
        pytest.param({"capacity": Capacity(free_slots=-3)}, Queued(CLOSING, "a free slot"), id="cap-was-lowered"),
        pytest.param(
            {"contact_on_a_call": True},
            _another_call(NOON + CONTACT_BUSY_PAUSE),
            id="number-is-on-a-call",
        ),
        pytest.param(
            {"contact_rings_in": True, "now": CLOSING - 60 * SECOND},
            _another_call(CLOSING - CLOSING_MARGIN),
            id="somebody-rings-shortly-before-closing",
        ),
    ],
)
def test_each_rule_has_its_say(facts: dict[str, Any], decision: Decision) -> None:
    assert decide(situation(**facts)) == decision


@pytest.mark.parametrize(
    "history",
    [
        pytest.param(refused(*9 * ["refused_request"]), id="with-everybody-else"),
        pytest.param(refused("refused_request", "refused_lead"), id="once-alone"),
        pytest.param([tried("refused", 60 - n, counts=False) for n in range(9)], id="for-other-reasons"),
        pytest.param(
            [*refused("refused_lead"), tried("failed", 50), *refused("refused_lead")], id="not-since-a-call-that-rang"
        ),
    ],
)
def test_refusals_that_may_be_somebody_elses_fault_end_no_lead(history: list[AttemptSummary]) -> None:
    assert not isinstance(decide(situation(history=history)), Finished)


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"organization_stopped": True}, id="kill-switch"),
        pytest.param({"campaign_status": CampaignStatus.DRAFT}, id="draft"),
        pytest.param({"campaign_status": CampaignStatus.PAUSED}, id="paused"),
    ],
)
def test_whatever_people_hold_up_is_parked(facts: dict[str, Any]) -> None:
    assert isinstance(decide(situation(**facts)), Parked)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"outcome": LeadOutcome.REACHED}, {"cancelled": True}, id="done-before-cancelled"),
        pytest.param({"history": [tried("answered", 5)]}, {"cancelled": True}, id="reached-before-cancelled"),
        pytest.param({"history": [tried("opted_out", 5)]}, {"do_not_call": True}, id="opted-out-before-do-not-call"),
        pytest.param({"cancelled": True}, {"do_not_call": True}, id="cancelled-before-do-not-call"),
        pytest.param({"do_not_call": True}, {"consent_missing": True}, id="do-not-call-before-consent"),
        pytest.param({"cancelled": True}, {"history": refused(*2 * ["refused_lead"])}, id="cancelled-before-refused"),
        pytest.param({"history": refused(*2 * ["refused_lead"])}, {"parked_reason": "x"}, id="refused-before-parking"),
        pytest.param({"do_not_call": True}, {"now": NOON.replace(hour=5)}, id="do-not-call-before-sleep"),
        pytest.param({"now": NOON.replace(hour=5)}, {"organization_stopped": True}, id="sleep-before-parking"),
        pytest.param({"not_before": NOON + 9 * SECOND}, {"parked_reason": "unpaid"}, id="not-due-before-parking"),
        pytest.param({"parked_reason": "unpaid"}, {"contact_on_a_call": True}, id="parking-before-waiting"),
        pytest.param({"contact_on_a_call": True}, {"capacity": Capacity(free_slots=0)}, id="waiting-before-queueing"),
    ],
)
def test_of_two_rules_the_stronger_speaks(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert decide(situation(**second)) != decide(situation(**first)) == decide(situation(**(second | first)))


@pytest.mark.parametrize(
    ("before_closing", "may"),
    [
        pytest.param(5.001 * SECOND, True, id="just-outside-the-margin"),
        pytest.param(5 * SECOND, False, id="at-the-margin"),
        pytest.param(0 * SECOND, False, id="at-closing"),
    ],
)
def test_nothing_is_dialled_in_the_last_five_seconds_of_the_window(before_closing: timedelta, may: bool) -> None:
    late = situation(now=CLOSING - before_closing)
    decision = decide(late)
    assert may_send(late) is may
    if may:
        assert decision == MayDial(late.now, CLOSING - 5 * SECOND)
    else:
        opening = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)
        until = opening + timedelta(hours=13) - CLOSING_MARGIN
        earliest = max(late.now, CLOSING)
        assert decision == NotYet(earliest, opening, until, "Tue 08:00 America/Chicago, calling hours open")


@pytest.mark.parametrize(
    ("now", "facts", "opens"),
    [
        pytest.param("13:59:59", {}, "Mon 08:00", id="a-second-before-opening"),
        pytest.param("13:00", {"called_ahead": True}, "Mon 08:00", id="called-ahead-and-too-early"),
        pytest.param("18:00", {"not_before": CLOSING}, "Tue 08:00", id="a-wish-for-after-closing"),
        pytest.param("14:00", {}, None, id="at-the-very-opening"),
    ],
)
def test_outside_its_hours_the_lead_waits_for_the_next_opening(
    now: str, facts: dict[str, Any], opens: str | None
) -> None:
    instant = datetime.fromisoformat(f"2026-03-02T{now}+00:00")
    decision = decide(situation(now=instant, **facts))
    if opens is None:
        assert decision == MayDial(instant, instant + 30 * SECOND)
    else:
        assert isinstance(decision, NotYet)
        assert decision.why.startswith(f"{opens} America/Chicago, calling hours open")


@pytest.mark.parametrize(
    ("ahead", "granted"),
    [
        pytest.param(-10 * SECOND, True, id="free-for-long"),
        pytest.param(5 * SECOND, True, id="within-the-horizon"),
        pytest.param(5.001 * SECOND, False, id="beyond-the-horizon"),
    ],
)
def test_a_slot_is_given_only_for_a_dial_that_can_leave_soon(ahead: timedelta, granted: bool) -> None:
    decision = decide(situation(capacity=Capacity(free_slots=1, next_dial_at=NOON + ahead)))
    if granted:
        assert decision == MayDial(max(NOON, NOON + ahead), NOON + 30 * SECOND)
    else:
        assert decision == Queued(CLOSING, "its turn (calls a second)")


def test_a_dial_is_not_put_off_beyond_the_end_of_the_window() -> None:
    now = CLOSING - 7 * SECOND
    pace = Capacity(free_slots=1, next_dial_at=now + 3 * SECOND)
    assert isinstance(decide(situation(now=now, capacity=pace)), Queued)


@pytest.mark.parametrize(
    ("facts", "minutes", "by"),
    [
        pytest.param({"history": [tried("no_answer", 10)]}, 50, "the retry schedule", id="retry-schedule"),
        pytest.param({"history": [tried("no_answer", 60)]}, 0, "", id="pause-is-over"),
        pytest.param({"history": [tried("no_answer", 10)], "called_ahead": True}, 0, "", id="called-ahead"),
        pytest.param(
            {"not_before": NOON + timedelta(minutes=30), "called_ahead": True},
            30,
            "its own not_before",
            id="not-before-holds",
        ),
        pytest.param(
            {"history": [tried("refused", 0, counts=False)]},
            1 / 60,
            "the pause after a refused dial",
            id="refused-once",
        ),
        pytest.param(
            {"history": [tried("no_answer", 10), tried("refused", 0, counts=False)], "called_ahead": True},
            1 / 60,
            "the pause after a refused dial",
            id="called-ahead-and-refused",
        ),
    ],
)
def test_a_lead_is_called_when_it_is_due(facts: dict[str, Any], minutes: float, by: str) -> None:
    decision = decide(situation(**facts))
    due = NOON + timedelta(minutes=minutes)
    assert isinstance(decision, MayDial) if due == NOON else decision == _next_attempt(due, by)


def _next_attempt(due: datetime, by: str) -> NotYet:
    why = f"Mon {due.astimezone(CHICAGO):%H:%M} America/Chicago, next attempt by {by}"
    return NotYet(due, due, CLOSING - CLOSING_MARGIN, why)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        pytest.param(
            {"not_before": CLOSING + timedelta(hours=2)},
            "Tue 08:00 America/Chicago, calling hours open; before that held back by its own not_before",
            id="it-would-be-called-now",
        ),
        pytest.param(
            {"caps": AttemptCaps(per_day=1), "contact_dials": [NOON]},
            "Tue 08:00 America/Chicago, calling hours open; before that held back by the cap of 1 call a day",
            id="a-cap",
        ),
        pytest.param(
            {"now": CLOSING, "not_before": CLOSING + timedelta(hours=2)},
            "Tue 08:00 America/Chicago, calling hours open",
            id="the-hours-hold-it-back-longer",
        ),
        pytest.param(
            {"now": CLOSING, "not_before": CLOSING + timedelta(days=1)},
            "Wed 08:00 America/Chicago, calling hours open; before that held back by its own not_before",
            id="past-the-next-opening",
        ),
        pytest.param(
            {"now": CLOSING, "not_before": CLOSING + timedelta(hours=12)},
            "Tue 09:00 America/Chicago, next attempt by its own not_before",
            id="in-the-next-hours",
        ),
    ],
)
def test_who_waits_for_an_opening_is_told_what_held_it_back_before_that(facts: dict[str, Any], why: str) -> None:
    decision = decide(situation(**facts))
    assert isinstance(decision, NotYet)
    assert decision.why == why


@pytest.mark.parametrize(
    ("history", "minutes", "by"),
    [
        pytest.param([tried("callback_requested", 10)], 20, PROMISE, id="kept"),
        pytest.param(
            [tried("callback_requested", 10), tried("refused", 1, counts=False)],
            20,
            PROMISE,
            id="kept-although-refused-since",
        ),
        pytest.param(
            [tried("no_answer", 300), tried("callback_requested", 10)], 20, PROMISE, id="kept-after-other-attempts"
        ),
        pytest.param(
            [tried("callback_requested", 10), tried("no_answer", 5)], 55, RETRY_SCHEDULE, id="not-after-another-call"
        ),
    ],
)
def test_a_promised_call_back_is_kept(history: list[AttemptSummary], minutes: int, by: str) -> None:
    decision = decide(situation(history=history, callback_at="2026-03-02T12:20:00"))
    assert decision == _next_attempt(NOON + timedelta(minutes=minutes), by)


def test_a_refusal_at_the_promised_time_puts_the_call_back_off_by_its_pause_only() -> None:
    history = [tried("callback_requested", 10), tried("refused", 0, counts=False)]
    decision = decide(situation(history=history, callback_at="2026-03-02T11:55:00"))
    assert decision == _next_attempt(NOON + SECOND, AFTER_A_REFUSAL)


@pytest.mark.parametrize(
    "facts", [{}, {"not_before": NOON + timedelta(days=9)}, {"history": [tried("no_answer", 10)]}], ids=str
)
def test_hours_that_never_open_are_looked_at_again_a_day_later(facts: dict[str, Any]) -> None:
    one_hour = parse_windows([{"days": ["mon"], "opens": "09:00", "closes": "10:00"}])
    names = ["America/Chicago", "Asia/Tokyo"]
    never = {"hours": one_hour, "zones": [pytz.timezone(name) for name in names], "zone_names": names}
    decision = decide(situation(**never, **facts))
    assert decision == LookAgain(
        NOON + timedelta(days=1),
        None,
        "can't ever be called: the campaign's windows and the calling rules have no hour in its 2 time zones at once "
        "(America/Chicago, Asia/Tokyo); give the lead its time zone, or widen the windows",
    )


@pytest.mark.parametrize(
    ("outcome", "then", "decision"),
    [
        pytest.param("answered", Then.STOP, Finished(LeadOutcome.REACHED), id="stop"),
        pytest.param("callback_requested", Then.STOP, Finished(LeadOutcome.REACHED), id="stop-against-a-call-back"),
        pytest.param("voicemail", Then.STOP, Finished(LeadOutcome.MAX_ATTEMPTS_REACHED), id="stop-at-a-machine"),
        pytest.param("answered", Then.DO_NOT_CALL, Finished(LeadOutcome.OPTED_OUT), id="do-not-call"),
        pytest.param("opted_out", Then.RETRY, Finished(LeadOutcome.OPTED_OUT), id="opted-out-stands"),
        pytest.param("invalid_number", Then.RETRY, Finished(LeadOutcome.INVALID_NUMBER), id="no-number-stands"),
        pytest.param("answered", Then.RETRY, 230, id="retry-a-talk"),
        pytest.param("answered", Then.CALL_BACK, 230, id="call-back-without-a-time"),
        pytest.param("no_answer", Then.RETRY, 50, id="retry-goes-by-the-outcome"),
    ],
)
def test_what_a_disposition_says_comes_before_the_outcome(outcome: str, then: Then, decision: Finished | int) -> None:
    history = [replace(tried(outcome, 10), then=then)]
    in_minutes = timedelta(minutes=decision) if isinstance(decision, int) else None
    expected = decision if in_minutes is None else _next_attempt(NOON + in_minutes, RETRY_SCHEDULE)
    assert decide(situation(history=history)) == expected


def test_a_call_back_by_disposition_is_kept_at_its_time() -> None:
    history = [replace(tried("answered", 10), then=Then.CALL_BACK)]
    decision = decide(situation(history=history, callback_at="2026-03-02T12:20:00"))
    assert decision == _next_attempt(NOON + timedelta(minutes=20), PROMISE)


@pytest.mark.parametrize(
    ("caps", "minutes_ago", "wait"),
    [
        pytest.param(AttemptCaps(per_24_hours=3), [60, 1000, 1439], 1, id="rolling-24-hours"),
        pytest.param(AttemptCaps(per_24_hours=3), [60, 1000, 1440], 0, id="24-hours-are-over"),
        pytest.param(AttemptCaps(least_distance=timedelta(hours=2)), [60], 60, id="least-distance"),
        pytest.param(AttemptCaps(per_day=2), [60, 120], 20 * 60, id="a-day-on-the-contacts-clock"),
        pytest.param(AttemptCaps(per_day=2), [60, 721], 0, id="yesterday-is-over"),
    ],
)
@pytest.mark.parametrize("called_ahead", [False, True])
def test_the_caps_of_a_contact_hold_over_all_its_leads(
    caps: AttemptCaps, minutes_ago: list[int], wait: int, called_ahead: bool
) -> None:
    dials = [NOON - timedelta(minutes=minutes) for minutes in minutes_ago]
    one = situation(caps=caps, contact_dials=dials, called_ahead=called_ahead)
    assert may_send(one) is (wait == 0)
    if wait:
        decision = decide(one)
        assert isinstance(decision, NotYet)
        assert decision.opens_at == NOON + timedelta(minutes=wait)


def test_after_no_answer_another_part_of_the_day_is_tried_where_that_is_wanted() -> None:
    history = [tried("no_answer", 30)]
    assert decide(situation(history=history)) == _next_attempt(NOON + timedelta(minutes=30), RETRY_SCHEDULE)
    # Half past eleven was midday, so the retry of half past twelve goes to the afternoon.
    decision = decide(situation(history=history, vary_part_of_day=True))
    assert decision == _next_attempt(NOON + timedelta(hours=2), OTHER_PART_OF_DAY)


def test_a_contact_that_another_lead_reached_lately_is_left_alone() -> None:
    assert decide(situation(reached_elsewhere=True)) == Finished(LeadOutcome.BLOCKED, "reached_recently")


def test_those_still_queued_at_closing_wake_one_by_one_after_it() -> None:
    decision = decide(situation(capacity=Capacity(free_slots=0), spread=0.5))
    assert decision == Queued(CLOSING + CLOSING_SPREAD / 2, "a free slot")


def test_a_request_that_holds_its_slot_is_asked_neither_for_room_nor_for_the_contact() -> None:
    assert may_send(situation(capacity=Capacity(free_slots=0), contact_on_a_call=True))


zones = st.lists(st.sampled_from(["America/Chicago", "America/St_Johns", "Europe/London", "Asia/Kolkata"]), min_size=1)
attempts = st.builds(
    tried,
    st.sampled_from([outcome.value for outcome in AttemptOutcome]),
    st.floats(0, 10_000),
    counts=st.booleans(),
)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
situations = st.builds(
    lambda now, names, dialled_ago, **facts: situation(
        now=now,
        zones=[pytz.timezone(name) for name in names],
        zone_names=names,
        contact_dials=[now - ago for ago in dialled_ago],
        **facts,
    ),
    instants,
    zones,
    st.lists(st.timedeltas(timedelta(0), timedelta(days=2)), max_size=3),
    cancelled=st.booleans(),
    do_not_call=st.booleans(),
    consent_missing=st.booleans(),
    contact_on_a_call=st.booleans(),
    called_ahead=st.booleans(),
    not_before=st.none() | instants,
    history=st.lists(attempts, max_size=4),
    callback_at=st.none() | st.text(max_size=20) | instants.map(datetime.isoformat),
    caps=st.builds(
        AttemptCaps,
        per_day=st.none() | st.integers(1, 2),
        per_24_hours=st.none() | st.integers(1, 2),
        least_distance=st.none() | st.timedeltas(timedelta(0), timedelta(days=3)),
    ),
    vary_part_of_day=st.booleans(),
    organization_stopped=st.booleans(),
    campaign_status=st.sampled_from(CampaignStatus),
    parked_reason=st.none() | st.just("unpaid"),
    capacity=st.builds(Capacity, free_slots=st.integers(-1, 2), next_dial_at=st.none() | instants),
)


@given(situations | st.builds(situation, now=instants, do_not_call=st.booleans(), called_ahead=st.booleans()))
def test_nobody_is_ever_dialled_against_the_rules_whatever_else_is_true(one: Situation) -> None:
    decision = decide(one)
    assert isinstance(decision, Finished | NotYet | LookAgain | Queued | Parked | MayDial)
    if not isinstance(decision, MayDial):
        return
    held_up = one.do_not_call or one.cancelled or one.consent_missing or one.organization_stopped
    assert not held_up
    assert not one.parked_reason
    assert one.campaign_status is CampaignStatus.RUNNING
    assert is_open(one.now, one.hours, one.zones)
    assert decision.not_before >= one.now
    assert decision.not_before <= decision.not_after <= closes_at(one.now, one.hours, one.zones) - CLOSING_MARGIN


@given(situations)
def test_a_lead_that_waits_wakes_later_and_only_inside_its_hours(one: Situation) -> None:
    match decide(one):
        case NotYet(opens_at=opens_at):
            assert opens_at > one.now
            assert is_open(opens_at, one.hours, one.zones)
        case LookAgain(at=at, open_until=None):
            assert at == one.now + NO_OPENING_PAUSE
        case LookAgain(at=at):
            assert one.now < at <= closes_at(one.now, one.hours, one.zones) - CLOSING_MARGIN
        case Queued(until=until):
            after = until - closes_at(one.now, one.hours, one.zones)
            assert timedelta(0) <= after <= CLOSING_SPREAD
        case _:
            return


@given(situations)
def test_what_is_told_to_hold_a_lead_back_is_what_lets_it_go_when_it_is_taken_away(one: Situation) -> None:
    due = when_due(one)
    if due is None or due.at <= one.now:
        return
    match due.by:
        case "its own not_before":
            without = replace(one, not_before=None)
        case by if by.startswith(("the cap of", "the distance of")):
            without = replace(one, caps=NO_CAPS)
        case _:
            without = replace(one, history=())
    earlier = when_due(without)
    assert earlier is not None
    assert earlier.at <= due.at
    assert earlier != due
