"""Who did what."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.dependencies import Admin, Session
from api.paging import PagingQuery, written
from api.schemas.fields import Instant
from storage.audit_log import AuditEntry, AuditFilter, audit_page

router = APIRouter(prefix="/api/v1/audit-log", tags=["audit-log"])


class AuditEntryAnswer(BaseModel):
    """By a person (``user_id``, ``email``), a machine (``api_key_id``, ``api_key_name``) or the system itself."""

    id: UUID
    created_at: datetime
    action: str
    user_id: UUID | None
    email: str | None
    api_key_id: UUID | None
    api_key_name: str | None
    target_id: UUID | None
    details: dict[str, Any]

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        own = ("id", "created_at", "action", "user_id", "api_key_id", "target_id", "details")
        fields = {name: getattr(entry.row, name) for name in own}
        return cls(**fields, email=entry.email, api_key_name=entry.key_name)


class AuditPage(BaseModel):
    items: list[AuditEntryAnswer]
    next_cursor: str | None


class AuditQuery(BaseModel):
    """``from`` is included, ``to`` isn't."""

    action: Annotated[str | None, Field(max_length=100, pattern=r"^[a-z_.]+$")] = None
    user_id: UUID | None = None
    api_key_id: UUID | None = None
    target_id: UUID | None = None
    since: Annotated[Instant | None, Field(alias="from")] = None
    until: Annotated[Instant | None, Field(alias="to")] = None


AuditFilterQuery = Annotated[AuditQuery, Query()]


@router.get("", summary="Read who did what")
async def get_audit_log(principal: Admin, session: Session, page: PagingQuery, query: AuditFilterQuery) -> AuditPage:
    """The newest first. Entries are only ever added; the database refuses to change or delete one."""
    wanted = AuditFilter(**query.model_dump())
    found = await audit_page(session, principal.organization_id, wanted, limit=page.limit, after=page.after)
    items = [AuditEntryAnswer.of(entry) for entry in found.items]
    return AuditPage(items=items, next_cursor=written(found.next_cursor))
