"""Changes of many rows in few statements, with the effect of one statement each."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from domain.vocabulary import AttemptOutcome, AttemptStatus
from storage.attempts import settle
from storage.models import AttemptRow, LeadRow
from storage.writing import write_changes
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, add_world, reread

NUMBERS = count(100)


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


async def add_live(sessions: Sessions, world: World) -> AttemptRow:
    lead = await add_lead(sessions, world, f"+1312555{next(NUMBERS):04}")
    return await add_attempt_of(sessions, world, lead, AttemptStatus.IN_PROGRESS)


async def read(session: AsyncSession, rows: Sequence[AttemptRow]) -> list[AttemptRow]:
    """As a batch of webhooks has them: without what may be long."""
    query = select(AttemptRow).where(AttemptRow.id.in_([row.id for row in rows])).order_by(AttemptRow.id)
    return list(await session.scalars(query.options(defer(AttemptRow.transcript, raiseload=True))))


def updates(sessions: Sessions) -> list[str]:
    """The statements that change attempts or leads, from now on."""
    said: list[str] = []

    def note(*given: object) -> None:
        if str(given[2]).lower().startswith("update"):
            said.append(str(given[2]))

    event.listen(sessions.kw["bind"].sync_engine, "before_cursor_execute", note)
    return said


async def test_rows_of_which_the_same_columns_changed_share_a_statement(sessions: Sessions, world: World) -> None:
    rows = [await add_live(sessions, world) for _ in range(6)]
    said = updates(sessions)
    async with sessions.begin() as session:
        mine = await read(session, rows)
        for number, row in enumerate(mine):
            if number % 2:
                settle(row, outcome=AttemptOutcome.ANSWERED, counts=True, now=NOON)
            else:
                row.transcript, row.utterances = f"Agent: {number}", [{"role": "agent", "content": str(number)}]
        await write_changes(session, mine)
    assert len(said) == 2
    after = sorted([await reread(sessions, row) for row in rows], key=lambda row: row.id)
    assert [row.outcome for row in after] == [None, "answered"] * 3
    assert [row.transcript for row in after[::2]] == ["Agent: 0", "Agent: 2", "Agent: 4"]
    assert [row.utterances for row in after[1::2]] == [None] * 3
    assert after[0].utterances == [{"role": "agent", "content": "0"}]


async def test_what_was_set_to_what_it_was_is_not_written(sessions: Sessions, world: World) -> None:
    row = await add_live(sessions, world)
    said = updates(sessions)
    async with sessions.begin() as session:
        mine = await read(session, [row])
        mine[0].status = AttemptStatus.IN_PROGRESS
        await write_changes(session, mine)
    assert said == []


async def test_a_column_can_be_emptied(sessions: Sessions, world: World) -> None:
    row = await add_live(sessions, world)
    async with sessions.begin() as session:
        mine = await read(session, [row])
        assert mine[0].request_body is not None
        mine[0].request_body = None
        await write_changes(session, mine)
    assert (await reread(sessions, row)).request_body is None


async def test_what_is_set_after_the_writing_is_written_as_well(sessions: Sessions, world: World) -> None:
    row = await add_live(sessions, world)
    later = NOON + timedelta(minutes=1)
    async with sessions.begin() as session:
        mine = await read(session, [row])
        mine[0].started_at = NOON
        await write_changes(session, mine)
        mine[0].started_at, mine[0].ended_at = later, later
    after = await reread(sessions, row)
    assert (after.started_at, after.ended_at) == (later, later)


async def test_a_change_that_a_transaction_takes_back_is_not_there(sessions: Sessions, world: World) -> None:
    row = await add_live(sessions, world)
    async with sessions() as session:
        mine = await read(session, [row])
        mine[0].started_at = NOON
        await write_changes(session, mine)
        await session.rollback()
    assert (await reread(sessions, row)).started_at is None


async def test_a_lead_that_is_written_tells_when(sessions: Sessions, world: World) -> None:
    lead = await add_lead(sessions, world)
    async with sessions.begin() as session:
        mine = await session.get_one(LeadRow, lead.id)
        mine.disposition = "interested"
        await write_changes(session, [mine])
    after = await reread(sessions, lead)
    assert after.disposition == "interested"
    assert after.updated_at > lead.updated_at
