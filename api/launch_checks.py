"""Whether a campaign may be launched: everything that is against it, at once.

What the provider knows is asked for before any lock. On a simulated account nothing of it keeps anybody from a launch,
it is only said: whoever plays needs no agent of his own.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.account_clients import SIMULATOR
from activities.call_variables import STANDARD_VARIABLES
from api.account_checks import numbers_held
from api.dependencies import Dependencies
from api.problems import Unavailable
from api.schemas.launches import Reason
from api.workspaces import NEW_KEY, TRY_AGAIN
from domain.vocabulary import CallingRules
from storage.accounts import account_by_id, address_of
from storage.custom_fields import leads_without
from storage.models import AccountRow, CampaignRow, NumberPoolRow
from storage.number_pools import caller_ids
from telephony.errors import ProviderError, ProviderRejected
from telephony.retell_workspace import RetellWorkspace
from telephony.workspace import Agent, Words, variables_in

PATIENCE_SECONDS = 10.0
PATIENCE_WITH_SIMULATOR_SECONDS = 3.0

PUBLISH = "publish the agent in the provider's dashboard, or name a version that is published"
FILL = "give every lead a custom field of this name, or the agent a default for it (docs/guides/agent.md)"


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """What a launch comes to. ``version`` is the agent's that all calls will name; none where no agent is named."""

    agent_id: str | None
    version: str | None
    number_pool_id: UUID
    account_is_simulated: bool
    reasons: Sequence[Reason] = ()
    warnings: Sequence[Reason] = ()

    def still_fits(self, campaign: CampaignRow) -> bool:
        return (self.agent_id, self.number_pool_id) == (campaign.agent_id, campaign.number_pool_id)


@dataclass(slots=True)
class _Findings:
    version: str | None = None
    reasons: list[Reason] = field(default_factory=list)
    doubts: list[Reason] = field(default_factory=list)

    def refuse(self, code: str, detail: str, remedy: str) -> None:
        self.reasons.append(Reason(code=code, detail=detail, remedy=remedy))

    def doubt(self, code: str, detail: str, remedy: str) -> None:
        self.doubts.append(Reason(code=code, detail=detail, remedy=remedy))


async def plan_launch(deps: Dependencies, session: AsyncSession, campaign: CampaignRow) -> LaunchPlan:
    """Ask the provider all that matters. Ends the session's transaction, so that nobody waits while it answers.

    Raises:
        Unavailable: the account is real, and its provider couldn't be asked.
    """
    pool = await session.get_one(NumberPoolRow, campaign.number_pool_id)
    account = await account_by_id(session, pool.account_id)
    numbers = (await caller_ids(session, [pool.id])).get(pool.id, [])
    if account is None:
        raise RuntimeError("a pool without an account")
    session.expunge_all()
    await session.rollback()
    findings = _Findings(version=campaign.agent_version)
    await _ask(deps, account, campaign, numbers, findings)
    await _check_variables(session, campaign, findings)
    is_simulated = account.provider == SIMULATOR
    doubts = [*findings.reasons, *findings.doubts] if is_simulated else findings.doubts
    reasons = [] if is_simulated else findings.reasons
    return LaunchPlan(campaign.agent_id, findings.version, pool.id, is_simulated, reasons, doubts)


def unconfirmed(campaign: CampaignRow) -> list[Reason]:
    """What nobody has confirmed yet of what the agent has to say."""
    if campaign.purpose != "telemarketing" or campaign.calling_rules != CallingRules.STRICT:
        return []
    wanted = (
        ("disclosure", campaign.disclosure_confirmed_at, "says at once that it is an AI and on whose behalf it calls"),
        ("opt_out", campaign.opt_out_confirmed_at, "says how to be called no more, and heeds it"),
    )
    return [
        Reason(
            code=f"{what}_unconfirmed",
            detail=f"nobody has confirmed that the agent {says}",
            remedy=f'listen to it, then launch with {{"confirm_{what}": true}} (docs/guides/agent.md)',
        )
        for what, confirmed_at, says in wanted
        if confirmed_at is None
    ]


