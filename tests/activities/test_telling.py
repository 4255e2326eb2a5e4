"""What a step tells people of its lead."""

from datetime import timedelta

from domain.steps import Dial, Parked, WaitUntil
from domain.vocabulary import AttemptOutcome, CampaignStatus
from tests.activities.stage import Stage
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, change


async def test_a_step_tells_what_was_tried_and_what_comes_next_on_the_leads_clock(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    lead = await add_lead(sessions, world, name="Jane Doe", custom_fields={"pet": "Goldfish"})
    await add_attempt_of(
        sessions,
        world,
        lead,
        "done",
        outcome=AttemptOutcome.NO_ANSWER,
        disposition="wants_more_time",
        counts=True,
        first_sent_at=NOON - timedelta(minutes=20),
        ended_at=NOON - timedelta(minutes=19),
        settled_at=NOON - timedelta(minutes=19),
        slot_released_at=NOON - timedelta(minutes=19),
        transcript="User: this is Jane Doe",
    )
    step = await stage.next_step(lead)
    assert isinstance(step, WaitUntil)
    assert step.details == (
        "**Next:** asleep until Mon 02 Mar 12:11:00 America/Chicago: next attempt by the retry schedule\n"
        "\n"
        "**Attempts** (America/Chicago)\n"
        "\n"
        r"- **1** · Mon 02 Mar 11:40:00 · no answer · wants\_more\_time"
    )
    assert step.summary == "Mon 12:11 America/Chicago, next attempt by the retry schedule"


async def test_a_dial_tells_that_a_call_is_live(stage: Stage, sessions: Sessions, world: World) -> None:
    dial = await stage.dial(await add_lead(sessions, world))
    assert dial.details == "**Next:** attempt 1, **live now**"
    assert (dial.zone_name, dial.utc_offset) == ("America/Chicago", timedelta(hours=-6))


async def test_a_dial_that_is_told_again_shows_its_attempt(stage: Stage, sessions: Sessions, world: World) -> None:
    lead = await add_lead(sessions, world)
    await stage.dial(lead)
    again = await stage.next_step(lead)
    assert isinstance(again, Dial)
    assert again.details.endswith("about to be dialled")


async def test_a_held_up_lead_tells_who_has_to_act(stage: Stage, sessions: Sessions, world: World) -> None:
    lead = await add_lead(sessions, world)
    await change(sessions, world.campaign, status=CampaignStatus.PAUSED)
    step = await stage.next_step(lead)
    assert isinstance(step, Parked)
    assert step.details == "**Next:** held up: the campaign is paused"
