"""Campaigns."""

from uuid import UUID

from fastapi import APIRouter

from api.campaign_actions import edit_campaign, launch_campaign, make_campaign, pause_campaign, resume_campaign
from api.dependencies import Deps, Reader, Session, Writer
from api.paging import PagingQuery, written
from api.problems import NotFound
from api.schemas.campaigns import CampaignAnswer, CampaignChange, CampaignInput, CampaignPage
from storage.campaigns import get_campaign, list_campaigns

router = APIRouter(prefix="/api/v1/campaigns", tags=["campaigns"])


@router.post("", status_code=201)
async def post_campaign(body: CampaignInput, principal: Writer, session: Session, deps: Deps) -> CampaignAnswer:
    return CampaignAnswer.of(await make_campaign(deps, session, principal, body))


@router.get("")
async def get_campaigns(principal: Reader, session: Session, page: PagingQuery) -> CampaignPage:
    campaigns = await list_campaigns(session, principal.organization_id, limit=page.limit, after=page.after)
    items = [CampaignAnswer.of(campaign) for campaign in campaigns.items]
    return CampaignPage(items=items, next_cursor=written(campaigns.next_cursor))


@router.get("/{campaign_id}")
async def get_one_campaign(campaign_id: UUID, principal: Reader, session: Session) -> CampaignAnswer:
    campaign = await get_campaign(session, principal.organization_id, campaign_id)
    if campaign is None:
        raise NotFound("There is no campaign with this id.")
    return CampaignAnswer.of(campaign)


@router.patch("/{campaign_id}")
async def patch_campaign(
    campaign_id: UUID, body: CampaignChange, principal: Writer, session: Session, deps: Deps
) -> CampaignAnswer:
    return CampaignAnswer.of(await edit_campaign(deps, session, principal, campaign_id, body))


@router.post("/{campaign_id}/launch")
async def launch(campaign_id: UUID, principal: Writer, session: Session, deps: Deps) -> CampaignAnswer:
    return CampaignAnswer.of(await launch_campaign(deps, session, principal, campaign_id))


@router.post("/{campaign_id}/pause")
async def pause(campaign_id: UUID, principal: Writer, session: Session) -> CampaignAnswer:
    return CampaignAnswer.of(await pause_campaign(session, principal, campaign_id))


@router.post("/{campaign_id}/resume")
async def resume(campaign_id: UUID, principal: Writer, session: Session, deps: Deps) -> CampaignAnswer:
    return CampaignAnswer.of(await resume_campaign(deps, session, principal, campaign_id))
