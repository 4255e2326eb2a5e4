"""What is parked is tried by one call now and then, and comes back by steps once one got through."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs
from temporalio.client import Client

from activities.aftermath import Line
from activities.messages import CallFate
from domain.steps import Parked
from storage.models import AttemptRow, CampaignRow, ContactRow, LeadRow
from tests.activities.engine_edge import EngineEdge
from tests.activities.provider_edge import Answer, ProviderEdge, refuses
from tests.activities.stage import Clock, Stage
from tests.activities.webhooks import LIFECYCLE, take, unanswered
from tests.builders import (
    NOON,
    Sessions,
    World,
    add_attempt_of,
    add_campaign,
    add_lead,
    add_pool,
    change,
    reread,
)
from tests.patience import PATIENCE_SECONDS

WAITING = text("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
SECOND = timedelta(seconds=1)
OWNERS = ("account", "pool", "campaign")
UNREACHABLE = httpx.ConnectError("made up")


async def park(sessions: Sessions, world: World, *whose: str, **columns: object) -> None:
    """Parked half a minute ago, and due to be tried now."""
    usual = {"parked_at": NOON - 30 * SECOND, "parked_reason": "refused_payment", "probe_at": NOON}
    for one in whose:
        await change(sessions, getattr(world, one), **(usual | columns))


async def some_leads(sessions: Sessions, world: World, count: int) -> list[LeadRow]:
    """The first has waited the longest."""
    numbers = [f"+131255501{place:02}" for place in range(count)]
    due = [NOON - timedelta(minutes=count - place) for place in range(count)]
    return [await add_lead(sessions, world, *one, due_at=at) for *one, at in zip(numbers, due, strict=True)]


async def all_attempts(sessions: Sessions) -> Sequence[AttemptRow]:
    async with sessions() as session:
        return (await session.scalars(select(AttemptRow).order_by(AttemptRow.created_at))).all()


async def probe(stage: Stage, sessions: Sessions, world: World, place: int = -1) -> AttemptRow:
    """The attempt that the pool's next hand-on grants."""
    assert await stage.slots.hand_on(world.pool.id) == 1
    attempt = (await all_attempts(sessions))[place]
    assert attempt.is_probe
    return attempt


async def parked_reasons(sessions: Sessions, world: World) -> dict[str, str | None]:
    owners = {name: await reread(sessions, getattr(world, name)) for name in OWNERS}
    return {name: owner.parked_reason for name, owner in owners.items() if owner.parked_at is not None}


@pytest.mark.parametrize("whose", [(one,) for one in OWNERS] + [OWNERS], ids="-".join)
async def test_one_lead_may_try_what_is_parked_and_everybody_else_stays_parked(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge, provider: ProviderEdge, whose: tuple[str, ...]
) -> None:
    await park(sessions, world, *whose)
    first, second, third = await some_leads(sessions, world, 3)
    tried = await probe(stage, sessions, world)
    assert tried.lead_id == first.id
    assert engine.signals == [(f"lead-{first.id}", "slot_granted")]
    assert await stage.slots.hand_on(world.pool.id) == 0
    for other in (second, third):
        step = await stage.next_step(other)
        assert isinstance(step, Parked)
        assert step.why.endswith("wants to be paid first (refused_payment); it is tried again every 30 seconds")
        assert (await reread(sessions, other)).waiting_for == step.why
    assert (await stage.place(await stage.dial(first))).look_up_at is not None
    assert len(provider.dialled) == len(await all_attempts(sessions)) == 1


@pytest.mark.parametrize("whose", OWNERS)
@pytest.mark.parametrize("probe_at", [NOON + SECOND, None], ids=["not-yet", "never"])
async def test_nobody_tries_what_is_not_due_to_be_tried(
    stage: Stage, sessions: Sessions, world: World, whose: str, probe_at: datetime | None
) -> None:
    await park(sessions, world, whose, probe_at=probe_at)
    await some_leads(sessions, world, 2)
    assert await stage.slots.hand_on(world.pool.id) == 0
    assert (await stage.reconcile()).leads_served == 0


