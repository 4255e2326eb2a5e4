"""What becomes of an attempt whose fate nobody heard: asked for, repeated while that is safe, given up in the end."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from activities.messages import CallFate
from storage.models import AttemptRow, ContactRow, LeadRow
from telephony.errors import ProviderError
from tests.activities.engine_edge import EngineEdge
from tests.activities.provider_edge import Answer, ProviderEdge, refuses
from tests.activities.stage import Clock, Stage
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, change, reread

ENDED: dict[str, Any] = {
    "call_status": "ended",
    "disconnection_reason": "dial_no_answer",
    "start_timestamp": int((NOON.timestamp() + 1) * 1000),
    "end_timestamp": int((NOON.timestamp() + 20) * 1000),
    "duration_ms": 0,
}
ANALYZED: dict[str, Any] = ENDED | {"call_analysis": {"call_summary": "Nobody answered.", "in_voicemail": False}}


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world)


@pytest.fixture
async def unconfirmed(sessions: Sessions, world: World, lead: LeadRow) -> AttemptRow:
    return await add_attempt_of(
        sessions, world, lead, "unconfirmed", first_sent_at=NOON, last_sent_at=NOON, look_up_at=NOON
    )


async def test_a_live_call_is_left_alone_until_it_must_have_ended(
    stage: Stage, sessions: Sessions, unconfirmed: AttemptRow, provider: ProviderEdge, clock: Clock
) -> None:
    provider.knows(unconfirmed.id)
    clock.forward(seconds=5)
    fate = await stage.look_up(unconfirmed.id)
    assert fate.look_up_at == NOON + timedelta(seconds=300 + 60)
    row = await reread(sessions, unconfirmed)
    assert (row.status, row.call_id) == ("in_progress", "call_1")
    assert provider.dialled == []


async def test_an_ended_call_frees_its_slot_at_once_and_waits_a_minute_for_its_analysis(
    stage: Stage, sessions: Sessions, unconfirmed: AttemptRow, provider: ProviderEdge, clock: Clock
) -> None:
    provider.knows(unconfirmed.id, ENDED)
    clock.forward(seconds=25)
    fate = await stage.look_up(unconfirmed.id)
    assert fate.look_up_at == clock.now + timedelta(seconds=60)
    row = await reread(sessions, unconfirmed)
    assert (row.slot_released_at, row.outcome) == (clock.now, None)
    clock.forward(seconds=60)
    assert await stage.look_up(unconfirmed.id) == CallFate(None, "the call")
    settled = await reread(sessions, unconfirmed)
    assert (settled.outcome, settled.counts, settled.settled_at) == ("no_answer", True, clock.now)


async def test_an_analyzed_call_is_settled_at_once(
    stage: Stage, sessions: Sessions, unconfirmed: AttemptRow, provider: ProviderEdge, clock: Clock
) -> None:
    provider.knows(unconfirmed.id, ANALYZED)
    clock.forward(seconds=21)
    assert (await stage.look_up(unconfirmed.id)).look_up_at is None
    row = await reread(sessions, unconfirmed)
    assert (row.status, row.outcome, row.request_body) == ("done", "no_answer", None)
    assert row.analysis is not None
    assert row.analysis["summary"] == "Nobody answered."


async def test_an_end_that_the_providers_clock_puts_into_the_future_is_settled_all_the_same(
    stage: Stage, sessions: Sessions, unconfirmed: AttemptRow, provider: ProviderEdge, clock: Clock
) -> None:
    tomorrow = int((NOON + timedelta(days=1)).timestamp() * 1000)
    provider.knows(unconfirmed.id, ENDED | {"end_timestamp": tomorrow})
    clock.forward(seconds=25)
    await stage.look_up(unconfirmed.id)
    clock.forward(seconds=60)
    assert (await stage.look_up(unconfirmed.id)).look_up_at is None
    assert (await reread(sessions, unconfirmed)).outcome == "no_answer"


async def test_an_unheard_of_dial_is_repeated_under_its_key_with_the_same_bytes(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, provider: ProviderEdge, clock: Clock
) -> None:
    granted = await add_attempt_of(sessions, world, lead)
    provider.dials = [refuses(500, "oops")]
    await stage.place(granted)
    clock.forward(seconds=10)
    fate = await stage.look_up(granted.id)
    first, second = provider.dialled
    assert first == second
    assert fate.look_up_at == clock.now + timedelta(seconds=360)
    row = await reread(sessions, granted)
    assert (row.status, row.first_sent_at, row.last_sent_at) == ("in_progress", NOON, clock.now)


@pytest.mark.parametrize(
    ("age", "repeats"),
    [
        pytest.param({"seconds": 9.9}, False, id="too-soon"),
        pytest.param({"seconds": 10}, True, id="after-ten-seconds"),
        pytest.param({"minutes": 49, "seconds": 59}, True, id="while-the-key-holds"),
        pytest.param({"minutes": 50}, False, id="the-key-may-lapse"),
    ],
)
async def test_a_repeat_is_sent_only_while_that_is_safe(
    stage: Stage, unconfirmed: AttemptRow, provider: ProviderEdge, clock: Clock, age: dict[str, float], repeats: bool
) -> None:
    clock.forward(**age)
    fate = await stage.look_up(unconfirmed.id)
    assert len(provider.dialled) == repeats
    assert fate.look_up_at is not None
    assert fate.look_up_at > clock.now


@pytest.mark.parametrize(
    ("whose", "columns"),
    [
        pytest.param("lead", {"cancelled_at": NOON}, id="cancelled"),
        pytest.param("campaign", {"status": "paused"}, id="paused"),
        pytest.param("organization", {"stopped_at": NOON}, id="kill-switch"),
        pytest.param("account", {"parked_at": NOON, "parked_reason": "unpaid"}, id="account-parked"),
        pytest.param("campaign", {"windows": [{"days": ["sun"], "opens": "10:00", "closes": "11:00"}]}, id="hours"),
        pytest.param("contact", {"do_not_call_at": NOON}, id="do-not-call"),
        pytest.param("call", {"hang_up_at": NOON}, id="to-be-hung-up"),
    ],
)
async def test_nothing_is_repeated_against_the_rules(
    stage: Stage,
    sessions: Sessions,
    world: World,
    lead: LeadRow,
    unconfirmed: AttemptRow,
    provider: ProviderEdge,
    clock: Clock,
    whose: str,
    columns: dict[str, Any],
) -> None:
    async with sessions() as session:
        contact = await session.get_one(ContactRow, lead.contact_id)
    rows = {"lead": lead, "contact": contact, "call": unconfirmed}
    await change(sessions, rows.get(whose) or getattr(world, whose), **columns)
    clock.forward(minutes=1)
    fate = await stage.look_up(unconfirmed.id)
    assert provider.dialled == []
    assert fate.look_up_at == clock.now + timedelta(seconds=15)
    assert (await reread(sessions, unconfirmed)).status == "unconfirmed"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refuses(429, "slow down"), id="busy"),
        pytest.param(refuses(401, "bad key"), id="rejected"),
        pytest.param(httpx.ConnectError("made up"), id="unreachable"),
        pytest.param(httpx.ReadTimeout("made up"), id="lost-again"),
    ],
)
async def test_a_repeat_that_is_refused_proves_nothing_about_the_dial_before_it(
    stage: Stage, sessions: Sessions, unconfirmed: AttemptRow, provider: ProviderEdge, clock: Clock, answer: Answer
) -> None:
    provider.dials = [answer]
    clock.forward(seconds=20)
    fate = await stage.look_up(unconfirmed.id)
    assert fate.look_up_at == clock.now + timedelta(seconds=5)
    row = await reread(sessions, unconfirmed)
    assert (row.status, row.slot_released_at) == ("unconfirmed", None)


async def test_what_nobody_can_tell_after_65_minutes_stays_unknown_and_counts(
    stage: Stage, sessions: Sessions, unconfirmed: AttemptRow, clock: Clock
) -> None:
    clock.forward(minutes=64, seconds=59)
    assert (await stage.look_up(unconfirmed.id)).look_up_at is not None
    clock.forward(seconds=1)
    assert (await stage.look_up(unconfirmed.id)).look_up_at is None
    row = await reread(sessions, unconfirmed)
    assert (row.status, row.outcome, row.counts, row.slot_released_at) == ("done", "unknown", True, clock.now)


async def test_a_provider_that_never_answers_again_does_not_keep_the_slot_for_ever(
    stage: Stage, sessions: Sessions, unconfirmed: AttemptRow, provider: ProviderEdge, clock: Clock
) -> None:
    provider.questions = [refuses(401, "bad key"), refuses(401, "bad key")]
    clock.forward(minutes=30)
    with pytest.raises(ProviderError):
        await stage.look_up(unconfirmed.id)
    clock.forward(minutes=35)
    assert (await stage.look_up(unconfirmed.id)).look_up_at is None
    assert (await reread(sessions, unconfirmed)).outcome == "unknown"


@pytest.mark.parametrize("wish", ["hang_up", "hang_up_this_call", "do_not_call"])
async def test_a_call_that_somebody_wants_ended_is_stopped_and_looked_at_again_soon(
    stage: Stage, sessions: Sessions, lead: LeadRow, unconfirmed: AttemptRow, provider: ProviderEdge, wish: str
) -> None:
    provider.knows(unconfirmed.id)
    if wish == "hang_up":
        await change(sessions, lead, hang_up_at=NOON, cancelled_at=NOON)
    elif wish == "hang_up_this_call":
        await change(sessions, unconfirmed, hang_up_at=NOON)
    else:
        async with sessions.begin() as session:
            (await session.get_one(ContactRow, lead.contact_id)).do_not_call_at = NOON
    fate = await stage.look_up(unconfirmed.id)
    assert provider.stopped == ["call_1"]
    assert fate.look_up_at == NOON + timedelta(seconds=15)


async def test_a_call_to_be_hung_up_that_nobody_knows_is_given_up_when_it_must_have_ended(
    stage: Stage, sessions: Sessions, unconfirmed: AttemptRow, provider: ProviderEdge, clock: Clock
) -> None:
    await change(sessions, unconfirmed, hang_up_at=NOON)
    clock.forward(seconds=359)
    assert (await stage.look_up(unconfirmed.id)).look_up_at is not None
    clock.forward(seconds=1)
    assert (await stage.look_up(unconfirmed.id)).look_up_at is None
    row = await reread(sessions, unconfirmed)
    assert (row.outcome, row.counts, row.slot_released_at) == ("unknown", True, clock.now)
    assert provider.dialled == []


async def test_a_call_after_one_that_was_hung_up_goes_on(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, unconfirmed: AttemptRow, provider: ProviderEdge
) -> None:
    over = {"outcome": "failed", "counts": True, "settled_at": NOON, "slot_released_at": NOON, "hang_up_at": NOON}
    await change(sessions, unconfirmed, status="done", **over)
    following = await add_attempt_of(sessions, world, lead, "in_progress", number=2, last_sent_at=NOON)
    provider.knows(following.id)
    await stage.look_up(following.id)
    assert provider.stopped == []


async def test_a_call_that_never_ends_is_asked_for_less_and_less_often(
    stage: Stage, unconfirmed: AttemptRow, provider: ProviderEdge, clock: Clock
) -> None:
    provider.knows(unconfirmed.id)
    clock.forward(seconds=361)
    assert (await stage.look_up(unconfirmed.id)).look_up_at == clock.now + timedelta(seconds=15)
    clock.forward(minutes=10)
    assert (await stage.look_up(unconfirmed.id)).look_up_at == clock.now + timedelta(minutes=2)


async def test_a_grant_whose_dial_never_began_is_given_back_when_it_has_expired(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, provider: ProviderEdge, clock: Clock
) -> None:
    granted = await add_attempt_of(sessions, world, lead)
    assert (await stage.look_up(granted.id)).look_up_at == granted.not_after
    clock.forward(seconds=31)
    assert (await stage.look_up(granted.id)).look_up_at is None
    row = await reread(sessions, granted)
    assert (row.outcome, row.counts, row.slot_released_at) == ("refused", False, clock.now)
    assert provider.dialled == []


async def test_a_slot_that_comes_free_by_a_look_up_goes_to_the_next_lead(
    stage: Stage, sessions: Sessions, world: World, unconfirmed: AttemptRow, provider: ProviderEdge, engine: EngineEdge
) -> None:
    await change(sessions, world.pool, max_live_calls=1)
    following = await add_lead(sessions, world, "+13125550124")
    provider.knows(unconfirmed.id, ANALYZED)
    await stage.look_up(unconfirmed.id)
    await stage.slots.hand_on(world.pool.id)
    assert engine.signals == [(f"lead-{following.id}", "slot_granted")]
    assert (await reread(sessions, following)).status == "in_progress"


async def test_an_attempt_that_is_settled_is_left_alone(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow
) -> None:
    done = await add_attempt_of(
        sessions, world, lead, "done", outcome="answered", counts=True, slot_released_at=NOON, settled_at=NOON
    )
    assert await stage.look_up(done.id) == CallFate(None, "settled")
