"""Which number a call goes out from, and how often one number is used in a day."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select

from storage.caller_ids import choose_caller_id, free_again_at, use_of
from storage.models import CallerIdRow
from tests.builders import NOON, Sessions, World, add_world, change

CHICAGO = "+13125550123"
MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


async def set_numbers(sessions: Sessions, world: World, *numbers: str, **columns: object) -> None:
    async with sessions.begin() as session:
        await session.execute(delete(CallerIdRow))
        for position, number in enumerate(numbers):
            session.add(
                CallerIdRow(
                    organization_id=world.organization.id,
                    number_pool_id=world.pool.id,
                    phone_number=number,
                    position=position,
                    **columns,
                )
            )


async def call_from(sessions: Sessions, world: World, to_number: str, at: datetime = NOON) -> str | None:
    """Choose a number and use it, as a grant does."""
    async with sessions.begin() as session:
        chosen = await choose_caller_id(session, world.pool.id, to_number, at)
        if chosen is None:
            return None
        for column, value in asdict(use_of(chosen, at)).items():
            setattr(chosen, column, value)
        return chosen.phone_number


async def free_again(sessions: Sessions, world: World, at: datetime = NOON) -> datetime | None:
    async with sessions() as session:
        return await free_again_at(session, world.pool.id, at)


async def test_numbers_take_turns(sessions: Sessions, world: World) -> None:
    await set_numbers(sessions, world, "+12125550101", "+12125550102", "+12125550103")
    used = [await call_from(sessions, world, CHICAGO, NOON + timedelta(seconds=second)) for second in range(6)]
    assert used == ["+12125550101", "+12125550102", "+12125550103"] * 2


@pytest.mark.parametrize(
    ("to_number", "expected"),
    [
        pytest.param("+13125550123", "+13125550101", id="same-area-code"),
        pytest.param("+12175550123", "+13125550101", id="same-state"),
        pytest.param("+12065550123", "+12125550101", id="nothing-local-the-first-in-turn"),
        pytest.param("+442079460000", "+12125550101", id="abroad"),
    ],
)
async def test_a_number_of_the_callees_own_area_goes_first(
    sessions: Sessions, world: World, to_number: str, expected: str
) -> None:
    await set_numbers(sessions, world, "+12125550101", "+13125550101", "+442079460101")
    assert await call_from(sessions, world, to_number) == expected


async def test_a_resting_number_is_left_alone_until_it_has_rested(sessions: Sessions, world: World) -> None:
    rested_at = NOON + timedelta(hours=1)
    await set_numbers(sessions, world, "+12125550101", resting_until=rested_at)
    assert await call_from(sessions, world, CHICAGO) is None
    assert await free_again(sessions, world) == rested_at
    assert await free_again(sessions, world, rested_at) is None
    assert await call_from(sessions, world, CHICAGO, rested_at) == "+12125550101"


async def test_a_number_makes_no_more_calls_a_day_than_it_may_and_begins_again_at_midnight(
    sessions: Sessions, world: World
) -> None:
    await change(sessions, world.pool, max_calls_per_number_per_day=2)
    await set_numbers(sessions, world, "+12125550101", "+12125550102")
    used = [await call_from(sessions, world, CHICAGO, NOON + timedelta(minutes=minute)) for minute in range(5)]
    assert used == ["+12125550101", "+12125550102", "+12125550101", "+12125550102", None]
    assert await free_again(sessions, world) == MIDNIGHT
    assert await call_from(sessions, world, CHICAGO, MIDNIGHT - timedelta(microseconds=1)) is None
    assert await call_from(sessions, world, CHICAGO, MIDNIGHT) is not None


async def test_a_spent_number_that_rests_beyond_midnight_is_free_when_both_are_over(
    sessions: Sessions, world: World
) -> None:
    await change(sessions, world.pool, max_calls_per_number_per_day=1)
    rested_at = MIDNIGHT + timedelta(hours=2)
    await set_numbers(sessions, world, "+12125550101", resting_until=rested_at, used_on=NOON.date(), used_count=1)
    assert await free_again(sessions, world) == rested_at


async def test_where_one_number_is_free_nobody_waits(sessions: Sessions, world: World) -> None:
    await set_numbers(sessions, world, "+12125550101", "+12125550102")
    async with sessions.begin() as session:
        first = await session.scalar(select(CallerIdRow).where(CallerIdRow.position == 0))
        assert first is not None
        first.resting_until = NOON + timedelta(days=1)
    assert await free_again(sessions, world) is None


async def test_a_pool_without_numbers_has_none_to_wait_for(sessions: Sessions, world: World) -> None:
    await set_numbers(sessions, world)
    assert await call_from(sessions, world, CHICAGO) is None
    assert await free_again(sessions, world) is None
