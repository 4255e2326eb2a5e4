"""An account's own webhook keys: written once, never shown."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr
from starlette.responses import Response

from api import webhook_key_actions
from api.dependencies import Admin, Deps, Session
from api.once import AdminOnce
from api.schemas.fields import Input
from storage.models import WebhookKeyRow

router = APIRouter(prefix="/api/v1/accounts/{account_id}/webhook-keys", tags=["accounts"])


class WebhookKeyInput(Input):
    """``key``: as the provider shows it, the one that is marked for webhooks."""

    key: Annotated[SecretStr, Field(min_length=16, max_length=200)]


class WebhookKeyAnswer(BaseModel):
    """``fingerprint``: the first 16 hexadecimal digits of the key's SHA-256."""

    id: UUID
    fingerprint: str
    created_at: datetime

    @classmethod
    def of(cls, row: WebhookKeyRow) -> "WebhookKeyAnswer":
        return cls(id=row.id, fingerprint=row.fingerprint, created_at=row.created_at)


class WebhookKeyPage(BaseModel):
    items: list[WebhookKeyAnswer]
    next_cursor: str | None = None


@router.post("", status_code=201)
async def post_key(
    account_id: UUID, body: WebhookKeyInput, principal: AdminOnce, session: Session, deps: Deps
) -> WebhookKeyAnswer:
    key = body.key.get_secret_value()
    return WebhookKeyAnswer.of(await webhook_key_actions.add(deps, session, principal, account_id, key))


@router.get("")
async def get_keys(account_id: UUID, principal: Admin, session: Session) -> WebhookKeyPage:
    rows = await webhook_key_actions.listed(session, principal, account_id)
    return WebhookKeyPage(items=[WebhookKeyAnswer.of(row) for row in rows])


@router.delete("/{key_id}", status_code=204)
async def delete_key(account_id: UUID, key_id: UUID, principal: Admin, session: Session, deps: Deps) -> Response:
    await webhook_key_actions.remove(deps, session, principal, account_id, key_id)
    return Response(status_code=204)
