"""Calls are ended at the provider by the process that was told so.

Their workflows end them too, and see to those of which the provider hasn't told an id yet. But where a crowd waits in
the engine a workflow may not have its turn for many seconds, and whoever pulls the kill switch hasn't got them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

import structlog

from api.dependencies import Dependencies
from storage.accounts import address_of, get_accounts
from storage.hanging_up import Ending
from telephony.errors import ProviderError
from telephony.retell_workspace import RetellWorkspace

log = structlog.get_logger(__name__)

AT_ONCE = 16


async def hang_up(deps: Dependencies, organization_id: UUID, calls: Sequence[Ending]) -> None:
    """Have the provider end these calls, some at once. What fails is logged: their workflows try it again."""
    workspaces = await _workspaces(deps, organization_id, calls)
    room = asyncio.Semaphore(AT_ONCE)

    async def stop(call: Ending) -> None:
        workspace = workspaces[call.account_id]
        if call.call_id is None or workspace is None:
            return
        async with room:
            try:
                await workspace.stop(call.call_id)
            except ProviderError as error:
                log.warning("call_not_hung_up", attempt_id=str(call.attempt_id), error=type(error).__name__)

    await asyncio.gather(*(stop(call) for call in calls))


async def _workspaces(
    deps: Dependencies, organization_id: UUID, calls: Sequence[Ending]
) -> Mapping[UUID, RetellWorkspace | None]:
    """None for an account that this process has no key for."""
    async with deps.sessions_of(organization_id)() as session:
        accounts = await get_accounts(session, organization_id, {call.account_id for call in calls})
    return {account.id: deps.workspaces.of(address_of(account)) for account in accounts}
