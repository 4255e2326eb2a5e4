"""What the end of a call means for others happens once, whatever is reported of it, in any order and again."""

import asyncio
import itertools
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from activities.aftermath import Line
from domain.parking import CALLER_ID_REST
from storage import parking
from storage.models import AccountRow, AttemptRow, CallerIdRow, CampaignRow, LeadRow, NumberPoolRow
from storage.parking import Parkable
from storage.situations import lock_lead
from tests.activities.provider_edge import ProviderEdge, refuses
from tests.activities.stage import Clock, Stage
from tests.activities.webhooks import BEGUN, HEARD, LIFECYCLE, take, unanswered
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, change, reread
from tests.patience import PATIENCE_SECONDS

ENDED = BEGUN + timedelta(seconds=31)
WAITING = text("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
AS_BEGUN = {"first_sent_at": BEGUN, "last_sent_at": BEGUN, "not_before": BEGUN}
PARKING_ENDS = [
    pytest.param("no_valid_payment", "account", AccountRow, id="account"),
    pytest.param("telephony_provider_permission_denied", "pool", NumberPoolRow, id="pool"),
    pytest.param("scam_detected", "campaign", CampaignRow, id="campaign"),
]
ORDERS = [
    pytest.param(order, id="-".join(event.removeprefix("call_") for event in order))
    for order in itertools.permutations(LIFECYCLE)
]


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world)


@pytest.fixture
async def attempt(sessions: Sessions, world: World, lead: LeadRow) -> AttemptRow:
    return await add_attempt_of(sessions, world, lead, "dialling", **AS_BEGUN)


async def add_begun(sessions: Sessions, world: World, place: int) -> AttemptRow:
    """The call of another lead, as the fixture's."""
    lead = await add_lead(sessions, world, f"+131255501{place:02}")
    return await add_attempt_of(sessions, world, lead, "dialling", **AS_BEGUN)


async def caller_ids(sessions: Sessions) -> dict[str, datetime | None]:
    async with sessions() as session:
        rows = await session.scalars(select(CallerIdRow).order_by(CallerIdRow.phone_number))
        return {row.phone_number: row.resting_until for row in rows}


async def release(sessions: Sessions, what: Parkable, row: Any) -> None:  # noqa: ANN401  (any of the three)
    async with sessions.begin() as session:
        assert await parking.release(session, what, row.id, now=HEARD)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("reason", "whose", "what"), PARKING_ENDS)
async def test_whoever_has_to_act_is_parked_at_the_first_such_end_and_alarmed_once(
    sessions: Sessions,
    world: World,
    attempt: AttemptRow,
    reason: str,
    whose: str,
    what: Parkable,
    order: Sequence[str],
) -> None:
    lines: list[Line] = []
    for event in (*order, *order):
        lines += (await take(sessions, world.account, unanswered(event, attempt, reason))).aftermath.lines
    owners = {name: await reread(sessions, getattr(world, name)) for name in ("account", "pool", "campaign")}
    assert [name for name, owner in owners.items() if owner.parked_at] == [whose]
    parked = owners[whose]
    assert (parked.parked_at, parked.parked_reason, parked.probe_at) == (HEARD, reason, HEARD + timedelta(seconds=30))
    name = {"pool": "number_pool"}.get(whose, whose)
    fields = {"what": name, "id": str(parked.id), "reason": reason}
    assert lines == [Line("parked", fields, logging.ERROR)]


@pytest.mark.parametrize(("reason", "whose", "what"), PARKING_ENDS)
async def test_what_somebody_resumed_meanwhile_is_not_parked_again_by_what_is_still_reported(
    sessions: Sessions, world: World, reason: str, whose: str, what: Parkable
) -> None:
    """In every order of the reports, and resumed after each of the first three."""
    row = getattr(world, whose)
    for case, (order, resumed_after) in enumerate(itertools.product(itertools.permutations(LIFECYCLE), (1, 2, 3))):
        attempt = await add_begun(sessions, world, case)
        await change(sessions, row, parked_at=None, released_at=None)
        for place, event in enumerate((*order, *order), 1):
            await take(sessions, world.account, unanswered(event, attempt, reason))
            if place == resumed_after and (await reread(sessions, row)).parked_at is not None:
                await release(sessions, what, row)
        was_parked = any(event != "call_started" for event in order[:resumed_after])
        left = (await reread(sessions, row)).parked_at
        assert left == (None if was_parked else HEARD), (order, resumed_after)


