"""A pilot begins exactly so many leads, whoever grants, and then waits for somebody."""

from datetime import timedelta

from activities.deciding import PILOT_IS_OVER
from activities.finishing import FinishedCampaigns
from domain.steps import Dial, Queued
from storage import turns
from storage.models import CampaignRow
from storage.pilots import leads_begun
from tests.activities.stage import Clock, Stage
from tests.builders import NOON, Sessions, World, add_attempt_of, add_campaign, add_lead, change, reread


async def piloted(sessions: Sessions, world: World, leads: int) -> None:
    await change(sessions, world.campaign, pilot_leads=leads, launched_at=NOON - timedelta(hours=1))


async def begun(sessions: Sessions, world: World) -> int:
    async with sessions() as session:
        return await leads_begun(session, await session.get_one(CampaignRow, world.campaign.id))


async def test_slots_are_handed_on_to_so_many_leads_and_no_more(stage: Stage, sessions: Sessions, world: World) -> None:
    await piloted(sessions, world, 3)
    for number in range(8):
        await add_lead(sessions, world, f"+1312555012{number}", created_at=NOON)
    assert await stage.slots.hand_on(world.pool.id, at_most=100) == 3
    assert await begun(sessions, world) == 3
    async with sessions() as session:
        assert await turns.next_due_lead(session, world.pool.id, NOON) is None


async def test_a_lead_that_comes_after_the_pilot_waits_for_somebody_to_look(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    await piloted(sessions, world, 1)
    assert isinstance(await stage.next_step(await add_lead(sessions, world)), Dial)
    clock.forward(seconds=1)
    step = await stage.next_step(await add_lead(sessions, world, "+13125550129"))
    assert isinstance(step, Queued)
    assert step.why == PILOT_IS_OVER
    await change(sessions, world.campaign, pilot_leads=None)
    assert await stage.slots.hand_on(world.pool.id, at_most=100) == 1


async def test_a_pilot_holds_up_no_other_campaign_of_its_pool(stage: Stage, sessions: Sessions, world: World) -> None:
    await piloted(sessions, world, 1)
    other = await add_campaign(sessions, world)
    for number in range(4):
        await add_lead(sessions, world if number < 2 else other, f"+1312555012{number}")
    assert await stage.slots.hand_on(world.pool.id, at_most=100) == 3


async def test_what_never_rang_began_nothing(sessions: Sessions, world: World) -> None:
    await piloted(sessions, world, 2)
    over = {"outcome": "refused", "counts": False, "slot_released_at": NOON}
    await add_attempt_of(sessions, world, await add_lead(sessions, world), "done", **over)
    assert await begun(sessions, world) == 0


async def test_leads_of_a_finished_campaign_end_as_cancelled_but_for_those_on_a_call(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    waiting = [await add_lead(sessions, world, f"+1312555012{number}") for number in range(3)]
    on_a_call = await add_lead(sessions, world, "+13125550129")
    await add_attempt_of(sessions, world, on_a_call, "in_progress", first_sent_at=NOON)
    elsewhere = await add_lead(sessions, await add_campaign(sessions, world), "+13125550130")
    await change(sessions, world.campaign, status="finished")
    await stage.reconcile()
    for lead in waiting:
        row = await reread(sessions, lead)
        assert (row.status, row.outcome, row.due_at, row.waiting_for) == ("done", "cancelled", None, None)
    assert (await reread(sessions, on_a_call)).status == "in_progress"
    assert (await reread(sessions, elsewhere)).outcome is None
    assert await FinishedCampaigns(sessions, clock).run_round() == 0
