"""Stored events are applied anew: what was missed is made good, and what was done is left as it is."""

import itertools
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from activities import inbox
from activities.replaying import Replay, Replayed, Result
from storage.attempts import attempt_id
from storage.models import AttemptRow, ContactRow, InboundCallRow, LeadRow, WebhookEventRow
from storage.stored_events import Wanted
from tests.activities.engine_edge import EngineEdge
from tests.activities.stage import Clock, Stage
from tests.activities.webhooks import HEARD, LIFECYCLE, payload, rings_in, take
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, change, reread

ALL = Wanted(since=NOON - timedelta(days=9))
UNMATCHED = Wanted(unmatched=True)


@pytest.fixture
def replay(stage: Stage, sessions: Sessions) -> Replay:
    return Replay(sessions, stage.workflows, Clock(HEARD))


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world)


async def replayed(replay: Replay, wanted: Wanted = ALL, *, dry_run: bool = False) -> Sequence[Replayed]:
    return [one async for one in replay.run(wanted, dry_run=dry_run)]


async def events_before_their_attempt(
    sessions: Sessions, world: World, lead: LeadRow, order: Sequence[str] = LIFECYCLE
) -> AttemptRow:
    """The call's events were kept when nobody knew its attempt, as by a database that was restored without it."""
    known_later = AttemptRow(id=attempt_id(lead.id, 1))
    for event in order:
        await take(sessions, world.account, payload(event, known_later))
    return await add_attempt_of(sessions, world, lead, "dialling", first_sent_at=NOON, last_sent_at=NOON)


@pytest.mark.parametrize("order", list(itertools.permutations(LIFECYCLE)), ids="-".join)
async def test_events_that_came_before_their_attempt_was_known_are_matched_and_told(
    replay: Replay,
    stage: Stage,
    sessions: Sessions,
    world: World,
    lead: LeadRow,
    engine: EngineEdge,
    order: Sequence[str],
) -> None:
    attempt = await events_before_their_attempt(sessions, world, lead, order)
    found = await replayed(replay, UNMATCHED)
    assert found[0].result is Result.CHANGED
    assert {one.attempt_id for one in found} == {attempt.id}
    row = await reread(sessions, attempt)
    assert (row.status, row.outcome, row.call_id, row.settled_at) == ("done", "answered", "call_1", HEARD)
    assert (f"lead-{lead.id}", "call_analyzed") in engine.signals
    await inbox.forward(sessions, stage.workflows, [attempt.id], now=HEARD)  # as the reconciliation does
    assert sorted(engine.signals) == sorted((f"lead-{lead.id}", event) for event in LIFECYCLE)
    assert await replayed(replay, UNMATCHED) == []


async def test_a_dry_run_says_what_would_change_and_changes_nothing(
    replay: Replay, sessions: Sessions, world: World, lead: LeadRow, engine: EngineEdge
) -> None:
    attempt = await events_before_their_attempt(sessions, world, lead, ["call_analyzed"])
    (told,) = await replayed(replay, dry_run=True)
    assert told.result is Result.CHANGED
    assert {"attempt.status", "attempt.outcome", "attempt.transcript"} <= set(told.changes)
    assert (await reread(sessions, attempt)).status == "dialling"
    async with sessions() as session:
        assert (await session.scalars(select(WebhookEventRow.attempt_id))).all() == [None]
    assert engine.signals == []


async def test_what_was_applied_before_is_left_as_it_is(
    replay: Replay, sessions: Sessions, world: World, lead: LeadRow, engine: EngineEdge
) -> None:
    attempt = await add_attempt_of(sessions, world, lead, "dialling", first_sent_at=NOON, last_sent_at=NOON)
    for event in LIFECYCLE:
        await take(sessions, world.account, payload(event, attempt))
    async with sessions.begin() as session:
        await session.execute(update(WebhookEventRow).values(forwarded_at=NOON))
    for _ in range(2):
        assert [one.result for one in await replayed(replay)] == [Result.UNCHANGED] * 3
    assert engine.signals == []


async def test_a_call_of_nobody_stays_unmatched_and_unknown_kinds_are_left_alone(
    replay: Replay, sessions: Sessions, world: World
) -> None:
    await take(sessions, world.account, payload("call_ended", None))
    for kind, written in (("chat_started", {"event": "chat_started"}), ("call_ended", {"heard_by": "asking"})):
        async with sessions.begin() as session:
            session.add(
                WebhookEventRow(
                    organization_id=world.organization.id,
                    account_id=world.account.id,
                    event_key=kind,
                    event=kind,
                    call_id="",
                    payload={"event": kind, "call": {"call_id": "call_1"}, **written},
                )
            )
    assert [one.result for one in await replayed(replay)] == [Result.UNMATCHED, Result.LEFT_ALONE, Result.LEFT_ALONE]


async def test_a_call_that_came_in_before_its_lead_did_is_told_apart_by_call(
    replay: Replay, sessions: Sessions, world: World, lead: LeadRow
) -> None:
    await take(sessions, world.account, rings_in("call_analyzed"))
    await take(sessions, world.account, payload("call_ended", None))
    async with sessions.begin() as session:
        await session.delete((await session.scalars(select(InboundCallRow))).one())
    await change(sessions, lead, status="new", outcome=None, done_at=None, rang_back=None)
    (one,) = await replayed(replay, Wanted(call_id="call_in"))
    assert one.result is Result.CHANGED
    assert "lead.outcome" in one.changes or "inbound_call.outcome" in one.changes
    assert (await reread(sessions, lead)).outcome == "reached"


async def test_nothing_that_is_told_of_a_change_is_personal(
    replay: Replay, sessions: Sessions, world: World, lead: LeadRow
) -> None:
    await events_before_their_attempt(sessions, world, lead)
    async with sessions() as session:
        number = (await session.scalars(select(ContactRow.phone_number))).one()
    told = repr(await replayed(replay))
    assert number not in told
    assert "Hello" not in told
