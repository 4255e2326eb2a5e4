"""Files of leads: sent, watched while they are taken in, and what of them couldn't be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse

from api.campaign_filter import must_exist
from api.dependencies import Deps, Reader, Session, Writer
from api.import_cancelling import cancel_import
from api.import_intake import order_of, take_file
from api.import_reading import rejected_csv, the_import
from api.kept_answers import KeyOfRequest
from api.paging import PagingQuery, written
from api.problem_answers import may_answer
from api.problems import Invalid, Unavailable, UnsupportedMediaType
from api.schemas.imports import ImportAnswer, ImportPage, import_answer, import_summary
from storage.imports import list_imports, rejections

log = structlog.get_logger(__name__)

SHOWN_REJECTIONS = 20
MOST_FILES, MOST_FIELDS = 8, 32

FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": (
            "CSV with a first row of column names (any usual delimiter and encoding), or newline-delimited JSON."
            " `mapping`: a JSON object from columns to fields, null leaves a column out."
        ),
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "campaign_id"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "campaign_id": {"type": "string", "format": "uuid"},
                        "mapping": {"type": "string"},
                    },
                }
            }
        },
    }
}
CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}

router = APIRouter(prefix="/api/v1", tags=["imports and exports"])


@router.post("/leads/import", status_code=202, openapi_extra=FORM, responses=may_answer(404))
async def post_import(
    request: Request, principal: Writer, session: Session, deps: Deps, response: Response, key: KeyOfRequest
) -> ImportAnswer:
    # A connection isn't held while the file arrives.
    await session.commit()
    async with _form(request) as form:
        answer = await take_file(deps, session, principal, order_of(form), key)
    response.headers["Location"] = f"/api/v1/imports/{answer.id}"
    return answer


@router.get("/imports", responses=may_answer(404))
async def get_imports(
    principal: Reader, session: Session, page: PagingQuery, campaign_id: UUID | None = None
) -> ImportPage:
    await must_exist(session, principal.organization_id, campaign_id)
    found = await list_imports(
        session, principal.organization_id, campaign_id=campaign_id, limit=page.limit, after=page.after
    )
    return ImportPage(items=[import_summary(row) for row in found.items], next_cursor=written(found.next_cursor))


@router.get("/imports/{import_id}")
async def get_one_import(import_id: UUID, principal: Reader, session: Session) -> ImportAnswer:
    row = await the_import(session, principal, import_id)
    return import_answer(row, await rejections(session, row.id, limit=SHOWN_REJECTIONS))


@router.post("/imports/{import_id}/cancel")
async def cancel_one_import(import_id: UUID, principal: Writer, session: Session, deps: Deps) -> ImportAnswer:
    """Take in no more of a file. Rows that are leads already stay; the rest is not taken, and the file is deleted.

    Cancelling it again changes nothing; an import that is done or has failed is refused (409).
    """
    row = await cancel_import(deps, session, principal, import_id)
    return import_answer(row, await rejections(session, row.id, limit=SHOWN_REJECTIONS))


@router.get("/imports/{import_id}/rejected", response_class=StreamingResponse, responses=CSV)
async def get_rejected(import_id: UUID, principal: Reader, session: Session, deps: Deps) -> StreamingResponse:
    row = await the_import(session, principal, import_id)
    await session.commit()
    return await rejected_csv(deps.sessions_of(principal.organization_id), row)


@asynccontextmanager
async def _form(request: Request) -> AsyncIterator[FormData]:
    """The form, with its files on the disk until the block ends."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise UnsupportedMediaType("Send multipart/form-data with the parts `file` and `campaign_id`.")
    try:
        form = await request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS)
    except ClientDisconnect as error:
        raise Invalid("body", "The file broke off; nothing was kept. Send it again.") from error
    except StarletteHTTPException as error:
        raise Invalid("body", f"This form can't be read: {error.detail}") from error
    except OSError as error:
        log.error("no_room_for_files", error=error.strerror)
        raise Unavailable("There is no room for the file here just now; send it again in a moment.") from error
    try:
        yield form
    finally:
        await form.close()
