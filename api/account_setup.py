"""What a workspace at the provider holds, and numbers that are brought into it."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.account_actions import one_account
from api.auditing import note
from api.dependencies import Dependencies
from api.principal import Principal
from api.problems import Conflict, Unavailable
from api.schemas.accounts import AgentItem, NumberImport, NumberItem
from api.workspaces import NEW_KEY, as_problem
from storage.accounts import address_of
from telephony.errors import ProviderError
from telephony.retell_workspace import RetellWorkspace
from telephony.workspace import ListedAgent, NumberToImport

PATIENCE_SECONDS = 20.0
AT_ONCE = 5
MOST_AGENTS = 200

Answer = TypeVar("Answer")


async def workspace_of(
    deps: Dependencies, session: AsyncSession, principal: Principal, account_id: UUID
) -> RetellWorkspace:
    """The account's client; the session's connection is given back, so that none waits for the provider."""
    account = await one_account(session, principal, account_id)
    workspace = deps.workspaces.of(address_of(account))
    await session.rollback()
    if workspace is None:
        raise Conflict(f"{NEW_KEY[:1].upper()}{NEW_KEY[1:]}.")
    return workspace


async def asked(question: Awaitable[Answer]) -> Answer:
    """The provider's answer, or the problem that the request ends with."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await question
    except ProviderError as error:
        raise as_problem(error) from error
    except TimeoutError as error:
        raise Unavailable("The provider didn't answer in time; try again in a moment.") from error


async def agents(deps: Dependencies, session: AsyncSession, principal: Principal, account_id: UUID) -> list[AgentItem]:
    """The first of the account's agents, with their versions."""
    workspace = await workspace_of(deps, session, principal, account_id)
    return await asked(agents_with_versions(workspace))


async def agents_with_versions(workspace: RetellWorkspace) -> list[AgentItem]:
    """A few questions at a time. Raises from the tree in ``telephony.errors``."""
    room = asyncio.Semaphore(AT_ONCE)

    async def item(agent: ListedAgent) -> AgentItem:
        async with room:
            versions = await workspace.agent_versions(agent.agent_id)
        return AgentItem(
            agent_id=agent.agent_id,
            name=agent.name,
            latest_version=None if versions is None else versions.latest,
            latest_published_version=None if versions is None else versions.latest_published,
        )

    listed: Sequence[ListedAgent] = (await workspace.agents())[:MOST_AGENTS]
    return list(await asyncio.gather(*(item(agent) for agent in listed)))


async def numbers(
    deps: Dependencies, session: AsyncSession, principal: Principal, account_id: UUID
) -> list[NumberItem]:
    workspace = await workspace_of(deps, session, principal, account_id)
    return [NumberItem.of(number) for number in await asked(workspace.numbers())]


async def import_number(
    deps: Dependencies, session: AsyncSession, principal: Principal, account_id: UUID, body: NumberImport
) -> NumberItem:
    """Bring a number of one's own trunk into the workspace; the provider refuses one that is there already."""
    workspace = await workspace_of(deps, session, principal, account_id)
    password = body.sip_trunk_auth_password
    order = NumberToImport(
        phone_number=body.phone_number,
        termination_uri=body.termination_uri,
        username=body.sip_trunk_auth_username,
        password=None if password is None else password.get_secret_value(),
        transport=body.transport,
        outbound_agent=body.outbound_agent,
        nickname=body.nickname,
    )
    number = await asked(workspace.import_number(order))
    note(session, principal, "account.number_imported", account_id, {"phone_number": number.phone_number})
    await session.commit()
    return NumberItem.of(number)
