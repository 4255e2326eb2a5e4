"""Leads, calls and do-not-call numbers as files: CSV for spreadsheets, newline-delimited JSON for programs."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import StreamingResponse

from api.campaign_filter import must_exist
from api.csv_streams import csv_stream, ndjson_stream, pages_of
from api.dependencies import Deps, Reader, Session
from api.exporting import Format, by_pages, cells_of_model, export_do_not_call, export_leads, note_export
from api.head import HeadOnly
from api.problem_answers import may_answer
from api.routes.calls import call_filter
from api.routes.leads import lead_filter
from api.schemas.calls import call_answer
from storage.call_lists import AnyListed, CallFilter, list_all_calls
from storage.lead_lists import LeadFilter
from storage.pages import Cursor, Page

CALLS_PAGE = 200
"""Fewer at once: each may have a transcript."""

CALL_HEADER = (
    "id",
    "direction",
    "call_id",
    "lead_id",
    "campaign_id",
    "phone_number",
    "from_number",
    "to_number",
    "number",
    "status",
    "counts",
    "outcome",
    "disposition",
    "disconnection_reason",
    "agent_version",
    "started_at",
    "ended_at",
    "duration_seconds",
    "cost",
    "callback_at",
    "appointment_at",
    "transfer_destination",
    "recording_url",
    "created_at",
)
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {media_type: {"schema": {"type": "string"}} for media_type in ("text/csv", "application/x-ndjson")}
    }
}

AskedFormat = Annotated[Format, Query(alias="format")]

router = APIRouter(prefix="/api/v1", tags=["imports and exports"])


@router.get("/leads/export", response_class=StreamingResponse, responses=FILE | may_answer(404))
async def get_leads_as_file(
    principal: Reader,
    session: Session,
    deps: Deps,
    head_only: HeadOnly,
    wanted: Annotated[LeadFilter, Depends(lead_filter)],
    written_as: AskedFormat = "csv",
) -> StreamingResponse:
    await must_exist(session, principal.organization_id, wanted.campaign_id)
    return await export_leads(deps, session, principal, wanted, written_as, head_only=head_only)


@router.get("/calls/export", response_class=StreamingResponse, responses=FILE | may_answer(404))
async def get_calls_as_file(
    principal: Reader,
    session: Session,
    deps: Deps,
    head_only: HeadOnly,
    wanted: Annotated[CallFilter, Depends(call_filter)],
    written_as: AskedFormat = "csv",
) -> StreamingResponse:
    """Transcripts and analyses are in the JSON only."""

    async def fetch(session: AsyncSession, after: Cursor | None) -> Page[AnyListed]:
        return await list_all_calls(session, principal.organization_id, wanted, limit=CALLS_PAGE, after=after)

    await must_exist(session, principal.organization_id, wanted.campaign_id)
    await note_export(session, principal, "calls", head_only=head_only)
    pages = await pages_of(by_pages(deps, principal, fetch))
    if written_as == "ndjson":
        return ndjson_stream("calls", pages, lambda call: call_answer(call).model_dump(mode="json"))
    return csv_stream("calls", CALL_HEADER, pages, lambda call: cells_of_model(call_answer(call), CALL_HEADER))


@router.get("/do-not-call/export", response_class=StreamingResponse, responses=FILE)
async def get_do_not_call_as_file(
    principal: Reader, session: Session, deps: Deps, head_only: HeadOnly, written_as: AskedFormat = "csv"
) -> StreamingResponse:
    return await export_do_not_call(deps, session, principal, written_as, head_only=head_only)
