"""What exists from the start: an organisation, its first user, an account, a number pool and a running campaign.

The simulator's defaults and the real account's live side by side; which campaign is the default one follows from the
provider configured now.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import CampaignStatus
from storage.accounts import default_account
from storage.campaigns import default_campaign
from storage.memberships import add_membership, has_admin
from storage.models import (
    AccountRow,
    CallerIdRow,
    CampaignRow,
    NumberPoolRow,
    OrganizationRow,
    UserRow,
)
from storage.number_pools import default_pool
from storage.users import user_by_email

Provider = Literal["retell", "simulator"]

# Any number that nothing else here uses: one process at a time lays the defaults.
ADVISORY_LOCK = 0x1EAD_DEF0

ORGANIZATION = "Default"
NAMES = {"retell": "Default", "simulator": "Default (simulator)"}
# Reserved for fiction: nobody's phone rings when the simulator shows them.
FICTION_NUMBERS = ("+12125550101", "+13125550102", "+13035550103", "+14155550104", "+13055550105")
EVERY_DAY = [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "opens": "08:00", "closes": "21:00"}]
RETRY_DELAYS_SECONDS = {"no_answer": [1800, 14400, 86400], "busy": [600], "voicemail": [86400], "failed": [300]}
MAX_ATTEMPTS = 4
MAX_LIVE_CALLS = 20
MAX_CALLS_PER_SECOND = {"retell": 1.0, "simulator": 10.0}


@dataclass(frozen=True, slots=True)
class Defaults:
    organization: OrganizationRow
    account: AccountRow
    pool: NumberPoolRow
    campaign: CampaignRow


@dataclass(frozen=True, slots=True)
class FirstUser:
    """``configured_hash``: of the password that the settings give; None where they give none."""

    email: str
    password_hash: str
    configured_hash: str | None = None


async def ensure_defaults(
    session: AsyncSession,
    *,
    provider: Provider,
    first_user: FirstUser,
    now: datetime,
    max_call_seconds: int = 300,
) -> Defaults:
    """Make what is missing; the caller commits.

    Safe to repeat and to run in several processes at once. What people changed stays changed, except for the first
    user's password: another hash replaces it and takes back every token that was given out. Who was removed from the
    organisation stays out of it, unless nobody else could administer it.
    """
    await session.execute(select(func.pg_advisory_xact_lock(ADVISORY_LOCK)))
    organization = await _organization(session)
    await _first_user(session, organization, first_user)
    account = await _account(session, organization, provider)
    pool = await _pool(session, account, provider)
    campaign = await _campaign(session, pool, provider, now, max_call_seconds)
    await session.flush()
    return Defaults(organization, account, pool, campaign)


async def _organization(session: AsyncSession) -> OrganizationRow:
    found = await session.scalar(select(OrganizationRow).order_by(OrganizationRow.created_at).limit(1))
    if found is not None:
        return found
    row = OrganizationRow(name=ORGANIZATION)
    session.add(row)
    await session.flush()
    return row


async def _first_user(session: AsyncSession, organization: OrganizationRow, given: FirstUser) -> None:
    user = await user_by_email(session, given.email)
    is_new = user is None
    if user is None:
        user = UserRow(email=given.email.lower(), password_hash=given.password_hash)
        session.add(user)
        await session.flush()
    elif user.password_hash != given.password_hash:
        user.password_hash = given.password_hash
        user.token_version += 1
        user.reset_hash = user.reset_expires_at = None
    user.configured_hash = given.configured_hash
    await session.flush()
    if is_new or not await has_admin(session, organization.id):
        await add_membership(session, organization.id, user.id, "admin")


async def _account(session: AsyncSession, organization: OrganizationRow, provider: Provider) -> AccountRow:
    found = await default_account(session, organization.id, provider)
    if found is not None:
        return found
    row = AccountRow(organization_id=organization.id, name=NAMES[provider], provider=provider, is_default=True)
    session.add(row)
    await session.flush()
    return row


async def _pool(session: AsyncSession, account: AccountRow, provider: Provider) -> NumberPoolRow:
    """The simulator's pool comes with numbers; a real one waits until somebody gives it theirs."""
    found = await default_pool(session, account.organization_id, provider)
    if found is not None:
        return found
    row = NumberPoolRow(
        organization_id=account.organization_id,
        account_id=account.id,
        name=await _free_name(session, NumberPoolRow, account.organization_id, provider),
        is_default=True,
        carrier="custom",
        max_live_calls=MAX_LIVE_CALLS,
        max_calls_per_second=MAX_CALLS_PER_SECOND[provider],
    )
    session.add(row)
    await session.flush()
    for position, number in enumerate(FICTION_NUMBERS if provider == "simulator" else ()):
        session.add(
            CallerIdRow(
                organization_id=account.organization_id, number_pool_id=row.id, phone_number=number, position=position
            )
        )
    return row


async def _campaign(
    session: AsyncSession, pool: NumberPoolRow, provider: Provider, now: datetime, max_call_seconds: int
) -> CampaignRow:
    found = await default_campaign(session, pool.organization_id, provider)
    if found is not None:
        return found
    row = CampaignRow(
        organization_id=pool.organization_id,
        number_pool_id=pool.id,
        name=await _free_name(session, CampaignRow, pool.organization_id, provider),
        is_default=True,
        status=CampaignStatus.RUNNING,
        windows=EVERY_DAY,
        max_attempts=MAX_ATTEMPTS,
        retry_delays=RETRY_DELAYS_SECONDS,
        max_call_seconds=max_call_seconds,
        launched_at=now,
    )
    session.add(row)
    return row


async def _free_name(
    session: AsyncSession, table: type[NumberPoolRow] | type[CampaignRow], organization_id: UUID, provider: Provider
) -> str:
    """The usual name, or the first numbered one that nobody has given to a row of their own."""
    query = select(table.name).where(table.organization_id == organization_id, table.name.startswith(NAMES[provider]))
    taken = set((await session.scalars(query)).all())
    numbered = (f"{NAMES[provider]} {number}" for number in count(2))
    return next(name for name in chain([NAMES[provider]], numbered) if name not in taken)
