"""A delivery that failed is tried again over three days, and its history knows ids only."""

from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.messages import EventOrder, EventTry
from domain.events import RETRY_DELAYS
from tests.workflows.scripted_addresses import Address
from workflows import policies
from workflows.event_delivery import EventDelivery

ORDER = EventOrder(uuid4(), uuid4(), 2)


async def delivered(
    environment: WorkflowEnvironment, address: Address
) -> tuple[str, WorkflowHandle[EventDelivery, str]]:
    client = environment.client
    async with Worker(client, task_queue="events", workflows=[EventDelivery], activities=[address.retry_event]):
        handle = await client.start_workflow(EventDelivery.run, ORDER, id="event-1", task_queue="events")
        return await handle.result(), handle


async def test_it_is_tried_by_the_schedule_until_the_last_try_failed(time_skipping: WorkflowEnvironment) -> None:
    address = Address(["failed"])
    became, handle = await delivered(time_skipping, address)
    assert became == "failed"
    assert address.tries == [EventTry(ORDER, number) for number in range(len(RETRY_DELAYS))]
    events = (await handle.fetch_history()).events
    timers = [
        event.timer_started_event_attributes for event in events if event.HasField("timer_started_event_attributes")
    ]
    assert [timer.start_to_fire_timeout.ToTimedelta() for timer in timers] == list(RETRY_DELAYS)
    assert events[-1].event_time.ToDatetime() - events[0].event_time.ToDatetime() > timedelta(days=3)


@pytest.mark.parametrize(
    ("script", "tries", "became"),
    [
        pytest.param(["failed", "failed", "delivered"], [0, 1, 2], "delivered", id="comes-through"),
        pytest.param(["failed", "over"], [0, 1], "over", id="nobody-wants-it"),
        pytest.param(["busy", "busy", "failed", "delivered"], [0, 0, 0, 1], "delivered", id="busy-costs-no-try"),
        pytest.param(["away", "away", "delivered"], [0, 0, 0], "delivered", id="a-database-away-costs-no-try"),
    ],
)
async def test_it_ends_when_there_is_nothing_more_to_do(
    time_skipping: WorkflowEnvironment, script: list[str], tries: list[int], became: str
) -> None:
    address = Address(script)
    assert (await delivered(time_skipping, address))[0] == became
    assert [what.number for what in address.tries] == tries


async def test_its_history_holds_ids_and_what_came_of_it(time_skipping: WorkflowEnvironment) -> None:
    _, handle = await delivered(time_skipping, Address(["failed", "delivered"]))
    scheduled = [
        event.activity_task_scheduled_event_attributes
        for event in (await handle.fetch_history()).events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    assert {one.heartbeat_timeout.ToTimedelta() for one in scheduled} == {policies.HEARTBEAT}
    (payload,) = scheduled[0].input.payloads
    ids = f'"delivery_id":"{ORDER.delivery_id}","subscription_id":"{ORDER.subscription_id}","round":2'
    assert payload.data.decode() == f'{{"order":{{{ids}}},"number":0}}'