async def test_an_end_before_somebody_resumed_is_old_news_also_where_it_is_heard_of_for_the_first_time(
    sessions: Sessions, world: World, attempt: AttemptRow
) -> None:
    await change(sessions, world.account, parked_at=NOON, parked_reason="refused_payment")
    await release(sessions, AccountRow, world.account)
    await take(sessions, world.account, unanswered("call_ended", attempt, "no_valid_payment"))
    assert (await reread(sessions, world.account)).parked_at is None


async def test_an_end_since_somebody_resumed_parks_again(sessions: Sessions, world: World, attempt: AttemptRow) -> None:
    await change(sessions, world.account, released_at=ENDED - timedelta(seconds=1))
    await take(sessions, world.account, unanswered("call_ended", attempt, "no_valid_payment"))
    assert (await reread(sessions, world.account)).parked_reason == "no_valid_payment"


@pytest.mark.parametrize(
    ("reason", "order"),
    [*(("marked_as_spam", order) for order in itertools.permutations(LIFECYCLE)), ("network_blocked", LIFECYCLE)],
    ids=str,
)
async def test_a_number_that_was_taken_for_spam_rests_for_a_day_and_no_other_does(
    sessions: Sessions, world: World, attempt: AttemptRow, reason: str, order: Sequence[str]
) -> None:
    lines: list[Line] = []
    for event in (*order, *order):
        lines += (await take(sessions, world.account, unanswered(event, attempt, reason))).aftermath.lines
    assert await caller_ids(sessions) == {"+12125550101": ENDED + CALLER_ID_REST, "+12125550102": None}
    assert [line.event for line in lines] == ["caller_id_rests"]
    assert "+12125550101" not in str(lines)


async def test_a_number_that_somebody_put_to_use_again_does_not_rest_anew_for_the_same_call(
    sessions: Sessions, world: World, attempt: AttemptRow
) -> None:
    await take(sessions, world.account, unanswered("call_ended", attempt, "marked_as_spam"))
    async with sessions.begin() as session:
        for row in await session.scalars(select(CallerIdRow)):
            row.resting_until = None
    await take(sessions, world.account, unanswered("call_analyzed", attempt, "marked_as_spam"))
    assert set((await caller_ids(sessions)).values()) == {None}


async def test_a_number_that_left_the_pool_is_no_matter(sessions: Sessions, world: World, attempt: AttemptRow) -> None:
    await change(sessions, attempt, from_number="+12125550199")
    taken = await take(sessions, world.account, unanswered("call_ended", attempt, "marked_as_spam"))
    assert taken.aftermath.lines == ()


@pytest.mark.parametrize("order", ORDERS)
async def test_a_call_for_which_there_was_no_room_holds_the_pool_back_once(
    sessions: Sessions, world: World, attempt: AttemptRow, clock: Clock, order: Sequence[str]
) -> None:
    clock.now = HEARD
    first_end = next(event for event in order if event != "call_started")
    held_back = None
    for event in (*order, *order):
        written = unanswered(event, attempt, "concurrency_limit_reached")
        await take(sessions, world.account, written, clock)
        held_back = held_back or (clock.now + timedelta(seconds=1) if event == first_end else None)
        assert (await reread(sessions, world.pool)).next_dial_at == held_back
        clock.forward(seconds=10)


async def test_a_finished_attempt_parks_nothing_a_day_later(sessions: Sessions, world: World, lead: LeadRow) -> None:
    gone = {"settled_at": NOON, "slot_released_at": NOON, "first_sent_at": BEGUN}
    unknown = await add_attempt_of(sessions, world, lead, "done", outcome="unknown", counts=True, **gone)
    await take(sessions, world.account, unanswered("call_ended", unknown, "no_valid_payment"))
    assert (await reread(sessions, world.account)).parked_at is None


