"""Recordings go when they must, also those that are just being fetched."""

from pathlib import Path

import httpx

from activities.fetching_recordings import LEASE
from activities.keeping_recordings import Shift
from storage import recordings
from tests.activities.recording_stage import LINK, Links, RecordingStage, links, says, stage
from tests.builders import Sessions, World, change, reread

__all__ = ["links", "stage"]


async def test_a_recording_goes_when_its_days_are_over_and_is_never_fetched_again(
    stage: RecordingStage, world: World, sessions: Sessions
) -> None:
    await change(sessions, world.campaign, recording_days=30)
    row = await stage.recorded()
    assert await stage.round() == Shift(kept=1)
    stage.clock.forward(days=30)
    assert await stage.round() == Shift()
    stage.clock.forward(seconds=1)
    assert await stage.round() == Shift(deleted=1)
    assert stage.files() == {}
    gone = await reread(sessions, row)
    assert (gone.recording_deletion, gone.recording_deleted_at) == ("retention", stage.clock.now)
    assert (gone.recording_path, gone.recording_url) == (None, None)
    await change(sessions, row, recording_url=LINK)
    assert await stage.round() == Shift()
    assert stage.count("deleted") == 1


async def test_a_person_who_is_erased_in_the_middle_of_a_download_leaves_no_recording(
    stage: RecordingStage, links: Links, sessions: Sessions
) -> None:
    row = await stage.recorded()

    async def erased_meanwhile() -> httpx.Response:
        async with sessions.begin() as session:
            await recordings.order_deletion_of_contact(session, row.contact_id)
        return says()

    links.answers[LINK] = erased_meanwhile
    assert await stage.round() == Shift()
    async with sessions() as session:
        (left,) = await recordings.recordings_of_contact(session, row.contact_id)
    assert list(stage.files()) == [left.path]
    stage.clock.forward(seconds=LEASE.total_seconds())
    assert await stage.round() == Shift(deleted=1)
    assert stage.files() == {}
    async with sessions() as session:
        assert await recordings.recordings_of_contact(session, row.contact_id) == []


async def test_one_that_comes_into_the_store_after_it_was_deleted_there_goes_as_well(
    stage: RecordingStage, links: Links, sessions: Sessions
) -> None:
    """A bucket may take longer to take the last part than the lease holds."""
    row = await stage.recorded()

    async def deleted_meanwhile() -> httpx.Response:
        async with sessions.begin() as session:
            await recordings.order_deletion_of_contact(session, row.contact_id)
        stage.clock.forward(seconds=LEASE.total_seconds())
        while (await reread(sessions, row)).recording_deleted_at is None:
            await stage.round()
        return says()

    links.answers[LINK] = deleted_meanwhile
    assert (await stage.round()).kept == 0
    await stage.round()
    assert stage.files() == {}
    gone = await reread(sessions, row)
    assert (gone.recording_path, gone.recording_deleted_at) == (None, stage.clock.now)


async def test_a_store_that_deletes_nothing_leaves_the_row_as_it_is_and_is_asked_again(
    stage: RecordingStage, world: World, sessions: Sessions
) -> None:
    await change(sessions, world.campaign, recording_days=1)
    row = await stage.recorded()
    await stage.round()
    stage.clock.forward(days=2)
    kept = (await reread(sessions, row)).recording_path or ""
    put_in_the_way(stage.folder / kept)
    assert await stage.round() == Shift()
    refused = await reread(sessions, row)
    assert (refused.recording_deletion, refused.recording_deleted_at) == ("retention", None)
    put_away(stage.folder / kept)
    stage.clock.forward(minutes=2)
    assert await stage.round() == Shift(deleted=1)
    assert (await reread(sessions, row)).recording_deleted_at == stage.clock.now


def put_in_the_way(place: Path) -> None:
    """A folder in place of the file, which no store deletes."""
    place.unlink()
    (place / "full").mkdir(parents=True)


def put_away(place: Path) -> None:
    (place / "full").rmdir()
    place.rmdir()


async def test_many_that_are_due_go_in_one_round(stage: RecordingStage, world: World, sessions: Sessions) -> None:
    await change(sessions, world.campaign, recording_days=1)
    for number in range(12):
        await stage.recorded(number)
    assert (await stage.round()).kept == 12
    stage.clock.forward(days=2)
    assert (await stage.round()).deleted == 12
    assert stage.files() == {}
