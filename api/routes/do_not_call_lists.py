"""Lists of numbers that must not be called, as files: registries and other people's lists."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from api.dependencies import Admin, Deps, Reader, Session, Writer
from api.list_import import ListTerms, delete_list, import_list
from api.paging import PagingQuery, written
from api.problems import UnsupportedMediaType
from api.schemas.fields import Input, OptionalText, PastInstant, Text
from api.schemas.words import ListKindWord
from storage.do_not_call_lists import ListKind, list_lists
from storage.models import DoNotCallListRow

router = APIRouter(prefix="/api/v1/do-not-call", tags=["do not call"])

MEDIA_TYPES = ("text/csv", "text/plain")
FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One number a line, or columns of which one is called phone_number, phone or number.",
        "content": {media_type: {"schema": {"type": "string"}} for media_type in MEDIA_TYPES},
    }
}


class ImportQuery(Input):
    """``kind``: a registry's list grows too old in 31 days. Without it a list stays what it is, or is a plain one."""

    name: Text
    kind: ListKind | None = None
    source: OptionalText = None
    refreshed_at: PastInstant | None = None


class ListAnswer(BaseModel):
    """``refreshed_at`` is null until the first import came to its end; ``numbers`` is what the last one left."""

    id: UUID
    name: str
    kind: ListKindWord
    source: str | None
    refreshed_at: datetime | None
    numbers: int
    created_at: datetime


class ListPage(BaseModel):
    items: list[ListAnswer]
    next_cursor: str | None


class RejectedLine(BaseModel):
    line: int
    reason: str


class ListImportAnswer(BaseModel):
    """``added``, ``kept`` and ``removed`` count numbers, ``rejected_count`` lines; the first 100 of these are told."""

    list: ListAnswer
    added: int
    kept: int
    removed: int
    rejected: Sequence[RejectedLine]
    rejected_count: int


@router.post("/import", openapi_extra=FILE)
async def post_import(
    query: Annotated[ImportQuery, Query()], request: Request, principal: Writer, session: Session, deps: Deps
) -> ListImportAnswer:
    _check_media_type(request)
    terms = ListTerms(query.name, query.kind, query.source, query.refreshed_at)
    row, tally = await import_list(deps, session, principal, terms, request.stream())
    return ListImportAnswer(
        list=_answer(row),
        added=tally.added,
        kept=tally.kept,
        removed=tally.removed,
        rejected=[RejectedLine(line=line, reason=reason) for line, reason in tally.rejected],
        rejected_count=tally.rejected_count,
    )


@router.get("/lists")
async def get_lists(principal: Reader, session: Session, page: PagingQuery) -> ListPage:
    lists = await list_lists(session, principal.organization_id, limit=page.limit, after=page.after)
    return ListPage(items=[_answer(row) for row in lists.items], next_cursor=written(lists.next_cursor))


@router.delete("/lists/{list_id}", status_code=204)
async def delete_one_list(list_id: UUID, principal: Admin, session: Session) -> None:
    await delete_list(session, principal, list_id)


def _check_media_type(request: Request) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in MEDIA_TYPES:
        raise UnsupportedMediaType(f"Send the file itself as the body, as {' or '.join(MEDIA_TYPES)}.")


def _answer(row: DoNotCallListRow) -> ListAnswer:
    return ListAnswer(**{name: getattr(row, name) for name in ListAnswer.model_fields})
