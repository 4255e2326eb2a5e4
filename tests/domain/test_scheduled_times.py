"""Whether planned times lie within hours, to the second."""

from datetime import UTC, datetime, timedelta

import pytest
import pytz

from domain.calling_hours import parse_windows
from domain.scheduled_times import keeps_hours

CHICAGO = [pytz.timezone("America/Chicago")]
HOURS = parse_windows([{"days": ["mon"], "opens": "09:00", "closes": "17:00"}])
OPENING = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LAST = datetime(2026, 3, 2, 22, 59, 55, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def keeps(
    due_at: datetime, open_until: datetime = LAST, next_attempt_at: datetime | None = None, now: datetime = OPENING
) -> bool:
    return keeps_hours(
        due_at=due_at, open_until=open_until, next_attempt_at=next_attempt_at, hours=HOURS, zones=CHICAGO, now=now
    )


@pytest.mark.parametrize(
    ("due_at", "expected"),
    [
        pytest.param(OPENING, True, id="as-it-opens"),
        pytest.param(OPENING - SECOND, False, id="a-second-before"),
        pytest.param(LAST + 4 * SECOND, True, id="too-late-for-a-request-and-not-closed-yet"),
        pytest.param(LAST + 5 * SECOND, False, id="as-it-closes"),
    ],
)
def test_a_lead_is_due_within_its_hours(due_at: datetime, expected: bool) -> None:
    assert keeps(due_at, now=OPENING - timedelta(hours=9)) is expected


def test_requests_leave_until_five_seconds_before_closing() -> None:
    assert keeps(OPENING, LAST)
    assert not keeps(OPENING, LAST + SECOND)


def test_who_has_been_due_for_days_may_be_called_while_it_is_open_now() -> None:
    assert keeps(OPENING - timedelta(days=3), now=OPENING)
    assert not keeps(OPENING - timedelta(days=3), now=OPENING - SECOND)


def test_a_lead_looks_by_itself_within_its_hours_or_has_done_so() -> None:
    assert keeps(OPENING, next_attempt_at=LAST)
    assert not keeps(OPENING, next_attempt_at=LAST + 5 * SECOND)
    assert keeps(OPENING, next_attempt_at=OPENING - timedelta(hours=9))
