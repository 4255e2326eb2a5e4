from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.calling_hours import parse_windows
from domain.decision import decide
from domain.queue_estimate import QUEUED_FOR, Queue, describe_place, served_a_second
from domain.retry_schedule import RetrySchedule, parse_retry_delays
from domain.situation import Capacity, Situation
from domain.steps import Queued
from domain.time_zones import load_zones

NOON_IN_CHICAGO = datetime(2026, 3, 2, 18, tzinfo=UTC)
CHICAGO = "America/Chicago"
CLOSING = NOON_IN_CHICAGO + timedelta(hours=9)
NOBODY_ELSE = Queue(before=0, calls_ended=600, ended_within=timedelta(minutes=10), live_calls=20, calls_per_second=10.0)


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        pytest.param(NOBODY_ELSE, 1.0, id="as-lately"),
        pytest.param(replace(NOBODY_ELSE, calls_ended=3, ended_within=timedelta(seconds=30)), 0.1, id="just-begun"),
        pytest.param(replace(NOBODY_ELSE, calls_ended=0), 20 / 60, id="by-live-calls"),
        pytest.param(replace(NOBODY_ELSE, calls_ended=0, calls_per_second=0.1), 0.1, id="by-calls-a-second"),
        pytest.param(replace(NOBODY_ELSE, ended_within=timedelta(0)), 20 / 60, id="all-at-this-instant"),
    ],
)
def test_the_queue_moves_as_lately_or_by_its_limits(queue: Queue, expected: float) -> None:
    assert served_a_second(queue) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(0, "queued, nobody before it, about 12:01", id="next"),
        pytest.param(7, "queued, 7 before it, about 12:01", id="a-few-exactly"),
        pytest.param(99, "queued, 99 before it, about 12:02", id="below-a-hundred-exactly"),
        pytest.param(124, "queued, about 120 before it, about 12:03", id="two-digits"),
        pytest.param(599, "queued, about 600 before it, about 12:10", id="a-while-rounded-to-five-minutes"),
        pytest.param(601, "queued, about 600 before it, about 12:15", id="rounded-up"),
        pytest.param(4_123, "queued, about 4,100 before it, about 13:10", id="thousands"),
        pytest.param(32_399, "queued, about 32,000 before it, about 21:00", id="at-the-last-moment"),
        pytest.param(
            32_400,
            "queued, about 32,000 before it; today's window ends before its turn; goes on at the next opening",
            id="after-the-last-moment",
        ),
    ],
)
def test_a_place_in_the_queue_is_told_on_the_leads_clock(before: int, expected: str) -> None:
    queue = replace(NOBODY_ELSE, before=before)
    assert describe_place(queue, now=NOON_IN_CHICAGO, open_until=CLOSING, zone_name=CHICAGO) == expected


def test_a_turn_after_midnight_names_its_day() -> None:
    late = datetime(2026, 3, 3, 5, 30, tzinfo=UTC)
    queue = replace(NOBODY_ELSE, before=3_599)
    sentence = describe_place(queue, now=late, open_until=late + timedelta(days=1), zone_name=CHICAGO)
    assert sentence == "queued, about 3,600 before it, about Tue 00:30"


def test_a_turn_after_the_clocks_change_is_told_on_the_new_clock() -> None:
    before_the_change = datetime(2026, 3, 8, 7, 30, tzinfo=UTC)  # 01:30; at 02:00 it becomes 03:00
    queue = replace(NOBODY_ELSE, before=3_599)
    open_until = before_the_change + timedelta(hours=5)
    sentence = describe_place(queue, now=before_the_change, open_until=open_until, zone_name=CHICAGO)
    assert sentence == "queued, about 3,600 before it, about 03:30"


def test_without_hours_no_time_is_told() -> None:
    sentence = describe_place(NOBODY_ELSE, now=NOON_IN_CHICAGO, open_until=None, zone_name=CHICAGO)
    assert sentence == "queued, nobody before it"


@pytest.mark.parametrize(
    "capacity",
    [
        pytest.param(Capacity(free_slots=0), id="no-slot"),
        pytest.param(Capacity(free_slots=1, next_dial_at=NOON_IN_CHICAGO + timedelta(minutes=1)), id="no-turn"),
    ],
)
def test_whoever_the_decision_queues_is_in_the_queue(capacity: Capacity) -> None:
    always = [{"days": ["mon"], "opens": "00:00", "closes": "24:00"}]
    situation = Situation(
        now=NOON_IN_CHICAGO,
        hours=parse_windows(always),
        zones=load_zones([CHICAGO]),
        zone_names=[CHICAGO],
        schedule=RetrySchedule(4, parse_retry_delays({})),
        capacity=capacity,
    )
    decision = decide(situation)
    assert isinstance(decision, Queued)
    assert decision.why in QUEUED_FOR
