"""One worker at a time asks what became of an account's calls, and not too often."""

import asyncio
from datetime import datetime, timedelta

import pytest

from storage import followed_accounts
from storage.accounts import address_of
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, add_world

EVERY = timedelta(seconds=10)


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


async def turn(sessions: Sessions, world: World, now: datetime) -> bool:
    async with sessions.begin() as session:
        return await followed_accounts.take_turn(session, world.account.id, now=now, asked_before=now - EVERY)


async def test_of_ten_workers_one_asks_in_each_turn(sessions: Sessions, world: World) -> None:
    for turns in range(3):
        now = NOON + turns * timedelta(seconds=11)
        assert sum(await asyncio.gather(*(turn(sessions, world, now) for _ in range(10)))) == 1
        assert not await turn(sessions, world, now + timedelta(seconds=9))


async def test_accounts_without_an_open_call_and_of_other_kinds_are_left_alone(
    sessions: Sessions, world: World
) -> None:
    async with sessions() as session:
        assert await followed_accounts.accounts_to_follow(session, ["simulator"]) == []
    await add_attempt_of(sessions, world, await add_lead(sessions, world), "in_progress", first_sent_at=NOON)
    async with sessions() as session:
        assert await followed_accounts.accounts_to_follow(session, ["retell"]) == []
        assert await followed_accounts.accounts_to_follow(session, ["simulator"]) == [address_of(world.account)]


async def test_calls_are_told_by_what_is_still_to_be_heard_of_them(sessions: Sessions, world: World) -> None:
    kinds: dict[str, dict[str, object]] = {
        "granted": {},
        "dialling": {"first_sent_at": NOON},
        "unconfirmed": {"first_sent_at": NOON + timedelta(seconds=1)},
        "in_progress": {"first_sent_at": NOON + timedelta(seconds=2), "ended_at": NOON},
        "done": {"outcome": "answered", "counts": True, "slot_released_at": NOON},
    }
    made = {}
    for number, (status, columns) in enumerate(kinds.items()):
        lead = await add_lead(sessions, world, f"+1312555{number:04}")
        made[status] = (await add_attempt_of(sessions, world, lead, status, **columns)).id
    async with sessions() as session:
        calls = await followed_accounts.open_calls(session, world.account.id, limit=100)
        assert await followed_accounts.open_calls(session, world.account.id, limit=1) == calls[:1]
    assert calls == [
        (made["dialling"], False, False),
        (made["unconfirmed"], True, False),
        (made["in_progress"], False, True),
    ]
