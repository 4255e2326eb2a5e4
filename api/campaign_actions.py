"""What people do with campaigns: one transaction each.

Leads that wait are planned anew by a worker, which the database tells of every ``replanned_at`` that is written.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from activities.aftermath import tell
from activities.parked import release
from api.auditing import note
from api.dependencies import Dependencies
from api.first_rows import configured_provider
from api.principal import Principal
from api.problems import Conflict, Forbidden, Invalid, NotFound, invalid_request
from api.registry_check import check_registries
from api.schemas.campaigns import CampaignChange, CampaignInput
from domain.vocabulary import CallingRules, CampaignStatus
from storage.campaigns import add_campaign, change_campaign, lock_campaign
from storage.models import CampaignRow, NumberPoolRow
from storage.number_pools import caller_ids, default_pool, get_pool, provider_of_pool
from storage.room import announce_room

RECORDING_SETTINGS = ("recording_days", "recordings_for")


async def make_campaign(
    deps: Dependencies, session: AsyncSession, principal: Principal, body: CampaignInput
) -> CampaignRow:
    """Store a campaign as a draft: its leads are taken, nothing is dialled before its launch."""
    pool = await _pool(deps, session, principal, body.number_pool_id)
    columns = body.columns(number_pool_id=pool.id, max_call_seconds=deps.settings.max_call_seconds)
    _check_rules(principal, before=None, after=body.calling_rules)
    try:
        campaign = await add_campaign(session, principal.organization_id, columns)
    except IntegrityError as error:
        raise Conflict("There is a campaign of this name.") from error
    note(session, principal, "campaign.made", campaign.id)
    _audit_rules(session, principal, campaign.id, before=None, after=body.calling_rules)
    await session.commit()
    return campaign


async def edit_campaign(
    deps: Dependencies, session: AsyncSession, principal: Principal, campaign_id: UUID, change: CampaignChange
) -> CampaignRow:
    """Change what is named; leads that wait are planned anew where that moves them."""
    campaign = await _locked(session, principal, campaign_id)
    columns = _changed_columns(deps, campaign, change)
    if columns["number_pool_id"] != campaign.number_pool_id:
        await _check_same_provider(session, principal, campaign.number_pool_id, columns["number_pool_id"])
    before, after = campaign.calling_rules, columns["calling_rules"]
    _check_rules(principal, before=before, after=after)
    _settle_recordings(session, principal, campaign, columns)
    _audit_change(session, principal, campaign, columns)
    try:
        await change_campaign(session, campaign, columns, now=deps.clock())
    except IntegrityError as error:
        raise Conflict("There is another campaign of this name.") from error
    _audit_rules(session, principal, campaign_id, before=before, after=after)
    await session.commit()
    return campaign


async def launch_campaign(
    deps: Dependencies, session: AsyncSession, principal: Principal, campaign_id: UUID
) -> CampaignRow:
    """Let the calls of a draft begin. Safe to repeat."""
    campaign = await _locked(session, principal, campaign_id)
    if not (await caller_ids(session, [campaign.number_pool_id])).get(campaign.number_pool_id):
        raise Conflict("The campaign's number pool has no caller ID to call from; give it `from_numbers` first.")
    refusal = "Only a draft is launched; resume a paused one."
    if _move(campaign, CampaignStatus.RUNNING, {CampaignStatus.DRAFT}, refusal):
        await check_registries(session, campaign, deps.clock())
        campaign.launched_at = campaign.replanned_at = deps.clock()
        note(session, principal, "campaign.launched", campaign_id)
    await session.commit()
    return campaign


async def pause_campaign(session: AsyncSession, principal: Principal, campaign_id: UUID) -> CampaignRow:
    """No further dial after the commit; calls that are live go on. Safe to repeat."""
    campaign = await _locked(session, principal, campaign_id)
    if _move(campaign, CampaignStatus.PAUSED, {CampaignStatus.RUNNING}, "Only a running campaign is paused."):
        note(session, principal, "campaign.paused", campaign_id)
    await session.commit()
    return campaign


async def resume_campaign(
    deps: Dependencies, session: AsyncSession, principal: Principal, campaign_id: UUID
) -> CampaignRow:
    """Let a paused campaign, or one that was parked at a refusal, dial again. Safe to repeat."""
    campaign = await _locked(session, principal, campaign_id)
    moved = _move(campaign, CampaignStatus.RUNNING, {CampaignStatus.PAUSED}, "Only a paused campaign is resumed.")
    if moved or campaign.parked_at is not None:
        await check_registries(session, campaign, deps.clock())
        campaign.replanned_at = deps.clock()
        note(session, principal, "campaign.resumed", campaign_id)
    await session.flush()
    lines = await release(session, CampaignRow, campaign.id, now=deps.clock())
    await announce_room(session, campaign.number_pool_id)
    await session.commit()
    tell(lines)
    return campaign


def _move(campaign: CampaignRow, to: CampaignStatus, allowed: set[CampaignStatus], refusal: str) -> bool:
    """False when it stood that way already."""
    if campaign.status == to:
        return False
    if campaign.status not in allowed:
        raise Conflict(f"{refusal} This one is {campaign.status}.")
    campaign.status = to
    return True


async def _locked(session: AsyncSession, principal: Principal, campaign_id: UUID) -> CampaignRow:
    campaign = await lock_campaign(session, principal.organization_id, campaign_id)
    if campaign is None:
        raise NotFound("There is no campaign with this id.")
    return campaign


async def _pool(deps: Dependencies, session: AsyncSession, principal: Principal, pool_id: UUID | None) -> NumberPoolRow:
    if pool_id is not None:
        pool = await get_pool(session, principal.organization_id, pool_id)
        if pool is None:
            raise NotFound("There is no number pool with this `number_pool_id`.")
        return pool
    pool = await default_pool(session, principal.organization_id, configured_provider(deps.settings))
    if pool is None:
        raise Invalid("number_pool_id", "There is no default number pool; name one.")
    return pool


def _changed_columns(deps: Dependencies, campaign: CampaignRow, change: CampaignChange) -> dict[str, Any]:
    try:
        body = change.on(campaign)
    except ValidationError as error:
        raise invalid_request(error.errors(include_url=False, include_input=False)) from error
    return body.columns(number_pool_id=campaign.number_pool_id, max_call_seconds=deps.settings.max_call_seconds)


async def _check_same_provider(session: AsyncSession, principal: Principal, old: UUID, new: UUID) -> None:
    """Leads of a simulated account never go to a real one: people who were never meant to be called would be."""
    if await get_pool(session, principal.organization_id, new) is None:
        raise NotFound("There is no number pool with this `number_pool_id`.")
    if await provider_of_pool(session, old) != await provider_of_pool(session, new):
        raise Conflict("A campaign can't move between the simulator and a real account; make a new one.")


def _check_rules(principal: Principal, *, before: str | None, after: str) -> None:
    if after == CallingRules.OFF != before and principal.role != "admin":
        raise Forbidden("Only an admin may switch the calling rules off.")


def _audit_rules(
    session: AsyncSession, principal: Principal, campaign_id: UUID, *, before: str | None, after: str
) -> None:
    """Note that the rules were switched off, or on again."""
    if (before == CallingRules.OFF) == (after == CallingRules.OFF):
        return
    note(session, principal, f"campaign.calling_rules_{'off' if after == CallingRules.OFF else 'on'}", campaign_id)


def _audit_change(
    session: AsyncSession, principal: Principal, campaign: CampaignRow, columns: Mapping[str, Any]
) -> None:
    """Note what of a campaign is changed; what it was is not repeated."""
    changed = sorted(name for name, value in columns.items() if value != getattr(campaign, name))
    if changed:
        note(session, principal, "campaign.changed", campaign.id, {"fields": changed})


def _settle_recordings(
    session: AsyncSession, principal: Principal, campaign: CampaignRow, columns: Mapping[str, Any]
) -> None:
    """Who may hear recordings, and for how long they stay, is changed by admins only, and noted."""
    changed = {name: columns[name] for name in RECORDING_SETTINGS if columns[name] != getattr(campaign, name)}
    if not changed:
        return
    if principal.role != "admin":
        raise Forbidden("Only an admin may change who hears recordings, and for how long they are kept.")
    note(session, principal, "campaign.recordings_changed", campaign.id, changed)
