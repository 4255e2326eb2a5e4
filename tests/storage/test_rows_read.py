"""Rows that are made of what the driver read are like those that a session has read."""

from uuid import uuid4

import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.orm.exc import DetachedInstanceError
from sqlalchemy.types import Uuid

from storage.looks import Look, Lookout
from storage.models import AttemptRow, LeadRow
from storage.rows_read import RowsOf, write_pending
from tests.builders import Sessions, World, add_attempt_of, add_lead, add_world, reread


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


async def test_all_columns_have_the_values_that_a_session_reads(sessions: Sessions, world: World) -> None:
    attempt = await add_attempt_of(sessions, world, await add_lead(sessions, world), flags=[{"phrase": "a price"}])
    rows = RowsOf(AttemptRow)
    look = Look(select(*rows.columns).where(AttemptRow.id == bindparam("id_of_it", type_=Uuid())))
    async with Lookout(sessions).looking() as looking:
        values = await look.first(looking, id_of_it=attempt.id)
    assert values is not None
    made, read = rows.made_of(values), await reread(sessions, attempt)
    names = AttemptRow.__table__.columns.keys()
    assert {name: getattr(made, name) for name in names} == {name: getattr(read, name) for name in names}


def test_a_column_that_was_not_read_cannot_be_asked_for_and_can_be_set() -> None:
    rows = RowsOf(LeadRow, only={"id", "name"})
    given = {"id": uuid4(), "name": "Ada"}
    lead = rows.made_of([given[column.key] for column in rows.columns])
    assert lead.name == "Ada"
    with pytest.raises(DetachedInstanceError):
        _ = lead.region
    lead.region = "US-CA"
    assert lead.region == "US-CA"


_NAMED = RowsOf(LeadRow, only={"id", "name"})
_LEAD = Look(select(*_NAMED.columns).where(LeadRow.id == bindparam("lead_id", type_=Uuid())))


async def test_what_is_set_in_a_row_that_its_session_knows_is_written_by_the_flush(
    sessions: Sessions, world: World
) -> None:
    lead = await add_lead(sessions, world, region="US-CA")
    async with sessions.begin() as session:
        values = await _LEAD.first(session, lead_id=lead.id)
        assert values is not None
        row = _NAMED.known_to(session, values)
        row.name = "Ada"
    written = await reread(sessions, lead)
    assert (written.name, written.region) == ("Ada", "US-CA")


async def test_a_column_that_was_not_read_is_not_read_in_secret(sessions: Sessions, world: World) -> None:
    lead = await add_lead(sessions, world, region="US-CA")
    async with sessions() as session:
        values = await _LEAD.first(session, lead_id=lead.id)
        assert values is not None
        row = _NAMED.known_to(session, values)
        with pytest.raises(MissingGreenlet):
            _ = row.region


async def test_a_row_that_the_session_knows_already_stays_the_same_and_takes_what_was_read(
    sessions: Sessions, world: World
) -> None:
    lead = await add_lead(sessions, world)
    async with sessions.begin() as session:
        known = await session.get_one(LeadRow, lead.id)
        known.name = "Ada"
        taken = _NAMED.known_to(session, [{"id": lead.id, "name": "Bea"}[column.key] for column in _NAMED.columns])
        assert taken is known
        assert known.name == "Bea"
        known.region = "US-CA"
        await write_pending(session)
        assert await _LEAD.first(session, lead_id=lead.id) == tuple(
            {"id": lead.id, "name": lead.name}[column.key] for column in _NAMED.columns
        )
    assert (await reread(sessions, lead)).region == "US-CA"


async def test_where_a_session_does_not_flush_by_itself_nothing_is_written_before_it_is_time(
    sessions: Sessions, world: World
) -> None:
    lead = await add_lead(sessions, world)
    async with sessions() as session:
        known = await session.get_one(LeadRow, lead.id)
        known.name = "Ada"
        with session.no_autoflush:
            await write_pending(session)
            assert known in session.dirty
        await write_pending(session)
        assert known not in session.dirty
