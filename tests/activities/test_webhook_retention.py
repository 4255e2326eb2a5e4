"""What old webhooks reported goes, and that they came is known for good."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from activities.inbox import Taken
from activities.replaying import Replay, Result
from storage.expired import prune_expired
from storage.models import AttemptRow, WebhookEventRow
from storage.stored_events import Wanted
from storage.webhook_events import empty_old
from tests.activities.stage import Clock, Stage
from tests.activities.webhooks import LIFECYCLE, payload, take
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, reread
from tests.query_plans import overheard, whole_reads

KEPT = timedelta(days=90)


@pytest.fixture
async def attempt(sessions: Sessions, world: World) -> AttemptRow:
    """Its call's three webhooks are kept, and came now."""
    lead = await add_lead(sessions, world)
    attempt = await add_attempt_of(sessions, world, lead, "dialling", first_sent_at=NOON, last_sent_at=NOON)
    for event in LIFECYCLE:
        await take(sessions, world.account, payload(event, attempt))
    return attempt


async def came(sessions: Sessions, ago: timedelta, *kinds: str) -> None:
    async with sessions.begin() as session:
        old = update(WebhookEventRow).where(WebhookEventRow.event.in_(kinds))
        await session.execute(old.values(received_at=datetime.now(UTC) - ago))


async def emptied(sessions: Sessions, limit: int = 100) -> int:
    async with sessions.begin() as session:
        return await empty_old(session, kept=KEPT, limit=limit)


async def events(sessions: Sessions) -> Sequence[WebhookEventRow]:
    async with sessions() as session:
        return (await session.scalars(select(WebhookEventRow).order_by(WebhookEventRow.event))).all()


async def test_what_is_older_than_is_kept_is_emptied_and_its_row_stays(sessions: Sessions, attempt: AttemptRow) -> None:
    await came(sessions, KEPT + timedelta(minutes=1), "call_started")
    await came(sessions, KEPT - timedelta(minutes=1), "call_ended")
    assert [await emptied(sessions) for _ in range(2)] == [1, 0]
    analyzed, ended, started = await events(sessions)
    assert [bool(event.payload) for event in (analyzed, ended, started)] == [True, True, False]
    assert [event.emptied_at is not None for event in (analyzed, ended, started)] == [False, False, True]
    assert (started.event_key, started.call_id, started.attempt_id) == ("call_started:call_1", "call_1", attempt.id)


async def test_a_repeat_of_an_emptied_event_is_still_known_as_one(
    sessions: Sessions, world: World, attempt: AttemptRow
) -> None:
    await came(sessions, 2 * KEPT, *LIFECYCLE)
    assert await emptied(sessions) == 3
    before = await reread(sessions, attempt)
    for event in LIFECYCLE:
        assert await take(sessions, world.account, payload(event, attempt)) == Taken()
    after = await reread(sessions, attempt)
    assert (after.transcript, after.outcome, after.settled_at) == (before.transcript, "answered", before.settled_at)
    assert [event.payload for event in await events(sessions)] == [{}] * 3


async def test_a_few_go_at_a_time_the_oldest_first_and_two_who_empty_at_once_take_different_ones(
    sessions: Sessions, attempt: AttemptRow
) -> None:
    for days, event in enumerate(LIFECYCLE):
        await came(sessions, KEPT + timedelta(days=1 + days), event)
    async with sessions.begin() as first:
        assert await empty_old(first, kept=KEPT, limit=1) == 1
        assert await emptied(sessions, limit=1) == 1
    analyzed, ended, started = await events(sessions)
    assert [bool(event.payload) for event in (analyzed, ended, started)] == [False, False, True]
    assert [await emptied(sessions) for _ in range(2)] == [1, 0]


async def test_a_replay_says_that_nothing_is_kept_of_them_and_changes_nothing(
    sessions: Sessions, stage: Stage, clock: Clock, attempt: AttemptRow
) -> None:
    await came(sessions, 2 * KEPT, "call_started", "call_ended")
    await emptied(sessions)
    replayed = [one async for one in Replay(sessions, stage.workflows, clock).run(Wanted(call_id="call_1"))]
    assert {one.kind: one.result for one in replayed} == {
        "call_started": Result.GONE,
        "call_ended": Result.GONE,
        "call_analyzed": Result.UNCHANGED,
    }


async def test_nothing_that_is_pruned_is_looked_for_in_a_whole_table(
    sessions: Sessions, attempt: AttemptRow, database_url: str
) -> None:
    await came(sessions, 2 * KEPT, *LIFECYCLE)
    with overheard(sessions.kw["bind"]) as said:
        assert await emptied(sessions) == 3
        async with sessions.begin() as session:
            await prune_expired(session)
    assert len([one for one in said if one.startswith(("DELETE", "UPDATE"))]) >= 6
    assert await whole_reads(database_url, said) == {}
