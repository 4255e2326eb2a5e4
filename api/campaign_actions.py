"""What people do with campaigns: one transaction each.

Leads that wait are planned anew by a worker, which the database tells of every ``replanned_at`` that is written.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.auditing import note
from api.dependencies import Dependencies
from api.first_rows import configured_provider
from api.principal import Principal
from api.problems import Conflict, Forbidden, Invalid, NotFound, invalid_request
from api.registry_check import check_registries
from api.schemas.campaigns import CONFIRMATIONS, CampaignChange, CampaignInput
from domain.vocabulary import CallingRules, CampaignStatus
from storage.accounts import account_of_pool
from storage.campaigns import add_campaign, change_campaign, lock_campaign
from storage.models import CampaignRow, NumberPoolRow
from storage.number_pools import default_pool, get_pool

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
    """Change what is named; leads that wait are planned anew where that moves them.

    Raises:
        Conflict: it may not be changed so, or not now; telemarketing doesn't begin by a registry that is too old.
    """
    campaign = await locked(session, principal, campaign_id)
    columns = _changed_columns(deps, campaign, change)
    if columns["number_pool_id"] != campaign.number_pool_id:
        await _check_same_account(session, principal, campaign, columns["number_pool_id"])
    if columns["agent_id"] != campaign.agent_id:
        confirm(campaign, principal, dict.fromkeys(CONFIRMATIONS, False), deps.clock())
    confirm(campaign, principal, change.confirmations, deps.clock())
    before, after = campaign.calling_rules, columns["calling_rules"]
    _check_rules(principal, before=before, after=after)
    may_begin_selling = campaign.status == CampaignStatus.RUNNING and columns["purpose"] != campaign.purpose
    _settle_recordings(session, principal, campaign, columns)
    _audit_change(session, principal, campaign, columns)
    try:
        await change_campaign(session, campaign, columns, now=deps.clock())
    except IntegrityError as error:
        raise Conflict("There is another campaign of this name.") from error
    if may_begin_selling:
        await check_registries(session, campaign, deps.clock())
    _audit_rules(session, principal, campaign_id, before=before, after=after)
    await session.commit()
    return campaign


def confirm(campaign: CampaignRow, principal: Principal, given: Mapping[str, bool], now: datetime) -> None:
    """Note when and by whom it was confirmed, or that it isn't any more; a confirmation that stands is left alone."""
    for name, confirmed in given.items():
        if confirmed and getattr(campaign, f"{name}_at") is None:
            setattr(campaign, f"{name}_at", now)
            setattr(campaign, f"{name}_by", principal.user_id)
        elif not confirmed:
            setattr(campaign, f"{name}_at", None)
            setattr(campaign, f"{name}_by", None)


async def locked(session: AsyncSession, principal: Principal, campaign_id: UUID) -> CampaignRow:
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


async def _check_same_account(session: AsyncSession, principal: Principal, campaign: CampaignRow, new: UUID) -> None:
    """Leads of a simulated account never go to a real one: people who were never meant to be called would be.

    Nor does a campaign leave the account in which its agent is and its calls were made.
    """
    before, after = await account_of_pool(session, campaign.number_pool_id), await account_of_pool(session, new)
    if after is None or before is None or after.organization_id != principal.organization_id:
        raise NotFound("There is no number pool with this `number_pool_id`.")
    if before.provider != after.provider:
        raise Conflict("A campaign can't move between the simulator and a real account; make a new one.")
    if before.id != after.id and campaign.status != CampaignStatus.DRAFT:
        raise Conflict("A campaign that was launched stays with its account; make a new one.")


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
