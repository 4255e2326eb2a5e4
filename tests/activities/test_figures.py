"""How things stand, as a scrape shows it."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import text

from activities.figures import StandingFigures
from tests.activities.stage import Clock
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, build_campaign, change

EARLIER = NOON - timedelta(minutes=10)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def figures(sessions: Sessions, registry: CollectorRegistry, clock: Clock) -> StandingFigures:
    return StandingFigures(sessions, registry, clock)


def scraped(registry: CollectorRegistry) -> Mapping[str, float]:
    page = generate_latest(registry).decode()
    values = [line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#")]
    return {name.removeprefix("leadline_"): float(value) for name, value in values}


NOTHING = {
    "live_calls": 0,
    "leads_due": 0,
    "leads_to_hand_over": 0,
    "attempts_overdue": 0,
    'parked{what="account"}': 0,
    'parked{what="number_pool"}': 0,
    'parked{what="campaign"}': 0,
}


async def test_a_scrape_tells_how_things_stand_and_nothing_personal(
    figures: StandingFigures, registry: CollectorRegistry, sessions: Sessions, world: World
) -> None:
    await figures.refresh()
    assert scraped(registry) == NOTHING
    draft = build_campaign(world.organization, world.pool, status="draft", parked_at=NOON)
    async with sessions.begin() as session:
        session.add(draft)
    await add_lead(sessions, world, "+13125550101")
    await add_lead(sessions, world, "+13125550102", due_at=EARLIER, open_until=NOON + timedelta(hours=1))
    await add_lead(sessions, world, "+13125550103", due_at=EARLIER, open_until=NOON)
    await add_lead(sessions, world, "+13125550104", due_at=NOON + timedelta(seconds=1))
    await add_lead(sessions, world, "+13125550105", campaign_id=draft.id)
    await add_lead(sessions, world, "+13125550106", due_at=None, handed_over_at=None)
    await add_lead(sessions, world, "+13125550107", status="done", outcome="cancelled", handed_over_at=None)
    overdue = await add_lead(sessions, world, "+13125550108")
    await add_attempt_of(sessions, world, overdue, "in_progress", look_up_at=NOON - timedelta(seconds=11))
    await add_attempt_of(sessions, world, await add_lead(sessions, world, "+13125550109"), look_up_at=NOON)
    await change(sessions, world.account, parked_at=NOON, limits_read_at=EARLIER)
    await figures.refresh()
    assert scraped(registry) == NOTHING | {
        "live_calls": 2,
        "leads_due": 2,
        "leads_to_hand_over": 1,
        "attempts_overdue": 1,
        'parked{what="account"}': 1,
        'parked{what="campaign"}': 1,
        "provider_limits_read_timestamp_seconds": EARLIER.timestamp(),
    }
    assert b"+1312555" not in generate_latest(registry)


async def test_while_they_cannot_be_read_there_are_no_figures_rather_than_old_ones(
    figures: StandingFigures, registry: CollectorRegistry, sessions: Sessions
) -> None:
    await figures.refresh()
    async with sessions.begin() as session:
        await session.execute(text("alter table leads rename to leads_away"))
    await figures.refresh()
    assert scraped(registry) == {}
