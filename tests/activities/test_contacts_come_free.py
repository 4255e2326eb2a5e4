"""A lead that waits for another call to its number comes up as soon as that is settled, whoever settles it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from activities.deciding import Room
from activities.inbox_batches import take_together
from domain.decision import CONTACT_BUSY, CONTACT_BUSY_PAUSE
from domain.steps import Dial, Step, WaitUntil
from domain.vocabulary import AttemptOutcome
from storage import erasure
from storage.attempts import settle
from storage.driver_transactions import DriverTransactions
from storage.models import AttemptRow, ContactRow, LeadRow
from storage.situations import find_lead
from tests.activities.engine_edge import EngineEdge
from tests.activities.provider_edge import ProviderEdge, refuses
from tests.activities.stage import Clock, Stage
from tests.activities.webhooks import BEGUN, HEARD, arrived, payload, rings_in, take, unanswered
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, add_lead_of, add_pool, change, reread
from tests.patience import PATIENCE_SECONDS

NUMBER = "+13125550123"
WAITING = text("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")


@dataclass
class Two:
    """Two leads of one contact; the second one's campaign dials through a pool of its own."""

    stage: Stage
    sessions: Sessions
    provider: ProviderEdge
    clock: Clock
    world: World
    elsewhere: World
    first: LeadRow
    second: LeadRow

    async def calls_first(self, status: str = "in_progress", **columns: object) -> AttemptRow:
        sent: dict[str, Any] = {} if status == "granted" else {"first_sent_at": BEGUN, "last_sent_at": BEGUN}
        return await add_attempt_of(self.sessions, self.world, self.first, status, **(sent | columns))

    async def second_waits(self) -> None:
        step = await self.stage.next_step(self.second)
        assert isinstance(step, WaitUntil)
        assert step.why == CONTACT_BUSY


@pytest.fixture
async def two(stage: Stage, sessions: Sessions, provider: ProviderEdge, clock: Clock, world: World) -> Two:
    elsewhere, first = await add_pool(sessions, world), await add_lead(sessions, world, NUMBER)
    async with sessions() as session:
        contact = await session.get_one(ContactRow, first.contact_id)
    second = await add_lead_of(sessions, elsewhere, contact)
    return Two(stage, sessions, provider, clock, world, elsewhere, first, second)


async def word_of(heard: asyncio.Queue[str], pool_id: object) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await heard.get() != str(pool_id):
            pass


async def until_somebody_waits(sessions: Sessions) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS), sessions() as session:
        while await session.scalar(WAITING) == 0:
            await session.rollback()


async def live_attempts(sessions: Sessions) -> list[AttemptRow]:
    async with sessions() as session:
        return list(await session.scalars(select(AttemptRow).where(AttemptRow.slot_released_at.is_(None))))


async def a_webhook(two: Two) -> None:
    attempt = await two.calls_first()
    await two.second_waits()
    for event in ("call_ended", "call_analyzed"):
        await take(two.sessions, two.world.account, unanswered(event, attempt, "dial_no_answer"))


async def webhooks_together(two: Two) -> None:
    attempt = await two.calls_first()
    await two.second_waits()
    written = [unanswered(event, attempt, "dial_no_answer") for event in ("call_ended", "call_analyzed")]
    async with DriverTransactions(two.sessions).begin() as transaction:
        taken = await take_together(transaction, [arrived(two.world.account, one) for one in written], now=HEARD)
    assert None not in taken


async def a_look_up(two: Two) -> None:
    attempt = await two.calls_first("unconfirmed", look_up_at=NOON)
    await two.second_waits()
    ended = unanswered("call_analyzed", attempt, "dial_no_answer")["call"]
    two.provider.knows(attempt.id, ended, ended["call_id"])
    assert (await two.stage.look_up(attempt.id)).look_up_at is None


async def nobody_could_tell(two: Two) -> None:
    attempt = await two.calls_first("unconfirmed", look_up_at=NOON)
    await two.second_waits()
    two.clock.forward(minutes=66)
    assert (await two.stage.look_up(attempt.id)).look_up_at is None


async def a_refusal(two: Two) -> None:
    attempt = await two.calls_first("granted")
    await two.second_waits()
    two.provider.dials = [refuses(429, "slow down")]
    assert (await two.stage.place(attempt)).why == "provider_busy"


async def a_closed_gate(two: Two) -> None:
    attempt = await two.calls_first("granted")
    await two.second_waits()
    await change(two.sessions, two.world.campaign, status="paused")
    assert (await two.stage.place(attempt)).why == "the gate was closed"


async def an_expired_grant_that_is_looked_up(two: Two) -> None:
    attempt = await two.calls_first("granted")
    await two.second_waits()
    two.clock.forward(seconds=31)
    assert (await two.stage.look_up(attempt.id)).why == "the grant expired"


async def an_expired_grant_that_the_reconciliation_finds(two: Two) -> None:
    await two.calls_first("granted")
    await two.second_waits()
    await change(two.sessions, two.elsewhere.campaign, max_live_calls=0)
    two.clock.forward(seconds=41)
    assert (await two.stage.reconcile()).grants_given_back == 1
    await change(two.sessions, two.elsewhere.campaign, max_live_calls=None)


async def an_erasure(two: Two) -> None:
    """Of somebody who had this number until a moment ago."""
    await two.calls_first("granted")
    await two.second_waits()
    another = await add_lead(two.sessions, two.world, "+13125550199")
    await change(two.sessions, two.first, contact_id=another.contact_id)
    async with two.sessions.begin() as session:
        await erasure.erase(session, await erasure.lock_person(session, another.contact_id), NOON)


