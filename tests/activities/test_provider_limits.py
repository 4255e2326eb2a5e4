"""The provider's own figures are read beside everything else, and what we count is held against them."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from activities.account_clients import AccountClients
from activities.provider_limits import LimitsRead, ProviderLimits
from storage.models import AccountRow
from telephony.provider import VoiceProvider
from telephony.retell_client import RetellProvider
from tests.activities.provider_edge import Answer, ProviderEdge, refuses
from tests.activities.stage import Clock, Stage
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, change, reread

FIGURES = ("provider_limit", "provider_reserved", "provider_elsewhere", "limits_read_at")


async def figures(sessions: Sessions, world: World) -> tuple[object, ...]:
    account = await reread(sessions, world.account)
    return tuple(getattr(account, name) for name in FIGURES)


async def add_calls(sessions: Sessions, world: World, status: str, *places: int, **columns: object) -> None:
    for place in places:
        lead = await add_lead(sessions, world, f"+131255501{place:02}")
        sent = {} if status == "granted" else {"first_sent_at": NOON}
        await add_attempt_of(sessions, world, lead, status, **(sent | columns))


async def test_what_the_provider_counts_and_we_did_not_place_is_elsewhere(
    stage: Stage, sessions: Sessions, world: World, provider: ProviderEdge
) -> None:
    await add_calls(sessions, world, "in_progress", 1, 2)
    await add_calls(sessions, world, "dialling", 3)
    await add_calls(sessions, world, "unconfirmed", 4)
    await add_calls(sessions, world, "granted", 5, 6)
    over = {"outcome": "answered", "counts": True, "slot_released_at": NOON}
    await add_calls(sessions, world, "done", 7, **over)
    provider.concurrency = {
        "current_concurrency": 9,
        "concurrency_limit": 20,
        "reserved_inbound_concurrency": 2,
        "concurrency_burst_limit": 60,
    }
    assert await stage.limits.refresh() == LimitsRead()
    assert await figures(sessions, world) == (20, 2, 5, NOON)


async def test_figures_are_asked_for_again_when_they_are_about_a_minute_old(
    stage: Stage, sessions: Sessions, world: World, provider: ProviderEdge, clock: Clock
) -> None:
    await stage.limits.refresh()
    provider.concurrency["concurrency_limit"] = 7
    clock.forward(seconds=30)
    await stage.limits.refresh()
    assert (await figures(sessions, world))[0] == 100
    clock.forward(seconds=30)
    await stage.limits.refresh()
    assert (await figures(sessions, world))[0] == 7


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refuses(500, "oops"), id="broken"),
        pytest.param(refuses(429, "slow down"), id="too-many-questions"),
        pytest.param(refuses(401, "who are you"), id="refused"),
        pytest.param(httpx.Response(200, json={"current_concurrency": None}), id="no-figures"),
        pytest.param(httpx.ConnectError("no route"), id="away"),
        pytest.param(httpx.ReadTimeout("silence"), id="silent"),
    ],
)
async def test_figures_that_cannot_be_read_stay_in_force_and_stop_nothing(
    stage: Stage, sessions: Sessions, world: World, provider: ProviderEdge, clock: Clock, answer: Answer
) -> None:
    provider.concurrency = {"current_concurrency": 0, "concurrency_limit": 2}
    await stage.limits.refresh()
    for place in range(3):
        await add_lead(sessions, world, f"+1312555012{place}")
    clock.forward(hours=3)
    provider.questions = [answer]
    found = await stage.reconcile()
    assert (found.limits_unread, found.leads_served) == (1, 2)
    assert await figures(sessions, world) == (2, 0, 0, NOON)


async def test_the_figures_of_a_provider_that_is_not_configured_here_are_not_asked_for(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    await change(sessions, world.account, provider="retell")
    assert await stage.limits.refresh() == LimitsRead()
    assert await figures(sessions, world) == (None, None, None, None)


async def test_a_call_that_began_while_the_answer_was_on_its_way_is_not_somebody_elses(
    sessions: Sessions, world: World, clock: Clock
) -> None:
    async def answer(_: httpx.Request) -> httpx.Response:
        await add_calls(sessions, world, "in_progress", 1)
        return httpx.Response(200, json={"current_concurrency": 1, "concurrency_limit": 20})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        voice = RetellProvider("key_of_tests", "https://provider.example.com", http)
        providers = AccountClients[VoiceProvider]({"simulator": voice})
        await ProviderLimits(sessions, providers, clock).refresh()
    assert await figures(sessions, world) == (20, 0, 0, NOON)


async def test_several_who_ask_at_once_write_the_figures_of_every_account(
    stage: Stage, sessions: Sessions, world: World
) -> None:
    other = AccountRow(organization_id=world.organization.id, name="Second", provider="simulator")
    async with sessions.begin() as session:
        session.add(other)
    assert await asyncio.gather(*(stage.limits.refresh() for _ in range(5))) == [LimitsRead()] * 5
    assert await figures(sessions, world) == (100, 0, 0, NOON)
    assert (await reread(sessions, other)).provider_limit == 100


async def test_slots_that_are_held_for_minutes_without_a_call_at_the_provider_have_leaked(
    stage: Stage, sessions: Sessions, world: World, provider: ProviderEdge, clock: Clock
) -> None:
    await add_calls(sessions, world, "in_progress", *range(6))
    await add_calls(sessions, world, "unconfirmed", *range(6, 12))
    provider.concurrency["current_concurrency"] = 1
    leaked = []
    for _ in range(5):
        leaked.append((await stage.limits.refresh()).slots_leaked)
        clock.forward(minutes=1)
    assert leaked == [0, 0, 0, 5, 5]
    provider.concurrency["current_concurrency"] = 6
    assert (await stage.limits.refresh()).slots_leaked == 0
    assert (await reread(sessions, world.account)).overcounted_since is None


async def test_a_provider_whose_word_is_a_little_late_makes_no_leak(
    stage: Stage, sessions: Sessions, world: World, provider: ProviderEdge, clock: Clock
) -> None:
    await add_calls(sessions, world, "in_progress", 1, 2)
    for _ in range(5):
        assert (await stage.limits.refresh()).slots_leaked == 0
        clock.now += timedelta(minutes=1)