async def _ask(
    deps: Dependencies, account: AccountRow, campaign: CampaignRow, numbers: Sequence[str], findings: _Findings
) -> None:
    workspace = deps.workspaces.of(address_of(account))
    if workspace is None:
        findings.refuse("account_without_a_key", "there is no key for the campaign's account here", NEW_KEY)
        return
    is_simulated = account.provider == SIMULATOR
    try:
        async with asyncio.timeout(PATIENCE_WITH_SIMULATOR_SECONDS if is_simulated else PATIENCE_SECONDS):
            await _check_agent(workspace, campaign, findings)
            await _check_numbers(workspace, numbers, findings)
    except ProviderRejected as error:
        findings.refuse("account_refused", str(error), NEW_KEY)
    except (ProviderError, TimeoutError) as error:
        if not is_simulated:
            raise Unavailable(
                "The provider can't be asked about the campaign's agent and numbers, so it wasn't launched; "
                f"{TRY_AGAIN}."
            ) from error
        findings.doubt("provider_unasked", "the simulator couldn't be asked about the agent and the numbers", TRY_AGAIN)


async def _check_agent(workspace: RetellWorkspace, campaign: CampaignRow, findings: _Findings) -> None:
    if campaign.agent_id is None:
        detail = "the campaign names no agent, so that the one bound to each number speaks, in whatever version"
        findings.doubt("agent_unnamed", detail, "give the campaign an `agent_id`")
        return
    agent = await _agent(workspace, campaign.agent_id, campaign.agent_version, findings)
    if agent is None:
        return
    findings.version = str(agent.version)
    if not agent.voicemail_action:
        detail = "the agent does nothing by itself when a machine answers; the campaign's `voicemail` is sent along"
        findings.doubt("no_voicemail_action", detail, "set one in the agent, for calls that others make with it")
    words = None if agent.llm_id is None else await workspace.words(agent.llm_id, agent.llm_version)
    _note_variables(words, findings)


async def _agent(workspace: RetellWorkspace, agent_id: str, wanted: str | None, findings: _Findings) -> Agent | None:
    versions = await workspace.agent_versions(agent_id)
    if versions is None:
        findings.refuse("agent_unknown", f"the account has no agent {agent_id}", "see GET /api/v1/accounts/{id}/agents")
        return None
    version: int | str | None = versions.latest_published
    if wanted is not None and wanted != "latest_published":
        version = int(wanted) if wanted.isdecimal() else wanted
    if version is None:
        findings.refuse("agent_unpublished", f"no version of the agent {agent_id} was ever published", PUBLISH)
        return None
    agent = await workspace.agent(agent_id, version)
    if agent is None:
        findings.refuse("agent_version_unknown", f"the agent {agent_id} has no version {version}", PUBLISH)
    elif not agent.is_published:
        findings.refuse("agent_unpublished", f"version {agent.version} of the agent {agent_id} is a draft", PUBLISH)
    return agent


def _note_variables(words: Words | None, findings: _Findings) -> None:
    """Those that are still to be looked for among the leads' fields are kept as one finding each."""
    if words is None:
        detail = "the agent's prompt can't be read here, so that nobody knows whether all its variables are filled"
        findings.doubt("variables_unknown", detail, "make a test call")
        return
    for name in sorted(variables_in(words.texts) - STANDARD_VARIABLES - set(words.defaults)):
        findings.refuse("variables_unfilled", name, FILL)


async def _check_variables(session: AsyncSession, campaign: CampaignRow, findings: _Findings) -> None:
    """Which of the agent's variables the leads leave open; a campaign whose leads are still to come is only warned."""
    asked = [reason.detail for reason in findings.reasons if reason.code == "variables_unfilled"]
    findings.reasons = [reason for reason in findings.reasons if reason.code != "variables_unfilled"]
    if not asked:
        return
    lacking = await leads_without(session, campaign.id, asked)
    await session.rollback()
    for name, (missing, leads) in lacking.items():
        if leads == 0:
            detail = (
                f"the agent's {{{{{name}}}}} is no standard variable, and no leads are there yet that could fill it"
            )
            findings.doubt("variables_unfilled", detail, FILL)
        elif missing:
            findings.refuse(
                "variables_unfilled", f"{missing} of {leads} leads don't fill the agent's {{{{{name}}}}}", FILL
            )


async def _check_numbers(workspace: RetellWorkspace, numbers: Sequence[str], findings: _Findings) -> None:
    held = await numbers_held(workspace, numbers)
    missing = [number for number in numbers if number not in held]
    if missing:
        detail = f"the account hasn't got {len(missing)} of {len(numbers)} caller IDs, such as {missing[0]}"
        findings.refuse("caller_id_missing", detail, "import them, or take them out of the campaign's number pool")
    unbound = [number for number in numbers if number in held and not held[number].outbound_agents]
    if unbound:
        detail = f"{len(unbound)} of {len(numbers)} caller IDs have no outbound agent, such as {unbound[0]}"
        findings.refuse("caller_id_unbound", detail, "bind an outbound agent to each in the provider's dashboard")
