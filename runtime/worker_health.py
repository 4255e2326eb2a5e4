"""What a worker process answers over HTTP: whether it lives, whether it can work, and its figures."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

import httpx
import uvicorn
from prometheus_client import GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker
from typing_extensions import override

CHECK_SECONDS = 2.0


def process_registry() -> CollectorRegistry:
    """A registry that has the figures of this process: memory, open files, its Python."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerHealth:
    """``sdk_metrics_port``: where the Temporal SDK serves its own figures on loopback.

    ``registry``: our own figures; ``before_scrape`` brings those of them up to date that don't count along.
    ``recordings_problem``: why recordings can't be kept, if so; calls go on all the same.
    """

    engine: AsyncEngine
    client: Client
    worker: Worker
    sdk_metrics_port: int
    registry: CollectorRegistry
    before_scrape: Callable[[], Awaitable[None]]
    recordings_problem: Callable[[], str | None]

    async def alive(self, request: Request) -> Response:
        """The event loop answers; a worker that is idle all night is alive."""
        del request
        return PlainTextResponse("alive")

    async def ready(self, request: Request) -> Response:
        """Whether the worker polls and reaches what it needs; 503 names what is missing."""
        del request
        database, engine = await asyncio.gather(self._database(), self._temporal())
        checks = {"polling": self.worker.is_running, "database": database, "temporal": engine}
        details = {"recordings": self.recordings_problem() or "ok"}
        body = {"checks": checks, "details": details}
        return JSONResponse(body, status_code=200 if all(checks.values()) else 503)

    async def metrics(self, request: Request) -> Response:
        """Our own figures and the SDK's on one page."""
        del request
        await self.before_scrape()
        ours = generate_latest(self.registry).decode()
        return PlainTextResponse(ours + await self._sdk_metrics())

    async def _database(self) -> bool:
        try:
            async with asyncio.timeout(CHECK_SECONDS), self.engine.connect() as connection:
                await connection.execute(text("select 1"))
        except (SQLAlchemyError, OSError, TimeoutError):
            return False
        return True

    async def _temporal(self) -> bool:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return await self.client.service_client.check_health()
        except (RPCError, TimeoutError):
            return False

    async def _sdk_metrics(self) -> str:
        try:
            async with httpx.AsyncClient(timeout=CHECK_SECONDS) as http:
                return (await http.get(f"http://127.0.0.1:{self.sdk_metrics_port}/metrics")).text
        except httpx.HTTPError:
            return ""


class _Server(uvicorn.Server):
    """Leaves signals to the process edge: uvicorn's own handlers would end the worker in the middle of a dial."""

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serve_health(health: WorkerHealth, port: int | None) -> AsyncIterator[None]:
    """Answer on loopback at ``port``, or at any free port, until left."""
    app = Starlette(
        routes=[
            Route("/healthz", health.alive),
            Route("/readyz", health.ready),
            Route("/metrics", health.metrics),
        ]
    )
    config = uvicorn.Config(app, host="127.0.0.1", port=port or 0, log_config=None, access_log=False, lifespan="off")
    server = _Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving
