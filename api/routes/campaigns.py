"""Campaigns."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api import previews, trial_calls
from api.campaign_actions import edit_campaign, make_campaign
from api.campaign_life import (
    NO_CAMPAIGN,
    archive_campaign,
    finish_campaign,
    launch_campaign,
    pause_campaign,
    resume_campaign,
)
from api.dependencies import Deps, Reader, Session, Writer
from api.once import WriterOnce
from api.paging import PagingQuery, written
from api.problem_answers import may_answer
from api.problems import NotFound
from api.schemas.campaigns import CampaignAnswer, CampaignChange, CampaignInput, CampaignPage
from api.schemas.launches import LaunchAnswer, LaunchInput, TrialCallAnswer, TrialCallInput
from api.schemas.previews import PreviewAnswer
from storage.campaigns import get_campaign, list_campaigns
from storage.pilots import leads_begun

router = APIRouter(prefix="/api/v1/campaigns", tags=["campaigns"])


@router.post("", status_code=201, responses=may_answer(404))
async def post_campaign(
    body: CampaignInput, principal: WriterOnce, session: Session, deps: Deps, response: Response
) -> CampaignAnswer:
    campaign = await make_campaign(deps, session, principal, body)
    response.headers["Location"] = f"/api/v1/campaigns/{campaign.id}"
    return CampaignAnswer.of(campaign)


@router.get("")
async def get_campaigns(
    principal: Reader, session: Session, page: PagingQuery, *, archived: bool = False
) -> CampaignPage:
    """``archived``: those that were put away too."""
    organization_id, limit, after = principal.organization_id, page.limit, page.after
    campaigns = await list_campaigns(session, organization_id, limit=limit, after=after, archived=archived)
    items = [CampaignAnswer.of(campaign) for campaign in campaigns.items]
    return CampaignPage(items=items, next_cursor=written(campaigns.next_cursor))


@router.get("/{campaign_id}")
async def get_one_campaign(campaign_id: UUID, principal: Reader, session: Session) -> CampaignAnswer:
    campaign = await get_campaign(session, principal.organization_id, campaign_id)
    if campaign is None:
        raise NotFound(NO_CAMPAIGN)
    begun = None if campaign.pilot_leads is None else await leads_begun(session, campaign)
    return CampaignAnswer.of(campaign, pilot_begun=begun)


@router.patch("/{campaign_id}")
async def patch_campaign(
    campaign_id: UUID, body: CampaignChange, principal: Writer, session: Session, deps: Deps
) -> CampaignAnswer:
    return CampaignAnswer.of(await edit_campaign(deps, session, principal, campaign_id, body))


@router.post("/{campaign_id}/launch")
async def launch(
    campaign_id: UUID, principal: Writer, session: Session, deps: Deps, body: LaunchInput | None = None
) -> LaunchAnswer:
    return await launch_campaign(deps, session, principal, campaign_id, body or LaunchInput())


@router.post("/{campaign_id}/pause")
async def pause(campaign_id: UUID, principal: Writer, session: Session) -> CampaignAnswer:
    return CampaignAnswer.of(await pause_campaign(session, principal, campaign_id))


@router.post("/{campaign_id}/resume")
async def resume(campaign_id: UUID, principal: Writer, session: Session, deps: Deps) -> CampaignAnswer:
    return CampaignAnswer.of(await resume_campaign(deps, session, principal, campaign_id))


@router.post("/{campaign_id}/finish")
async def finish(campaign_id: UUID, principal: Writer, session: Session, deps: Deps) -> CampaignAnswer:
    return CampaignAnswer.of(await finish_campaign(deps, session, principal, campaign_id))


@router.post("/{campaign_id}/archive")
async def archive(campaign_id: UUID, principal: Writer, session: Session, deps: Deps) -> CampaignAnswer:
    return CampaignAnswer.of(await archive_campaign(deps, session, principal, campaign_id))


@router.post("/{campaign_id}/test-call", status_code=201)
async def call_own_phone(
    campaign_id: UUID, body: TrialCallInput, principal: WriterOnce, session: Session, deps: Deps, response: Response
) -> TrialCallAnswer:
    """One call now to one's own phone: numbers on the do-not-call list are refused, calling hours aren't asked."""
    answer = await trial_calls.place(deps, session, principal, campaign_id, body)
    response.headers["Location"] = f"/api/v1/calls/{answer.call_id}"
    return answer


@router.get("/{campaign_id}/preview")
async def get_preview(
    campaign_id: UUID,
    principal: Reader,
    session: Session,
    deps: Deps,
    limit: Annotated[int, Query(ge=0, le=100, description="How many leads to name")] = 20,
) -> PreviewAnswer:
    """Who would be called when, how fast and at what cost, without calling anybody; ``limit`` leads by name."""
    return await previews.preview(deps, session, principal, campaign_id, limit)
