"""Recordings are fetched once, whole or not at all."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from temporalio.testing import ActivityEnvironment

from activities.fetching_recordings import LEASE, STORE_PAUSE
from activities.keeping_recordings import AT_ONCE, Shift
from storage import recordings
from storage.models import AttemptRow
from tests.activities.recording_stage import LINK, WAV, Links, RecordingStage, links, says, stage
from tests.builders import NOON, Sessions, change, reread
from tests.patience import PATIENCE_SECONDS

__all__ = ["links", "stage"]


async def test_a_recording_is_kept_and_written_down(stage: RecordingStage, sessions: Sessions) -> None:
    row = await stage.recorded()
    stage.clock.forward(seconds=3)
    assert await stage.round() == Shift(kept=1)
    kept = await reread(sessions, row)
    assert stage.files() == {kept.recording_path: WAV}
    assert (kept.recording_bytes, kept.recording_type, kept.recording_tries) == (len(WAV), "audio/wav", 1)
    assert kept.recording_digest == hashlib.sha256(WAV).hexdigest()
    assert (kept.recording_fetched_at, kept.recording_try_at) == (NOON + timedelta(seconds=3), None)
    assert stage.count("kept") == 1
    assert stage.registry.get_sample_value("leadline_recordings_kept_bytes_total") == len(WAV)


async def test_ten_workers_fetch_each_recording_once(stage: RecordingStage, links: Links) -> None:
    addresses = [f"https://recordings.example.com/{number}.wav" for number in range(30)]
    for number, address in enumerate(addresses):
        links.answers[address] = says
        await stage.recorded(number, recording_url=address)
    shifts = await asyncio.gather(*(stage.round() for _ in range(10)))
    assert sum(shift.kept for shift in shifts) == 30
    assert sorted(links.asked) == sorted(addresses)
    assert len(stage.files()) == 30


async def test_no_more_are_fetched_at_once_than_memory_is_meant_for(stage: RecordingStage, links: Links) -> None:
    at_once = peak = 0
    full = asyncio.Event()

    async def slowly() -> httpx.Response:
        nonlocal at_once, peak
        at_once += 1
        peak = max(peak, at_once)
        if at_once == AT_ONCE:
            full.set()
        await full.wait()
        at_once -= 1
        return says()

    links.answers[LINK] = slowly
    for number in range(3 * AT_ONCE):
        await stage.recorded(number)
    assert (await stage.round()).kept == 3 * AT_ONCE
    assert peak == AT_ONCE


async def test_word_of_a_link_is_acted_upon_at_once(stage: RecordingStage, links: Links) -> None:
    """Not at the next look, which is a day away."""
    keeper = stage.keeper(shift=timedelta(days=2), poll=timedelta(days=1))
    environment = ActivityEnvironment()
    working = asyncio.create_task(environment.run(keeper.keep_recordings))
    await stage.recorded()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not links.asked:
            keeper.nudge()
            await asyncio.sleep(0)
    environment.worker_shutdown()
    assert (await working).kept == 1


async def test_a_worker_that_stops_gives_back_what_it_cannot_finish(
    stage: RecordingStage, links: Links, sessions: Sessions
) -> None:
    begun = asyncio.Event()

    async def never() -> httpx.Response:
        begun.set()
        await asyncio.get_running_loop().create_future()
        return says()

    links.answers[LINK] = never
    row = await stage.recorded()
    environment = ActivityEnvironment()
    working = asyncio.create_task(environment.run(stage.keeper(parting=timedelta(0)).keep_recordings))
    await asyncio.wait_for(begun.wait(), PATIENCE_SECONDS)
    environment.worker_shutdown()
    assert (await asyncio.wait_for(working, PATIENCE_SECONDS)).kept == 0
    given_back = await reread(sessions, row)
    assert (given_back.recording_tries, given_back.recording_try_at) == (0, stage.clock.now)
    links.answers[LINK] = says
    assert (await stage.round()).kept == 1


async def test_what_a_crash_left_undone_is_done_again_and_no_half_is_left(
    stage: RecordingStage, sessions: Sessions
) -> None:
    """The worker died in the middle of putting it into the store: it holds a lease, and half a file lies about."""
    row = await stage.recorded()
    async with sessions.begin() as session:
        (claim,) = await recordings.claim_to_fetch(session, now=stage.clock(), until=stage.clock() + LEASE, limit=1)
    leave_half(stage.folder / f"{claim.path}#1")
    assert (await stage.round()).kept == 0
    stage.clock.forward(seconds=LEASE.total_seconds())
    assert (await stage.round()).kept == 1
    assert stage.files() == {claim.path: WAV}
    assert (await reread(sessions, row)).recording_tries == 2


def leave_half(place: Path) -> None:
    place.parent.mkdir(parents=True)
    place.write_bytes(WAV[:100])


async def test_a_long_download_stays_in_the_hands_of_who_is_at_it(
    stage: RecordingStage, links: Links, sessions: Sessions
) -> None:
    row = await stage.recorded()

    def long_one() -> httpx.Response:
        async def pieces() -> AsyncIterator[bytes]:
            yield WAV
            stage.clock.forward(seconds=1)
            await until_extended(sessions, row, stage.clock() + timedelta(seconds=0.3))
            yield WAV

        return httpx.Response(200, content=pieces())

    links.answers[LINK] = long_one
    keeper = stage.keeper(lease=timedelta(seconds=0.3))
    assert (await ActivityEnvironment().run(keeper.keep_recordings)).kept == 1
    assert (await reread(sessions, row)).recording_tries == 1


async def until_extended(sessions: Sessions, row: AttemptRow, until: datetime) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await reread(sessions, row)).recording_try_at != until:
            pass


async def test_who_finds_his_download_taken_over_leaves_it(
    stage: RecordingStage, links: Links, sessions: Sessions
) -> None:
    row = await stage.recorded()
    sent = 0

    def taken_over() -> httpx.Response:
        async def pieces() -> AsyncIterator[bytes]:
            nonlocal sent
            yield WAV
            await change(sessions, row, recording_tries=2, recording_try_at=stage.clock() + LEASE)
            while True:
                sent += 1
                yield bytes(1000)
                await asyncio.sleep(0)

        return httpx.Response(200, content=pieces())

    links.answers[LINK] = taken_over
    keeper = stage.keeper(lease=timedelta(seconds=0.3))
    assert await ActivityEnvironment().run(keeper.keep_recordings) == Shift()
    assert sent > 0
    assert stage.files() == {}
    assert (await reread(sessions, row)).recording_fetched_at is None


async def test_one_that_breaks_off_leaves_nothing_and_is_tried_again(
    stage: RecordingStage, links: Links, sessions: Sessions
) -> None:
    def broken() -> httpx.Response:
        async def pieces() -> AsyncIterator[bytes]:
            yield WAV
            raise httpx.ReadError("the far side went away")

        return httpx.Response(200, content=pieces())

    links.answers[LINK] = broken
    row = await stage.recorded()
    assert await stage.round() == Shift(failed=1)
    assert stage.files() == {}
    failed = await reread(sessions, row)
    assert (failed.recording_problem, failed.recording_fetched_at) == ("unreachable", None)
    assert failed.recording_try_at is not None
    stage.clock.now = failed.recording_try_at
    links.answers[LINK] = says
    assert await stage.round() == Shift(kept=1)
    assert (await reread(sessions, row)).recording_problem is None


async def test_a_store_that_is_away_uses_up_no_try_and_is_tried_until_it_is_back(
    stage: RecordingStage, links: Links, sessions: Sessions
) -> None:
    stage.folder.write_text("a file is in the way")
    row = await stage.recorded()
    for _ in range(12):
        assert await stage.round() == Shift()
        stage.clock.forward(seconds=STORE_PAUSE.total_seconds())
    assert (await reread(sessions, row)).recording_tries == 0
    assert stage.store.problem is not None
    assert len(links.asked) == 1, "no link is opened while there is nowhere to put what it leads to"
    stage.folder.unlink()
    assert await stage.round() == Shift(kept=1)
    assert stage.store.problem is None
