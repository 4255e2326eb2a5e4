"""Who is told of what: written with what happens, once for each who wants it, and claimed by one at a time."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from storage import event_deliveries
from storage.event_deliveries import Claim, Work
from storage.event_subscriptions import note_failure, note_success
from storage.event_tries import MOST_KEPT
from storage.expired import prune_expired
from storage.models import (
    AttemptRow,
    EventDeliveryRow,
    EventDeliveryTryRow,
    EventSubscriptionRow,
    InboundCallRow,
    LeadRow,
)
from tests.builders import NOON, Sessions, World, add_attempt_of, add_campaign, add_lead, add_world, change, reread
from tests.query_plans import overheard, whole_reads


async def subscribe(sessions: Sessions, world: World, **columns: object) -> EventSubscriptionRow:
    values: dict[str, Any] = {"url": "https://crm.example.com", "sealed_secret": "sealed"}
    row = EventSubscriptionRow(id=uuid4(), organization_id=world.organization.id, **(values | columns))
    async with sessions.begin() as session:
        session.add(row)
    return row


async def noted(sessions: Sessions, subscription: EventSubscriptionRow | None = None) -> Sequence[str]:
    query = select(EventDeliveryRow.event_type).order_by(EventDeliveryRow.created_at)
    if subscription is not None:
        query = query.where(EventDeliveryRow.subscription_id == subscription.id)
    async with sessions() as session:
        return (await session.scalars(query)).all()


async def whole_life(sessions: Sessions, world: World, lead: LeadRow | None = None) -> tuple[LeadRow, AttemptRow]:
    lead = lead or await add_lead(sessions, world, f"+1{uuid4().int % 10**10:010}")
    attempt = await add_attempt_of(sessions, world, lead, "dialling")
    await change(sessions, attempt, status="in_progress", started_at=NOON)
    await change(sessions, attempt, ended_at=NOON, slot_released_at=NOON)
    await change(sessions, attempt, analyzed_at=NOON, status="done", outcome="answered", settled_at=NOON)
    await change(sessions, lead, status="done", outcome="reached")
    return lead, attempt


LATER = NOON + timedelta(minutes=1)
FAILED = {
    "status": "retrying",
    "last_try_at": NOON,
    "status_code": 500,
    "error": "Answered 500.",
    "response": "no",
    "duration_ms": 12,
}
LIFE = ["call.started", "call.ended", "call.analyzed", "lead.done"]


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


async def test_where_nobody_subscribes_nothing_is_written(sessions: Sessions, world: World) -> None:
    await whole_life(sessions, world)
    assert await noted(sessions) == []


async def test_each_step_of_a_life_is_noted_once_with_what_it_tells_of(sessions: Sessions, world: World) -> None:
    subscription = await subscribe(sessions, world)
    lead, attempt = await whole_life(sessions, world)
    await change(sessions, attempt, duration_ms=5, disposition="booked", analyzed_at=NOON + timedelta(seconds=1))
    await change(sessions, lead, disposition="booked")
    async with sessions() as session:
        rows = (await session.scalars(select(EventDeliveryRow).order_by(EventDeliveryRow.created_at))).all()
    assert [row.event_type for row in rows] == LIFE
    assert [(row.subject, row.subject_id) for row in rows] == [("attempt", attempt.id)] * 3 + [("lead", lead.id)]
    assert {(row.organization_id, row.subscription_id) for row in rows} == {(world.organization.id, subscription.id)}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        pytest.param({"event_types": ["lead.done", "call.ended"]}, ["call.ended", "lead.done"], id="two-of-them"),
        pytest.param({"enabled": False}, [], id="disabled"),
        pytest.param({}, LIFE, id="all"),
    ],
)
async def test_subscribers_are_told_of_what_they_want(
    sessions: Sessions, world: World, columns: dict[str, object], expected: Sequence[str]
) -> None:
    subscription = await subscribe(sessions, world, **columns)
    await whole_life(sessions, world)
    assert await noted(sessions, subscription) == expected


async def test_one_campaign_and_one_organisation_is_not_told_of_another(sessions: Sessions, world: World) -> None:
    mine = await subscribe(sessions, world, campaign_id=world.campaign.id)
    other = await add_campaign(sessions, world)
    strangers = await subscribe(sessions, await add_world(sessions))
    await whole_life(sessions, other)
    assert (await noted(sessions, mine), await noted(sessions, strangers)) == ([], [])
    await whole_life(sessions, world)
    assert (await noted(sessions, mine), await noted(sessions, strangers)) == (LIFE, [])


async def test_what_is_rolled_back_is_told_to_nobody(sessions: Sessions, world: World) -> None:
    await subscribe(sessions, world)
    lead = await add_lead(sessions, world)
    async with sessions() as session:
        (await session.get_one(LeadRow, lead.id)).status = "done"
        (await session.get_one(LeadRow, lead.id)).outcome = "cancelled"
        await session.flush()
        assert await session.scalar(select(func.count()).select_from(EventDeliveryRow)) == 1
    assert await noted(sessions) == []


async def test_a_call_whose_end_nobody_heard_ends_all_the_same_and_one_that_never_rang_has_none(
    sessions: Sessions, world: World
) -> None:
    await subscribe(sessions, world)
    done = {"status": "done", "slot_released_at": NOON, "settled_at": NOON}
    lost = await add_attempt_of(sessions, world, await add_lead(sessions, world), "unconfirmed")
    await change(sessions, lost, **done, outcome="unknown")
    await change(sessions, lost, ended_at=NOON)
    refused = await add_attempt_of(sessions, world, await add_lead(sessions, world, "+13125550124"), "dialling")
    await change(sessions, refused, **done, outcome="refused", counts=False)
    assert await noted(sessions) == ["call.ended"]


async def test_who_opts_out_and_who_is_called_again_is_told(sessions: Sessions, world: World) -> None:
    await subscribe(sessions, world)
    lead = await add_lead(sessions, world)
    await change(sessions, lead, status="done", outcome="reached")
    await change(sessions, lead, status="new", outcome=None, run=2)
    await change(sessions, lead, status="done", outcome="opted_out")
    assert sorted(await noted(sessions)) == ["lead.done", "lead.done", "lead.opted_out"]


async def test_calls_that_come_in_are_told_of_however_they_are_first_heard_of(sessions: Sessions, world: World) -> None:
    await subscribe(sessions, world)
    owner: dict[str, Any] = {"organization_id": world.organization.id, "account_id": world.account.id}
    heard = InboundCallRow(id=uuid4(), call_id="call_1", started_at=NOON, **owner)
    whole = InboundCallRow(id=uuid4(), call_id="call_2", started_at=NOON, ended_at=NOON, analyzed_at=NOON, **owner)
    async with sessions.begin() as session:
        session.add_all([heard, whole])
    await change(sessions, heard, ended_at=NOON)
    await change(sessions, heard, analyzed_at=NOON)
    assert sorted(await noted(sessions)) == sorted(LIFE[:3] * 2)


async def test_each_delivery_is_claimed_by_one_until_its_time_is_over(sessions: Sessions, world: World) -> None:
    subscription = await subscribe(sessions, world)
    for _ in range(10):
        await whole_life(sessions, world)
    claimed = [
        claim
        for claims in await asyncio.gather(*(_claim(sessions, subscription) for _ in range(10)))
        for claim in claims
    ]
    claimed += await _claim(sessions, subscription)
    assert len(claimed) == len(set(claimed)) == 40
    assert await _work(sessions) == []
    assert await _work(sessions, minutes=2) == [Work(subscription.id, 0)]


async def test_what_somebody_asked_for_goes_before_all_that_waits(sessions: Sessions, world: World) -> None:
    subscription = await subscribe(sessions, world)
    await whole_life(sessions, world)
    async with sessions.begin() as session:
        ping = await event_deliveries.add_ping(session, subscription)
    async with sessions.begin() as session:
        (first,) = await event_deliveries.claim(session, subscription.id, now=NOON, until=LATER, limit=1)
        (second,) = await event_deliveries.claim(session, subscription.id, now=NOON, until=LATER, limit=1)
    assert first == Claim(ping.id, 1)
    assert (await reread(sessions, EventDeliveryRow(id=second.delivery_id))).event_type == "call.started"


async def test_a_disabled_subscription_and_one_whose_address_rests_have_no_work(
    sessions: Sessions, world: World
) -> None:
    subscription = await subscribe(sessions, world)
    await whole_life(sessions, world)
    async with sessions.begin() as session:
        await note_failure(session, subscription.id, is_gone=False, now=NOON)
        await note_failure(session, subscription.id, is_gone=False, now=NOON)
    assert await _work(sessions) == []
    assert await _work(sessions, minutes=1) == [Work(subscription.id, 1)]
    async with sessions.begin() as session:
        await note_success(session, subscription.id)
    assert await _work(sessions) == [Work(subscription.id, 0)]
    await change(sessions, subscription, enabled=False)
    assert await _work(sessions) == []


async def test_an_address_that_fails_for_five_days_is_disabled_and_one_that_comes_back_begins_anew(
    sessions: Sessions, world: World
) -> None:
    subscription = await subscribe(sessions, world)

    async def failed(days: float) -> str | None:
        async with sessions.begin() as session:
            at = NOON + timedelta(days=days)
            return await note_failure(session, subscription.id, is_gone=False, now=at)

    assert [await failed(half / 2) for half in range(10)] == [None] * 10
    async with sessions.begin() as session:
        await note_success(session, subscription.id)
    assert [await failed(5 + half / 2) for half in range(10)] == [None] * 10
    assert await failed(10) == "failing"
    row = await reread(sessions, subscription)
    assert (row.enabled, row.disabled_reason, row.failures) == (False, "failing", 11)


async def test_what_the_engine_forgot_waits_for_its_first_try_again(sessions: Sessions, world: World) -> None:
    subscription = await subscribe(sessions, world, event_types=["lead.done"])
    await whole_life(sessions, world)
    (claim,) = await _claim(sessions, subscription)
    async with sessions.begin() as session:
        await event_deliveries.note_try(session, claim, FAILED | {"next_try_at": NOON})
    for minutes, overdue in ((14, 0), (16, 1), (17, 0)):
        async with sessions.begin() as session:
            found = await event_deliveries.take_back_overdue(session, now=NOON + timedelta(minutes=minutes))
        assert found == overdue
    assert await _work(sessions) == [Work(subscription.id, 0)]


async def test_nothing_is_written_of_an_earlier_round(sessions: Sessions, world: World) -> None:
    subscription = await subscribe(sessions, world, event_types=["lead.done"])
    await whole_life(sessions, world)
    (claim,) = await _claim(sessions, subscription)
    async with sessions.begin() as session:
        event_deliveries.send_anew(await session.get_one(EventDeliveryRow, claim.delivery_id))
    async with sessions.begin() as session:
        assert not await event_deliveries.note_try(session, claim, FAILED)
        assert await event_deliveries.to_send(session, claim) is None
        assert await event_deliveries.to_send(session, Claim(claim.delivery_id, 2)) is not None
    assert await _tries(sessions) == []


async def test_every_try_is_kept_with_what_came_of_it(sessions: Sessions, world: World) -> None:
    subscription = await subscribe(sessions, world, event_types=["lead.done"])
    await whole_life(sessions, world)
    (claim,) = await _claim(sessions, subscription)
    delivered = {"status": "delivered", "last_try_at": LATER, "status_code": 204, "error": None, "duration_ms": 30}
    async with sessions.begin() as session:
        assert await event_deliveries.note_try(session, claim, FAILED)
    async with sessions.begin() as session:
        assert await event_deliveries.note_try(session, claim, delivered)
        assert not await event_deliveries.note_try(session, claim, FAILED)
    assert [
        (row.delivery_id, row.organization_id, row.round, row.tried_at, row.status_code, row.error, row.duration_ms)
        for row in await _tries(sessions)
    ] == [
        (claim.delivery_id, world.organization.id, 1, LATER, 204, None, 30),
        (claim.delivery_id, world.organization.id, 1, NOON, 500, "Answered 500.", 12),
    ]


async def test_of_very_many_tries_of_a_delivery_the_newest_are_kept(sessions: Sessions, world: World) -> None:
    subscription = await subscribe(sessions, world, event_types=["lead.done"])
    await whole_life(sessions, world)
    await whole_life(sessions, world)
    often, once = await _claim(sessions, subscription)
    for claim, tries in ((once, 1), (often, MOST_KEPT + 2)):
        for number in range(tries):
            async with sessions.begin() as session:
                at = NOON + timedelta(seconds=number)
                assert await event_deliveries.note_try(session, claim, FAILED | {"last_try_at": at})
    kept = await _tries(sessions)
    assert [row.tried_at for row in kept if row.delivery_id == once.delivery_id] == [NOON]
    assert [row.tried_at for row in kept if row.delivery_id == often.delivery_id] == [
        NOON + timedelta(seconds=number) for number in range(MOST_KEPT + 1, 1, -1)
    ]


async def test_deliveries_are_kept_for_thirty_days_with_their_tries(sessions: Sessions, world: World) -> None:
    subscription = await subscribe(sessions, world, event_types=["lead.done"])
    await whole_life(sessions, world)
    await whole_life(sessions, world)
    old, young = await _claim(sessions, subscription)
    async with sessions.begin() as session:
        for claim in (old, young):
            await event_deliveries.note_try(session, claim, FAILED)
        row = await session.get_one(EventDeliveryRow, old.delivery_id)
        row.created_at = datetime.now(UTC) - event_deliveries.KEPT - timedelta(minutes=1)
    async with sessions.begin() as session:
        await prune_expired(session)
    assert await noted(sessions) == ["lead.done"]
    assert [row.delivery_id for row in await _tries(sessions)] == [young.delivery_id]


async def test_nothing_that_workers_ask_reads_all_deliveries_or_tries(
    sessions: Sessions, world: World, database_url: str
) -> None:
    subscription = await subscribe(sessions, world, event_types=["lead.done"])
    lead, _ = await whole_life(sessions, world)
    with overheard(sessions.kw["bind"]) as said:
        await _work(sessions)
        (claim,) = await _claim(sessions, subscription)
        async with sessions.begin() as session:
            assert await event_deliveries.to_send(session, claim) is not None
            assert await event_deliveries.note_try(session, claim, FAILED)
            await event_deliveries.take_back_overdue(session, now=NOON)
            await event_deliveries.give_up(session, claim, "The subscription is disabled.")
            await event_deliveries.forget_responses(session, [lead.id])
            await prune_expired(session)
    assert any("event_delivery_tries" in statement for statement in said)
    assert await whole_reads(database_url, said) == {}


async def _claim(sessions: Sessions, subscription: EventSubscriptionRow) -> Sequence[Claim]:
    async with sessions.begin() as session:
        return await event_deliveries.claim(session, subscription.id, now=NOON, until=LATER, limit=5)


async def _tries(sessions: Sessions) -> Sequence[EventDeliveryTryRow]:
    """The newest first."""
    async with sessions() as session:
        return (await session.scalars(select(EventDeliveryTryRow).order_by(EventDeliveryTryRow.tried_at.desc()))).all()


async def _work(sessions: Sessions, *, minutes: float = 0) -> Sequence[Work]:
    async with sessions() as session:
        return await event_deliveries.subscriptions_with_work(session, now=NOON + timedelta(minutes=minutes))
