"""The floor: ``python -m benchmarks.webhook.bare_api``, a route that reads JSON and does one insert."""

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import Response

from benchmarks.webhook.order import Target
from runtime.embedded.environments import for_children
from runtime.embedded.part import Part
from runtime.embedded.plan import Plan
from runtime.embedded.ports import LOOPBACK
from runtime.embedded.ready_checks import http_ready
from runtime.event_loop import run

PROJECT = Path(__file__).resolve().parents[2]
PATH = "/webhook"

# As many as the real system has for webhooks.
CONNECTIONS = 8

TABLE = """
create table if not exists bench_bare_webhooks (
    id bigint generated always as identity primary key,
    payload jsonb not null
)
"""


def bare_api_part(plan: Plan, port: int) -> Part:
    """The process as the embedded stack runs it, beside the real API and on the same database server."""
    own = {"BENCH_DATABASE_URL": plan.database_url, "BENCH_PORT": str(port)}
    return Part(
        name="bare-api",
        title="Bare API",
        where=f"on port {port}",
        argv=[sys.executable, "-m", "benchmarks.webhook.bare_api"],
        env=for_children({"PATH": os.environ.get("PATH", "")}, own),
        cwd=PROJECT,
        is_waited_for=True,
        after=["migrations"],
        ready=http_ready(port, "/readyz"),
    )


def bare_target(port: int) -> Target:
    return Target(LOOPBACK, port, PATH)


def create_bare_app(database_url: str) -> FastAPI:
    """Neither proves nor applies anything: what is left is what any such service has to do."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(database_url, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
            await pool.execute(TABLE)
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post(PATH, status_code=204)
    async def take(request: Request) -> Response:
        payload = json.dumps(await request.json())
        await app.state.pool.execute("insert into bench_bare_webhooks (payload) values ($1)", payload)
        return Response(status_code=204)

    @app.get("/readyz")
    async def ready() -> str:
        return "ready"

    return app


def _config(database_url: str, port: int) -> uvicorn.Config:
    """As the real API is served, by the same event loop and the same reader of HTTP."""
    app = create_bare_app(database_url)
    return uvicorn.Config(app, host=LOOPBACK, port=port, access_log=False, log_config=None, server_header=False)


if __name__ == "__main__":
    run(uvicorn.Server(_config(os.environ["BENCH_DATABASE_URL"], int(os.environ["BENCH_PORT"]))).serve())
