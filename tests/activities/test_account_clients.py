"""Each account is dialled and looked up through its own client, whatever key it is given meanwhile."""

import json
from collections.abc import AsyncIterator, Mapping
from uuid import uuid4

import httpx
import pytest
from temporalio.client import Client

from activities.account_clients import AccountClients, account_clients
from domain.steps import Parked
from storage.accounts import AccountAddress
from storage.models import AccountRow, AttemptRow
from telephony.errors import ProviderRejected
from telephony.provider import VoiceProvider
from telephony.retell_client import RetellProvider
from tests.activities.provider_edge import ProviderEdge
from tests.activities.stage import Clock, Stage
from tests.builders import Sessions, World, add_lead, add_pool, change, reread

KEYS = {"sealed one": "key of agency one", "sealed two": "key of agency two"}


class Workspaces:
    """The network: a workspace for each key, and one for the key of the environment."""

    def __init__(self) -> None:
        self.of: Mapping[str, ProviderEdge] = {key: ProviderEdge() for key in (*KEYS.values(), "key_of_tests")}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return self.of[request.headers["authorization"].removeprefix("Bearer ")](request)

    def dialled(self) -> dict[str, int]:
        return {key: len(edge.dialled) for key, edge in self.of.items() if edge.dialled}


@pytest.fixture
def workspaces() -> Workspaces:
    return Workspaces()


def unseal(sealed: str) -> str:
    if sealed not in KEYS:
        raise ValueError("sealed under a key that is gone")
    return KEYS[sealed]


@pytest.fixture
async def clients(workspaces: Workspaces) -> AsyncIterator[AccountClients[VoiceProvider]]:
    keys, urls = {"simulator": "key_of_tests"}, {"simulator": "https://simulator.example.com"}
    async with httpx.AsyncClient(transport=httpx.MockTransport(workspaces)) as http:
        yield account_clients(keys, urls, lambda key, url: RetellProvider(key, url, http), unseal=unseal)


@pytest.fixture
async def stage(
    sessions: Sessions, clock: Clock, client: Client, clients: AccountClients[VoiceProvider]
) -> AsyncIterator[Stage]:
    async with httpx.AsyncClient() as http:
        stage = Stage(sessions, clock, http, client, clients=clients)
        yield stage
        await stage.close()


@pytest.fixture
async def second(sessions: Sessions, world: World) -> World:
    """Another, real account with a key of its own, and a pool and a campaign in it."""
    account = AccountRow(
        id=uuid4(),
        organization_id=world.organization.id,
        name="Agency",
        provider="retell",
        is_default=False,
        sealed_key="sealed one",
    )
    async with sessions.begin() as session:
        session.add(account)
    return await add_pool(sessions, World(world.organization, account, world.pool, world.campaign))


async def test_calls_go_out_through_the_account_of_their_pool(
    stage: Stage, clock: Clock, sessions: Sessions, world: World, second: World, workspaces: Workspaces
) -> None:
    for number, where in enumerate((world, second, second)):
        clock.forward(seconds=1)
        await stage.place(await stage.dial(await add_lead(sessions, where, f"+1312555012{number}")))
    assert workspaces.dialled() == {"key of agency one": 2, "key_of_tests": 1}


async def test_the_next_call_goes_out_with_the_key_that_the_account_has_by_then(
    stage: Stage, clock: Clock, sessions: Sessions, second: World, workspaces: Workspaces
) -> None:
    for number, sealed in enumerate(KEYS):
        clock.forward(seconds=1)
        await change(sessions, second.account, sealed_key=sealed)
        await stage.place(await stage.dial(await add_lead(sessions, second, f"+1312555012{number}")))
    assert workspaces.dialled() == {"key of agency one": 1, "key of agency two": 1}


async def test_a_call_is_looked_up_where_it_was_placed(
    stage: Stage, sessions: Sessions, second: World, workspaces: Workspaces
) -> None:
    workspace = workspaces.of["key of agency one"]
    workspace.dials = [httpx.ReadTimeout("silence")]
    dial = await stage.dial(await add_lead(sessions, second))
    await stage.place(dial)
    workspace.knows(dial.attempt_id, {"call_status": "ended", "disconnection_reason": "dial_busy"})
    await stage.look_up(dial.attempt_id)
    body = json.loads(workspace.dialled[0])
    assert body["agent_override"]["agent"]["webhook_url"].endswith(f"/webhook/{second.account.id}")
    async with sessions() as session:
        attempt = await session.get_one(AttemptRow, dial.attempt_id)
    assert attempt.disconnection_reason == "dial_busy"


async def test_the_figures_of_each_account_are_its_own(
    stage: Stage, sessions: Sessions, world: World, second: World, workspaces: Workspaces
) -> None:
    workspaces.of["key of agency one"].concurrency["concurrency_limit"] = 3
    await stage.limits.refresh()
    limits = [(await reread(sessions, one.account)).provider_limit for one in (world, second)]
    assert limits == [100, 3]


async def test_a_real_account_without_a_key_is_not_dialled_with_another_ones(
    stage: Stage, sessions: Sessions, second: World
) -> None:
    await change(sessions, second.account, sealed_key=None)
    step = await stage.next_step(await add_lead(sessions, second))
    assert step == Parked("the account Agency can't be reached from here: give it its API key")


async def test_a_key_that_cannot_be_opened_parks_its_account_and_nothing_rings(
    stage: Stage, sessions: Sessions, second: World, workspaces: Workspaces
) -> None:
    await change(sessions, second.account, sealed_key="sealed under a lost key")
    dial = await stage.dial(await add_lead(sessions, second))
    await stage.place(dial)
    assert workspaces.dialled() == {}
    assert (await reread(sessions, second.account)).parked_reason is not None


async def test_a_client_is_kept_while_its_account_stays_as_it_is(clients: AccountClients[VoiceProvider]) -> None:
    address = AccountAddress(uuid4(), "retell", is_default=False, base_url=None, sealed_key="sealed one")
    kept = clients.of(address)
    assert kept is not None
    assert clients.of(address) is kept
    assert clients.of(address._replace(base_url="https://eu.example.com")) is not kept
    assert clients.of(address._replace(sealed_key="sealed two")) is not kept


def test_without_a_key_nothing_is_sent() -> None:
    nobody = AccountClients[VoiceProvider]({})
    address = AccountAddress(uuid4(), "retell", is_default=True, base_url=None, sealed_key=None)
    with pytest.raises(ProviderRejected, match="give the account its key"):
        nobody.need(address)
