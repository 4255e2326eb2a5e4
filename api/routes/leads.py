"""Leads: taking them in, reading, changing, steering."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from activities.lead_input import LeadInput
from api.campaign_filter import must_exist
from api.conditional import Conditional
from api.dependencies import Deps, Looks, Reader, Session, Writer
from api.kept_answers import KeyOfRequest
from api.lead_actions import NO_LEAD, cancel, take_batch, take_one
from api.lead_changes import change_lead
from api.lead_reading import know_one, read_known
from api.lead_runs import call_now, reopen
from api.paging import PagingQuery, written
from api.problem_answers import may_answer
from api.problems import NotFound
from api.schemas.fields import OptionalText
from api.schemas.leads import (
    BatchAnswer,
    BatchInput,
    CancelInput,
    ChangedLead,
    LeadAnswer,
    LeadChange,
    LeadPage,
    changed_lead,
    lead_answer,
    lead_summary,
)
from api.schemas.timeline import TimelinePage, moment_answer
from domain.vocabulary import LeadOutcome, LeadStatus
from storage.lead_lists import LeadFilter, leads_with_version, version_of_leads
from storage.timeline import timeline_of

router = APIRouter(prefix="/api/v1/leads", tags=["leads"])

THERE_ALREADY: dict[int | str, dict[str, Any]] = {
    200: {"description": "The lead was there already", "model": LeadAnswer}
}


@router.post("", status_code=201, responses=THERE_ALREADY | may_answer(404))
async def post_lead(
    body: LeadInput, principal: Writer, session: Session, deps: Deps, response: Response, key: KeyOfRequest
) -> LeadAnswer:
    taken = await take_one(deps, session, principal, body, key)
    response.status_code = taken.status_code
    response.headers["Location"] = taken.location
    return taken.answer


@router.post("/batch")
async def post_leads(
    body: BatchInput, principal: Writer, session: Session, deps: Deps, key: KeyOfRequest
) -> BatchAnswer:
    return await take_batch(deps, session, principal, body.leads, key)


async def lead_filter(
    status: LeadStatus | None = None,
    outcome: LeadOutcome | None = None,
    disposition: Annotated[OptionalText, Query()] = None,
    *,
    campaign_id: UUID | None = None,
    source: Annotated[OptionalText, Query()] = None,
    q: Annotated[OptionalText, Query(description="Looked for in names, numbers and external ids")] = None,
) -> LeadFilter:
    return LeadFilter(
        status=status, outcome=outcome, disposition=disposition, campaign_id=campaign_id, source=source, q=q
    )


@router.get("", responses=may_answer(404))
async def get_leads(
    principal: Reader,
    looks: Looks,
    page: PagingQuery,
    wanted: Annotated[LeadFilter, Depends(lead_filter)],
    asked: Conditional,
) -> LeadPage:
    organization_id, limit, after = principal.organization_id, page.limit, page.after
    await must_exist(looks, organization_id, wanted.campaign_id)
    if asked.if_none_match is not None:
        asked.unless_it_is(LeadPage, await version_of_leads(looks, organization_id, wanted, limit=limit, after=after))
    leads, version = await leads_with_version(looks, organization_id, wanted, limit=limit, after=after)
    asked.unless_it_is(LeadPage, version)
    return LeadPage(items=[lead_summary(lead) for lead in leads.items], next_cursor=written(leads.next_cursor))


@router.get("/{lead_id}")
async def get_one_lead(
    lead_id: UUID, principal: Reader, session: Session, deps: Deps, asked: Conditional
) -> LeadAnswer:
    known = await know_one(deps, session, principal, lead_id)
    asked.unless_it_is(LeadAnswer, known.version)
    return await read_known(session, known)


@router.get("/{lead_id}/timeline")
async def get_timeline(lead_id: UUID, principal: Reader, session: Session, page: PagingQuery) -> TimelinePage:
    """What happened to the lead, the oldest first."""
    moments = await timeline_of(session, principal.organization_id, lead_id, limit=page.limit, after=page.after)
    if moments is None:
        raise NotFound(NO_LEAD)
    items = [moment_answer(moment) for moment in moments.items]
    return TimelinePage(items=items, next_cursor=written(moments.next_cursor))


@router.patch("/{lead_id}")
async def patch_lead(lead_id: UUID, body: LeadChange, principal: Writer, session: Session, deps: Deps) -> ChangedLead:
    changed = await change_lead(deps, session, principal, lead_id, body)
    return changed_lead(changed.record, changed.notes)


@router.post("/{lead_id}/cancel")
async def cancel_lead(
    lead_id: UUID, principal: Writer, session: Session, deps: Deps, body: CancelInput | None = None
) -> LeadAnswer:
    record = await cancel(deps, session, principal, lead_id, hang_up=body is not None and body.hang_up)
    return lead_answer(record)


@router.post("/{lead_id}/call-now")
async def call_lead_now(lead_id: UUID, principal: Writer, session: Session, deps: Deps) -> LeadAnswer:
    return lead_answer(await call_now(deps, session, principal, lead_id))


@router.post("/{lead_id}/reopen")
async def reopen_lead(lead_id: UUID, principal: Writer, session: Session, deps: Deps) -> LeadAnswer:
    return lead_answer(await reopen(deps, session, principal, lead_id))
