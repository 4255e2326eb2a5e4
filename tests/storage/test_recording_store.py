"""The store of recordings, as a folder and as a bucket."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.server import bound_socket, running
from storage.recording_store import PIECE_BYTES, RecordingMissing, RecordingStore, StoreError
from tests.patience import PATIENCE_SECONDS
from tests.storage.pretend_bucket import Bucket

PATH = "an-organization/2026-03/an-attempt"
ROOT = Path(__file__).parents[2]
MEGABYTE = bytes(range(256)) * 4096


class BrokenOff(Exception):  # noqa: N818
    """The far side went away."""


async def content(*pieces: bytes | Exception) -> AsyncIterator[bytes]:
    for piece in pieces:
        if isinstance(piece, Exception):
            raise piece
        yield piece


async def read(store: RecordingStore, start: int, end: int) -> list[bytes]:
    return [piece async for piece in store.read(PATH, start, end)]


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def mode(folder: Path) -> int:
    return folder.stat().st_mode & 0o777


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "recordings"


@pytest.fixture
async def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
async def in_bucket(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RecordingStore]:
    """Its credentials and its address come from the environment, as a person gives them."""
    async with running(bucket.app(), bound_socket("127.0.0.1", 0)) as address:
        credentials = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_REGION": "us-east-1"}
        for name, value in (credentials | {"AWS_ENDPOINT_URL": address, "AWS_ALLOW_HTTP": "true"}).items():
            monkeypatch.setenv(name, value)
        yield RecordingStore("s3://a-bucket/recordings")


@pytest.fixture(params=["folder", "bucket"])
async def store(request: pytest.FixtureRequest, folder: Path, in_bucket: RecordingStore) -> RecordingStore:
    return in_bucket if request.param == "bucket" else RecordingStore(folder.as_uri())


async def test_what_was_put_is_read_whole_or_in_part_and_in_pieces(store: RecordingStore) -> None:
    await store.put(PATH, content(*[MEGABYTE] * 11), media_type="audio/wav")
    whole = MEGABYTE * 11
    assert await store.size_bytes(PATH) == len(whole)
    assert b"".join(await read(store, 0, len(whole))) == whole
    pieces = await read(store, 5, PIECE_BYTES + 7)
    assert [len(piece) for piece in pieces] == [PIECE_BYTES, 2]
    assert b"".join(pieces) == whole[5 : PIECE_BYTES + 7]
    assert await read(store, 9, 10) == [whole[9:10]]


async def test_what_is_put_again_replaces_what_was_there(store: RecordingStore) -> None:
    await store.put(PATH, content(b"first, and longer"), media_type="audio/wav")
    await store.put(PATH, content(b"second"), media_type="audio/wav")
    assert await read(store, 0, await store.size_bytes(PATH)) == [b"second"]


async def test_nothing_is_there_of_what_broke_off(store: RecordingStore) -> None:
    with pytest.raises(BrokenOff):
        await store.put(PATH, content(*[MEGABYTE] * 7, BrokenOff()), media_type="audio/wav")
    with pytest.raises(RecordingMissing):
        await store.size_bytes(PATH)
    assert store.problem is None


async def test_what_broke_off_is_told_although_the_bucket_takes_nothing_back(
    in_bucket: RecordingStore, bucket: Bucket
) -> None:
    bucket.may_abort = False
    with pytest.raises(BrokenOff):
        await in_bucket.put(PATH, content(*[MEGABYTE] * 7, BrokenOff()), media_type="audio/wav")


async def test_deleting_is_safe_to_repeat(store: RecordingStore) -> None:
    await store.put(PATH, content(b"one"), media_type="audio/wav")
    for _ in range(2):
        await store.delete(PATH)
    with pytest.raises(RecordingMissing):
        await read(store, 0, 1)


async def test_a_check_leaves_nothing_behind(store: RecordingStore, bucket: Bucket, folder: Path) -> None:
    await store.check()
    assert store.problem is None
    assert (files(folder), list(bucket.files)) == ([], [])


async def test_a_bucket_is_told_what_kind_of_audio_it_is_given(in_bucket: RecordingStore, bucket: Bucket) -> None:
    await in_bucket.put(PATH, content(b"ID3"), media_type="audio/mpeg")
    assert bucket.media_types == {f"a-bucket/recordings/{PATH}": "audio/mpeg"}


async def test_a_bucket_that_lets_nobody_in_says_so_until_it_does(in_bucket: RecordingStore, bucket: Bucket) -> None:
    bucket.is_closed = True
    await in_bucket.check()
    assert in_bucket.problem is not None
    assert "LEADLINE_RECORDINGS_URL" in in_bucket.problem
    bucket.is_closed = False
    await in_bucket.check()
    assert in_bucket.problem is None


async def test_a_folder_is_made_for_nobody_else_to_look_into(folder: Path) -> None:
    await RecordingStore(folder.as_uri()).put(PATH, content(b"one"), media_type="audio/wav")
    assert mode(folder) == 0o700
    assert files(folder) == [PATH]


async def test_what_a_crash_left_of_an_earlier_try_goes_with_the_next_or_with_the_deletion(folder: Path) -> None:
    store = RecordingStore(folder.as_uri())
    half, other = folder / f"{PATH}#1", folder / f"{PATH}-other#1"
    half.parent.mkdir(parents=True)
    for path in (half, other):
        path.write_bytes(b"half")
    await store.put(PATH, content(b"whole"), media_type="audio/wav")
    assert files(folder) == [PATH, f"{PATH}-other#1"]
    half.write_bytes(b"half")
    await store.delete(PATH)
    assert files(folder) == [f"{PATH}-other#1"]


ENDLESS = """
import asyncio, sys
from storage.recording_store import RecordingStore

async def content():
    while True:
        yield bytes(1_000_000)
        await asyncio.sleep(0.01)

asyncio.run(RecordingStore(sys.argv[1]).put(sys.argv[2], content(), media_type="audio/wav"))
"""


async def test_a_process_that_is_killed_in_the_middle_leaves_nothing_under_the_name(folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", ENDLESS, folder.as_uri(), PATH, cwd=ROOT)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not written(folder):  # noqa: ASYNC110  (what is waited for happens in another process)
                await asyncio.sleep(0.01)
    finally:
        process.kill()
        await process.wait()
    assert PATH not in files(folder)
    store = RecordingStore(folder.as_uri())
    with pytest.raises(RecordingMissing):
        await store.size_bytes(PATH)
    await store.put(PATH, content(b"whole"), media_type="audio/wav")
    assert files(folder) == [PATH]


def written(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


async def test_a_folder_that_cannot_be_made_is_said_and_used_as_soon_as_it_can(folder: Path) -> None:
    store = RecordingStore(folder.as_uri())
    folder.parent.write_text("a file is in the way")
    with pytest.raises(StoreError, match="LEADLINE_RECORDINGS_URL"):
        await store.put(PATH, content(b"one"), media_type="audio/wav")
    assert store.problem is not None
    assert str(folder) not in store.problem
    folder.parent.unlink()
    await store.put(PATH, content(b"one"), media_type="audio/wav")
    assert store.problem is None


async def test_an_address_in_another_writing_is_no_way_out_of_the_folder(folder: Path) -> None:
    store = RecordingStore(folder.as_uri())
    with pytest.raises(ValueError, match="path"):
        await store.size_bytes("../secret")


def test_nothing_is_opened_before_it_is_used(folder: Path) -> None:
    RecordingStore(folder.as_uri())
    RecordingStore("gs://a-bucket/recordings")
    assert not folder.exists()
