"""A call to one's own phone, to hear the campaign's agent. It is no attempt, belongs to no lead, counts nowhere."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from activities.call_variables import call_variables
from api.account_setup import asked, workspace_of
from api.auditing import note
from api.campaign_life import NO_CAMPAIGN
from api.dependencies import Dependencies
from api.principal import Principal
from api.problems import Conflict, NotFound, Unavailable
from api.schemas.launches import TrialCallAnswer, TrialCallInput, TrialCallState
from api.webhook_probe import PATH
from api.workspaces import as_problem
from domain.vocabulary import VoicemailAction
from storage.accounts import account_of_pool
from storage.caller_ids import choose_caller_id
from storage.campaigns import get_campaign
from storage.contacts import get_contact, is_listed
from storage.models import AccountRow, CampaignRow, LeadRow, OrganizationRow, TrialCallRow
from storage.suppressions import is_suppressed
from storage.trial_calls import calls_since, get_trial_call, note_taken
from telephony.errors import DialUnconfirmed, ProviderError
from telephony.provider import PlacedCall
from telephony.requests import CallRequest, build_call_body
from telephony.retell_workspace import RetellWorkspace

NO_CALL = "There is no call with this id."

MOST_AN_HOUR = 30
"""For an organisation: enough to try an agent, too few to call leads with at night."""

PATIENCE_SECONDS = 45.0
NOTE = (
    "Calling hours were not asked: it is your own phone. The call counts nowhere; GET /api/v1/calls/{call_id} shows it."
)
ZONE = "America/New_York"


async def place(
    deps: Dependencies, session: AsyncSession, principal: Principal, campaign_id: UUID, body: TrialCallInput
) -> TrialCallAnswer:
    """Dial once, as the campaign would, whatever its status."""
    campaign = await get_campaign(session, principal.organization_id, campaign_id)
    if campaign is None:
        raise NotFound(NO_CAMPAIGN)
    await _check(deps, session, principal, body.phone_number)
    account = await account_of_pool(session, campaign.number_pool_id)
    caller_id = await choose_caller_id(session, campaign.number_pool_id, body.phone_number, deps.clock())
    if account is None or caller_id is None:
        raise Conflict("The campaign's number pool has no caller ID that may be used now; give it one.")
    trial = TrialCallRow(
        id=uuid4(),
        organization_id=principal.organization_id,
        campaign_id=campaign.id,
        account_id=account.id,
        user_id=principal.user_id,
        from_number=caller_id.phone_number,
    )
    order = _order(deps, campaign, account, trial, body)
    session.add(trial)
    note(session, principal, "campaign.test_call", campaign.id)
    trial_id, account_id = trial.id, account.id
    await session.commit()
    placed = await _dial(await workspace_of(deps, session, principal, account_id), order)
    await note_taken(session, trial_id, placed.call_id)
    await session.commit()
    return TrialCallAnswer(
        call_id=placed.call_id,
        campaign_id=campaign_id,
        from_number=order["from_number"],
        agent_id=placed.agent_id,
        agent_version=placed.agent_version,
        note=NOTE,
    )


async def state_of_trial_call(
    deps: Dependencies, session: AsyncSession, principal: Principal, call_id: str
) -> TrialCallState:
    """What the provider knows of such a call, which is asked each time."""
    trial = await get_trial_call(session, principal.organization_id, call_id)
    if trial is None:
        raise NotFound(NO_CALL)
    session.expunge(trial)
    workspace = await workspace_of(deps, session, principal, trial.account_id)
    facts = await asked(workspace.get(call_id))
    if facts is None:
        raise NotFound(NO_CALL)
    return TrialCallState(
        call_id=call_id,
        campaign_id=trial.campaign_id,
        from_number=trial.from_number,
        status=facts.provider_status,
        ended=facts.ended,
        disconnection_reason=facts.disconnection_reason,
        agent_id=facts.agent_id,
        agent_version=facts.agent_version,
        started_at=facts.started_at,
        ended_at=facts.ended_at,
        duration_seconds=None if facts.duration_ms is None else facts.duration_ms / 1_000,
        transcript=facts.transcript,
        analysis=None if facts.analysis is None else dict(facts.analysis),
        created_at=trial.created_at,
    )


async def _check(deps: Dependencies, session: AsyncSession, principal: Principal, phone_number: str) -> None:
    organization_id = principal.organization_id
    contact = await get_contact(session, organization_id, phone_number)
    is_on_list = contact is not None and contact.do_not_call_at is not None
    if is_on_list or await is_listed(session, organization_id, phone_number):
        raise Conflict("This number is on the do-not-call list, and no call goes out to it; take it off first.")
    if await is_suppressed(session, organization_id, phone_number):
        raise Conflict("The person with this number was erased, and no call goes out to it any more.")
    organization = await session.get_one(OrganizationRow, organization_id)
    if organization.stopped_at is not None:
        raise Conflict("Calling is stopped for the whole organization; POST /api/v1/organizations/current/start.")
    made = await calls_since(session, organization_id, deps.clock() - timedelta(hours=1))
    if made >= MOST_AN_HOUR:
        raise Conflict(f"{made} test calls were made within the hour, which is the most; wait a while.")


def _order(
    deps: Dependencies, campaign: CampaignRow, account: AccountRow, trial: TrialCallRow, body: TrialCallInput
) -> dict[str, Any]:
    """The body that a lead's call would have, but that its metadata name no attempt."""
    hook = f"{deps.settings.reachable_url}{PATH}"
    version = campaign.agent_version
    lead = LeadRow(name=body.name, custom_fields=body.custom_fields, time_zones=[ZONE])
    request = CallRequest(
        attempt_id=trial.id,
        lead_id=trial.id,
        campaign_id=campaign.id,
        from_number=trial.from_number,
        to_number=body.phone_number,
        agent_id=campaign.agent_id,
        agent_version=int(version) if version is not None and version.isdecimal() else version,
        webhook_url=hook if account.is_default else f"{hook}/{account.id}",
        ring_time=timedelta(seconds=campaign.ring_seconds),
        max_duration=timedelta(seconds=min(campaign.max_call_seconds, deps.settings.max_call_seconds)),
        voicemail=VoicemailAction(campaign.voicemail),
        dynamic_variables=call_variables(lead, campaign, 1, at=deps.clock()),
    )
    metadata = {"test_call_id": str(trial.id), "campaign_id": str(campaign.id)}
    return build_call_body(request) | {"metadata": metadata}


async def _dial(workspace: RetellWorkspace, order: dict[str, Any]) -> PlacedCall:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await workspace.place(order)
    except (DialUnconfirmed, TimeoutError) as error:
        raise Unavailable(
            "The provider gave no answer: your phone may ring or not. Wait before you try again."
        ) from error
    except ProviderError as error:
        raise as_problem(error) from error
