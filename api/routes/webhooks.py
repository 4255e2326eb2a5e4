"""Where the voice provider reports. The hot path: no model, no session dependency, no token."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from api.dependencies import Dependencies, Deps
from api.webhook_intake import SignedBody, take_webhook

router = APIRouter(prefix="/api/v1/calls/webhook", tags=["webhooks"])

SIGNATURE = "x-retell-signature"


ANSWERED: dict[int | str, dict[str, Any]] = {
    200: {"description": "Somebody rings (`call_inbound`): what the agent is told of the caller."}
}


@router.post("", status_code=204, responses=ANSWERED)
async def default_account(request: Request, deps: Deps) -> Response:
    return await _take(request, deps, None)


@router.post("/{account_id}", status_code=204, responses=ANSWERED)
async def one_account(account_id: UUID, request: Request, deps: Deps) -> Response:
    return await _take(request, deps, account_id)


async def _take(request: Request, deps: Dependencies, account_id: UUID | None) -> Response:
    signed = SignedBody(await request.body(), request.headers.get(SIGNATURE))
    answer = await take_webhook(deps, signed, account_id)
    return Response(status_code=204) if answer is None else JSONResponse(answer)
