"""Requests are counted exactly, from any number of connections at once."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from domain.request_rate import TICKS, Asked, Rate
from storage.expired import prune_expired
from storage.models import RequestCountRow
from storage.request_counts import give_back, take

Sessions = async_sessionmaker[AsyncSession]
HOURLY = Rate(10, 3_600)
"""An hour has ticks of a minute: none ends within a test, but by chance, which the tests bear."""


async def ask(sessions: Sessions, subject: str = "somebody", rate: Rate = HOURLY) -> Asked:
    async with sessions.begin() as session:
        return await take(session, subject, rate)


async def put_back(sessions: Sessions, ticks: int) -> None:
    """As if all had been asked so many ticks earlier."""
    async with sessions.begin() as session:
        await session.execute(update(RequestCountRow).values(tick=RequestCountRow.tick - ticks))


async def test_as_many_as_the_rate_are_let_through_and_no_more(sessions: Sessions) -> None:
    asked = [await ask(sessions) for _ in range(12)]
    assert [one.is_within for one in asked] == [True] * 10 + [False] * 2
    assert [one.remaining for one in asked] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]
    assert all(3_480 <= one.more_in_seconds <= 3_600 for one in asked)


async def test_of_many_at_once_exactly_as_many_as_the_rate_are_let_through(sessions: Sessions) -> None:
    asked = await asyncio.gather(*(ask(sessions) for _ in range(40)))
    assert sum(one.is_within for one in asked) == 10


async def test_each_subject_and_each_rate_counts_for_itself(sessions: Sessions) -> None:
    for _ in range(10):
        await ask(sessions)
    assert not (await ask(sessions)).is_within
    assert (await ask(sessions, "somebody else")).is_within
    assert (await ask(sessions, rate=Rate(11, 3_600))).is_within


@pytest.mark.parametrize(
    ("ticks", "let_through"),
    [
        pytest.param(1, 0, id="a-minute-later"),
        pytest.param(TICKS - 2, 0, id="just-before-the-hour-is-over"),
        pytest.param(TICKS, 10, id="an-hour-later"),
        pytest.param(10 * TICKS, 10, id="ten-hours-later"),
    ],
)
async def test_what_was_asked_counts_for_a_whole_period(sessions: Sessions, ticks: int, let_through: int) -> None:
    for _ in range(10):
        await ask(sessions)
    await put_back(sessions, ticks)
    asked = [await ask(sessions) for _ in range(11)]
    assert sum(one.is_within for one in asked) == let_through


async def test_what_was_asked_is_forgotten_bit_by_bit(sessions: Sessions) -> None:
    for _ in range(4):
        await ask(sessions)
    await put_back(sessions, TICKS // 2)
    for _ in range(6):
        await ask(sessions)
    refused = await ask(sessions)
    assert not refused.is_within
    assert 1_620 <= refused.more_in_seconds <= 1_860, "when the first four are an hour old"
    await put_back(sessions, TICKS // 2)
    assert [(await ask(sessions)).is_within for _ in range(5)] == [True] * 4 + [False]


async def test_a_clock_that_went_back_lets_nobody_through(sessions: Sessions) -> None:
    for _ in range(10):
        await ask(sessions)
    await put_back(sessions, -5)
    assert not (await ask(sessions)).is_within


async def test_what_is_given_back_may_be_asked_again(sessions: Sessions) -> None:
    for _ in range(10):
        await ask(sessions)
    async with sessions.begin() as session:
        await give_back(session, "somebody", HOURLY)
    assert [(await ask(sessions)).is_within for _ in range(2)] == [True, False]


async def test_more_than_was_asked_is_not_given_back(sessions: Sessions) -> None:
    await ask(sessions)
    async with sessions.begin() as session:
        for _ in range(5):
            await give_back(session, "somebody", HOURLY)
    assert (await ask(sessions)).remaining == 9


async def test_only_what_counts_no_more_is_deleted(sessions: Sessions) -> None:
    await ask(sessions, "long ago")
    async with sessions.begin() as session:
        await session.execute(update(RequestCountRow).values(expires_at=RequestCountRow.expires_at - timedelta(days=1)))
    await ask(sessions, "now")
    async with sessions.begin() as session:
        await prune_expired(session)
        assert (await session.scalars(select(RequestCountRow.subject))).all() == ["now/10/3600"]


async def test_counting_costs_no_write_to_the_log(sessions: Sessions) -> None:
    async with sessions() as session:
        kind = await session.scalar(text("select relpersistence::text from pg_class where relname = 'request_counts'"))
    assert kind == "u"
