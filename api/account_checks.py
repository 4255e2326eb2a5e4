"""Whether calls of an account will go out and be heard of: each question to the provider is a step with its remedy."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.account_clients import SIMULATOR
from activities.provider_limits import ProviderLimits
from api.account_actions import one_account
from api.account_setup import agents_with_versions
from api.dependencies import Dependencies
from api.principal import Principal
from api.schemas.accounts import CheckAnswer, Step
from api.webhook_probe import ProbeLost, probe
from api.workspaces import NEW_KEY, TRY_AGAIN, remedy_for
from domain.carriers import too_fast_for
from runtime.public_address import how_to_be_reached, is_public
from storage.accounts import address_of
from storage.models import AccountRow, NumberPoolRow
from storage.number_pools import caller_ids, pools_of_account
from telephony.errors import ProviderError
from telephony.retell_workspace import RetellWorkspace
from telephony.workspace import WorkspaceNumber

STEP_SECONDS = 15.0
MOST_LOOKED_UP = 50
A_FEW = 5


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked. ``pools`` are the account's, each with its caller IDs."""

    account: AccountRow
    workspace: RetellWorkspace
    pools: Sequence[tuple[NumberPoolRow, Sequence[str]]]


async def check(deps: Dependencies, session: AsyncSession, principal: Principal, account_id: UUID) -> CheckAnswer:
    """Ask everything once. A step that can't be answered says so and keeps no other from being tried."""
    account = await one_account(session, principal, account_id)
    pools = await pools_of_account(session, account_id)
    numbers = await caller_ids(session, [pool.id for pool in pools])
    session.expunge_all()
    await session.rollback()  # nobody's connection waits for the provider
    workspace = deps.workspaces.of(address_of(account))
    if workspace is None:
        steps = [Step(step="key", ok=False, detail="There is no key for this account here.", remedy=NEW_KEY)]
    else:
        subject = Subject(account, workspace, [(pool, numbers.get(pool.id, [])) for pool in pools])
        steps = await _steps(deps, subject)
    return CheckAnswer(account_id=account_id, ok=all(step.ok for step in steps), checked_at=deps.clock(), steps=steps)


async def _steps(deps: Dependencies, subject: Subject) -> list[Step]:
    key = await _answered("key", lambda: _key(subject))
    if not key.ok:
        return [key]
    rest = await asyncio.gather(
        _answered("concurrency", lambda: _concurrency(deps, subject)),
        _answered("agents", lambda: _agents(subject)),
        _answered("numbers", lambda: _numbers(subject)),
        _answered("calls_per_second", lambda: _pace(subject)),
        _answered("webhook", lambda: _webhook(deps, subject)),
    )
    return [key, *rest]


async def _answered(step: str, question: Callable[[], Awaitable[Step]]) -> Step:
    try:
        async with asyncio.timeout(STEP_SECONDS):
            return await question()
    except ProviderError as error:
        return Step(step=step, ok=False, detail=str(error), remedy=remedy_for(error))
    except TimeoutError:
        return Step(step=step, ok=False, detail="the provider didn't answer in time", remedy=TRY_AGAIN)


async def _key(subject: Subject) -> Step:
    await subject.workspace.concurrency()
    return Step(step="key", ok=True, detail="the provider takes it")


async def _concurrency(deps: Dependencies, subject: Subject) -> Step:
    """Kept as the figures that are read about every minute are."""
    await ProviderLimits(deps.sessions, deps.workspaces, deps.clock).refresh_account(
        subject.account.id, subject.workspace
    )
    figures = await subject.workspace.concurrency()
    outbound = figures.limit - figures.reserved_inbound
    detail = f"{figures.current} of {figures.limit} calls are live; {outbound} may be outbound"
    wanted = sum(pool.max_live_calls for pool, _ in subject.pools)
    if wanted > outbound:
        detail += f"; the account's number pools want {wanted}, which is more: they share what there is"
    return Step(step="concurrency", ok=True, detail=detail)


