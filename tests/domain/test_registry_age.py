from datetime import UTC, datetime, timedelta

import pytest

from domain.registry_age import is_too_old

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "too_old"),
    [
        pytest.param(timedelta(0), False, id="of-this-instant"),
        pytest.param(timedelta(days=31), False, id="exactly-31-days"),
        pytest.param(timedelta(days=31, microseconds=1), True, id="a-moment-longer"),
    ],
)
def test_a_registry_may_be_relied_on_for_31_days(age: timedelta, too_old: bool) -> None:
    assert is_too_old(NOW - age, NOW) is too_old
