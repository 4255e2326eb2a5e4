"""Many listen, some of them slowly, and one reads for all of them."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import event, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from api.identification import Identification
from api.live_feed import LiveFeed
from api.live_listener import MOST_WAITING, Listener
from api.live_stream import start_of, stream
from api.problems import Unavailable
from api.tokens import Claims, Tokens
from runtime.settings import Settings
from storage.live_calls import Interest
from storage.models import UserRow
from tests.api.live.conftest import JWT_SECRET, AheadClock, Change, NewCall, Process, Report, Sessions
from tests.api.live.ear import listen
from tests.api.live.test_listening import spoken
from tests.patience import PATIENCE_SECONDS


def claims(organization_id: UUID, user_id: UUID | None = None) -> Claims:
    return Claims(user_id or uuid4(), organization_id, 1, datetime.now(UTC) + timedelta(hours=1), uuid4())


@pytest.fixture
def identification(sessions: Sessions) -> Identification:
    clock = AheadClock()
    return Identification(sessions, Tokens(JWT_SECRET, life=timedelta(days=1), clock=clock), clock=clock, rate=None)


@pytest.fixture
async def feed(settings: Settings, sessions: Sessions, identification: Identification) -> AsyncIterator[LiveFeed]:
    """One that takes its turns when a test says so."""
    feed = LiveFeed(settings, sessions, identification, AheadClock(), is_automatic=False)
    yield feed
    await feed.close()


@pytest.fixture
async def organization_id(process: Process) -> UUID:
    return (await process.deps.first_rows.ready()).organization.id


@pytest.fixture
def statements(engine: AsyncEngine) -> Iterator[list[str]]:
    """All that the feed of these tests asks the database."""
    asked: list[str] = []

    def note(*call: Any) -> None:  # noqa: ANN401  (what SQLAlchemy passes on)
        asked.append(call[2])

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine.sync_engine, "before_cursor_execute", note)


async def test_two_hundred_listeners_hear_the_same(
    listener: httpx.AsyncClient, new_call: NewCall, report: Report
) -> None:
    call = await new_call()
    async with contextlib.AsyncExitStack() as stack:
        ears = [await stack.enter_async_context(listen(listener)) for _ in range(200)]
        await asyncio.gather(*(ear.shown() for ear in ears))
        await report(call, ("user", "Hello"))
        heard = await asyncio.gather(*(ear.event() for ear in ears))
    assert {tuple(spoken(told)) for told in heard} == {("Hello",)}


async def test_a_turn_reads_as_often_for_many_listeners_and_calls_as_for_one(
    feed: LiveFeed, organization_id: UUID, new_call: NewCall, change: Change, statements: list[str]
) -> None:
    calls = [await new_call() for _ in range(12)]

    async def reads(listeners: int, changed: int) -> int:
        for _ in range(listeners):
            await feed.join(Interest(organization_id=organization_id), claims(organization_id))
        for call in calls[:changed]:
            await change(call, utterances=[{"role": "user", "content": str(listeners)}])
        statements.clear()
        await feed.turn()
        return len(statements)

    assert [await reads(1, 1), await reads(99, 12), await reads(0, 0)] == [2, 2, 1]


async def test_nobody_reads_while_nobody_listens(feed: LiveFeed, organization_id: UUID, statements: list[str]) -> None:
    feed.leave(await feed.join(Interest(organization_id=organization_id), claims(organization_id)))
    statements.clear()
    await feed.turn()
    assert statements == []


async def test_a_listener_that_does_not_take_what_waits_is_dropped_and_the_others_are_not(
    feed: LiveFeed, organization_id: UUID, new_call: NewCall, change: Change, sessions: Sessions
) -> None:
    interest = Interest(organization_id=organization_id)
    call = await new_call()
    slow = await feed.join(interest, claims(organization_id))
    quick = await feed.join(interest, claims(organization_id))
    events = stream(sessions, slow, await start_of(sessions, interest, None))
    ids = [(await anext(events)).id for _ in range(3)]  # begin, the call, the comment
    heard = 0
    for number in range(MOST_WAITING + 1):
        await change(call, utterances=[{"role": "user", "content": str(number)}])
        await feed.turn()
        heard += len((await anext(quick)).tellings)
    assert (slow.is_over, quick.is_over, heard) == (True, False, MOST_WAITING + 1)
    assert [event async for event in events] == []
    resumed = await start_of(sessions, interest, ids[-1])
    assert (resumed.is_resumed, list(resumed.kinds)) == (True, [call.attempt_id])


async def test_a_connection_that_nobody_reads_from_holds_up_nobody(
    listener: httpx.AsyncClient, new_call: NewCall, report: Report
) -> None:
    call = await new_call()
    async with listen(listener) as deaf, listen(listener) as ear:
        await asyncio.gather(deaf.shown(), ear.shown())
        for number in range(30):
            await report(call, ("user", f"{number} {'x' * 90_000}"))
            assert spoken(await ear.event("transcript"))[0].startswith(f"{number} ")


async def test_signs_of_life_come_as_comments_and_keep_the_id_fresh(
    listener: httpx.AsyncClient, process: Process, new_call: NewCall
) -> None:
    async with listen(listener) as ear:
        await ear.shown()
        first = ear.last_event_id
        await process.deps.live.beat()
        assert await ear.comment() == "still here"
        await new_call()
        await ear.event()
        await process.deps.live.beat()
        await ear.comment()
    assert ear.last_event_id != first
    async with listen(listener, ear.last_event_id) as ear:
        assert await ear.shown() == [{"type": "begin", "resumed": True}]


async def test_a_word_is_enough_and_no_look_is_waited_for(
    settings: Settings,
    sessions: Sessions,
    identification: Identification,
    organization_id: UUID,
    new_call: NewCall,
) -> None:
    feed = LiveFeed(settings, sessions, identification, AheadClock(), look_anyway_seconds=3_600)
    listening = await feed.join(Interest(organization_id=organization_id), claims(organization_id))
    call = await new_call()
    feed.ring(organization_id)
    told = await asyncio.wait_for(anext(listening), PATIENCE_SECONDS)
    assert [telling.call.call_id for telling in told.tellings] == [call.call_id]
    await feed.close()


async def test_signs_of_life_come_by_themselves(
    settings: Settings, sessions: Sessions, identification: Identification, organization_id: UUID
) -> None:
    async with sessions() as session:
        user_id = (await session.scalars(select(UserRow.id))).one()
    feed = LiveFeed(settings, sessions, identification, AheadClock(), beat_seconds=0.01)
    listening = await feed.join(Interest(organization_id=organization_id), claims(organization_id, user_id))
    assert (await asyncio.wait_for(anext(listening), PATIENCE_SECONDS)).tellings == ()
    await feed.close()


async def test_a_token_that_is_taken_back_ends_its_streams(
    listener: httpx.AsyncClient, process: Process, sessions: Sessions
) -> None:
    async with listen(listener) as ear:
        await ear.shown()
        async with sessions.begin() as session:
            await session.execute(update(UserRow).values(token_version=UserRow.token_version + 1))
        await process.deps.live.beat()
        assert await ear.rest() == []


async def test_signing_out_ends_the_streams_of_that_token_and_no_others(
    listener: httpx.AsyncClient, process: Process
) -> None:
    other = await process.sign_in()
    async with listen(listener) as ear, listen(other) as other_ear:
        await ear.shown()
        await other_ear.shown()
        await listener.post("/api/v1/auth/sign-out")
        await process.deps.live.beat()
        assert await ear.rest() == []
        assert process.deps.live.listeners == 1


async def test_a_machine_listens_until_its_key_is_revoked(listener: httpx.AsyncClient, process: Process) -> None:
    made = (await listener.post("/api/v1/api-keys", json={"name": "A screen", "role": "viewer"})).json()
    machine = await process.sign_in()
    machine.headers["Authorization"] = f"Bearer {made['key']}"
    async with listen(machine) as ear:
        await ear.shown()
        await process.deps.live.beat()
        assert process.deps.live.listeners == 1
        await listener.delete(f"/api/v1/api-keys/{made['id']}")
        await process.deps.live.beat()
        assert await ear.rest() == []


async def test_nothing_is_told_after_the_end_of_a_token(
    listener: httpx.AsyncClient, process: Process, new_call: NewCall
) -> None:
    async with listen(listener) as ear:
        await ear.shown()
        process.clock.ahead = timedelta(days=60, seconds=1)
        await new_call()
        assert await ear.rest() == []


async def test_who_leaves_is_forgotten(listener: httpx.AsyncClient, process: Process) -> None:
    async with listen(listener) as ear:
        await ear.shown()
        assert process.deps.live.listeners == 1
    async with asyncio.timeout(PATIENCE_SECONDS):
        while process.deps.live.listeners:
            await process.deps.live.turn()


async def test_a_process_that_stops_ends_its_streams_at_once_and_takes_no_more(
    listener: httpx.AsyncClient, process: Process, organization_id: UUID
) -> None:
    async with listen(listener) as ear, listen(listener) as other:
        await asyncio.gather(ear.shown(), other.shown())
        # No server would wait so long for streams that go on.
        process.server.config.timeout_graceful_shutdown = 2 * PATIENCE_SECONDS
        await process.stop()
        assert await ear.rest() == await other.rest() == []
    with pytest.raises(Unavailable):
        await process.deps.live.join(Interest(organization_id=organization_id), claims(organization_id))


async def test_what_was_shown_already_is_not_told_again(
    feed: LiveFeed, organization_id: UUID, new_call: NewCall, change: Change, sessions: Sessions
) -> None:
    interest = Interest(organization_id=organization_id)
    call = await new_call()
    listener = await feed.join(interest, claims(organization_id))
    await change(call, utterances=[{"role": "user", "content": "one"}])
    await feed.turn()
    await change(call, utterances=[{"role": "user", "content": "two"}])
    events = stream(sessions, listener, await start_of(sessions, interest, None))
    await change(call, utterances=[{"role": "user", "content": "three"}])
    await feed.turn()
    told = [await anext(events) for _ in range(4)]  # begin, the call, the comment, what changed
    assert [spoken(json.loads(event.raw_data or "")) for event in (told[1], told[3])] == [["three"], ["three"]]
    feed.leave(listener)
    assert [event async for event in events] == []


async def test_a_listener_is_told_nothing_of_before_it_joined(
    feed: LiveFeed, organization_id: UUID, new_call: NewCall, change: Change
) -> None:
    call = await new_call()
    early = await feed.join(Interest(organization_id=organization_id), claims(organization_id))
    await change(call, disposition="one")
    await feed.turn()
    late = await feed.join(Interest(organization_id=organization_id), claims(organization_id))
    await change(call, disposition="two")
    await feed.turn()

    async def dispositions(listener: Listener, parcels: int) -> list[str | None]:
        return [telling.call.disposition for _ in range(parcels) for telling in (await anext(listener)).tellings]

    assert await dispositions(early, 2) == ["one", "two"]
    assert await dispositions(late, 1) == ["two"]
