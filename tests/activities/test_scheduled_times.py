"""Times that break today's rules are found a part at a time, counted and put right; others are left alone."""

from datetime import timedelta
from typing import Any

import pytest

from activities.reconciling import Findings
from storage.models import LeadRow
from tests.activities.stage import Clock, Stage
from tests.builders import NOON, Sessions, World, add_lead, change, reread

CLOSING = NOON.replace(hour=22, minute=59, second=55)
TUESDAY_OPENING = (NOON + timedelta(days=1)).replace(hour=15)
DAY = timedelta(days=1)

NOW_AND_RIGHT = {"due_at": NOON, "open_until": CLOSING}
TUESDAY_AND_RIGHT = {"due_at": TUESDAY_OPENING, "open_until": CLOSING + DAY, "next_attempt_at": TUESDAY_OPENING}


async def add_planned(sessions: Sessions, world: World, **columns: object) -> LeadRow:
    values: dict[str, Any] = {"earliest_at": NOON, "planned_at": NOON}
    return await add_lead(sessions, world, **(values | columns))


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON + timedelta(minutes=1))


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param(TUESDAY_AND_RIGHT | {"due_at": TUESDAY_OPENING - timedelta(seconds=1)}, id="before-it-opens"),
        pytest.param(TUESDAY_AND_RIGHT | {"due_at": CLOSING + DAY + timedelta(seconds=5)}, id="when-it-closes"),
        pytest.param(TUESDAY_AND_RIGHT | {"open_until": CLOSING + DAY + timedelta(seconds=1)}, id="open-for-too-long"),
        pytest.param(TUESDAY_AND_RIGHT | {"next_attempt_at": CLOSING + timedelta(hours=5)}, id="wakes-at-night"),
        pytest.param(NOW_AND_RIGHT | {"time_zones": ["America/Chicago", "Asia/Tokyo"]}, id="closed-on-another-clock"),
        pytest.param(NOW_AND_RIGHT | {"open_until": CLOSING + DAY}, id="open-past-tonight"),
    ],
)
async def test_a_time_that_breaks_a_rule_is_put_right_in_the_same_round(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, columns: dict[str, Any]
) -> None:
    lead = await add_planned(sessions, world, **columns)
    found = await stage.reconcile()
    assert (found.times_against_rules, found.leads_replanned) == (1, 1)
    assert (await reread(sessions, lead)).planned_at == clock.now
    found = await stage.reconcile()
    assert (found.times_against_rules, found.leads_replanned) == (0, 0)


@pytest.mark.parametrize("columns", [NOW_AND_RIGHT, TUESDAY_AND_RIGHT], ids=["due-now", "due-tomorrow"])
async def test_a_time_that_keeps_the_rules_is_left_alone(
    stage: Stage, sessions: Sessions, world: World, columns: dict[str, Any]
) -> None:
    await change(sessions, world.pool, parked_at=NOON, parked_reason="nobody is called here")
    lead = await add_planned(sessions, world, **columns)
    assert await stage.reconcile() == Findings()
    assert (await reread(sessions, lead)).planned_at == NOON


async def test_a_region_whose_rule_is_stricter_is_found(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    """Alabama has no Sundays; the campaign's own windows say nothing of that."""
    sunday = NOON + timedelta(days=6)
    clock.now = sunday - timedelta(hours=8)
    columns: dict[str, Any] = {"due_at": sunday, "open_until": sunday + timedelta(hours=1), "next_attempt_at": sunday}
    alabama = await add_planned(sessions, world, phone_number="+12055550123", region="US-AL", **columns)
    georgia = await add_planned(sessions, world, phone_number="+14045550123", region="US-GA", **columns)
    assert (await stage.reconcile()).times_against_rules == 1
    assert (await reread(sessions, georgia)).due_at == sunday
    assert (await reread(sessions, alabama)).due_at == (sunday + DAY).replace(hour=14)
