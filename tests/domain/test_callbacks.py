from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytz
from hypothesis import given
from hypothesis import strategies as st

from domain.callbacks import FURTHEST_PROMISE, CallbackProblem, Promise, promise_of, promised_callback
from domain.dispositions import Then
from domain.vocabulary import AttemptOutcome

NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def utc(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "zone", "promised"),
    [
        pytest.param("2026-03-03T10:00:00", "America/Chicago", "2026-03-03 16:00", id="on-the-leads-wall-clock"),
        pytest.param(" 2026-03-03T10:00 ", "America/Chicago", "2026-03-03 16:00", id="with-space-around-it"),
        pytest.param("2026-03-03T10:00:00Z", "America/Chicago", "2026-03-03 10:00", id="in-utc"),
        pytest.param("2026-03-03T10:00:00+05:30", "America/Chicago", "2026-03-03 04:30", id="with-its-own-offset"),
        pytest.param("2026-03-03", "America/Chicago", "2026-03-03 06:00", id="a-day-is-its-midnight"),
        pytest.param("2026-03-03T10:00:00", "Asia/Kolkata", "2026-03-03 04:30", id="half-hour-zone"),
        pytest.param("2026-03-03T10:00:00", "Asia/Kathmandu", "2026-03-03 04:15", id="quarter-hour-zone"),
        pytest.param("2026-03-08T02:30:00", "America/Chicago", "2026-03-08 08:30", id="skipped-hour-is-an-hour-later"),
    ],
)
def test_a_promise_is_kept_to_the_instant(written: str, zone: str, promised: str) -> None:
    assert promised_callback(written, now=NOW, zone=pytz.timezone(zone)) == utc(promised)


@pytest.mark.parametrize(
    ("now", "written", "zone", "promised"),
    [
        pytest.param("2026-10-31", "2026-11-01T01:30", "America/Chicago", "2026-11-01 07:30", id="chicago"),
        pytest.param("2026-10-24", "2026-10-25T01:30", "Europe/Dublin", "2026-10-25 01:30", id="winter-is-the-change"),
        pytest.param("2026-04-04", "2026-04-05T01:45", "Australia/Lord_Howe", "2026-04-04 15:15", id="half-an-hour"),
        pytest.param("2026-02-14", "2026-02-15T02:30", "Africa/Casablanca", "2026-02-15 02:30", id="ramadan"),
    ],
)
def test_an_hour_that_occurs_twice_is_read_as_the_later_one(now: str, written: str, zone: str, promised: str) -> None:
    assert promised_callback(written, now=utc(now), zone=pytz.timezone(zone)) == utc(promised)


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(None, id="nothing"),
        pytest.param("", id="empty"),
        pytest.param("tomorrow at ten", id="words"),
        pytest.param("2026-13-45T99:00", id="no-date"),
        pytest.param("2026-03-02T11:59:59", id="in-the-past"),
        pytest.param("2026-03-02T12:00:00", id="at-this-very-instant"),
        pytest.param("2026-05-31T13:00:01-05:00", id="further-off-than-ninety-days"),
        pytest.param("0001-01-01T00:00:00", id="before-all-calendars"),
        pytest.param("9999-12-31T23:59:59", id="after-all-calendars"),
        pytest.param("9999-12-31T23:59:59-12:00", id="after-all-calendars-in-utc"),
    ],
)
def test_what_cannot_be_kept_is_no_promise(written: str | None) -> None:
    assert promised_callback(written, now=NOW, zone=pytz.timezone("America/Chicago")) is None


@given(
    st.one_of(st.text(max_size=40), st.datetimes().map(datetime.isoformat), st.datetimes().map(str)),
    st.sampled_from(pytz.common_timezones),
)
def test_whatever_is_written_gives_nothing_or_an_instant_within_ninety_days(written: str, zone: str) -> None:
    promised = promised_callback(written, now=NOW, zone=pytz.timezone(zone))
    assert promised is None or NOW < promised <= NOW + FURTHEST_PROMISE


@given(
    st.datetimes(NOW.replace(tzinfo=None) + 2 * DAY, NOW.replace(tzinfo=None) + FURTHEST_PROMISE - 2 * DAY),
    st.sampled_from(pytz.common_timezones),
)
def test_the_clock_on_the_wall_shows_what_was_promised_or_was_just_put_forward(local: datetime, zone: str) -> None:
    promised = promised_callback(local.isoformat(), now=NOW, zone=pytz.timezone(zone))
    assert promised is not None
    shown = promised.astimezone(pytz.timezone(zone)).replace(tzinfo=None)
    assert timedelta(0) <= shown - local <= timedelta(hours=1)


PROMISED = "2026-03-03T10:00"


@pytest.mark.parametrize(
    ("outcome", "then", "kept"),
    [
        pytest.param(AttemptOutcome.CALLBACK_REQUESTED, None, True, id="by-the-outcome"),
        pytest.param(AttemptOutcome.FAILED, Then.CALL_BACK, True, id="by-the-disposition"),
        pytest.param(AttemptOutcome.ANSWERED, Then.RETRY, False, id="to-be-tried-again"),
        pytest.param(AttemptOutcome.ANSWERED, None, False, id="not-to-be-called-back"),
        pytest.param(AttemptOutcome.VOICEMAIL, Then.CALL_BACK, False, id="promised-by-a-machine"),
        pytest.param(AttemptOutcome.OPTED_OUT, Then.CALL_BACK, False, id="asked-never-to-be-called"),
    ],
)
def test_a_promise_is_kept_of_a_call_after_which_somebody_is_to_be_called_back(
    outcome: AttemptOutcome, then: Then | None, kept: bool
) -> None:
    promise = promise_of({"callback_at": PROMISED}, outcome, then, ended_at=NOW, zone=pytz.timezone("America/Chicago"))
    assert promise == (Promise(PROMISED, None) if kept else None)


@pytest.mark.parametrize(
    ("custom", "expected"),
    [
        pytest.param({}, None, id="nothing-promised"),
        pytest.param({"callback_at": "none"}, None, id="a-word-for-nothing"),
        pytest.param({"callback_at": 7}, None, id="of-a-strange-kind"),
        pytest.param({"callback_at": f" {PROMISED} "}, Promise(PROMISED, None), id="as-it-was-written"),
        pytest.param(
            {"callback_at": "tomorrow"}, Promise("tomorrow", CallbackProblem.UNREADABLE), id=CallbackProblem.UNREADABLE
        ),
        pytest.param(
            {"callback_at": "2026-03-02T11:59"},
            Promise("2026-03-02T11:59", CallbackProblem.PAST),
            id=CallbackProblem.PAST,
        ),
        pytest.param({"callback_at": "2027-03-02"}, Promise("2027-03-02", CallbackProblem.TOO_FAR), id="too-far"),
        pytest.param({"callback_at": "9" * 10_000}, Promise("9" * 100, CallbackProblem.UNREADABLE), id="endless"),
    ],
)
def test_what_cannot_be_kept_is_told_with_its_reason(custom: dict[str, Any], expected: Promise | None) -> None:
    zone = pytz.timezone("America/Chicago")
    assert promise_of(custom, AttemptOutcome.CALLBACK_REQUESTED, None, ended_at=NOW, zone=zone) == expected
