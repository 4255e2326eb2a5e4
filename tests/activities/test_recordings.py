"""Recordings are fetched once, whole or not at all, and go when they must."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
import structlog
from temporalio.testing import ActivityEnvironment

from activities.fetching_recordings import LEASE, STORE_PAUSE
from activities.keeping_recordings import AT_ONCE, Shift
from storage import recordings
from storage.models import AttemptRow
from tests.activities.provider_edge import ProviderEdge, refuses
from tests.activities.recording_stage import LINK, WAV, Links, RecordingStage, says
from tests.activities.stage import Clock
from tests.builders import NOON, Sessions, World, change, reread
from tests.patience import PATIENCE_SECONDS

FRESH = "https://recordings.example.com/1.wav?signature=fresh"


@pytest.fixture
def links() -> Links:
    return Links({LINK: says})


@pytest.fixture
async def stage(
    sessions: Sessions, world: World, clock: Clock, tmp_path: Path, provider: ProviderEdge, links: Links
) -> AsyncIterator[RecordingStage]:
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(links)) as followed,
        httpx.AsyncClient(transport=httpx.MockTransport(provider)) as asked,
    ):
        yield RecordingStage(sessions, world, clock, tmp_path / "recordings", provider, followed, asked)


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


async def test_a_dead_link_is_replaced_by_the_one_that_the_provider_gives_now(
    stage: RecordingStage, links: Links, sessions: Sessions
) -> None:
    links.answers = {FRESH: says}
    row = await stage.recorded()
    stage.provider_gives(FRESH)
    assert await stage.round() == Shift(kept=1)
    assert links.asked == [LINK, FRESH]
    assert (await reread(sessions, row)).recording_url == FRESH


@pytest.mark.parametrize("gives", [LINK, None, FRESH], ids=["the-same", "none", "another-dead-one"])
async def test_a_link_that_stays_dead_is_given_up_and_said(
    stage: RecordingStage, links: Links, sessions: Sessions, gives: str | None
) -> None:
    links.answers = {}
    row = await stage.recorded()
    stage.provider_gives(gives)
    tries = 0
    with structlog.testing.capture_logs() as logs:
        while (await reread(sessions, row)).recording_given_up_at is None:
            await stage.round()
            tries += 1
            stage.clock.forward(hours=1)
    assert tries == 5
    given_up = await reread(sessions, row)
    assert (given_up.recording_problem, given_up.recording_path) == ("link_dead", None)
    (error,) = [line for line in logs if line["log_level"] == "error"]
    assert (error["event"], error["attempt_id"], error["tries"]) == ("recording_given_up", str(row.id), 5)
    assert (stage.count("failed"), stage.count("given_up")) == (4, 1)
    assert await stage.round() == Shift()


async def test_a_provider_that_cannot_be_asked_for_a_link_costs_one_try(
    stage: RecordingStage, links: Links, provider: ProviderEdge, sessions: Sessions
) -> None:
    links.answers = {FRESH: says}
    row = await stage.recorded()
    provider.questions = [refuses(503, "later")]
    stage.provider_gives(FRESH)
    assert await stage.round() == Shift(failed=1)
    assert (await reread(sessions, row)).recording_problem == "unreachable"
    stage.clock.forward(minutes=1)
    assert await stage.round() == Shift(kept=1)


async def test_a_link_into_our_own_network_is_given_up_at_once(stage: RecordingStage, sessions: Sessions) -> None:
    row = await stage.recorded(recording_url="http://169.254.169.254/latest/meta-data")
    assert await stage.round() == Shift(given_up=1)
    assert (await reread(sessions, row)).recording_problem == "link_forbidden"


async def test_the_link_is_in_no_log(stage: RecordingStage, links: Links) -> None:
    links.answers = {}
    await stage.recorded(1)
    await stage.recorded(2, recording_url="http://secret.example.com/secret")
    with structlog.testing.capture_logs() as logs:
        await stage.round()
    assert len(logs) == 2
    assert "secret" not in repr(logs)


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
