"""What people read about a lead in the Temporal UI."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.diary import (
    LONGEST_DETAILS,
    LONGEST_SUMMARY,
    DiaryAttempt,
    cut,
    describe,
    plain,
    summarise,
    with_diary,
)
from domain.steps import Dial, Parked, Queued, Step, Stop, WaitUntil
from domain.vocabulary import AttemptOutcome, AttemptStatus

CHICAGO = "America/Chicago"
NOON = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
"""A Monday, 12:00 in Chicago."""

DIAL = Dial(UUID(int=1), 2, NOON, NOON + timedelta(seconds=30))


def attempt(number: int, outcome: AttemptOutcome | None = AttemptOutcome.NO_ANSWER, **more: object) -> DiaryAttempt:
    status = AttemptStatus.DONE if outcome else AttemptStatus.GRANTED
    values = {"number": number, "status": status, "at": NOON, "outcome": outcome} | more
    return DiaryAttempt(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("step", "says"),
    [
        pytest.param(Stop("max_attempts_reached"), "nothing, this lead is done (max attempts reached)", id="stop"),
        pytest.param(
            Stop("blocked: refused_by_provider"),
            "nothing, this lead is done (blocked: refused by provider); the provider takes the calls of others: "
            "look at this lead's number and fields, mend them and reopen it",
            id="refused-alone",
        ),
        pytest.param(
            WaitUntil(NOON, "Mon 12:00 America/Chicago, calling hours open"),
            "asleep until Mon 02 Mar 12:00:00 America/Chicago: calling hours open",
            id="asleep",
        ),
        pytest.param(
            Queued(NOON, "a free slot"),
            "queued for a free slot, until Mon 02 Mar 12:00:00 America/Chicago at the latest",
            id="queued",
        ),
        pytest.param(Parked("the campaign is paused"), "held up: the campaign is paused", id="parked"),
        pytest.param(DIAL, "attempt 2, **live now**", id="dial"),
    ],
)
def test_the_diary_begins_with_what_comes_next_and_why(step: Step, says: str) -> None:
    assert describe([], step, CHICAGO) == f"**Next:** {says}"


@pytest.mark.parametrize(
    ("one", "says"),
    [
        pytest.param(attempt(1), "- **1** · Mon 02 Mar 12:00:00 · no answer", id="outcome"),
        pytest.param(
            attempt(1, AttemptOutcome.ANSWERED, disposition="wants_a_quote"),
            r"- **1** · Mon 02 Mar 12:00:00 · answered · wants\_a\_quote",
            id="disposition",
        ),
        pytest.param(
            attempt(1, AttemptOutcome.REFUSED, counts=False),
            "- **1** · Mon 02 Mar 12:00:00 · refused · doesn't count",
            id="refused",
        ),
        pytest.param(
            attempt(1, None, status=AttemptStatus.UNCONFIRMED),
            "- **1** · Mon 02 Mar 12:00:00 · dialled, not confirmed yet",
            id="unconfirmed",
        ),
    ],
)
def test_an_attempt_is_one_line_with_its_local_time_and_what_came_of_it(one: DiaryAttempt, says: str) -> None:
    assert describe([one], Stop("reached"), CHICAGO).splitlines()[-1] == says


@pytest.mark.parametrize("status", list(AttemptStatus))
def test_every_status_without_an_outcome_has_its_words(status: AttemptStatus) -> None:
    line = describe([attempt(1, None, status=status)], DIAL, CHICAGO).splitlines()[-1]
    assert len(line) > len("- **1** · Mon 02 Mar 12:00:00 · ")


def test_the_last_ten_attempts_are_told_and_the_others_counted() -> None:
    told = describe([attempt(number) for number in range(1, 14)], Stop("max_attempts_reached"), CHICAGO)
    assert [line.split("**")[1] for line in told.splitlines() if line.startswith("- ")] == [
        str(number) for number in range(4, 14)
    ]
    assert told.endswith("\n\nand 3 before these")


def test_the_longest_diary_there_can_be_takes_less_than_4_kilobytes() -> None:
    attempts = [attempt(number, disposition="ü😀" * 10_000) for number in range(1, 200)]
    told = describe(attempts, Parked("😀" * 10_000), CHICAGO)
    assert len(told.encode()) <= LONGEST_DETAILS < 4_096
    assert told.endswith("before these")


def test_what_others_named_is_shown_as_it_stands_and_never_as_a_link() -> None:
    hostile = "[x](http://evil.example) <b>*now*</b>\nhttps://a.example www.b.example c@d.example `y`"
    told = plain(hostile)
    assert told == (
        r"\[x\](http\://evil.example) \<b\>\*now\*\</b\> https\://a.example www\.b.example c\@d.example \`y\`"
    )
    assert "\n" not in told


@pytest.mark.parametrize(
    ("step", "says"),
    [
        pytest.param(
            WaitUntil(NOON, "Mon 12:00 America/Chicago, calling hours open"),
            "Mon 12:00 America/Chicago, calling hours open",
            id="opening",
        ),
        pytest.param(
            WaitUntil(NOON + timedelta(minutes=4), "Mon 12:00 America/Chicago, calling hours open"),
            "Mon 12:04 America/Chicago, calling hours open",
            id="appointment-after-the-opening",
        ),
        pytest.param(
            WaitUntil(NOON, "another call to this number to end"),
            "Mon 12:00 America/Chicago, another call to this number to end",
            id="pause",
        ),
        pytest.param(
            Queued(NOON, "a free slot"), "queued for a free slot, Mon 12:00 America/Chicago at the latest", id="queued"
        ),
    ],
)
def test_a_timer_says_why_it_runs_and_until_when_on_the_leads_clock(step: WaitUntil | Queued, says: str) -> None:
    assert summarise(step, CHICAGO) == says


def test_a_timers_text_fits_what_the_engine_takes() -> None:
    assert len(summarise(Queued(NOON, "ü" * 500), CHICAGO).encode()) <= LONGEST_SUMMARY


@pytest.mark.parametrize(
    ("text", "longest", "left"),
    [
        pytest.param("abc", 3, "abc", id="fits"),
        pytest.param("abcdef", 5, "ab…", id="too-long"),
        pytest.param("aüüü", 5, "a…", id="never-in-the-middle-of-a-character"),
        pytest.param("\ud800", 5, "?", id="lone-surrogate"),
    ],
)
def test_a_text_is_cut_by_bytes(text: str, longest: int, left: str) -> None:
    assert cut(text, longest) == left


@pytest.mark.parametrize(
    "step", [DIAL, Stop("reached"), WaitUntil(NOON, "later"), Queued(NOON, "a free slot"), Parked("paused")]
)
def test_a_step_carries_its_diary_and_stays_the_same_step(step: Step) -> None:
    told = with_diary(step, [attempt(1)], CHICAGO)
    assert told.details == describe([attempt(1)], step, CHICAGO)
    assert getattr(told, "summary", None) == (
        summarise(step, CHICAGO) if isinstance(step, WaitUntil | Queued) else None
    )
    assert told == step


@pytest.mark.parametrize(
    ("day", "hours"),
    [pytest.param(NOON, -6, id="winter"), pytest.param(NOON + timedelta(days=120), -5, id="summer")],
)
def test_a_dial_brings_the_clock_of_its_lead_along(day: datetime, hours: int) -> None:
    told = with_diary(Dial(UUID(int=1), 1, day, day), [], CHICAGO)
    assert isinstance(told, Dial)
    assert (told.utc_offset, told.zone_name) == (timedelta(hours=hours), CHICAGO)
