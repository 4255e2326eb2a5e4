"""Changes of many rows in few statements, with the effect of one statement each."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import count

import pytest

from domain.vocabulary import AttemptOutcome, AttemptStatus
from storage.attempts import lock_free, settle
from storage.driver_transactions import DriverTransactions
from storage.leads import lock_free_rows
from storage.looks import Looking
from storage.models import AttemptRow
from storage.writing import write_changes
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, add_world, reread
from tests.query_plans import overheard

NUMBERS = count(100)


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


async def add_live(sessions: Sessions, world: World) -> AttemptRow:
    lead = await add_lead(sessions, world, f"+1312555{next(NUMBERS):04}")
    return await add_attempt_of(sessions, world, lead, AttemptStatus.IN_PROGRESS)


@pytest.fixture
def transactions(sessions: Sessions) -> DriverTransactions:
    return DriverTransactions(sessions)


async def read(transaction: Looking, rows: Sequence[AttemptRow]) -> list[AttemptRow]:
    """As a batch of webhooks has them: without what may be long."""
    locked = await lock_free(transaction, [row.id for row in rows], [])
    return sorted((one.attempt for one in locked), key=lambda attempt: attempt.id)


@contextmanager
def updates(sessions: Sessions) -> Iterator[list[str]]:
    """The statements that change rows, known at the end."""
    changing: list[str] = []
    with overheard(sessions.kw["bind"]) as said:
        yield changing
    changing += [one for one in said if one.lower().startswith("update")]


async def test_rows_of_which_the_same_columns_changed_share_a_statement(
    transactions: DriverTransactions, sessions: Sessions, world: World
) -> None:
    rows = [await add_live(sessions, world) for _ in range(6)]
    with updates(sessions) as said:
        async with transactions.begin() as transaction:
            mine = await read(transaction, rows)
            for number, row in enumerate(mine):
                if number % 2:
                    settle(row, outcome=AttemptOutcome.ANSWERED, counts=True, now=NOON)
                else:
                    row.transcript, row.utterances = f"Agent: {number}", [{"role": "agent", "content": str(number)}]
            await write_changes(transaction, mine)
    assert len(said) == 2
    after = sorted([await reread(sessions, row) for row in rows], key=lambda row: row.id)
    assert [row.outcome for row in after] == [None, "answered"] * 3
    assert [row.transcript for row in after[::2]] == ["Agent: 0", "Agent: 2", "Agent: 4"]
    assert [row.utterances for row in after[1::2]] == [None] * 3
    assert after[0].utterances == [{"role": "agent", "content": "0"}]


async def test_what_was_set_to_what_it_was_is_not_written(
    transactions: DriverTransactions, sessions: Sessions, world: World
) -> None:
    row = await add_live(sessions, world)
    with updates(sessions) as said:
        async with transactions.begin() as transaction:
            mine = await read(transaction, [row])
            mine[0].status = AttemptStatus.IN_PROGRESS
            await write_changes(transaction, mine)
    assert said == []


async def test_a_column_can_be_emptied(transactions: DriverTransactions, sessions: Sessions, world: World) -> None:
    row = await add_live(sessions, world)
    async with transactions.begin() as transaction:
        mine = await read(transaction, [row])
        mine[0].request_body = None
        await write_changes(transaction, mine)
    assert (await reread(sessions, row)).request_body is None


async def test_what_is_set_after_the_writing_is_left_for_the_next(
    transactions: DriverTransactions, sessions: Sessions, world: World
) -> None:
    row = await add_live(sessions, world)
    later = NOON + timedelta(minutes=1)
    async with transactions.begin() as transaction:
        mine = await read(transaction, [row])
        mine[0].started_at = NOON
        await write_changes(transaction, mine)
        mine[0].started_at, mine[0].ended_at = later, later
        await write_changes(transaction, mine)
    after = await reread(sessions, row)
    assert (after.started_at, after.ended_at) == (later, later)


async def test_a_change_that_a_transaction_takes_back_is_not_there(
    transactions: DriverTransactions, sessions: Sessions, world: World
) -> None:
    row = await add_live(sessions, world)

    async def fail() -> None:
        async with transactions.begin() as transaction:
            mine = await read(transaction, [row])
            mine[0].started_at = NOON
            await write_changes(transaction, mine)
            raise RuntimeError("taken back")

    with pytest.raises(RuntimeError, match="taken back"):
        await fail()
    assert (await reread(sessions, row)).started_at is None


async def test_a_lead_that_is_written_tells_when(
    transactions: DriverTransactions, sessions: Sessions, world: World
) -> None:
    lead = await add_lead(sessions, world)
    async with transactions.begin() as transaction:
        (mine,) = (await lock_free_rows(transaction, [lead.id])).values()
        mine.disposition = "interested"
        await write_changes(transaction, [mine])
    after = await reread(sessions, lead)
    assert after.disposition == "interested"
    assert after.updated_at > lead.updated_at