async def their_own_call(two: Two) -> None:
    await take(two.sessions, two.world.account, rings_in("call_started", NUMBER))
    await two.second_waits()
    silent: dict[str, Any] = {"transcript": "", "transcript_object": []}
    for event in ("call_ended", "call_analyzed"):
        await take(two.sessions, two.world.account, rings_in(event, NUMBER, **silent))


@pytest.mark.parametrize(
    "settled_by",
    [
        a_webhook,
        webhooks_together,
        a_look_up,
        nobody_could_tell,
        a_refusal,
        a_closed_gate,
        an_expired_grant_that_is_looked_up,
        an_expired_grant_that_the_reconciliation_finds,
        an_erasure,
        their_own_call,
    ],
)
async def test_whoever_settles_the_call_the_other_lead_is_due_at_once_and_its_own_pool_is_named(
    two: Two, engine: EngineEdge, heard: asyncio.Queue[str], settled_by: Callable[[Two], Awaitable[None]]
) -> None:
    await settled_by(two)
    row = await reread(two.sessions, two.second)
    assert (row.due_at, row.earliest_at, row.planned_at) == (NOON, NOON, NOON)
    assert (row.next_attempt_at, row.waiting_for) == (None, "a free slot")
    await word_of(heard, two.elsewhere.pool.id)
    await two.stage.slots.hand_on(two.elsewhere.pool.id)
    assert (f"lead-{two.second.id}", "slot_granted") in engine.signals
    assert [one.lead_id for one in await live_attempts(two.sessions)] == [two.second.id]


async def test_a_call_that_is_over_and_of_which_nobody_knows_yet_what_was_said_keeps_the_other_lead_waiting(
    two: Two,
) -> None:
    """Somebody who just asked never to be called again mustn't be called before that is heard."""
    attempt = await two.calls_first()
    await take(two.sessions, two.world.account, payload("call_ended", attempt))
    await two.second_waits()
    assert (await live_attempts(two.sessions)) == []


async def test_nobody_else_is_due_by_the_end_of_a_call(two: Two) -> None:
    attempt = await two.calls_first()
    async with two.sessions() as session:
        contact = await session.get_one(ContactRow, two.first.contact_id)
    tomorrow = NOON + timedelta(days=1)
    planned = {"due_at": tomorrow, "next_attempt_at": tomorrow, "waiting_for": "its time"}
    later = await add_lead_of(two.sessions, two.elsewhere, contact, **planned)
    other = await add_lead(two.sessions, two.elsewhere, "+13125550188", **(planned | {"waiting_for": CONTACT_BUSY}))
    await take(two.sessions, two.world.account, unanswered("call_analyzed", attempt, "dial_no_answer"))
    assert (await reread(two.sessions, attempt)).status == "done"
    assert [(await reread(two.sessions, lead)).due_at for lead in (later, other)] == [tomorrow, tomorrow]


async def test_a_lead_that_is_decided_about_while_the_call_is_settled_waits_for_that_and_not_for_its_end(
    two: Two,
) -> None:
    """Neither could see the other otherwise: the lead that it waits, or the call that it is over."""
    attempt = await two.calls_first()
    async with two.sessions.begin() as session:
        row = await session.get_one(AttemptRow, attempt.id, with_for_update={"key_share": True})
        settle(row, outcome=AttemptOutcome.NO_ANSWER, counts=True, now=NOON)
        await session.flush()
        deciding = asyncio.create_task(two.stage.next_step(two.second))
        await until_somebody_waits(two.sessions)
    assert isinstance(await deciding, Dial)


async def test_a_call_that_is_settled_while_the_lead_is_decided_about_finds_it_waiting(two: Two) -> None:
    attempt = await two.calls_first()
    ended = unanswered("call_analyzed", attempt, "dial_no_answer")
    async with two.sessions.begin() as session:
        assert isinstance(await _told(two, session), WaitUntil)
        settling = asyncio.create_task(take(two.sessions, two.world.account, ended))
        await until_somebody_waits(two.sessions)
    await settling
    assert (await reread(two.sessions, two.second)).due_at == NOON


async def test_a_lead_that_somebody_had_locked_just_then_is_found_by_the_reconciliation(
    two: Two, engine: EngineEdge
) -> None:
    attempt = await two.calls_first()
    await two.second_waits()
    async with two.sessions.begin() as holder:
        await holder.get_one(LeadRow, two.second.id, with_for_update=True)
        await take(two.sessions, two.world.account, unanswered("call_analyzed", attempt, "dial_no_answer"))
    assert (await reread(two.sessions, two.second)).waiting_for == CONTACT_BUSY
    two.clock.forward(seconds=CONTACT_BUSY_PAUSE.total_seconds())
    assert (await two.stage.reconcile()).leads_served == 1
    assert (f"lead-{two.second.id}", "slot_granted") in engine.signals


async def test_of_many_leads_that_waited_for_one_call_one_is_dialled(two: Two) -> None:
    async with two.sessions() as session:
        contact = await session.get_one(ContactRow, two.first.contact_id)
    third = await add_lead_of(two.sessions, two.world, contact)
    attempt = await two.calls_first()
    await two.second_waits()
    assert isinstance(await two.stage.next_step(third), WaitUntil)
    await take(two.sessions, two.world.account, unanswered("call_analyzed", attempt, "dial_no_answer"))
    pools = (two.world.pool.id, two.elsewhere.pool.id)
    await asyncio.gather(*(two.stage.slots.hand_on(pool_id) for pool_id in pools))
    assert len(await live_attempts(two.sessions)) == 1


async def _told(two: Two, session: AsyncSession) -> Step | None:
    found = await find_lead(session, two.second.id)
    assert found is not None
    return await two.stage.decisions.advance(session, found, now=NOON, room=Room.COUNT)
