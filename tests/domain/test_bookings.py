"""An appointment that was made in a call is kept, with the reason where nobody can be sure when it is."""

from datetime import UTC, datetime

import pytest
import pytz

from domain.bookings import AppointmentProblem, Booking, booking_of
from domain.vocabulary import AttemptOutcome

ENDED = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
CHICAGO = pytz.timezone("America/Chicago")


def booked(written: object, outcome: AttemptOutcome = AttemptOutcome.ANSWERED) -> Booking | None:
    return booking_of({"appointment_at": written}, outcome, ended_at=ENDED, zone=CHICAGO)


@pytest.mark.parametrize(
    ("written", "at"),
    [
        pytest.param("2026-03-05T15:00", datetime(2026, 3, 5, 21, tzinfo=UTC), id="on-the-leads-clock"),
        pytest.param("2026-03-09T15:00:00", datetime(2026, 3, 9, 20, tzinfo=UTC), id="after-the-clocks-changed"),
        pytest.param("2026-03-05T15:00:00+01:00", datetime(2026, 3, 5, 14, tzinfo=UTC), id="with-an-offset"),
        pytest.param(" 2026-03-05 15:00Z ", datetime(2026, 3, 5, 15, tzinfo=UTC), id="as-people-write"),
        pytest.param("2027-12-24T09:00", datetime(2027, 12, 24, 15, tzinfo=UTC), id="next-year"),
    ],
)
def test_an_appointment_is_read_on_the_leads_clock(written: str, at: datetime) -> None:
    assert booked(written) == Booking(written.strip(), at)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        pytest.param("Thursday at three", AppointmentProblem.UNREADABLE, id="in-words"),
        pytest.param("2026-02-30T15:00", AppointmentProblem.UNREADABLE, id="no-such-day"),
        pytest.param("0001-01-01T00:00+23:59", AppointmentProblem.UNREADABLE, id="before-all-time"),
        pytest.param("2026-03-05", AppointmentProblem.NO_TIME, id="a-day"),
        pytest.param("2026-W10-4", AppointmentProblem.NO_TIME, id="a-day-of-a-week"),
        pytest.param("2026-03-02T12:00", AppointmentProblem.PAST, id="as-the-call-ended"),
        pytest.param("2036-03-05T15:00", AppointmentProblem.TOO_FAR, id="in-ten-years"),
    ],
)
def test_of_one_that_is_not_certain_the_words_and_the_reason_are_kept(
    written: str, problem: AppointmentProblem
) -> None:
    assert booked(written) == Booking(written, None, problem)


@pytest.mark.parametrize("written", [None, "", "None", " n/a ", 5, True, ["2026-03-05T15:00"], {"at": "x"}])
def test_words_for_nothing_and_strange_shapes_are_no_appointment(written: object) -> None:
    assert booked(written) is None


def test_a_machine_makes_no_appointment() -> None:
    assert booked("2026-03-05T15:00", AttemptOutcome.VOICEMAIL) is None


def test_endless_words_are_cut() -> None:
    assert booked("soon " * 10_000) == Booking(("soon " * 20)[:100], None, AppointmentProblem.UNREADABLE)
