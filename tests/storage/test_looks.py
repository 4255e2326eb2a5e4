"""Looks: what SQLAlchemy writes and the driver asks, alone or within a transaction."""

import asyncio
from uuid import UUID, uuid4

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from sqlalchemy import Integer, Text, Uuid, bindparam, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from domain.vocabulary import CampaignStatus
from storage.looks import Look, Lookout
from storage.models import CampaignRow
from tests.builders import Sessions, add_world, change

_SERIES = func.generate_series(1, bindparam("last", type_=Integer())).table_valued("number").render_derived()
NUMBERS = Look(select(_SERIES.c.number).where(_SERIES.c.number.in_([1, 2, 3])).order_by(_SERIES.c.number))
NAME = Look(
    select(CampaignRow.name).where(
        CampaignRow.id == bindparam("campaign_id", type_=Uuid()), CampaignRow.status.in_(list(CampaignStatus))
    )
)
BROKEN = Look(select(cast(literal("x", Text), Integer)))
CONNECTION = Look(select(func.pg_backend_pid()))


async def name_seen(sessions: Sessions, campaign_id: UUID) -> object:
    async with Lookout(sessions).looking() as looking:
        return await NAME.value(looking, campaign_id=campaign_id)


async def test_a_look_finds_the_first_row_all_rows_or_none(sessions: Sessions) -> None:
    async with Lookout(sessions).looking() as looking:
        assert await NUMBERS.first(looking, last=9) == (1,)
        assert await NUMBERS.column(looking, last=9) == [1, 2, 3]
        assert await NUMBERS.first(looking, last=0) is None
        assert await NUMBERS.value(looking, last=0) is None


async def test_a_look_within_a_transaction_sees_what_that_wrote_and_others_do_not(sessions: Sessions) -> None:
    world = await add_world(sessions)
    async with sessions.begin() as session:
        campaign = await session.get_one(CampaignRow, world.campaign.id)
        campaign.name = "Renamed"
        await session.flush()
        assert await NAME.value(session, campaign_id=campaign.id) == "Renamed"
        assert await name_seen(sessions, campaign.id) == world.campaign.name


async def test_a_look_that_comes_first_begins_the_transaction(sessions: Sessions) -> None:
    world = await add_world(sessions)
    async with sessions() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        assert await NAME.value(session, campaign_id=world.campaign.id) == world.campaign.name
        await change(sessions, world.campaign, name="Renamed")
        assert await NAME.value(session, campaign_id=world.campaign.id) == world.campaign.name
    assert await name_seen(sessions, world.campaign.id) == "Renamed"


async def test_a_connection_on_which_a_look_was_refused_is_used_again_and_one_that_was_cut_is_not(
    sessions: Sessions,
) -> None:
    lookout = Lookout(sessions)
    async with lookout.looking() as looking:
        before = await CONNECTION.value(looking)
    async with lookout.looking() as looking:
        assert await CONNECTION.value(looking) == before
    with pytest.raises(asyncpg.DataError):
        async with lookout.looking() as looking:
            await BROKEN.first(looking)
    async with lookout.looking() as looking:
        assert await CONNECTION.value(looking) == before
    with pytest.raises(asyncio.CancelledError):
        async with lookout.looking():
            raise asyncio.CancelledError
    async with lookout.looking() as looking:
        assert await CONNECTION.value(looking) != before


async def test_looks_give_their_connections_back(sessions: Sessions) -> None:
    engine = sessions.kw["bind"]
    assert isinstance(engine, AsyncEngine)
    async with Lookout(sessions).looking() as looking:
        assert await NAME.value(looking, campaign_id=uuid4()) is None
        assert engine.pool.checkedout() == 1  # type: ignore[attr-defined]
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_a_lookout_needs_an_engine() -> None:
    with pytest.raises(TypeError, match="an engine"):
        Lookout(async_sessionmaker())


async def test_constants_of_a_query_stand_in_its_text_and_what_is_given_does_not(sessions: Sessions) -> None:
    few = bindparam("few", type_=Integer())
    query = Look(select(_SERIES.c.number).where(_SERIES.c.number > few).limit(2))
    async with Lookout(sessions).looking() as looking:
        assert await query.column(looking, last=9, few=4) == [5, 6]
        said = "select statement from pg_prepared_statements where statement like 'SELECT%generate_series%'"
        (row,) = await looking.driver.fetch(said)
    # ``_SERIES`` itself begins at one, and ends where it is told.
    assert "generate_series(1, $1" in row["statement"]
    assert "> $2" in row["statement"]
    assert row["statement"].endswith("LIMIT 2")


async def test_text_that_is_constant_is_quoted(sessions: Sessions) -> None:
    text = "It's 100 % of :them, \\ $1"
    async with sessions() as session:
        assert await Look(select(literal(text, Text))).value(session) == text
        assert await Look(select(literal(text, Text))).value(session) == text


async def test_json_is_given_as_it_is(sessions: Sessions) -> None:
    given = {"name": "Zoë", "numbers": [1, None]}
    query = Look(select(bindparam("given", type_=JSONB(none_as_null=True))))
    async with sessions() as session:
        assert await query.value(session, given=given) == given
        assert await query.value(session, given=None) is None
