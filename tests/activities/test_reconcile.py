"""What was committed and not handed over is handed over; what leaked is given back."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.reconciling import Findings
from storage.models import AttemptRow, WebhookEventRow
from tests.activities.engine_edge import EngineEdge
from tests.activities.provider_edge import ProviderEdge
from tests.activities.stage import Clock, Stage
from tests.builders import ALWAYS, NOON, Sessions, World, add_attempt_of, add_lead, add_world, change, reread

Columns = dict[str, Any]

JUST_NOW = NOON + timedelta(hours=1)
PEOPLE = 12
SLOTS = 7


@pytest.fixture
def clock() -> Clock:
    """A minute ahead of what the database writes down now: everything is old enough to be seen to."""
    return Clock(datetime.now(UTC) + timedelta(minutes=1))


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions, windows=ALWAYS, calling_rules="off")


async def test_a_lead_whose_workflow_was_never_started_gets_one(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, clock: Clock
) -> None:
    lead = await add_lead(sessions, world, due_at=None, handed_over_at=None)
    again = await add_lead(sessions, world, "+13125550124", due_at=None, handed_over_at=None, run=2)
    assert (await stage.reconcile()).workflows_started == 2
    assert sorted(engine.started) == sorted([f"lead-{lead.id}", f"lead-{again.id}-r2"])
    assert (await reread(sessions, lead)).handed_over_at == clock.now
    assert (await stage.reconcile()).workflows_started == 0


async def test_what_is_younger_than_ten_seconds_is_left_to_who_committed_it(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, clock: Clock
) -> None:
    await add_lead(sessions, world, due_at=None, handed_over_at=None)
    clock.forward(seconds=-55)
    assert await stage.reconcile() == Findings()
    assert engine.started == []


async def test_an_engine_that_is_away_is_told_in_the_next_round(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    lead = await add_lead(sessions, world, due_at=None, handed_over_at=None)
    engine.is_away = True
    await stage.reconcile()
    assert (await reread(sessions, lead)).handed_over_at is None
    engine.is_away = False
    await stage.reconcile()
    assert engine.started == [f"lead-{lead.id}"]


async def test_events_that_no_workflow_was_told_of_are_forwarded(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, clock: Clock
) -> None:
    lead = await add_lead(sessions, world)
    attempt = await add_attempt_of(
        sessions,
        world,
        lead,
        "done",
        outcome="answered",
        counts=True,
        slot_released_at=clock.now,
        settled_at=clock.now,
        look_up_at=None,
    )
    await change(sessions, lead, status="done", outcome="reached", due_at=None)
    async with sessions.begin() as session:
        session.add(_event(world, attempt, "call_analyzed"))
    assert (await stage.reconcile()).events_forwarded == 1
    assert engine.signals == [(f"lead-{lead.id}", "call_analyzed")]
    async with sessions() as session:
        assert (await session.scalars(select(WebhookEventRow))).one().forwarded_at == clock.now
    assert await stage.reconcile() == Findings()


def _event(world: World, attempt: AttemptRow, event: str) -> WebhookEventRow:
    return WebhookEventRow(
        organization_id=world.organization.id,
        account_id=world.account.id,
        attempt_id=attempt.id,
        event_key=f"{event}:call_1",
        event=event,
        call_id="call_1",
        payload={},
    )


async def test_a_lead_whose_call_should_have_been_looked_after_is_woken(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, clock: Clock
) -> None:
    lead = await add_lead(sessions, world)
    await add_attempt_of(
        sessions, world, lead, "in_progress", call_id="call_1", look_up_at=clock.now - timedelta(seconds=11)
    )
    assert (await stage.reconcile()).attempts_nudged == 1
    assert engine.signals == [(f"lead-{lead.id}", "wake")]


async def test_idle_slots_are_filled_with_whoever_is_due(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    leads = [await add_lead(sessions, world, f"+1312555012{place}") for place in range(3)]
    found = await stage.reconcile()
    assert (found.leads_served, found.slots_idle) == (3, 3)
    assert sorted(engine.signals) == sorted((f"lead-{lead.id}", "slot_granted") for lead in leads)


@pytest.mark.parametrize(
    ("lead", "pool", "served"),
    [
        pytest.param({"due_at": JUST_NOW}, {}, 1, id="due-just-now"),
        pytest.param({}, {"next_dial_at": JUST_NOW + timedelta(seconds=13)}, 1, id="held-up-by-calls-a-second"),
        pytest.param({}, {"parked_at": JUST_NOW}, 0, id="parked"),
    ],
)
async def test_a_slot_idles_only_if_somebody_has_waited_for_it_and_could_have_been_called(
    stage: Stage, sessions: Sessions, clock: Clock, world: World, lead: Columns, pool: Columns, served: int
) -> None:
    clock.now = JUST_NOW + timedelta(seconds=9)
    await add_lead(sessions, world, **lead)
    await change(sessions, world.pool, **pool)
    found = await stage.reconcile()
    assert (found.leads_served, found.slots_idle) == (served, 0)


async def test_a_grant_that_no_workflow_takes_up_does_not_hold_its_slot_for_ever(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, clock: Clock
) -> None:
    lead = await add_lead(sessions, world)
    engine.missing = {f"lead-{lead.id}"}
    await stage.slots.hand_on(world.pool.id)
    clock.forward(seconds=41)
    assert (await stage.reconcile()).grants_given_back == 1
    async with sessions() as session:
        attempt = (await session.scalars(select(AttemptRow))).one()
    assert (attempt.outcome, attempt.counts, attempt.slot_released_at) == ("refused", False, clock.now)
    assert engine.started == [f"lead-{lead.id}"]


async def test_a_lead_whose_workflow_somebody_ended_in_the_engine_is_called_no_more(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, clock: Clock
) -> None:
    lead = await add_lead(sessions, world)
    engine.ended = {f"lead-{lead.id}"}
    await stage.slots.hand_on(world.pool.id)
    for _ in range(3):
        clock.forward(seconds=41)
        await stage.reconcile()
    row = await reread(sessions, lead)
    assert (row.status, row.outcome) == ("done", "cancelled")
    async with sessions() as session:
        assert len((await session.scalars(select(AttemptRow))).all()) == 1


async def test_two_rounds_at_once_do_no_harm(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    for place in range(5):
        await add_lead(sessions, world, f"+1312555012{place}")
    await asyncio.gather(stage.reconcile(), stage.reconcile())
    async with sessions() as session:
        assert len((await session.scalars(select(AttemptRow))).all()) == 5
    assert len(engine.signals) == len(set(engine.signals)) == 5


async def test_each_kind_that_is_found_is_a_metric_and_one_line_with_a_few_ids_and_nothing_personal(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    missing = [await add_lead(sessions, world, f"+131255501{n:02}", due_at=None, handed_over_at=None) for n in range(9)]
    overdue = await add_lead(sessions, world, "+13125550200")
    await add_attempt_of(sessions, world, overdue, "in_progress", look_up_at=clock.now - timedelta(minutes=1))
    with capture_logs() as lines:
        await stage.reconcile()
    told = {line["finding"]: line for line in lines if line["event"] == "reconciled"}
    assert {finding: line["count"] for finding, line in told.items()} == {"workflows_started": 9, "attempts_nudged": 1}
    assert told["attempts_nudged"]["ids"] == [str(overdue.id)]
    assert set(told["workflows_started"]["ids"]) < {str(lead.id) for lead in missing}
    assert len(told["workflows_started"]["ids"]) == 5
    assert "+1312555" not in str(lines)
    assert [stage.counted(finding) for finding in ("workflows_started", "attempts_nudged", "leads_served")] == [9, 1, 0]


async def test_rounds_are_measured_and_those_that_fail_are_counted(stage: Stage, sessions: Sessions) -> None:
    value = stage.registry.get_sample_value
    assert value("leadline_reconciliation_last_success_timestamp_seconds") == 0
    before = datetime.now(UTC).timestamp()
    await stage.reconcile()
    assert (value("leadline_reconciliation_last_success_timestamp_seconds") or 0) >= before
    async with sessions.begin() as session:
        await session.execute(text("alter table webhook_events rename to webhook_events_away"))
    with pytest.raises(DBAPIError):
        await stage.reconcile()
    counted = [value("leadline_reconciliation_rounds_total", {"result": result}) for result in ("done", "failed")]
    assert counted == [1, 1]
    assert value("leadline_reconciliation_seconds_count") == 2


@pytest.fixture
async def ten_workers(
    sessions: Sessions, clock: Clock, provider: ProviderEdge, engine: EngineEdge
) -> AsyncIterator[list[Stage]]:
    """As ten processes would: nothing but the database is shared."""
    async with AsyncExitStack() as stack:
        workers = []
        for _ in range(10):
            client = await Client.connect(
                "127.0.0.1:1", lazy=True, interceptors=[engine], data_converter=pydantic_data_converter
            )
            http = await stack.enter_async_context(httpx.AsyncClient(transport=httpx.MockTransport(provider)))
            workers.append(Stage(sessions, clock, http, client))
        yield workers


async def test_two_rounds_and_ten_workers_at_once_claim_nothing_twice(
    ten_workers: list[Stage], sessions: Sessions, world: World, clock: Clock, provider: ProviderEdge
) -> None:
    """Rounds, hand-ons, leads that ask for themselves and dials, all at once."""
    await change(sessions, world.pool, max_live_calls=SLOTS, max_calls_per_second=1000.0)
    leads = [await add_lead(sessions, world, f"+131255501{place:02}") for place in range(PEOPLE)]
    for place in range(3):
        await add_lead(sessions, world, f"+131255502{place:02}", due_at=None, handed_over_at=None)
    async with asyncio.TaskGroup() as group:
        for worker in ten_workers[:2]:
            group.create_task(worker.reconcile())
        for worker in ten_workers:
            group.create_task(worker.slots.hand_on(world.pool.id))
        for place, lead in enumerate(leads):
            group.create_task(ten_workers[place % 10].next_step(lead))
    clock.forward(seconds=1)
    granted = await attempts(sessions)
    assert len(granted) == len({attempt.lead_id for attempt in granted}) == SLOTS
    await asyncio.gather(*(worker.place(attempt) for attempt in granted for worker in ten_workers))
    dialled = Counter(json.loads(body)["idempotency_key"] for body in provider.dialled)
    assert dialled == {str(attempt.id): 1 for attempt in granted}


async def attempts(sessions: Sessions) -> list[AttemptRow]:
    async with sessions() as session:
        return list(await session.scalars(select(AttemptRow)))


async def test_a_step_that_fails_keeps_none_of_the_others_from_healing_and_is_told_of(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    lead = await add_lead(sessions, world, due_at=None, handed_over_at=None)
    async with sessions.begin() as session:
        await session.execute(text("alter table call_deletions rename to call_deletions_away"))
    with capture_logs() as logs, pytest.raises(DBAPIError, match="call_deletions"):
        await stage.reconcile()
    assert engine.started == [f"lead-{lead.id}"]
    assert [entry["step"] for entry in logs if entry["event"] == "step_failed"] == ["deletions"]
    assert stage.counted("workflows_started") == 1
