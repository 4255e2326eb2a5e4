"""Ends and analyses of calls that came in and that nobody told us: the provider is asked."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import event, select

from activities.inbound_overdue import AFTER_A_FAILURE, BATCH
from storage.models import ContactRow, InboundCallRow, LeadRow
from tests.activities.engine_edge import EngineEdge
from tests.activities.provider_edge import ProviderEdge, refuses
from tests.activities.stage import Clock, Stage
from tests.activities.webhooks import BEGUN, HEARD, rings_in, says, take
from tests.builders import Sessions, World, add_lead, reread

CALLER = "+13125550123"
BUSY = 429, "Account rate limited, please throttle your requests."


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world, CALLER)


@pytest.fixture
async def row(sessions: Sessions, world: World, lead: LeadRow) -> InboundCallRow:
    """Somebody rings, and after that nothing is heard."""
    await take(sessions, world.account, rings_in("call_started"))
    async with sessions() as session:
        return (await session.scalars(select(InboundCallRow))).one()


def knows(provider: ProviderEdge, event: str, **call: object) -> None:
    """What the provider answers from now on when it is asked about the call."""
    written: dict[str, Any] = rings_in(event, CALLER, **call)["call"]
    provider.calls["call_in"] = written


async def test_it_is_asked_for_ten_minutes_after_it_began_and_its_end_is_written_as_a_webhook_would_have(
    stage: Stage,
    sessions: Sessions,
    row: InboundCallRow,
    lead: LeadRow,
    provider: ProviderEdge,
    clock: Clock,
    engine: EngineEdge,
) -> None:
    knows(provider, "call_analyzed")
    clock.now = HEARD + timedelta(minutes=10)
    assert await stage.overdue_inbound.settle() == []
    clock.forward(seconds=1)
    assert await stage.overdue_inbound.settle() == [row.id]
    found = await reread(sessions, row)
    assert (found.status, found.outcome, found.look_up_at) == ("done", "answered", None)
    assert (found.ended_at, found.transcript) == (BEGUN + timedelta(seconds=31), "Agent: Hello\nUser: Hello\n")
    assert found.analysis is not None
    assert found.analysis["summary"] == "A short talk."
    assert (await reread(sessions, lead)).outcome == "reached"
    assert engine.signals == [(f"lead-{lead.id}", "wake")]
    assert await stage.overdue_inbound.settle() == []


async def test_while_it_goes_on_it_is_asked_for_less_and_less_often(
    stage: Stage, sessions: Sessions, row: InboundCallRow, provider: ProviderEdge, clock: Clock
) -> None:
    knows(provider, "call_started")
    gaps: list[timedelta] = []
    looked_at = (await reread(sessions, row)).look_up_at
    for _ in range(6):
        assert looked_at is not None
        clock.now = looked_at + timedelta(seconds=1)
        assert await stage.overdue_inbound.settle() == []
        looked_at = (await reread(sessions, row)).look_up_at
        assert looked_at is not None
        gaps.append(looked_at - clock.now)
    assert gaps == sorted(gaps)
    assert timedelta(minutes=5) < gaps[0] < timedelta(minutes=7)
    assert gaps[-1] == timedelta(minutes=15)
    clock.now = HEARD + timedelta(hours=5)
    await stage.overdue_inbound.settle()
    assert (await reread(sessions, row)).status == "in_progress", "the provider says that it goes on"
    knows(provider, "call_analyzed")
    clock.forward(minutes=16)
    assert await stage.overdue_inbound.settle() == [row.id]


async def test_an_analysis_that_was_lost_is_asked_for_a_minute_after_the_end(
    stage: Stage,
    sessions: Sessions,
    world: World,
    row: InboundCallRow,
    lead: LeadRow,
    provider: ProviderEdge,
    clock: Clock,
) -> None:
    await take(sessions, world.account, rings_in("call_ended"))
    knows(provider, "call_analyzed", **says(do_not_call=True))
    clock.now = HEARD + timedelta(seconds=61)
    assert await stage.overdue_inbound.settle() == [row.id]
    async with sessions() as session:
        assert (await session.get_one(ContactRow, lead.contact_id)).do_not_call_at == clock.now
    assert (await reread(sessions, lead)).outcome == "opted_out"


async def test_an_end_without_an_analysis_is_settled_once_that_had_a_minute(
    stage: Stage, sessions: Sessions, row: InboundCallRow, provider: ProviderEdge, clock: Clock
) -> None:
    clock.now = HEARD + timedelta(minutes=10, seconds=1)
    just_now = int((clock.now - timedelta(seconds=5)).timestamp() * 1000)
    knows(provider, "call_ended", end_timestamp=just_now)
    assert await stage.overdue_inbound.settle() == []
    assert (await reread(sessions, row)).ended_at is not None
    clock.forward(seconds=61)
    assert await stage.overdue_inbound.settle() == [row.id]


@pytest.mark.parametrize("heard", ["call_started", "call_ended"])
async def test_what_the_provider_does_not_know_is_closed_by_what_is_known(
    stage: Stage, sessions: Sessions, world: World, row: InboundCallRow, clock: Clock, heard: str
) -> None:
    await take(sessions, world.account, rings_in(heard))
    clock.now = HEARD + timedelta(minutes=11)
    for _ in range(2):
        await stage.overdue_inbound.settle()
        clock.forward(seconds=61)
    done = await reread(sessions, row)
    assert (done.status, done.outcome) == ("done", "failed" if heard == "call_started" else "answered")


@pytest.mark.parametrize(
    "problem", [refuses(*BUSY), refuses(401, "API key is missing or invalid."), httpx.ConnectError("away")], ids=repr
)
@pytest.mark.parametrize("heard", ["call_started", "call_ended"])
async def test_what_the_provider_cannot_tell_is_asked_again_for_two_hours_and_then_closed(
    stage: Stage,
    sessions: Sessions,
    world: World,
    row: InboundCallRow,
    provider: ProviderEdge,
    clock: Clock,
    heard: str,
    problem: httpx.Response | Exception,
) -> None:
    await take(sessions, world.account, rings_in(heard))
    clock.now = began = HEARD + timedelta(minutes=11)
    provider.questions = [problem] * 1_000
    while clock.now < began + timedelta(hours=2):
        assert await stage.overdue_inbound.settle() == []
        clock.forward(minutes=5)
    waiting = await reread(sessions, row)
    assert (waiting.status, waiting.unanswered_since) == ("in_progress", began)
    assert 6 <= 1_000 - len(provider.questions) <= 10, "less and less often"
    settled: list[UUID] = []
    for _ in range(4):
        settled += await stage.overdue_inbound.settle()
        clock.forward(minutes=8)
    assert settled == [row.id]
    assert (await reread(sessions, row)).unanswered_since is None


async def test_one_answer_is_enough_to_wait_for_two_hours_more(
    stage: Stage, sessions: Sessions, row: InboundCallRow, provider: ProviderEdge, clock: Clock
) -> None:
    clock.now = HEARD + timedelta(minutes=11)
    provider.questions = [refuses(*BUSY)]
    await stage.overdue_inbound.settle()
    knows(provider, "call_started")
    clock.forward(minutes=20)
    await stage.overdue_inbound.settle()
    provider.questions = [refuses(*BUSY)]
    clock.forward(hours=3)
    assert await stage.overdue_inbound.settle() == []
    waiting = await reread(sessions, row)
    assert (waiting.status, waiting.unanswered_since) == ("in_progress", clock.now)


async def test_a_call_that_the_provider_takes_for_live_after_it_reported_its_end_is_over(
    stage: Stage, sessions: Sessions, world: World, row: InboundCallRow, provider: ProviderEdge, clock: Clock
) -> None:
    await take(sessions, world.account, rings_in("call_ended"))
    knows(provider, "call_started")
    clock.now = HEARD + timedelta(minutes=2)
    assert await stage.overdue_inbound.settle() == [row.id]
    assert (await reread(sessions, row)).outcome == "answered"


async def test_more_than_fit_in_a_batch_are_looked_after_in_one_round(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, provider: ProviderEdge
) -> None:
    for number in range(BATCH + 5):
        call_id = f"call_in_{number}"
        await take(sessions, world.account, rings_in("call_started", "+14155550199", call_id=call_id))
        provider.calls[call_id] = rings_in("call_analyzed", "+14155550199", call_id=call_id)["call"]
    clock.now = HEARD + timedelta(minutes=11)
    assert (await stage.reconcile()).inbound_calls_settled == BATCH + 5


async def test_one_that_cannot_be_written_keeps_neither_the_others_nor_the_round_from_going_on(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, provider: ProviderEdge
) -> None:
    for number in range(3):
        call_id = f"call_in_{number}"
        await take(sessions, world.account, rings_in("call_started", "+14155550199", call_id=call_id))
        provider.calls[call_id] = rings_in("call_analyzed", "+14155550199", call_id=call_id)["call"]
    database = sessions.kw["bind"].sync_engine

    def refuse(*given: object) -> None:
        if str(given[2]).startswith("INSERT") and "call_in_0" in repr(given[3]):
            raise ArithmeticError

    event.listen(database, "before_cursor_execute", refuse)
    clock.now = HEARD + timedelta(minutes=11)
    assert (await stage.reconcile()).inbound_calls_settled == 2
    assert (await stage.reconcile()).inbound_calls_settled == 0
    event.remove(database, "before_cursor_execute", refuse)
    clock.forward(seconds=AFTER_A_FAILURE.total_seconds() + 1)
    assert (await stage.reconcile()).inbound_calls_settled == 1
