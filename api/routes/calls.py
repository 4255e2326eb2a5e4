"""Calls: every attempt to reach a lead, and those that came in."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from api.campaign_filter import must_exist
from api.conditional import Conditional
from api.dependencies import Deps, Looks, Reader, Session
from api.paging import PagingQuery, written
from api.problem_answers import may_answer
from api.problems import NotFound
from api.schemas.calls import CallAnswer, CallPage, call_answer
from api.schemas.fields import OptionalText
from api.schemas.inbound_calls import InboundCallAnswer
from api.schemas.launches import TrialCallState
from api.trial_calls import NO_CALL, state_of_trial_call
from domain.vocabulary import AttemptOutcome, AttemptStatus
from storage.call_lists import CallFilter, calls_with_version, get_any_call, version_of_calls
from storage.versions import version_of_call

router = APIRouter(prefix="/api/v1/calls", tags=["calls"])


async def call_filter(
    status: AttemptStatus | None = None,
    outcome: AttemptOutcome | None = None,
    disposition: Annotated[OptionalText, Query()] = None,
    *,
    campaign_id: UUID | None = None,
    lead_id: UUID | None = None,
    direction: Literal["inbound", "outbound"] | None = None,
) -> CallFilter:
    return CallFilter(
        direction=direction,
        status=status,
        outcome=outcome,
        disposition=disposition,
        campaign_id=campaign_id,
        lead_id=lead_id,
    )


@router.get("", responses=may_answer(404))
async def get_calls(
    principal: Reader,
    looks: Looks,
    page: PagingQuery,
    wanted: Annotated[CallFilter, Depends(call_filter)],
    asked: Conditional,
) -> CallPage:
    organization_id, limit, after = principal.organization_id, page.limit, page.after
    await must_exist(looks, organization_id, wanted.campaign_id)
    if asked.if_none_match is not None:
        asked.unless_it_is(CallPage, await version_of_calls(looks, organization_id, wanted, limit=limit, after=after))
    calls, version = await calls_with_version(looks, organization_id, wanted, limit=limit, after=after)
    asked.unless_it_is(CallPage, version)
    return CallPage(items=[call_answer(call) for call in calls.items], next_cursor=written(calls.next_cursor))


@router.get("/{call_id}")
async def get_one_call(
    call_id: Annotated[str, Path(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")],
    principal: Reader,
    session: Session,
    asked: Conditional,
    deps: Deps,
) -> CallAnswer | InboundCallAnswer | TrialCallState:
    version = await version_of_call(session, principal.organization_id, call_id)
    if version is None:
        return await state_of_trial_call(deps, session, principal, call_id)
    asked.unless_it_is(CallAnswer, version)
    call = await get_any_call(session, principal.organization_id, call_id)
    if call is None:
        raise NotFound(NO_CALL)
    return call_answer(call)