async def test_of_several_that_are_parked_all_have_to_be_due(stage: Stage, sessions: Sessions, world: World) -> None:
    await park(sessions, world, "account")
    await park(sessions, world, "campaign", probe_at=NOON + SECOND)
    await some_leads(sessions, world, 1)
    assert await stage.slots.hand_on(world.pool.id) == 0


async def test_what_is_tried_is_left_alone_for_thirty_seconds_and_what_lies_within_for_longer(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    await park(sessions, world, *OWNERS)
    await some_leads(sessions, world, 1)
    await probe(stage, sessions, world)
    due = [(await reread(sessions, getattr(world, name))).probe_at for name in OWNERS]
    assert due == [NOON + 30 * SECOND, NOON + 60 * SECOND, NOON + 120 * SECOND]


@pytest.fixture
async def workers(
    sessions: Sessions, clock: Clock, provider: ProviderEdge, client: Client
) -> AsyncIterator[list[Stage]]:
    """Ten processes, as far as they know each other by the database only."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(provider)) as http:
        yield [Stage(sessions, clock, http, client) for _ in range(10)]


@pytest.mark.parametrize("whose", OWNERS)
async def test_ten_workers_grant_one_probe(
    workers: list[Stage], sessions: Sessions, world: World, engine: EngineEdge, clock: Clock, whose: str
) -> None:
    await park(sessions, world, whose)
    await some_leads(sessions, world, 12)
    for expected in (1, 2):
        await asyncio.gather(
            *(worker.slots.hand_on(world.pool.id) for worker in workers), *(worker.reconcile() for worker in workers)
        )
        assert [attempt.is_probe for attempt in await all_attempts(sessions)] == [True] * expected
        assert len(engine.signals) == expected
        clock.forward(seconds=30)


async def test_ten_workers_grant_one_probe_of_an_account_whatever_pools_it_has(
    workers: list[Stage], sessions: Sessions, world: World
) -> None:
    other = await add_pool(sessions, world)
    await park(sessions, world, "account")
    for place, one in enumerate((world, other) * 3):
        await add_lead(sessions, one, f"+131255501{place:02}")
    await asyncio.gather(*(worker.slots.hand_on(pool.id) for worker in workers for pool in (world.pool, other.pool)))
    assert len(await all_attempts(sessions)) == 1


async def test_a_parked_campaign_is_tried_and_keeps_no_other_campaign_waiting(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    well = await add_campaign(sessions, world)
    await park(sessions, world, "campaign")
    tried, _ = await some_leads(sessions, world, 2)
    leads = [await add_lead(sessions, well, f"+131255502{place:02}") for place in range(3)]
    assert await stage.slots.hand_on(world.pool.id) == 4
    assert {f"lead-{lead.id}" for lead in (tried, *leads)} == {workflow for workflow, _ in engine.signals}


async def test_who_comes_too_late_to_try_something_serves_others_all_the_same(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    """The campaign was due when it was looked for; once its lock is had, somebody else tries it."""
    well = await add_campaign(sessions, world)
    await park(sessions, world, "campaign")
    await add_lead(sessions, world, "+13125550101", priority=1)
    lead = await add_lead(sessions, well, "+13125550102")
    async with sessions.begin() as somebody:
        campaign = await somebody.get_one(CampaignRow, world.campaign.id, with_for_update={"key_share": True})
        handing_on = asyncio.create_task(stage.slots.hand_on(world.pool.id))
        async with asyncio.timeout(PATIENCE_SECONDS), sessions() as watching:
            while await watching.scalar(WAITING) == 0:
                await watching.rollback()
        campaign.probe_at = NOON + 30 * SECOND
    assert await handing_on == 1
    assert engine.signals == [(f"lead-{lead.id}", "slot_granted")]


async def test_what_was_parked_since_its_grant_holds_a_probe_up(
    stage: Stage, sessions: Sessions, world: World, provider: ProviderEdge, clock: Clock
) -> None:
    await park(sessions, world, "pool")
    await some_leads(sessions, world, 1)
    tried = await probe(stage, sessions, world)
    clock.forward(seconds=2)
    await park(sessions, world, "account", parked_at=NOON + SECOND)
    assert await stage.place(tried) == CallFate(None, "the gate was closed")
    assert provider.dialled == []


async def test_a_probe_whose_lead_never_came_is_followed_by_another(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    await park(sessions, world, "account")
    first, second = await some_leads(sessions, world, 2)
    await probe(stage, sessions, world)
    clock.forward(seconds=41)
    await stage.reconcile()
    assert [attempt.lead_id for attempt in await all_attempts(sessions)] == [first.id, second.id]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refuses(402, "pay first"), id="still-unpaid"),
        pytest.param(refuses(401, "bad key"), id="for-another-reason-of-the-account"),
        pytest.param(refuses(429, "slow down"), id="busy"),
        pytest.param(UNREACHABLE, id="unreachable"),
        pytest.param(refuses(400, "to_number is not valid"), id="for-the-number"),
    ],
)
async def test_a_probe_that_is_refused_uses_up_nothing_and_the_first_reason_stands(
    stage: Stage, sessions: Sessions, world: World, provider: ProviderEdge, clock: Clock, answer: Answer
) -> None:
    await park(sessions, world, "account")
    first, second = await some_leads(sessions, world, 2)
    tried = await probe(stage, sessions, world)
    provider.dials = [answer]
    await stage.place(tried)
    await stage.next_step(first)
    assert (await reread(sessions, tried)).counts is False
    account = await reread(sessions, world.account)
    assert (account.parked_reason, account.parked_at) == ("refused_payment", NOON - 30 * SECOND)
    assert account.probe_at == NOON + 30 * SECOND
    clock.forward(seconds=30)
    assert (await probe(stage, sessions, world)).lead_id == second.id


async def test_that_the_provider_took_a_call_does_not_prove_that_it_rings(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    await park(sessions, world, *OWNERS)
    await some_leads(sessions, world, 1)
    await stage.place(await probe(stage, sessions, world))
    assert set(await parked_reasons(sessions, world)) == set(OWNERS)


@pytest.mark.parametrize("reason", ["dial_no_answer", "user_hangup"])
@pytest.mark.parametrize("order", list(itertools.permutations(LIFECYCLE)), ids="-".join)
async def test_a_phone_that_rang_releases_everything_that_was_tried_once(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, order: Sequence[str], reason: str
) -> None:
    await park(sessions, world, *OWNERS)
    await some_leads(sessions, world, 1)
    tried = await probe(stage, sessions, world)
    await stage.place(tried)
    clock.forward(seconds=20)
    lines: list[Line] = []
    for event in (*order, *order):
        lines += (await take(sessions, world.account, unanswered(event, tried, reason), clock)).aftermath.lines
    assert await parked_reasons(sessions, world) == {}
    for name in OWNERS:
        owner = await reread(sessions, getattr(world, name))
        assert (owner.released_at, owner.probe_at, owner.parked_reason) == (clock.now, None, None)
    assert [(line.event, line.fields["what"]) for line in lines] == [
        ("released", what) for what in ("campaign", "account", "number_pool")
    ]


async def test_a_probe_that_goes_on_is_proof_also_where_it_was_looked_up(
    stage: Stage, sessions: Sessions, world: World, provider: ProviderEdge
) -> None:
    await park(sessions, world, "account")
    await some_leads(sessions, world, 1)
    tried = await probe(stage, sessions, world)
    await stage.place(tried)
    await stage.look_up(tried.id)
    assert await parked_reasons(sessions, world) == {}


@pytest.mark.parametrize("reason", ["no_valid_payment", "concurrency_limit_reached", "registered_call_timeout"])
async def test_a_probe_that_was_taken_and_rang_nowhere_is_a_refusal_too(
    stage: Stage, sessions: Sessions, world: World, reason: str
) -> None:
    await park(sessions, world, "account")
    await some_leads(sessions, world, 1)
    tried = await probe(stage, sessions, world)
    await stage.place(tried)
    for event in ("call_ended", "call_analyzed", "call_started"):
        await take(sessions, world.account, unanswered(event, tried, reason))
    assert await parked_reasons(sessions, world) == {"account": "refused_payment"}
    assert (await reread(sessions, tried)).counts is False


async def test_any_other_call_releases_nothing(stage: Stage, sessions: Sessions, world: World) -> None:
    """A call that was on its way when the account was parked says nothing of what is so now."""
    (lead,) = await some_leads(sessions, world, 1)
    await stage.place(await stage.dial(lead))
    (attempt,) = await all_attempts(sessions)
    await park(sessions, world, "account", parked_at=NOON + SECOND)
    await take(sessions, world.account, unanswered("call_started", attempt, "dial_no_answer"))
    assert await parked_reasons(sessions, world) == {"account": "refused_payment"}


async def test_what_was_parked_again_is_not_released_by_the_probe_before(
    stage: Stage, sessions: Sessions, world: World, clock: Clock
) -> None:
    await park(sessions, world, "account")
    await some_leads(sessions, world, 1)
    tried = await probe(stage, sessions, world)
    await stage.place(tried)
    await take(sessions, world.account, unanswered("call_started", tried, "user_hangup"), clock)
    clock.forward(seconds=10)
    await park(sessions, world, "account", parked_at=clock.now, parked_reason="refused_account")
    clock.forward(seconds=10)
    await take(sessions, world.account, unanswered("call_ended", tried, "user_hangup"), clock)
    assert await parked_reasons(sessions, world) == {"account": "refused_account"}


async def test_a_refusal_of_a_request_that_left_before_somebody_resumed_does_not_park_again(
    stage: Stage, sessions: Sessions, world: World, provider: ProviderEdge, clock: Clock
) -> None:
    (lead,) = await some_leads(sessions, world, 1)
    dial = await stage.dial(lead)

    def resumed_meanwhile(_: httpx.Request) -> httpx.Response:
        clock.forward(seconds=1)
        return refuses(402, "pay first")

    provider.dials = [resumed_meanwhile]
    await change(sessions, world.account, released_at=NOON + SECOND / 2)
    await stage.place(dial)
    assert await parked_reasons(sessions, world) == {}


@pytest.mark.parametrize("whose", OWNERS)
async def test_what_comes_back_is_loaded_by_steps(
    stage: Stage, sessions: Sessions, world: World, clock: Clock, whose: str
) -> None:
    """Ten calls a second in the end, one a second at first."""
    await park(sessions, world, whose)
    leads = await some_leads(sessions, world, 6)
    tried = await probe(stage, sessions, world)
    await stage.place(tried)
    clock.forward(seconds=20)
    await take(sessions, world.account, unanswered("call_started", tried, "user_hangup"), clock)
    assert await stage.slots.hand_on(world.pool.id) > 1
    leave = [attempt.not_before for attempt in await all_attempts(sessions) if not attempt.is_probe]
    distances = [later - sooner for sooner, later in itertools.pairwise(leave)]
    assert 1 < len(leave) <= len(leads)
    assert all(0.5 * SECOND < distance <= SECOND for distance in distances)


@pytest.fixture
async def unreachable(
    stage: Stage, sessions: Sessions, world: World, provider: ProviderEdge, clock: Clock
) -> AttemptRow:
    """The provider couldn't be reached at noon; five seconds later it is tried by this."""
    first, _, _ = await some_leads(sessions, world, 3)
    await stage.slots.hand_on(world.pool.id, at_most=1)
    provider.dials = [UNREACHABLE]
    with capture_logs() as lines:
        await stage.place(await stage.dial(first))
    (alert,) = [line for line in lines if line["event"] == "parked"]
    fields = {"what": "account", "id": str(world.account.id), "reason": "unreachable"}
    assert alert == {"event": "parked", "log_level": "error"} | fields
    clock.forward(seconds=4.9)
    assert await stage.slots.hand_on(world.pool.id) == 0
    clock.forward(seconds=0.1)
    return await probe(stage, sessions, world)


async def test_an_unreachable_provider_is_tried_after_five_seconds_and_then_every_thirty(
    stage: Stage, sessions: Sessions, world: World, unreachable: AttemptRow, provider: ProviderEdge, clock: Clock
) -> None:
    for _ in range(3):
        provider.dials = [UNREACHABLE]
        await stage.place((await all_attempts(sessions))[-1])
        clock.forward(seconds=29.9)
        assert await stage.slots.hand_on(world.pool.id) == 0
        clock.forward(seconds=0.1)
        await probe(stage, sessions, world)
    assert (await reread(sessions, world.account)).parked_at == NOON
    assert [attempt.counts for attempt in await all_attempts(sessions)] == [False] * 4 + [None]


@pytest.mark.parametrize(
    ("answer", "parked"),
    [
        pytest.param(None, {}, id="taken"),
        pytest.param(refuses(429, "slow down"), {}, id="busy"),
        pytest.param(refuses(402, "pay first"), {"account": "refused_payment"}, id="unpaid"),
        pytest.param(refuses(422, "agent_id not found"), {"campaign": "refused_agent"}, id="without-an-agent"),
        pytest.param(refuses(503, "away"), {"account": "unreachable"}, id="away-behind-its-gateway"),
        pytest.param(httpx.ReadTimeout("made up"), {"account": "unreachable"}, id="silent"),
    ],
)
async def test_whatever_the_provider_answers_it_can_be_reached_again(
    stage: Stage,
    sessions: Sessions,
    world: World,
    unreachable: AttemptRow,
    provider: ProviderEdge,
    answer: Answer | None,
    parked: dict[str, str],
) -> None:
    provider.dials = [] if answer is None else [answer]
    await stage.place(unreachable)
    assert await parked_reasons(sessions, world) == parked


async def test_a_short_outage_costs_no_ramp_and_a_long_one_does(
    stage: Stage, sessions: Sessions, world: World, unreachable: AttemptRow, provider: ProviderEdge, clock: Clock
) -> None:
    await stage.place(unreachable)
    assert (await reread(sessions, world.account)).released_at is None
    await park(sessions, world, "account", parked_at=clock.now, parked_reason="unreachable", probe_at=clock.now)
    clock.forward(seconds=66)
    await stage.place(await probe(stage, sessions, world))
    assert (await reread(sessions, world.account)).released_at == clock.now


async def test_a_look_up_that_is_answered_ends_an_outage_in_which_calls_of_unknown_fate_hold_every_slot(
    stage: Stage, sessions: Sessions, world: World, provider: ProviderEdge, clock: Clock
) -> None:
    lead, _ = await some_leads(sessions, world, 2)
    begun = {"first_sent_at": NOON, "last_sent_at": NOON, "look_up_at": NOON}
    lost = await add_attempt_of(sessions, world, lead, "unconfirmed", **begun)
    await change(sessions, world.pool, max_live_calls=1)
    await park(sessions, world, "account", parked_reason="unreachable")
    clock.forward(seconds=10)
    assert await stage.slots.hand_on(world.pool.id) == 0
    await stage.look_up(lost.id)
    assert await parked_reasons(sessions, world) == {}
    assert (await reread(sessions, lost)).status == "in_progress"
    assert len(provider.dialled) == 1


async def test_a_number_of_the_providers_do_not_call_list_is_no_proof_for_a_probe(
    stage: Stage, sessions: Sessions, world: World, provider: ProviderEdge
) -> None:
    await park(sessions, world, "account")
    (lead,) = await some_leads(sessions, world, 1)
    provider.dials = [refuses(400, "internal_dnc")]
    await stage.place(await probe(stage, sessions, world))
    assert await parked_reasons(sessions, world) == {"account": "refused_payment"}
    async with sessions() as session:
        assert (await session.get_one(ContactRow, lead.contact_id)).do_not_call_source == "provider"


async def test_the_reconciliation_wakes_a_probe_that_nobody_else_wakes(
    stage: Stage, sessions: Sessions, world: World, engine: EngineEdge
) -> None:
    await park(sessions, world, "campaign")
    first, _ = await some_leads(sessions, world, 2)
    assert (await stage.reconcile()).leads_served == 1
    assert engine.signals == [(f"lead-{first.id}", "slot_granted")]


async def test_whoever_hands_slots_on_looks_again_when_something_is_due_to_be_tried(
    stage: Stage, sessions: Sessions, world: World, provider: ProviderEdge
) -> None:
    first, _ = await some_leads(sessions, world, 2)
    await stage.slots.hand_on(world.pool.id, at_most=1)
    provider.dials = [refuses(402, "pay first")]
    await stage.place(await stage.dial(first))
    served = await stage.slots._hand_on(world.pool.id, 500)
    assert (served.leads, served.go_on_at) == (0, NOON + 30 * SECOND)
