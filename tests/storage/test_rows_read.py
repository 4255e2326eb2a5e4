"""Rows that are made of what the driver read are like those that a session has read."""

from uuid import uuid4

import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.orm.exc import DetachedInstanceError
from sqlalchemy.types import Uuid

from storage.looks import Look, Lookout
from storage.models import AttemptRow, LeadRow
from storage.rows_read import RowsOf
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
