"""Who fetches which recording, who deletes it, and what becomes of those who die at it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from domain.recordings import RecordingProblem
from storage import recording_retention, recordings
from storage.accounts import address_of
from storage.models import AttemptRow, AuditEntryRow
from storage.recordings import CHANNEL, KeptRecording, RecordingToFetch
from tests.builders import NOON, Sessions, World, add_attempt_of, add_campaign, add_lead, add_world, change, reread
from tests.patience import PATIENCE_SECONDS

LINK = "https://recordings.example.com/1.wav?signature=secret"
LEASE = timedelta(minutes=1)
KEPT = KeptRecording(1000, "audio/wav", "00" * 32)
FETCHED: dict[str, Any] = {"recording_fetched_at": NOON, "recording_path": "kept/1", "recording_url": LINK}


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


@pytest.fixture
def channel() -> str:
    return CHANNEL


async def recorded(sessions: Sessions, world: World, number: int = 0, **columns: object) -> AttemptRow:
    """An attempt that is over, and whose recording the provider has a link to."""
    lead = await add_lead(sessions, world, f"+1312555{number:04}")
    over: dict[str, Any] = {
        "outcome": "answered",
        "counts": True,
        "slot_released_at": NOON,
        "ended_at": NOON,
        "call_id": f"call_{number}",
        "recording_url": LINK,
    }
    return await add_attempt_of(sessions, world, lead, "done", **(over | columns))


async def claim(sessions: Sessions, now: datetime = NOON, limit: int = 10) -> Sequence[RecordingToFetch]:
    async with sessions.begin() as session:
        return await recordings.claim_to_fetch(session, now=now, until=now + LEASE, limit=limit)


async def test_ten_who_ask_at_once_get_each_recording_once(sessions: Sessions, world: World) -> None:
    rows = [await recorded(sessions, world, number) for number in range(12)]
    claims = [one for some in await asyncio.gather(*(claim(sessions, limit=2) for _ in range(10))) for one in some]
    assert len(claims) == len({one.row_id for one in claims})
    claims += await claim(sessions, limit=100)
    assert sorted(one.row_id for one in claims) == sorted(row.id for row in rows)
    assert await claim(sessions) == []


async def test_a_try_says_all_that_it_takes_and_keeps_its_place_in_the_store(sessions: Sessions, world: World) -> None:
    row = await recorded(sessions, world)
    (first,) = await claim(sessions)
    month = f"{(await reread(sessions, row)).created_at:%Y-%m}"
    path = f"{world.organization.id}/{month}/{row.id}"
    assert first == RecordingToFetch(row.id, 1, path, LINK, "call_0", address_of(world.account))
    (again,) = await claim(sessions, NOON + LEASE)
    assert again == first._replace(tries=2)


async def test_who_lost_his_lease_can_write_nothing_any_more(sessions: Sessions, world: World) -> None:
    row = await recorded(sessions, world)
    (slow,) = await claim(sessions)
    (quick,) = await claim(sessions, NOON + LEASE)
    async with sessions.begin() as session:
        assert not await recordings.extend_lease(session, slow, NOON + 2 * LEASE)
        assert not await recordings.mark_kept(session, slow, KEPT, NOON)
        assert await recordings.mark_kept(session, quick, KEPT, NOON)
        assert not await recordings.give_up(session, quick, RecordingProblem.UNREACHABLE, NOON)
    kept = await reread(sessions, row)
    assert (kept.recording_fetched_at, kept.recording_bytes, kept.recording_problem) == (NOON, 1000, None)
    assert await claim(sessions, NOON + timedelta(days=1)) == []


async def test_a_lease_that_is_extended_is_kept(sessions: Sessions, world: World) -> None:
    await recorded(sessions, world)
    (mine,) = await claim(sessions)
    async with sessions.begin() as session:
        assert await recordings.extend_lease(session, mine, NOON + 2 * LEASE)
    assert await claim(sessions, NOON + LEASE) == []


async def test_a_failure_is_tried_again_when_its_time_comes_and_one_of_our_own_was_no_try(
    sessions: Sessions, world: World
) -> None:
    await recorded(sessions, world)
    (first,) = await claim(sessions)
    async with sessions.begin() as session:
        await recordings.mark_failed(session, first, RecordingProblem.UNREACHABLE, again_at=NOON + timedelta(hours=1))
    assert await claim(sessions, NOON + timedelta(minutes=59)) == []
    (second,) = await claim(sessions, NOON + timedelta(hours=1))
    async with sessions.begin() as session:
        await recordings.put_back(session, second, again_at=NOON)
    assert [one.tries for one in await claim(sessions)] == [2]


async def test_those_that_were_never_tried_come_first(sessions: Sessions, world: World) -> None:
    await recorded(sessions, world, 1, recording_try_at=NOON - timedelta(hours=1), recording_tries=1)
    fresh = await recorded(sessions, world, 2)
    assert [one.row_id for one in await claim(sessions, limit=1)] == [fresh.id]


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"recording_url": None}, id="no-link"),
        pytest.param({"recording_fetched_at": NOON}, id="kept"),
        pytest.param({"recording_given_up_at": NOON}, id="given-up"),
        pytest.param({"recording_deletion": "erasure"}, id="to-be-deleted"),
        pytest.param({"recording_try_at": NOON + timedelta(seconds=1)}, id="not-yet"),
    ],
)
async def test_nothing_else_is_fetched(sessions: Sessions, world: World, columns: dict[str, Any]) -> None:
    await recorded(sessions, world, **columns)
    assert await claim(sessions) == []


async def test_a_link_is_announced_with_its_commit_and_only_if_there_is_something_to_fetch(
    sessions: Sessions, world: World, heard: asyncio.Queue[str]
) -> None:
    row = await recorded(sessions, world, recording_url=None)
    gone = await recorded(sessions, world, 1, recording_url=None, recording_deletion="erasure")
    await change(sessions, gone, recording_url=LINK)
    await change(sessions, row, recording_url=LINK)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await heard.get() == ""
    await change(sessions, row, recording_url=LINK, transcript="Agent: Hello")
    await change(sessions, row, recording_fetched_at=NOON)
    await change(sessions, row, recording_url=LINK + "2")
    async with sessions.begin() as session:
        await session.execute(select(func.pg_notify(CHANNEL, "last")))
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await heard.get() == "last"


async def order_retention(sessions: Sessions, now: datetime, limit: int = 100) -> int:
    async with sessions.begin() as session:
        return await recording_retention.order_retention(session, now=now, limit=limit)


async def test_a_recording_stays_as_many_days_after_its_call_as_its_campaign_says(
    sessions: Sessions, world: World
) -> None:
    forever = await add_campaign(sessions, world)
    await change(sessions, world.campaign, recording_days=30)
    due = await recorded(sessions, world, 1, **FETCHED | {"recording_fetched_at": NOON + timedelta(days=3)})
    await recorded(sessions, world, 2, **FETCHED | {"ended_at": NOON + timedelta(minutes=1)})
    await recorded(sessions, world, 3, **FETCHED | {"campaign_id": forever.campaign.id})
    assert await order_retention(sessions, NOON + timedelta(days=30)) == 0
    assert await order_retention(sessions, NOON + timedelta(days=30, seconds=1)) == 1
    row = await reread(sessions, due)
    assert (row.recording_deletion, row.recording_url, row.recording_deleted_at) == ("retention", None, None)
    assert await order_retention(sessions, NOON + timedelta(days=30, seconds=1)) == 0


async def test_many_are_ordered_in_batches(sessions: Sessions, world: World) -> None:
    await change(sessions, world.campaign, recording_days=1)
    for number in range(5):
        await recorded(sessions, world, number, **FETCHED)
    later = NOON + timedelta(days=2)
    assert [await order_retention(sessions, later, limit=3) for _ in range(3)] == [3, 2, 0]


async def test_what_is_deleted_is_written_down_once_and_told_in_the_audit_log(sessions: Sessions, world: World) -> None:
    await change(sessions, world.campaign, recording_days=1)
    rows = [await recorded(sessions, world, number, **FETCHED) for number in range(3)]
    later = NOON + timedelta(days=2)
    await order_retention(sessions, later)
    async with sessions.begin() as session:
        claimed = await recordings.claim_to_delete(session, now=later, until=later + LEASE, limit=100)
        assert await recordings.claim_to_delete(session, now=later, until=later + LEASE, limit=100) == []
    assert sorted(one.row_id for one in claimed) == sorted(row.id for row in rows)
    for _ in range(2):
        async with sessions.begin() as session:
            await recordings.mark_deleted(session, claimed, later)
    row = await reread(sessions, rows[0])
    assert (row.recording_path, row.recording_deleted_at, row.recording_fetched_at) == (None, later, NOON)
    async with sessions() as session:
        (entry,) = await session.scalars(select(AuditEntryRow))
    assert (entry.action, entry.target_id, entry.user_id) == ("recordings.deleted", world.campaign.id, None)
    assert entry.details == {"count": 3, "by": "retention"}


async def test_everything_of_a_person_is_listed_and_ordered_to_go_and_nothing_is_fetched_any_more(
    sessions: Sessions, world: World
) -> None:
    kept = await recorded(sessions, world, 1, **FETCHED)
    stranger = await recorded(sessions, world, 2, **FETCHED)
    async with sessions.begin() as session:
        assert await recordings.order_deletion_of_contact(session, kept.contact_id) == 1
        assert await recordings.order_deletion_of_contact(session, kept.contact_id) == 0
    async with sessions() as session:
        listed = await recordings.recordings_of_contact(session, kept.contact_id)
    assert [(one.row_id, one.path) for one in listed] == [(kept.id, "kept/1")]
    assert (await reread(sessions, stranger)).recording_deletion is None
    await change(sessions, kept, recording_url=LINK)
    assert await claim(sessions) == []


async def test_a_recording_that_is_being_fetched_when_it_is_to_go_is_deleted_once_nobody_can_put_it_there_any_more(
    sessions: Sessions, world: World
) -> None:
    row = await recorded(sessions, world)
    (mine,) = await claim(sessions)
    async with sessions.begin() as session:
        await recordings.order_deletion_of_contact(session, row.contact_id)
    async with sessions.begin() as session:
        assert not await recordings.mark_kept(session, mine, KEPT, NOON)
        assert await recordings.claim_to_delete(session, now=NOON, until=NOON + LEASE, limit=10) == []
        (gone,) = await recordings.claim_to_delete(session, now=NOON + LEASE, until=NOON + 2 * LEASE, limit=10)
    assert gone.path == mine.path
