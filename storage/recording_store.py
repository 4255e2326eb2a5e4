"""Where recordings are kept for good: a folder, or a bucket at Google or Amazon.

StoreError
  + RecordingMissing   there is no such recording; the store itself is fine
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

PART_BYTES = 5 * 1024 * 1024
"""What is put into the store at once: the least that Amazon takes. One part waits while another is written."""

PIECE_BYTES = 512 * 1024
"""What is read from the store at once, for one listener."""

PRIVATE_FOLDER = 0o700
CHECKED_PATH = "leadline-was-here"
CHECK_SECONDS = 20.0


class StoreError(Exception):
    """The store can't be used right now. The message is of our own words and says what to look at."""


class RecordingMissing(StoreError):  # noqa: N818 - says what happened, not that it is an error
    """Nothing lies there: never put, deleted, or taken away by somebody else."""


class RecordingStore:
    """Opened when it is first used, so that one that can't be used keeps no process from starting."""

    def __init__(self, url: str) -> None:
        """``url``: ``file:///…``, ``gs://bucket/…`` or ``s3://bucket/…``; credentials come from the environment."""
        self._url = url
        self._store: ObjectStore | None = None
        self.problem: str | None = None
        """Why recordings can't be put there, as of the last time that was tried; ``None`` while all is well."""

    async def put(self, path: str, content: AsyncIterator[bytes], *, media_type: str) -> None:
        """Keep all of it under this path, or nothing; what was there before is replaced at the end.

        Memory: about two parts of 5 MiB, however much there is.

        Raises:
            StoreError: it couldn't be kept. What ``content`` raises is raised as it is.
        """
        watched = _Watched(content)
        try:
            with self._noting_trouble():
                await self._put(path, watched.pieces(), media_type)
        except StoreError:
            # Whoever breaks off has the store take back what it has, and that may fail as well.
            if watched.error is not None:
                raise watched.error from None
            raise

    async def size_bytes(self, path: str) -> int:
        """Raises ``RecordingMissing``, ``StoreError``."""
        with _in_our_words():
            return (await obstore.head_async(self._opened(), path))["size"]

    async def read(self, path: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` to before ``end``, in pieces of 512 KiB.

        Each piece is a request of its own: a listener who takes his time holds nothing open.

        Raises:
            RecordingMissing, StoreError: between any two pieces, too.
        """
        for begin in range(start, end, PIECE_BYTES):
            with _in_our_words():
                piece = await obstore.get_range_async(
                    self._opened(), path, start=begin, end=min(begin + PIECE_BYTES, end)
                )
            yield bytes(piece)

    async def delete(self, path: str) -> None:
        """Safe to repeat: what isn't there is fine. Raises ``StoreError``."""
        with _in_our_words():
            store = self._opened()
            await asyncio.to_thread(_remove_halves, store, path)
            with contextlib.suppress(FileNotFoundError):
                await obstore.delete_async(store, path)

    async def check(self) -> None:
        """Put something there and take it away again; ``problem`` says how that went. Never raises."""
        with contextlib.suppress(StoreError), self._noting_trouble():
            async with asyncio.timeout(CHECK_SECONDS):
                store = self._opened()
                await obstore.put_async(store, CHECKED_PATH, b"")
                await obstore.delete_async(store, CHECKED_PATH)

    async def _put(self, path: str, content: AsyncIterator[bytes], media_type: str) -> None:
        store = self._opened()
        await asyncio.to_thread(_remove_halves, store, path)
        await obstore.put_async(
            store,
            path,
            content,
            attributes=None if isinstance(store, LocalStore) else {"Content-Type": media_type},
            use_multipart=True,
            chunk_size=PART_BYTES,
            max_concurrency=1,
        )
        await asyncio.to_thread(_flush, store, path)

    def _opened(self) -> ObjectStore:
        if self._store is None:
            self._store = _open(self._url)
        return self._store

    @contextlib.contextmanager
    def _noting_trouble(self) -> Iterator[None]:
        try:
            with _in_our_words():
                yield
        except StoreError as error:
            self.problem = str(error)
            raise
        self.problem = None


class _Watched:
    """Passes content on and remembers what it broke off with."""

    def __init__(self, content: AsyncIterator[bytes]) -> None:
        self._content = content
        self.error: Exception | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._content:
                yield piece
        except Exception as error:
            self.error = error
            raise


def _open(url: str) -> ObjectStore:
    if url.startswith("file:"):
        folder = Path(url2pathname(urlsplit(url).path))
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        return LocalStore(folder)
    # Options for its HTTP client would take the place of those in the environment, such as AWS_ALLOW_HTTP.
    return from_url(url, retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=90)})


@contextlib.contextmanager
def _in_our_words() -> Iterator[None]:
    """The store's own errors name paths, buckets and sometimes requests: only their kind is told."""
    try:
        yield
    except FileNotFoundError as error:
        raise RecordingMissing("there is no such recording in the store") from error
    except (BaseError, OSError) as error:
        msg = (
            f"recordings can't be kept or read ({type(error).__name__}): look at LEADLINE_RECORDINGS_URL, at its"
            " credentials or permissions, and at its free space"
        )
        raise StoreError(msg) from error


def _flush(store: ObjectStore, path: str) -> None:
    """A file that is said to be kept survives a power cut: by then the provider's link may be dead."""
    if not isinstance(store, LocalStore) or store.prefix is None:
        return
    whole = store.prefix / path
    for place in (whole, whole.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove_halves(store: ObjectStore, path: str) -> None:
    """What a crash left of an earlier try beside its name; buckets do that by a rule of their life cycle."""
    if not isinstance(store, LocalStore) or store.prefix is None:
        return
    whole = store.prefix / path
    for half in whole.parent.glob(f"{whole.name}#*"):
        half.unlink(missing_ok=True)
