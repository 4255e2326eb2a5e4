"""Whether the process is alive, whether it can work, and its numbers."""

import asyncio
from typing import cast
from uuid import UUID

import structlog
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.responses import JSONResponse, RedirectResponse, Response

from api.database_away import DATABASE_ERRORS
from api.dependencies import Dependencies, Deps
from storage.health import answers

log = structlog.get_logger(__name__)

router = APIRouter(include_in_schema=False)

DATABASE_SECONDS = 2.0
NOBODYS = UUID(int=0)


@router.get("/")
async def front_door() -> RedirectResponse:
    return RedirectResponse("/docs")


@router.get("/healthz")
async def alive() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz")
async def able_to_work(deps: Deps) -> JSONResponse:
    database, temporal = await asyncio.gather(_database_answers(deps), deps.engine.is_healthy())
    ready = database and temporal
    body = {
        "status": "ready" if ready else "not ready",
        "database": "ok" if database else "away",
        "temporal": "ok" if temporal else "away",
    }
    return JSONResponse(body, status_code=200 if ready else 503)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    registry = cast("CollectorRegistry", request.app.state.registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


async def _database_answers(deps: Dependencies) -> bool:
    """Asked in the role of requests. Also False while the first rows can't be made: nobody could sign in."""
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            await deps.first_rows.ready()
            async with deps.sessions_of(NOBODYS)() as session:
                await answers(session)
    except DATABASE_ERRORS as error:  # a timeout is one of the system's
        log.warning("database_away", error=type(error).__name__)
        return False
    return True