async def test_an_end_that_is_looked_up_is_followed_like_one_that_is_reported(
    stage: Stage, sessions: Sessions, world: World, attempt: AttemptRow, provider: ProviderEdge, clock: Clock
) -> None:
    provider.knows(attempt.id, unanswered("call_ended", attempt, "budget_reached")["call"], f"call_{attempt.id}")
    for _ in range(2):
        await stage.look_up(attempt.id)
    assert (await reread(sessions, world.account)).parked_reason == "budget_reached"
    await release(sessions, AccountRow, world.account)
    await take(sessions, world.account, unanswered("call_analyzed", attempt, "budget_reached"))
    assert (await reread(sessions, world.account)).parked_at is None


async def test_an_end_and_its_analysis_that_come_at_once_have_one_effect(
    sessions: Sessions, world: World, attempt: AttemptRow
) -> None:
    written = [unanswered(event, attempt, "no_valid_payment") for event in ("call_ended", "call_analyzed") * 5]
    taken = await asyncio.gather(*(take(sessions, world.account, one) for one in written))
    assert [line.event for one in taken for line in one.aftermath.lines] == ["parked"]


@pytest.mark.parametrize(("reason", "whose", "what"), PARKING_ENDS)
async def test_the_owners_lock_comes_before_the_attempts(
    sessions: Sessions,
    world: World,
    lead: LeadRow,
    attempt: AttemptRow,
    reason: str,
    whose: str,
    what: type[AccountRow],
) -> None:
    """While a grant holds the owner, the report waits, and neither contact, lead nor attempt is taken yet."""
    async with sessions.begin() as holding:
        await holding.get_one(what, getattr(world, whose).id, with_for_update={"read": True})
        taking = asyncio.create_task(take(sessions, world.account, unanswered("call_analyzed", attempt, reason)))
        async with asyncio.timeout(PATIENCE_SECONDS), sessions() as watching:
            while await watching.scalar(WAITING) == 0:
                await watching.rollback()
        for row, row_id in ((LeadRow, lead.id), (AttemptRow, attempt.id)):
            await holding.get_one(row, row_id, with_for_update={"key_share": True, "nowait": True})
    await taking
    assert (await reread(sessions, getattr(world, whose))).parked_reason == reason


@pytest.mark.parametrize("by", ["end", "refusal"])
async def test_a_rush_of_decisions_does_not_keep_out_who_parks(
    stage: Stage, sessions: Sessions, world: World, attempt: AttemptRow, provider: ProviderEdge, by: str
) -> None:
    """Whoever decides after the refusal knows of it, however many decide at any time."""
    first, second = [await add_lead(sessions, world, f"+1312555012{place}") for place in range(2)]
    granted = await add_attempt_of(sessions, world, second)
    provider.dials = [refuses(402, "pay first")]

    async def park() -> None:
        if by == "end":
            await take(sessions, world.account, unanswered("call_ended", attempt, "no_valid_payment"))
        else:
            await stage.place(granted)

    async def decide_later() -> bool:
        async with sessions.begin() as session:
            context = await lock_lead(session, first.id)
        return context is not None and context.account.parked_at is not None

    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as group:
        async with sessions.begin() as deciding:
            assert await lock_lead(deciding, first.id) is not None
            group.create_task(park())
            await until_so_many_wait(sessions, 1)
            later = group.create_task(decide_later())
            await until_so_many_wait(sessions, 2)
        assert await later


async def until_so_many_wait(sessions: Sessions, count: int) -> None:
    async with sessions() as watching:
        while await watching.scalar(WAITING) != count:
            await watching.rollback()


async def test_ends_that_park_and_grants_never_block_each_other(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    """Whatever comes first, nobody is chosen as a victim: every report and every hand-on comes to its end."""
    reasons = ("no_valid_payment", "telephony_provider_permission_denied", "scam_detected", "marked_as_spam")
    await change(sessions, world.pool, max_live_calls=100, max_calls_per_second=1000.0)
    await change(sessions, world.account, max_live_calls=100)
    live = [await add_begun(sessions, world, place) for place in range(12)]
    for place in range(20, 32):
        await add_lead(sessions, world, f"+131255501{place:02}")
    ends = [
        take(sessions, world.account, unanswered(event, attempt, reasons[place % 4]), clock)
        for event in ("call_ended", "call_analyzed")
        for place, attempt in enumerate(live)
    ]
    await asyncio.gather(*ends, *(stage.slots.hand_on(world.pool.id, at_most=2) for _ in range(6)))
    assert (await reread(sessions, world.account)).parked_at == NOON
