"""Workflows of many leads are started nearest due first, at an even pace, and after everything else was healed."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.bulk_start import BulkStart
from storage.models import LeadRow
from tests.activities.engine_edge import EngineEdge
from tests.activities.stage import Clock, Stage
from tests.builders import (
    ALWAYS,
    Sessions,
    World,
    add_attempt_of,
    add_campaign,
    add_lead,
    add_world,
    reread,
)
from tests.patience import PATIENCE_SECONDS

AGES = timedelta(seconds=30)


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(UTC) + timedelta(minutes=1))


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions, windows=ALWAYS, calling_rules="off")


@pytest.fixture
async def draft(sessions: Sessions, world: World) -> World:
    return await add_campaign(sessions, world, status="draft")


class Importing:
    """Adds leads that the engine hasn't got, each with a number of its own."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._count = 0

    async def add(self, world: World, **columns: object) -> LeadRow:
        self._count += 1
        number = f"+1312555{self._count:04}"
        return await add_lead(self._sessions, world, number, **({"due_at": None, "handed_over_at": None} | columns))


@pytest.fixture
def importing(sessions: Sessions) -> Importing:
    return Importing(sessions)


async def start(bulk: BulkStart, at_most: timedelta = AGES) -> int:
    return len(await ActivityEnvironment().run(bulk.start, at_most=at_most))


def ids(leads: Sequence[LeadRow]) -> list[str]:
    return [f"lead-{lead.id}" for lead in leads]


async def test_nearest_due_comes_first_whoever_came_in_first(
    stage: Stage, sessions: Sessions, world: World, draft: World, importing: Importing, clock: Clock, engine: EngineEdge
) -> None:
    before, soon, tomorrow = (clock.now + timedelta(hours=hours) for hours in (-3, 2, 24))
    of_draft = await importing.add(draft, created_at=before)
    at_tomorrow = await importing.add(world, not_before=tomorrow)
    planned_for_tomorrow = await importing.add(world, due_at=tomorrow + timedelta(hours=1))
    planned_for_soon = await importing.add(world, due_at=soon)
    new = await importing.add(world, created_at=before + timedelta(hours=1))
    overdue = await importing.add(world, due_at=before)
    await start(BulkStart(sessions, stage.workflows, clock))
    assert engine.started == ids([overdue, new, planned_for_soon, at_tomorrow, planned_for_tomorrow, of_draft])


async def test_a_lead_that_comes_in_meanwhile_and_is_due_now_goes_before_those_of_tomorrow(
    stage: Stage, sessions: Sessions, world: World, importing: Importing, clock: Clock, engine: EngineEdge
) -> None:
    tomorrow = [await importing.add(world, not_before=clock.now + timedelta(days=1, hours=n)) for n in range(6)]
    urgent: list[LeadRow] = []

    async def comes_in() -> None:
        if not urgent:
            urgent.append(await importing.add(world))

    engine.at_start = comes_in
    await start(BulkStart(sessions, stage.workflows, clock, batch=2))
    assert engine.started == ids([*tomorrow[:2], *urgent, *tomorrow[2:]])


async def test_workflows_are_started_at_even_distances(
    stage: Stage, sessions: Sessions, world: World, importing: Importing, clock: Clock, engine: EngineEdge
) -> None:
    for _ in range(12):
        await importing.add(world)
    loop = asyncio.get_running_loop()
    starts: list[float] = []

    async def note() -> None:
        starts.append(loop.time())

    engine.at_start = note
    began = loop.time()
    assert await start(BulkStart(sessions, stage.workflows, clock, per_second=50, batch=5)) == 12
    # A start that comes late on a busy machine never makes the next one come sooner.
    assert all(at - began >= place * 0.0199 for place, at in enumerate(starts))


async def test_a_round_ends_in_time_and_the_next_one_goes_on(
    stage: Stage, sessions: Sessions, world: World, importing: Importing, clock: Clock, engine: EngineEdge
) -> None:
    leads = [await importing.add(world, due_at=clock.now + timedelta(minutes=place)) for place in range(9)]
    bulk = BulkStart(sessions, stage.workflows, clock, per_second=10)
    assert await start(bulk, timedelta(milliseconds=350)) <= 4
    assert await start(bulk, timedelta(0)) == 0
    assert [row.handed_over_at is None for row in [await reread(sessions, lead) for lead in leads]].count(True) >= 5
    await start(BulkStart(sessions, stage.workflows, clock, per_second=1000))
    assert engine.started == ids(leads)


async def test_an_engine_that_is_away_is_not_asked_for_every_lead(
    stage: Stage, sessions: Sessions, world: World, importing: Importing, clock: Clock, engine: EngineEdge
) -> None:
    for _ in range(20):
        await importing.add(world)
    engine.is_away = True
    assert await start(BulkStart(sessions, stage.workflows, clock)) == 0
    engine.is_away = False
    assert await start(BulkStart(sessions, stage.workflows, clock, per_second=1000)) == 20


async def test_leads_that_cannot_be_started_yet_keep_nobody_waiting(
    stage: Stage, sessions: Sessions, world: World, importing: Importing, clock: Clock, engine: EngineEdge
) -> None:
    """Somebody ended their workflows in the engine while they were on a call: they are ended when it is over."""
    stuck = [await importing.add(world, due_at=clock.now - timedelta(days=1)) for _ in range(3)]
    for lead in stuck:
        await add_attempt_of(sessions, world, lead, "in_progress")
    engine.ended = set(ids(stuck))
    free = [await importing.add(world) for _ in range(3)]
    await start(BulkStart(sessions, stage.workflows, clock, per_second=1000, batch=2))
    assert sorted(engine.started) == sorted(ids(free))


async def test_a_worker_that_stops_does_not_wait_for_the_rest(
    stage: Stage, sessions: Sessions, world: World, importing: Importing, clock: Clock, engine: EngineEdge
) -> None:
    for _ in range(50):
        await importing.add(world)
    environment = ActivityEnvironment()

    async def stops() -> None:
        environment.worker_shutdown()

    engine.at_start = stops
    async with asyncio.timeout(PATIENCE_SECONDS):
        started = await environment.run(BulkStart(sessions, stage.workflows, clock).start, at_most=AGES)
    assert len(started) < 5


async def test_what_must_not_wait_is_healed_before_the_first_of_many_is_started(
    stage: Stage, sessions: Sessions, world: World, importing: Importing, clock: Clock, engine: EngineEdge
) -> None:
    waiting = await add_lead(sessions, world, "+13125550123")
    calling = await add_lead(sessions, world, "+13125550124")
    await add_attempt_of(sessions, world, calling, "in_progress", look_up_at=clock.now - timedelta(minutes=1))
    await importing.add(world)
    signals: list[tuple[str, str]] = []

    async def note() -> None:
        signals.extend(engine.signals)

    engine.at_start = note
    found = await stage.reconcile()
    assert (found.workflows_started, found.attempts_nudged, found.leads_served) == (1, 1, 1)
    assert set(signals) == {(f"lead-{calling.id}", "wake"), (f"lead-{waiting.id}", "slot_granted")}
