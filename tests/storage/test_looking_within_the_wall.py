"""Looks of an organisation's own: what they see, that they write nothing, and that they leave nothing behind."""

import asyncio

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from sqlalchemy import func, select, text

from storage.looks import Look, Looking
from storage.models import CampaignRow
from storage.organization_sessions import SETTING, OrganizationSessions
from tests.builders import Sessions, World, add_world

CAMPAIGNS = Look(select(func.count()).select_from(CampaignRow))
WHO = Look(text(f"select current_user::text, current_setting('{SETTING}', true)"))


@pytest.fixture
async def mine(sessions: Sessions) -> World:
    await add_world(sessions)
    return await add_world(sessions)


def wall(sessions: Sessions, world: World) -> OrganizationSessions:
    return OrganizationSessions(sessions, world.organization.id)


async def everything(sessions: Sessions) -> int:
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(CampaignRow)) or 0


async def test_they_see_their_own_organisation_and_the_next_on_the_connection_sees_all(
    sessions: Sessions, mine: World
) -> None:
    async with wall(sessions, mine).looking() as looking:
        assert await CAMPAIGNS.value(looking) == 1
    assert await everything(sessions) == 2


async def test_neither_role_nor_organisation_outlives_them(sessions: Sessions, mine: World) -> None:
    async with sessions() as session:
        before = await WHO.first(session)
    async with wall(sessions, mine).looking() as looking:
        driver = looking.driver
        within = await WHO.first(looking)
    assert within == ("leadline_api", str(mine.organization.id))
    after = await WHO.first(Looking(driver))
    assert after is not None
    assert before is not None
    assert (after[0], after[1] or None) == (before[0], None)


async def test_they_write_nothing(sessions: Sessions, mine: World) -> None:
    renames = Look(CampaignRow.__table__.update().values(name="another").returning(CampaignRow.id))  # type: ignore[attr-defined]  # a table it is
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with wall(sessions, mine).looking() as looking:
            await renames.rows(looking)


async def look_and_raise(wall: OrganizationSessions) -> None:
    async with wall.looking() as looking:
        await CAMPAIGNS.value(looking)
        raise LookupError


async def test_what_is_raised_meanwhile_costs_no_connection(sessions: Sessions, mine: World) -> None:
    async with wall(sessions, mine).looking() as looking:
        first = looking.driver
    for _ in range(3):
        with pytest.raises(LookupError):
            await look_and_raise(wall(sessions, mine))
    async with wall(sessions, mine).looking() as looking:
        assert looking.driver is first


async def test_a_statement_that_fails_leaves_a_connection_that_works(sessions: Sessions, mine: World) -> None:
    with pytest.raises(asyncpg.PostgresError):
        async with wall(sessions, mine).looking() as looking:
            await Look(text("select 1 / 0")).rows(looking)
    assert not looking.driver.is_closed()
    async with wall(sessions, mine).looking() as again:
        assert again.driver is looking.driver
        assert await CAMPAIGNS.value(again) == 1


async def test_who_is_interrupted_leaves_nobody_the_role(sessions: Sessions, mine: World) -> None:
    began = asyncio.Event()

    async def look_for_long() -> None:
        async with wall(sessions, mine).looking() as looking:
            began.set()
            await Look(text("select pg_sleep(60)")).rows(looking)

    looked = asyncio.create_task(look_for_long())
    await began.wait()
    looked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looked
    async with sessions() as session:
        assert await WHO.first(session) != ("leadline_api", str(mine.organization.id))
    assert await everything(sessions) == 2


async def test_what_went_wrong_is_told_where_the_connection_was_lost_as_well(sessions: Sessions, mine: World) -> None:
    with pytest.raises(LookupError):  # noqa: PT012  (it is raised within)
        async with wall(sessions, mine).looking() as looking:
            process = looking.driver.get_server_pid()
            async with sessions() as session:
                await session.execute(text("select pg_terminate_backend(:process)"), {"process": process})
            raise LookupError
    assert await everything(sessions) == 2
