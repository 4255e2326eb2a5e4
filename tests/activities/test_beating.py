"""Activities that wait for the provider beat, so that the engine soon learns that their worker has died."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.beating import beating
from activities.messages import AttemptInput
from tests.activities.provider_edge import ProviderEdge
from tests.activities.stage import Clock, Stage
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead
from workflows import policies


class Heard(ActivityEnvironment):
    """An activity's environment that knows whether it beat. Its engine is told to lose patience at once."""

    def __init__(
        self, timeout: timedelta | None = timedelta(microseconds=1), *, began_ago: timedelta = timedelta(0)
    ) -> None:
        super().__init__()
        began = datetime.now(UTC) - began_ago
        self.info = replace(self.info, heartbeat_timeout=timeout, started_time=began)
        self.beat = asyncio.Event()
        self.on_heartbeat = lambda *_: self.beat.set()


async def test_an_activity_that_waits_for_something_beats() -> None:
    engine = Heard()

    async def waits_until_it_is_heard() -> bool:
        async with beating():
            return await engine.beat.wait()

    assert await engine.run(waits_until_it_is_heard)


@pytest.mark.parametrize("patience", [policies.HEARTBEAT, None])
async def test_a_dial_that_is_soon_over_costs_no_beat(
    stage: Stage, sessions: Sessions, world: World, patience: timedelta | None
) -> None:
    dial = await stage.dial(await add_lead(sessions, world))
    engine = Heard(patience)
    await engine.run(stage.work.place_call.place_call, dial)
    assert not engine.beat.is_set()


async def test_what_begins_late_beats_at_once() -> None:
    engine = Heard(policies.HEARTBEAT, began_ago=policies.HEARTBEAT / 2)

    async def waits_until_it_is_heard() -> bool:
        async with asyncio.timeout(policies.HEARTBEAT.total_seconds() / 4), beating():
            return await engine.beat.wait()

    assert await engine.run(waits_until_it_is_heard)


async def test_a_dial_beats(stage: Stage, sessions: Sessions, world: World, provider: ProviderEdge) -> None:
    lead = await add_lead(sessions, world)
    dial = await stage.dial(lead)
    engine = Heard()
    await engine.run(stage.work.place_call.place_call, dial)
    assert engine.beat.is_set()
    assert len(provider.dialled) == 1


async def test_a_look_up_beats(
    stage: Stage, sessions: Sessions, world: World, provider: ProviderEdge, clock: Clock
) -> None:
    lead = await add_lead(sessions, world)
    attempt = await add_attempt_of(
        sessions, world, lead, "unconfirmed", first_sent_at=NOON, last_sent_at=NOON, look_up_at=NOON
    )
    provider.knows(attempt.id)
    clock.forward(seconds=5)
    engine = Heard()
    await engine.run(stage.work.look_up_call.look_up_call, AttemptInput(attempt.id))
    assert engine.beat.is_set()


async def test_a_reconciliation_beats(stage: Stage) -> None:
    engine = Heard()
    await engine.run(stage.work.reconcile.reconcile)
    assert engine.beat.is_set()
