"""Dialling at most once: the gate, the request, and what each answer of the provider does."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy import text

from activities.messages import CallFate
from domain.steps import Dial
from storage.models import AttemptRow, CampaignRow, ContactRow, LeadRow
from tests.activities.provider_edge import Answer, ProviderEdge, refuses
from tests.activities.stage import Clock, Stage
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, change, reread
from tests.patience import PATIENCE_SECONDS

WAITING = text("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world)


@pytest.fixture
async def granted(sessions: Sessions, world: World, lead: LeadRow) -> AttemptRow:
    return await add_attempt_of(sessions, world, lead)


def broken(kind: type[httpx.TransportError]) -> Answer:
    return kind("made up")


async def test_a_call_that_was_taken_is_in_progress_and_looked_up_when_it_must_have_ended(
    stage: Stage, sessions: Sessions, granted: AttemptRow, provider: ProviderEdge
) -> None:
    fate = await stage.place(granted)
    assert fate.look_up_at == NOON + timedelta(seconds=30 + 300 + 30)
    row = await reread(sessions, granted)
    assert (row.status, row.call_id, row.agent_id, row.agent_version) == (
        "in_progress",
        f"call_{granted.id}",
        "agent_1",
        3,
    )
    assert (row.first_sent_at, row.slot_released_at) == (NOON, None)
    (body,) = provider.dialled
    assert json.loads(body) == granted.request_body


async def test_a_dial_is_never_sent_twice_however_often_it_is_asked_for(
    stage: Stage, granted: AttemptRow, provider: ProviderEdge
) -> None:
    fates = await asyncio.gather(*(stage.place(granted) for _ in range(5)))
    again = await stage.place(granted)
    assert len(provider.dialled) == 1
    assert {fate.look_up_at for fate in (*fates, again)} == {NOON + timedelta(seconds=360)}


@pytest.mark.parametrize(
    ("answer", "reason", "outcome", "parked"),
    [
        pytest.param(refuses(429, "slow down"), "provider_busy", "refused", None, id="too-many"),
        pytest.param(refuses(400, "concurrency limit"), "provider_busy", "refused", None, id="no-concurrency-left"),
        pytest.param(refuses(401, "bad key"), "refused_account", "refused", "account", id="key-refused"),
        pytest.param(refuses(402, "pay first"), "refused_payment", "refused", "account", id="unpaid"),
        pytest.param(refuses(422, "agent_id not found"), "refused_agent", "refused", "campaign", id="no-such-agent"),
        pytest.param(
            refuses(404, "Item not found from phone-number"), "refused_caller_id", "refused", "pool", id="no-caller-id"
        ),
        pytest.param(refuses(400, "something else"), "refused_request", "refused", "campaign", id="bad-request"),
        pytest.param(
            refuses(400, "to_number is not valid"), "invalid_destination", "invalid_number", None, id="bad-number"
        ),
        pytest.param(
            refuses(400, "internal_dnc"), "provider_do_not_call", "opted_out", None, id="on-their-do-not-call-list"
        ),
        pytest.param(broken(httpx.ConnectError), "provider_unreachable", "refused", "account", id="connection-refused"),
    ],
)
async def test_a_refused_dial_uses_up_nothing_frees_its_slot_and_parks_whom_it_concerns(
    stage: Stage,
    sessions: Sessions,
    world: World,
    lead: LeadRow,
    granted: AttemptRow,
    provider: ProviderEdge,
    answer: Answer,
    reason: str,
    outcome: str,
    parked: str | None,
) -> None:
    provider.dials = [answer]
    assert await stage.place(granted) == CallFate(None, reason)
    row = await reread(sessions, granted)
    assert (row.status, row.outcome, row.counts, row.disconnection_reason) == ("done", outcome, False, reason)
    assert (row.slot_released_at, row.request_body) == (NOON, None)
    assert (await reread(sessions, lead)).status != "in_progress"
    owners = {name: await reread(sessions, getattr(world, name)) for name in ("account", "pool", "campaign")}
    assert [name for name, owner in owners.items() if owner.parked_at] == ([parked] if parked else [])


async def test_a_number_on_the_providers_do_not_call_list_is_never_called_again(
    stage: Stage, sessions: Sessions, lead: LeadRow, granted: AttemptRow, provider: ProviderEdge
) -> None:
    provider.dials = [refuses(400, "internal_dnc")]
    await stage.place(granted)
    async with sessions() as session:
        contact = await session.get_one(ContactRow, lead.contact_id)
    assert (contact.do_not_call_at, contact.do_not_call_source) == (NOON, "provider")


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        pytest.param(refuses(429, "slow down", **{"retry-after": "17"}), 17, id="as-long-as-it-asks"),
        pytest.param(refuses(429, "slow down"), 1, id="a-second-otherwise"),
    ],
)
async def test_a_provider_without_room_is_left_alone_by_the_whole_pool(
    stage: Stage,
    sessions: Sessions,
    world: World,
    granted: AttemptRow,
    provider: ProviderEdge,
    answer: Answer,
    seconds: int,
) -> None:
    provider.dials = [answer]
    await stage.place(granted)
    assert (await reread(sessions, world.pool)).next_dial_at == NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refuses(500, "oops"), id="error-500"),
        pytest.param(httpx.Response(201, json={"call": "made"}), id="taken-without-a-call-id"),
        pytest.param(broken(httpx.ReadTimeout), id="no-answer-in-time"),
        pytest.param(broken(httpx.RemoteProtocolError), id="connection-closed"),
        pytest.param(broken(httpx.ReadError), id="connection-reset"),
    ],
)
async def test_a_dial_of_unknown_fate_keeps_its_slot_and_its_body_and_is_looked_up_soon(
    stage: Stage, sessions: Sessions, granted: AttemptRow, provider: ProviderEdge, answer: Answer
) -> None:
    provider.dials = [answer]
    fate = await stage.place(granted)
    assert fate.look_up_at == NOON + timedelta(seconds=5)
    row = await reread(sessions, granted)
    assert (row.status, row.outcome, row.slot_released_at) == ("unconfirmed", None, None)
    assert row.request_body == granted.request_body
    assert len(provider.dialled) == 1


Happening = Callable[[Clock, Sessions, World, LeadRow], Awaitable[None]]


async def too_late(clock: Clock, _: Sessions, __: World, ___: LeadRow) -> None:
    clock.forward(seconds=30.001)


async def cancelled(_: Clock, sessions: Sessions, __: World, lead: LeadRow) -> None:
    await change(sessions, lead, cancelled_at=NOON)


async def do_not_call(_: Clock, sessions: Sessions, __: World, lead: LeadRow) -> None:
    async with sessions.begin() as session:
        (await session.get_one(ContactRow, lead.contact_id)).do_not_call_at = NOON


async def hours_edited(_: Clock, sessions: Sessions, world: World, __: LeadRow) -> None:
    windows = [{"days": ["mon"], "opens": "14:00", "closes": "15:00"}]
    await change(sessions, world.campaign, windows=windows)


async def paused(_: Clock, sessions: Sessions, world: World, __: LeadRow) -> None:
    await change(sessions, world.campaign, status="paused")


async def stopped(_: Clock, sessions: Sessions, world: World, __: LeadRow) -> None:
    await change(sessions, world.organization, stopped_at=NOON)


async def parked(_: Clock, sessions: Sessions, world: World, __: LeadRow) -> None:
    await change(sessions, world.account, parked_at=NOON, parked_reason="unpaid")


@pytest.mark.parametrize("happens", [too_late, cancelled, do_not_call, hours_edited, paused, stopped, parked])
async def test_what_happens_between_grant_and_gate_keeps_the_request_from_leaving(
    stage: Stage,
    sessions: Sessions,
    world: World,
    lead: LeadRow,
    granted: AttemptRow,
    provider: ProviderEdge,
    clock: Clock,
    happens: Happening,
) -> None:
    await happens(clock, sessions, world, lead)
    assert await stage.place(granted) == CallFate(None, "the gate was closed")
    assert provider.dialled == []
    row = await reread(sessions, granted)
    assert (row.status, row.outcome, row.counts) == ("done", "refused", False)
    assert row.slot_released_at == clock.now
    assert (await reread(sessions, lead)).status != "in_progress"


@pytest.mark.parametrize(
    ("local_second", "leaves"),
    [pytest.param("22:59:55", False, id="within-the-margin"), pytest.param("22:59:54", True, id="just-before-it")],
)
async def test_no_request_leaves_in_the_last_seconds_of_the_window(
    stage: Stage,
    sessions: Sessions,
    world: World,
    lead: LeadRow,
    provider: ProviderEdge,
    clock: Clock,
    local_second: str,
    leaves: bool,
) -> None:
    late = NOON.replace(hour=22, minute=59, second=40)
    granted = await add_attempt_of(
        sessions, world, lead, not_before=late, not_after=NOON.replace(hour=23, minute=5), look_up_at=late
    )
    clock.now = datetime.combine(NOON, datetime.strptime(local_second, "%H:%M:%S").time(), NOON.tzinfo)  # noqa: DTZ007
    await stage.place(granted)
    assert len(provider.dialled) == leaves


async def test_the_gate_reads_its_clock_once_it_has_waited_for_the_locks(
    stage: Stage, sessions: Sessions, world: World, granted: AttemptRow, provider: ProviderEdge, clock: Clock
) -> None:
    async with sessions.begin() as holding:
        await holding.get_one(CampaignRow, world.campaign.id, with_for_update=True)
        placing = asyncio.create_task(stage.place(granted))
        async with asyncio.timeout(PATIENCE_SECONDS), sessions() as watching:
            while await watching.scalar(WAITING) == 0:
                await watching.rollback()
        clock.forward(seconds=31)
    assert (await placing).why == "the gate was closed"
    assert provider.dialled == []


async def test_a_dial_waits_for_its_turn_before_it_comes_to_the_gate(
    stage: Stage, sessions: Sessions, granted: AttemptRow, clock: Clock, provider: ProviderEdge
) -> None:
    """The first sleep ends early by the wall clock, as one does when clocks are corrected."""
    clock.now = NOON - timedelta(milliseconds=20)
    placing = asyncio.create_task(stage.place(granted))
    done, _ = await asyncio.wait({placing}, timeout=0.1)
    assert not done
    clock.now = NOON
    assert (await placing).look_up_at is not None
    assert len(provider.dialled) == 1


async def test_a_dial_of_an_attempt_that_is_done_or_gone_does_nothing(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, provider: ProviderEdge
) -> None:
    done = await add_attempt_of(
        sessions, world, lead, "done", outcome="no_answer", counts=True, slot_released_at=NOON, settled_at=NOON
    )
    assert await stage.place(done) == CallFate(None, "settled")
    gone = Dial(world.pool.id, 1, NOON, NOON + timedelta(seconds=30))
    assert await stage.place(gone) == CallFate(None, "erased")
    assert provider.dialled == []


async def test_a_dial_whose_answer_got_lost_is_found_at_the_provider(
    stage: Stage, sessions: Sessions, granted: AttemptRow, provider: ProviderEdge
) -> None:
    provider.dials = [lambda _: _reset_after_proof(provider, granted)]
    await stage.place(granted)
    fate = await stage.look_up(granted.id)
    assert fate.look_up_at is not None
    assert (await reread(sessions, granted)).status == "in_progress"


def _reset_after_proof(provider: ProviderEdge, attempt: AttemptRow) -> httpx.Response:
    provider.knows(attempt.id)
    raise httpx.ReadError("reset")
