"""What keeps recordings, put together."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import httpx
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.account_clients import AccountClients
from activities.deleting_recordings import RecordingDeletions
from activities.fetching_recordings import RecordingFetcher
from activities.keeping_recordings import SHIFT, KeepRecordings
from activities.recording_metrics import RecordingMetrics
from storage.recording_store import RecordingStore
from telephony.provider import VoiceProvider
from telephony.recording_links import RecordingLinks


def recording_keeper(
    sessions: async_sessionmaker[AsyncSession],
    store: RecordingStore,
    clients: AccountClients[VoiceProvider],
    origins: Mapping[str, str],
    http: httpx.AsyncClient,
    registry: CollectorRegistry,
    clock: Callable[[], datetime],
    *,
    shift: timedelta = SHIFT,
) -> KeepRecordings:
    """``http`` is for links, which are trusted in nothing; the rest is as ``RecordingFetcher`` wants it."""
    metrics = RecordingMetrics(registry)
    fetcher = RecordingFetcher(sessions, store, RecordingLinks(http), clients, origins, metrics, clock)
    deletions = RecordingDeletions(sessions, store, metrics, clock)
    return KeepRecordings(sessions, store, fetcher, deletions, clock, shift=shift)
