"""The recordings of a world: where they are fetched from, where they are kept, and who does it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from temporalio.testing import ActivityEnvironment

from activities.account_clients import AccountClients
from activities.deleting_recordings import RecordingDeletions
from activities.fetching_recordings import LEASE, RecordingFetcher
from activities.keeping_recordings import PARTING, POLL, KeepRecordings, Shift
from activities.recording_metrics import RecordingMetrics
from storage.models import AttemptRow
from storage.recording_store import RecordingStore
from telephony.provider import VoiceProvider
from telephony.recording_links import RecordingLinks
from telephony.retell_client import RetellProvider
from tests.activities.provider_edge import ProviderEdge
from tests.activities.stage import Clock
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead

LINK = "https://recordings.example.com/1.wav?signature=secret"
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(1000)

Answer = Callable[[], httpx.Response] | Callable[[], Awaitable[httpx.Response]]


def says(*pieces: bytes) -> httpx.Response:
    async def content() -> AsyncIterator[bytes]:
        for piece in pieces or (WAV,):
            yield piece

    return httpx.Response(200, content=content())


@dataclass
class Links:
    """What is behind each link; everything else is gone. ``asked``: every link that was followed."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        link = str(request.url.copy_with(host=request.headers["Host"]))
        self.asked.append(link)
        answer = self.answers.get(link, lambda: httpx.Response(403))()
        return answer if isinstance(answer, httpx.Response) else await answer


class RecordingStage:
    def __init__(
        self,
        sessions: Sessions,
        world: World,
        clock: Clock,
        folder: Path,
        provider: ProviderEdge,
        links: httpx.AsyncClient,
        provider_http: httpx.AsyncClient,
    ) -> None:
        self.clock = clock
        self.folder = folder
        self.store = RecordingStore(folder.as_uri())
        self.registry = CollectorRegistry()
        self._sessions = sessions
        self._world = world
        self._provider = provider
        self._links = links
        voice = RetellProvider("key_of_tests", "https://provider.example.com", provider_http)
        self._clients = AccountClients[VoiceProvider]({"simulator": voice})
        self._metrics = RecordingMetrics(self.registry)

    def keeper(
        self,
        shift: timedelta = timedelta(0),
        parting: timedelta = PARTING,
        lease: timedelta = LEASE,
        poll: timedelta = POLL,
    ) -> KeepRecordings:
        """One of any number of workers."""
        links = RecordingLinks(self._links, resolve=_everybody_is_public)
        fetcher = RecordingFetcher(
            self._sessions, self.store, links, self._clients, {}, self._metrics, self.clock, lease=lease
        )
        deletions = RecordingDeletions(self._sessions, self.store, self._metrics, self.clock)
        return KeepRecordings(
            self._sessions, self.store, fetcher, deletions, self.clock, shift=shift, poll=poll, parting=parting
        )

    async def round(self) -> Shift:
        return await ActivityEnvironment().run(self.keeper().keep_recordings)

    async def recorded(self, number: int = 0, **columns: object) -> AttemptRow:
        """A call that is over, and whose recording the provider has a link to."""
        lead = await add_lead(self._sessions, self._world, f"+1312555{number:04}")
        over: dict[str, Any] = {
            "outcome": "answered",
            "counts": True,
            "slot_released_at": NOON,
            "ended_at": NOON,
            "call_id": f"call_{number}",
            "recording_url": LINK,
        }
        return await add_attempt_of(self._sessions, self._world, lead, "done", **(over | columns))

    def provider_gives(self, link: str | None, call_id: str = "call_0") -> None:
        """The link that a look-up of this call finds from now on."""
        self._provider.knows("", {"call_status": "ended", "recording_url": link}, call_id)

    def count(self, result: str) -> float | None:
        return self.registry.get_sample_value("leadline_recordings_total", {"result": result})

    def files(self) -> dict[str, bytes]:
        paths = [path for path in self.folder.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths}


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


async def _everybody_is_public(host: str, port: int) -> Sequence[str]:
    del host, port
    return ["93.184.215.14"]
