"""One try at one recording: from the provider's link into our store, and what is written down of it."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.account_clients import AccountClients
from activities.recording_metrics import Became, RecordingMetrics
from domain.recordings import RecordingProblem, next_try_after
from storage import recordings
from storage.recording_store import RecordingStore, StoreError
from storage.recordings import KeptRecording, RecordingToFetch
from telephony.errors import ProviderError
from telephony.provider import VoiceProvider
from telephony.recording_links import LinkDead, NoRecording, RecordingError, RecordingLinks, RecordingUnreachable

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
"""What somebody was at work on when he died is tried again after this: links may live for ten minutes only."""

STORE_PAUSE = timedelta(seconds=60)


class LeaseLost(Exception):  # noqa: N818 - says what happened, not that it is an error
    """Somebody else has taken the recording over, or it is to be deleted."""


class RecordingFetcher:
    """``origins``: scheme, host and port of each kind of provider that a person configured, for ``RecordingLinks``.

    ``lease``: for how long a claim that it is given holds; it extends it while it is at work.
    """

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        store: RecordingStore,
        links: RecordingLinks,
        clients: AccountClients[VoiceProvider],
        origins: Mapping[str, str],
        metrics: RecordingMetrics,
        clock: Callable[[], datetime],
        *,
        lease: timedelta = LEASE,
    ) -> None:
        self.lease = lease
        self._sessions = sessions
        self._store = store
        self._links = links
        self._clients = clients
        self._origins = origins
        self._metrics = metrics
        self._clock = clock

    async def fetch(self, claim: RecordingToFetch) -> Became | None:
        """Try once, and write down how that went; ``None`` where it isn't ours to say any more.

        One that is cancelled is given back, and was no try. Nothing is left in the store of a try that failed.
        """
        try:
            async with self._holding(claim) as lease:
                kept = await self._keep(claim, lease)
            return await self._record_kept(claim, kept)
        except LeaseLost:
            return None
        except RecordingError as error:
            return await self._record_failure(claim, error)
        except StoreError as error:
            return await self._put_off(claim, error)
        except asyncio.CancelledError:
            async with self._sessions.begin() as session:
                await recordings.put_back(session, claim, again_at=self._clock())
            raise

    @asynccontextmanager
    async def _holding(self, claim: RecordingToFetch) -> AsyncIterator["_Lease"]:
        """Extend the lease for as long as the block takes."""
        lease = _Lease(self.lease)
        extending = asyncio.create_task(self._extend(claim, lease))
        try:
            yield lease
        finally:
            extending.cancel()
            await asyncio.gather(extending, return_exceptions=True)

    async def _extend(self, claim: RecordingToFetch, lease: "_Lease") -> None:
        while True:
            await asyncio.sleep(self.lease.total_seconds() / 3)
            try:
                async with self._sessions.begin() as session:
                    is_ours = await recordings.extend_lease(session, claim, self._clock() + self.lease)
            except (SQLAlchemyError, OSError) as error:
                log.warning("lease_not_extended", **claim.named, error=type(error).__name__)
                continue
            if not is_ours:
                lease.lose()
                return
            lease.extended()

    async def _keep(self, claim: RecordingToFetch, lease: "_Lease") -> KeptRecording:
        try:
            return await self._download(claim, claim.url, lease)
        except (LinkDead, NoRecording) as error:
            fresh = await self._fresh_link(claim)
            if fresh is None or fresh == claim.url:
                raise error from None
        async with self._sessions.begin() as session:
            await recordings.note_link(session, claim, fresh)
        return await self._download(claim, fresh, lease)

    async def _download(self, claim: RecordingToFetch, link: str, lease: "_Lease") -> KeptRecording:
        digest, size_bytes = hashlib.sha256(), 0
        async with self._links.open(link, trusted_origin=self._origin(claim)) as recording:

            async def content() -> AsyncIterator[bytes]:
                nonlocal size_bytes
                async for piece in recording.pieces():
                    lease.check()
                    digest.update(piece)
                    size_bytes += len(piece)
                    yield piece

            await self._store.put(claim.path, content(), media_type=recording.media_type)
            return KeptRecording(size_bytes, recording.media_type, digest.hexdigest())

    def _origin(self, claim: RecordingToFetch) -> str | None:
        return claim.account.base_url or self._origins.get(claim.account.provider)

    async def _fresh_link(self, claim: RecordingToFetch) -> str | None:
        """The link that the provider gives now: those of some accounts are only good for minutes."""
        provider = self._clients.of(claim.account)
        if provider is None or claim.call_id is None:
            return None
        try:
            facts = await provider.get(claim.call_id)
        except ProviderError as error:
            msg = f"the link is dead, and the provider couldn't be asked for another: {error}"
            raise RecordingUnreachable(msg) from None
        return None if facts is None else facts.recording_url

    async def _record_kept(self, claim: RecordingToFetch, kept: KeptRecording) -> Became | None:
        async with self._sessions.begin() as session:
            if not await recordings.mark_kept(session, claim, kept, self._clock()):
                await recordings.delete_anew(session, claim)
                return None
        self._metrics.count(Became.KEPT, size_bytes=kept.size_bytes)
        return Became.KEPT

    async def _record_failure(self, claim: RecordingToFetch, error: RecordingError) -> Became | None:
        wait = next_try_after(error.problem, claim.tries)
        if wait is None:
            return await self._give_up(claim, error.problem, str(error))
        async with self._sessions.begin() as session:
            again_at = self._clock() + wait
            is_ours = await recordings.mark_failed(session, claim, error.problem, again_at=again_at)
        if not is_ours:
            return None
        log.warning("recording_failed", **_told(claim, error.problem, str(error)), again_at=again_at.isoformat())
        self._metrics.count(Became.FAILED)
        return Became.FAILED

    async def _give_up(self, claim: RecordingToFetch, problem: RecordingProblem, why: str) -> Became | None:
        """A try before this one may have died between the store and the row: nothing may stay that no row tells of."""
        try:
            await self._store.delete(claim.path)
        except StoreError as error:
            return await self._put_off(claim, error)
        async with self._sessions.begin() as session:
            if not await recordings.give_up(session, claim, problem, self._clock()):
                return None
        log.error("recording_given_up", **_told(claim, problem, why))
        self._metrics.count(Became.GIVEN_UP)
        return Became.GIVEN_UP

    async def _put_off(self, claim: RecordingToFetch, error: StoreError) -> Became | None:
        """No fault of the recording's: it was no try, however long the store is away."""
        async with self._sessions.begin() as session:
            if not await recordings.put_back(session, claim, again_at=self._clock() + STORE_PAUSE):
                return None
        log.error("recording_store_away", **claim.named, error=str(error))
        self._metrics.count(Became.STORE_AWAY)
        return Became.STORE_AWAY


class _Lease:
    """By the monotonic clock, since a process that stood still must notice."""

    def __init__(self, length: timedelta) -> None:
        self._seconds = length.total_seconds()
        self._good_until = time.monotonic() + self._seconds

    def extended(self) -> None:
        self._good_until = time.monotonic() + self._seconds

    def lose(self) -> None:
        self._good_until = 0.0

    def check(self) -> None:
        if time.monotonic() >= self._good_until:
            raise LeaseLost


def _told(claim: RecordingToFetch, problem: RecordingProblem, why: str) -> dict[str, object]:
    return {**claim.named, "problem": problem, "tries": claim.tries, "why": why}
