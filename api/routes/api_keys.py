"""Keys for machines."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api.dependencies import Admin, Deps, Session
from api.key_actions import make_key, revoke_key
from api.once import AdminOnceSecret
from api.paging import PagingQuery, written
from api.schemas.api_keys import ApiKeyAnswer, ApiKeyInput, ApiKeyPage, MadeApiKeyAnswer
from storage.api_keys import keys_page

router = APIRouter(prefix="/api/v1/api-keys", tags=["api-keys"])


@router.post("", status_code=201, summary="Make an API key")
async def post_key(body: ApiKeyInput, principal: AdminOnceSecret, session: Session) -> MadeApiKeyAnswer:
    """For a machine: it reads and writes as its role may, in this organisation, and outlives whoever made it."""
    row, key = await make_key(session, principal, body)
    return MadeApiKeyAnswer.made(row, key)


@router.get("", summary="List API keys")
async def get_keys(principal: Admin, session: Session, page: PagingQuery) -> ApiKeyPage:
    """Also those that were revoked: the audit log names them."""
    found = await keys_page(session, principal.organization_id, limit=page.limit, after=page.after)
    return ApiKeyPage(items=[ApiKeyAnswer.of(row) for row in found.items], next_cursor=written(found.next_cursor))


@router.delete("/{key_id}", status_code=204, summary="Revoke an API key")
async def delete_key(key_id: UUID, principal: Admin, session: Session, deps: Deps) -> Response:
    await revoke_key(deps, session, principal, key_id)
    return Response(status_code=204)