async def _agents(subject: Subject) -> Step:
    agents = await agents_with_versions(subject.workspace)
    published = [agent for agent in agents if agent.latest_published_version is not None]
    named = ", ".join(
        f"{agent.name or agent.agent_id} v{agent.latest_published_version}" for agent in published[:A_FEW]
    )
    if published:
        return Step(step="agents", ok=True, detail=f"{len(published)} of {len(agents)} are published: {named}")
    remedy = "make an agent in the provider's dashboard and publish it (docs/guides/agent.md)"
    return Step(step="agents", ok=False, detail=f"none of {len(agents)} agents was ever published", remedy=remedy)


async def _numbers(subject: Subject) -> Step:
    wanted = list(dict.fromkeys(number for _, numbers in subject.pools for number in numbers))
    held = await numbers_held(subject.workspace, wanted)
    if not wanted:
        remedy = "give a number pool of this account `from_numbers`; POST …/numbers/import brings in those of a trunk"
        return Step(step="numbers", ok=False, detail="no number pool of this account has a caller ID", remedy=remedy)
    missing = [number for number in wanted if number not in held]
    if missing:
        remedy = "import them (POST …/numbers/import, docs/guides/twilio.md) or take them out of the pools"
        detail = f"the account hasn't got {len(missing)} of {len(wanted)} caller IDs: {_few(missing)}"
        return Step(step="numbers", ok=False, detail=detail, remedy=remedy)
    unbound = [number for number in wanted if not held[number].outbound_agents]
    if unbound:
        remedy = "bind an outbound agent to each in the provider's dashboard: without one a number can't call"
        detail = f"{len(unbound)} of {len(wanted)} caller IDs have no outbound agent: {_few(unbound)}"
        return Step(step="numbers", ok=False, detail=detail, remedy=remedy)
    countries = {country for number in wanted for country in held[number].countries or ()}
    where = f"; calls go to {', '.join(sorted(countries))} only" if countries else ""
    return Step(step="numbers", ok=True, detail=f"all {len(wanted)} caller IDs are there, with an agent{where}")


async def numbers_held(workspace: RetellWorkspace, wanted: Sequence[str]) -> dict[str, WorkspaceNumber]:
    """Those of these numbers that the account has; what its list leaves out is asked for one by one, up to fifty."""
    held = {number.phone_number: number for number in await workspace.numbers()}
    unlisted = [number for number in wanted if number not in held][:MOST_LOOKED_UP]
    found = await asyncio.gather(*(workspace.number(number) for number in unlisted))
    return held | {number.phone_number: number for number in found if number is not None}


async def _pace(subject: Subject) -> Step:
    too_fast = [
        problem for pool, _ in subject.pools if (problem := too_fast_for(pool.carrier, pool.max_calls_per_second))
    ]
    if too_fast:
        remedy = "lower `max_calls_per_second` of the pool: calls beyond it are refused"
        return Step(step="calls_per_second", ok=False, detail="; ".join(too_fast), remedy=remedy)
    paces = ", ".join(f"{pool.name} {pool.max_calls_per_second:g}" for pool, _ in subject.pools) or "no pool yet"
    detail = f"{paces}; a workspace begins with 1 a second, and only its dashboard tells how many it has now"
    return Step(step="calls_per_second", ok=True, detail=detail)


async def _webhook(deps: Dependencies, subject: Subject) -> Step:
    """A simulator reaches any address of this machine; a real provider only public ones."""
    url = deps.settings.reachable_url
    remedy = how_to_be_reached(url)
    try:
        reached = await probe(deps, subject.account)
    except ProbeLost as error:
        return Step(step="webhook", ok=False, detail=str(error), remedy=remedy)
    if subject.account.provider != SIMULATOR and not is_public(url):
        return Step(step="webhook", ok=False, detail=f"{url} can be reached from here only", remedy=remedy)
    return Step(step="webhook", ok=True, detail=f"a signed webhook came through {reached}")


def _few(numbers: Sequence[str]) -> str:
    more = f" and {len(numbers) - A_FEW} more" if len(numbers) > A_FEW else ""
    return f"{', '.join(numbers[:A_FEW])}{more}"
