"""A life asks and writes by indexes, however many leads there are."""

from datetime import timedelta

from activities import inbox
from activities.inbox_alone import take_alone
from activities.inbox_batches import take_together
from domain.steps import Dial, Queued, Stop
from domain.vocabulary import LeadOutcome, LeadStatus
from storage.driver_transactions import DriverTransactions
from storage.looks import Lookout
from storage.models import LeadRow
from tests.activities.stage import Clock, Stage
from tests.activities.webhooks import LIFECYCLE, arrived, payload
from tests.builders import Sessions, World, add_lead, change, reread
from tests.query_plans import overheard, whole_reads


async def hear(sessions: Sessions, stage: Stage, world: World, dial: Dial, clock: Clock) -> None:
    """A running transcript, which comes alone, and the three webhooks of the call, as in a rush; all is told on."""
    call_id = f"call_{dial.attempt_id}"
    metadata = {"attempt_id": str(dial.attempt_id)}
    said = {"transcript": "Agent: Good day", "transcript_object": [{"role": "agent", "content": "Good day"}]}
    running = payload("call_started", None, call_id=call_id, metadata=metadata, **said)
    running["event"] = "transcript_updated"
    async with Lookout(sessions).looking() as looking:
        assert await take_alone(looking, arrived(world.account, running), now=clock()) is not None
    for event in LIFECYCLE:
        webhook = arrived(world.account, payload(event, None, call_id=call_id, metadata=metadata))
        async with DriverTransactions(sessions).begin() as transaction:
            (taken,) = await take_together(transaction, [webhook], now=clock())
        assert taken is not None
    await inbox.forward(sessions, stage.workflows, [dial.attempt_id], now=clock())


async def test_no_step_of_a_life_reads_a_growing_table_whole(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, database_url: str
) -> None:
    await change(sessions, world.pool, max_live_calls=1)
    first = await add_lead(sessions, world)
    with overheard(sessions.kw["bind"]) as said:
        dial = await stage.dial(first)
        second = await add_lead(sessions, world, "+13125550199")
        assert isinstance(await stage.next_step(second), Queued)
        await stage.place(dial)
        clock.forward(minutes=1)  # before the slot is free: a grant a minute old would be given back
        await hear(sessions, stage, world, dial, clock)
        await stage.slots.hand_on(world.pool.id)  # or whoever heard before that the slot is free
        assert isinstance(await stage.next_step(first), Stop)
        await stage.reconcile()
        await stage.queues.close()
    row: LeadRow = await reread(sessions, first)
    assert (row.outcome, row.done_at is not None) == (LeadOutcome.REACHED, True)
    assert (await reread(sessions, second)).status == LeadStatus.IN_PROGRESS
    assert len(set(said)) > 40
    assert await whole_reads(database_url, said) == {}


async def test_a_statement_that_no_index_serves_is_found(sessions: Sessions, world: World, database_url: str) -> None:
    lead = await add_lead(sessions, world)
    with overheard(sessions.kw["bind"]) as said:
        await change(sessions, lead, earliest_at=lead.created_at + timedelta(days=1))
    by_source, from_end_to_end = "select id from leads where time_zone_source = $1", "select id from leads order by id"
    found = await whole_reads(database_url, [*said, by_source, from_end_to_end])
    assert found == {by_source: ["leads"], from_end_to_end: ["leads"]}
