import asyncio
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.campaigns import default_campaign
from storage.defaults import Defaults, FirstUser, Provider, ensure_defaults
from storage.models import AccountRow, CallerIdRow, CampaignRow, MembershipRow, NumberPoolRow, OrganizationRow, UserRow
from storage.users import member_by_email

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
Sessions = async_sessionmaker[AsyncSession]


async def ensure(sessions: Sessions, provider: Provider = "simulator", stored: str = "hash") -> Defaults:
    async with sessions.begin() as session:
        return await ensure_defaults(
            session, provider=provider, first_user=FirstUser("Admin@localhost", stored), now=NOW
        )


async def counts(sessions: Sessions) -> dict[str, int]:
    tables = (OrganizationRow, UserRow, MembershipRow, AccountRow, NumberPoolRow, CampaignRow, CallerIdRow)
    async with sessions() as session:
        return {t.__tablename__: await session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


async def test_several_processes_at_once_make_everything_once(sessions: Sessions) -> None:
    made = await asyncio.gather(*(ensure(sessions) for _ in range(5)))
    assert len({defaults.campaign.id for defaults in made}) == 1
    assert await counts(sessions) == {
        "organizations": 1,
        "users": 1,
        "memberships": 1,
        "accounts": 1,
        "number_pools": 1,
        "campaigns": 1,
        "caller_ids": 5,
    }


async def test_the_simulators_and_the_real_accounts_defaults_live_side_by_side(sessions: Sessions) -> None:
    simulated = await ensure(sessions, "simulator")
    real = await ensure(sessions, "retell")
    assert simulated.organization.id == real.organization.id
    assert simulated.campaign.id != real.campaign.id
    assert await _default(sessions, real.organization.id, "retell") == real.campaign.id
    assert await _default(sessions, real.organization.id, "simulator") == simulated.campaign.id
    assert (await counts(sessions))["caller_ids"] == 5


async def _default(sessions: Sessions, organization_id: UUID, provider: str) -> UUID | None:
    async with sessions() as session:
        campaign = await default_campaign(session, organization_id, provider)
    return None if campaign is None else campaign.id


async def test_another_password_replaces_the_first_users_and_takes_tokens_back(sessions: Sessions) -> None:
    await ensure(sessions)
    await ensure(sessions)
    async with sessions() as session:
        before = await member_by_email(session, "admin@localhost")
    await ensure(sessions, stored="another")
    async with sessions() as session:
        after = await member_by_email(session, "admin@localhost")
    assert before is not None
    assert after is not None
    assert (before.password_hash, before.token_version, before.role) == ("hash", 1, "admin")
    assert (after.password_hash, after.token_version) == ("another", 2)


async def test_what_people_changed_stays_changed(sessions: Sessions) -> None:
    first = await ensure(sessions)
    async with sessions.begin() as session:
        campaign = await session.get_one(CampaignRow, first.campaign.id)
        campaign.name, campaign.status, campaign.max_attempts = "Ours", "paused", 9
    again = await ensure(sessions)
    assert (again.campaign.name, again.campaign.status, again.campaign.max_attempts) == ("Ours", "paused", 9)


async def test_a_pool_and_a_campaign_that_people_called_default_are_no_obstacle(sessions: Sessions) -> None:
    simulated = await ensure(sessions, "simulator")
    async with sessions.begin() as session:
        pool = await session.get_one(NumberPoolRow, simulated.pool.id)
        campaign = await session.get_one(CampaignRow, simulated.campaign.id)
        pool.name, campaign.name = "Default", "Default"
    real = await ensure(sessions, "retell")
    assert (real.pool.name, real.campaign.name) == ("Default 2", "Default 2")


async def test_a_first_user_who_was_removed_stays_out_of_the_organisation(sessions: Sessions) -> None:
    defaults = await ensure(sessions)
    async with sessions.begin() as session:
        other = UserRow(email="other@localhost", password_hash="-")
        session.add(other)
        await session.flush()
        await session.execute(update(MembershipRow).values(user_id=other.id))
    await ensure(sessions)
    async with sessions() as session:
        assert await member_by_email(session, "admin@localhost") is None
        assert await member_by_email(session, "other@localhost") is not None
    assert (await counts(sessions))["memberships"] == 1
    async with sessions.begin() as session:
        await session.execute(delete(MembershipRow).where(MembershipRow.organization_id == defaults.organization.id))
    await ensure(sessions)
    async with sessions() as session:
        assert await member_by_email(session, "admin@localhost") is not None, "nobody else could administer it"
