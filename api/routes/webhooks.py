"""Where the voice provider reports. The hot path: no model, no session dependency, no token."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.dependencies import Deps
from api.webhook_intake import SignedBody, take_webhook

router = APIRouter(prefix="/api/v1/calls/webhook", tags=["webhooks"])

SIGNATURE = "x-retell-signature"


@router.post("", status_code=204)
async def default_account(request: Request, deps: Deps) -> Response:
    signed = SignedBody(await request.body(), request.headers.get(SIGNATURE))
    await take_webhook(deps, signed, None)
    return Response(status_code=204)


@router.post("/{account_id}", status_code=204)
async def one_account(account_id: UUID, request: Request, deps: Deps) -> Response:
    signed = SignedBody(await request.body(), request.headers.get(SIGNATURE))
    await take_webhook(deps, signed, account_id)
    return Response(status_code=204)
