"""What people do with number pools: one transaction each."""

from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from activities.aftermath import tell
from activities.parked import release
from api.dependencies import Dependencies
from api.first_rows import configured_provider
from api.principal import Principal
from api.problems import Conflict, Invalid, NotFound, invalid_request
from api.schemas.number_pools import PoolAnswer, PoolChange, PoolInput
from storage.accounts import default_account, get_account
from storage.campaigns import has_launched_campaigns, replan_pool
from storage.models import AccountRow, NumberPoolRow
from storage.number_pools import (
    add_pool,
    caller_ids,
    change_pool,
    get_pool,
    lock_pool,
    provider_of_pool,
    replace_caller_ids,
)
from storage.right_of_way import take_right_of_way
from storage.room import announce_room


async def make_pool(deps: Dependencies, session: AsyncSession, principal: Principal, body: PoolInput) -> PoolAnswer:
    account = await _account(deps, session, principal, body.account_id)
    try:
        pool = await add_pool(session, principal.organization_id, body.terms(account.id))
    except IntegrityError as error:
        raise Conflict("There is a number pool of this name.") from error
    await replace_caller_ids(session, pool, body.from_numbers)
    await session.commit()
    return PoolAnswer.of(pool, body.from_numbers)


async def edit_pool(
    deps: Dependencies, session: AsyncSession, principal: Principal, pool_id: UUID, change: PoolChange
) -> PoolAnswer:
    pool = await lock_pool(session, principal.organization_id, pool_id)
    if pool is None:
        raise NotFound("There is no number pool with this id.")
    body = await _changed(session, pool, change)
    account = await _account(deps, session, principal, body.account_id)
    # Leads of a simulated account never go to a real one: people who were never meant to be called would be.
    if account.provider != await provider_of_pool(session, pool.id):
        raise Conflict("A number pool can't move between the simulator and a real account; make a new one.")
    if account.id != pool.account_id and await has_launched_campaigns(session, pool.id):
        raise Conflict("Campaigns of this number pool were launched and stay with their account; make a new pool.")
    try:
        await change_pool(session, pool, body.terms(account.id))
    except IntegrityError as error:
        raise Conflict("There is another number pool of this name.") from error
    await replace_caller_ids(session, pool, body.from_numbers)
    await session.commit()
    return PoolAnswer.of(pool, body.from_numbers)


async def resume_pool(deps: Dependencies, session: AsyncSession, principal: Principal, pool_id: UUID) -> PoolAnswer:
    """Let a pool that was parked at a refusal dial again. Safe to repeat."""
    pool = await get_pool(session, principal.organization_id, pool_id)
    if pool is None:
        raise NotFound("There is no number pool with this id.")
    await take_right_of_way(session, principal.organization_id)
    await replan_pool(session, pool.id, deps.clock())
    lines = await release(session, NumberPoolRow, pool.id, now=deps.clock())
    await announce_room(session, pool.id)
    await session.commit()
    tell(lines)
    await session.refresh(pool)
    return PoolAnswer.of(pool, (await caller_ids(session, [pool.id])).get(pool.id, []))


async def _changed(session: AsyncSession, pool: NumberPoolRow, change: PoolChange) -> PoolInput:
    numbers = (await caller_ids(session, [pool.id])).get(pool.id, [])
    try:
        return change.on(pool, numbers)
    except ValidationError as error:
        raise invalid_request(error.errors(include_url=False, include_input=False)) from error


async def _account(
    deps: Dependencies, session: AsyncSession, principal: Principal, account_id: UUID | None
) -> AccountRow:
    if account_id is not None:
        account = await get_account(session, principal.organization_id, account_id)
        if account is None:
            raise NotFound("There is no account with this `account_id`.")
        return account
    account = await default_account(session, principal.organization_id, configured_provider(deps.settings))
    if account is None:
        raise Invalid("account_id", "There is no default account; name one.")
    return account
