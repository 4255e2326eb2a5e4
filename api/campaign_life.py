"""The life of a campaign: launched, paused, resumed, finished, put away."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.aftermath import tell
from activities.finishing import FinishedCampaigns
from activities.parked import release
from api.auditing import note
from api.campaign_actions import confirm, locked
from api.dependencies import Dependencies
from api.launch_checks import LaunchPlan, plan_launch, unconfirmed
from api.principal import Principal
from api.problems import Conflict, NotFound
from api.registry_check import REMEDY, check_registries, too_old_registry
from api.schemas.campaigns import CampaignAnswer
from api.schemas.launches import LaunchAnswer, LaunchInput, Reason
from domain.vocabulary import CampaignStatus
from storage.campaigns import get_campaign
from storage.models import CampaignRow
from storage.number_pools import caller_ids
from storage.pilots import is_over
from storage.room import announce_room

NO_CAMPAIGN = "There is no campaign with this id."
CHANGED = "The campaign was changed while the provider was asked about it; launch it again."


async def launch_campaign(
    deps: Dependencies, session: AsyncSession, principal: Principal, campaign_id: UUID, body: LaunchInput
) -> LaunchAnswer:
    """Let the calls of a draft begin, unless something is against it; then all of that is said. Safe to repeat."""
    seen = await get_campaign(session, principal.organization_id, campaign_id)
    if seen is None:
        raise NotFound(NO_CAMPAIGN)
    if seen.status == CampaignStatus.RUNNING:
        return LaunchAnswer(**CampaignAnswer.of(seen).model_dump())
    if seen.status != CampaignStatus.DRAFT:
        raise Conflict(f"Only a draft is launched; resume a paused one. This one is {seen.status}.")
    plan = await plan_launch(deps, session, seen)
    campaign = await locked(session, principal, campaign_id)
    if campaign.status != CampaignStatus.DRAFT or not plan.still_fits(campaign):
        raise Conflict(CHANGED)
    _confirm(deps, principal, campaign, body)
    warnings = await _weigh(deps, session, campaign, plan)
    campaign.status = CampaignStatus.RUNNING
    campaign.agent_version = plan.version
    campaign.pilot_leads = body.pilot
    campaign.launched_at = campaign.replanned_at = deps.clock()
    note(session, principal, "campaign.launched", campaign.id)
    await session.commit()
    return LaunchAnswer(**CampaignAnswer.of(campaign).model_dump(), warnings=warnings)


async def pause_campaign(session: AsyncSession, principal: Principal, campaign_id: UUID) -> CampaignRow:
    """No further dial after the commit; calls that are live go on. Safe to repeat."""
    campaign = await locked(session, principal, campaign_id)
    if _move(campaign, CampaignStatus.PAUSED, {CampaignStatus.RUNNING}, "Only a running campaign is paused."):
        note(session, principal, "campaign.paused", campaign.id)
    await session.commit()
    return campaign


async def resume_campaign(
    deps: Dependencies, session: AsyncSession, principal: Principal, campaign_id: UUID
) -> CampaignRow:
    """Let a campaign that was paused, parked at a refusal or held after its pilot dial again. Safe to repeat.

    One that was paused in the midst of its pilot goes on with it.
    """
    campaign = await locked(session, principal, campaign_id)
    moved = _move(campaign, CampaignStatus.RUNNING, {CampaignStatus.PAUSED}, "Only a paused campaign is resumed.")
    if moved or campaign.parked_at is not None or campaign.pilot_leads is not None:
        await check_registries(session, campaign, deps.clock())
        campaign.replanned_at = deps.clock()
        if not moved or await is_over(session, campaign):
            campaign.pilot_leads = None
        note(session, principal, "campaign.resumed", campaign.id)
    await session.flush()
    lines = await release(session, CampaignRow, campaign.id, now=deps.clock())
    await announce_room(session, campaign.number_pool_id)
    await session.commit()
    tell(lines)
    return campaign


async def finish_campaign(
    deps: Dependencies, session: AsyncSession, principal: Principal, campaign_id: UUID
) -> CampaignRow:
    """No further dial after the commit, for good; leads that wait end as cancelled. Safe to repeat."""
    campaign = await locked(session, principal, campaign_id)
    going = {CampaignStatus.RUNNING, CampaignStatus.PAUSED}
    if _move(campaign, CampaignStatus.FINISHED, going, "Only a campaign that was launched is finished."):
        note(session, principal, "campaign.finished", campaign.id)
    return await _end_leads(deps, session, campaign)


async def archive_campaign(
    deps: Dependencies, session: AsyncSession, principal: Principal, campaign_id: UUID
) -> CampaignRow:
    """Put a campaign away that is over, or never began; its leads that wait end as cancelled. Safe to repeat."""
    campaign = await locked(session, principal, campaign_id)
    if campaign.is_default:
        raise Conflict("The default campaign takes the leads that name none, and can't be put away.")
    over = {CampaignStatus.FINISHED, CampaignStatus.DRAFT}
    if _move(campaign, CampaignStatus.ARCHIVED, over, "Finish the campaign first."):
        note(session, principal, "campaign.archived", campaign.id)
    return await _end_leads(deps, session, campaign)


async def _end_leads(deps: Dependencies, session: AsyncSession, campaign: CampaignRow) -> CampaignRow:
    """After the commit, and in transactions of their own: a hundred thousand of them hold nobody up."""
    await session.commit()
    deps.background.spawn(FinishedCampaigns(deps.sessions, deps.clock).end_leads(campaign.id))
    return campaign


def _confirm(deps: Dependencies, principal: Principal, campaign: CampaignRow, body: LaunchInput) -> None:
    confirmed = {"disclosure_confirmed": body.confirm_disclosure, "opt_out_confirmed": body.confirm_opt_out}
    confirm(campaign, principal, {name: True for name, given in confirmed.items() if given}, deps.clock())


async def _weigh(deps: Dependencies, session: AsyncSession, campaign: CampaignRow, plan: LaunchPlan) -> list[Reason]:
    """What is doubtful about the launch.

    Raises:
        Conflict: something is against it; `reasons` says all of it.
    """
    reasons, warnings = list(plan.reasons), list(plan.warnings)
    (warnings if plan.account_is_simulated else reasons).extend(unconfirmed(campaign))
    if not (await caller_ids(session, [campaign.number_pool_id])).get(campaign.number_pool_id):
        detail = "the campaign's number pool has no caller ID to call from"
        reasons.insert(0, Reason(code="no_caller_id", detail=detail, remedy="give it `from_numbers` first"))
    too_old = await too_old_registry(session, campaign, deps.clock())
    if too_old is not None:
        reasons.append(Reason(code="registry_too_old", detail=too_old, remedy=REMEDY))
    if reasons:
        raise Conflict(_told(reasons), more={"reasons": [reason.model_dump() for reason in reasons]})
    return warnings


def _told(reasons: list[Reason]) -> str:
    sentences = (f"{one.detail[:1].upper()}{one.detail[1:].rstrip('.')}: {one.remedy.rstrip('.')}." for one in reasons)
    return f"The campaign wasn't launched. {' '.join(sentences)}"


def _move(campaign: CampaignRow, to: CampaignStatus, allowed: set[CampaignStatus], refusal: str) -> bool:
    """False when it stood that way already."""
    if campaign.status == to:
        return False
    if campaign.status not in allowed:
        raise Conflict(f"{refusal} This one is {campaign.status}.")
    campaign.status = to
    return True
