"""What is found out about an account before it calls: by steps, each with its remedy."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime.settings import Settings
from storage.models import AccountRow
from tests.api.pretend_provider import PretendProvider, refused

ACCOUNTS = "/api/v1/accounts"
KEY = "key_of_agency_number_one"
NUMBER, UNBOUND, FOREIGN = "+12125550111", "+12125550122", "+12125550133"
PUBLIC_URL = "https://leads.example.com"


@pytest.fixture(scope="session")
def settings(settings: Settings) -> Settings:
    given = Settings.model_validate({"LEADLINE_SECRETS_KEY": "s" * 32, "LEADLINE_PUBLIC_URL": PUBLIC_URL})
    return settings.model_copy(update={"secrets_keys": given.secrets_keys, "public_url": given.public_url})


@pytest.fixture
def provider() -> PretendProvider:
    provider = PretendProvider({KEY})
    provider.has_agent("agent_1", True, False)
    provider.has_agent("agent_2", False)
    provider.has_number(NUMBER, "agent_1")
    provider.has_number(UNBOUND)
    return provider


class Network:
    """Everything outside: the provider, and what the public address leads to (nothing, or this application)."""

    def __init__(self, provider: PretendProvider) -> None:
        self.provider = provider
        self.behind_public_url: FastAPI | httpx.Response | None = None

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "leads.example.com":
            return self.provider(request)
        match self.behind_public_url:
            case None:
                raise httpx.ConnectError("no route", request=request)
            case httpx.Response():
                return self.behind_public_url
            case _:
                return await httpx.ASGITransport(self.behind_public_url).handle_async_request(request)


@pytest.fixture
def network(provider: PretendProvider) -> Network:
    return Network(provider)


@pytest.fixture
async def provider_http(network: Network) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(network)) as http:
        yield http


@pytest.fixture
async def path(admin: httpx.AsyncClient) -> str:
    """An account with a pool of one number."""
    made = (await admin.post(ACCOUNTS, json={"name": "Agency", "api_key": KEY})).json()
    await pool_of(admin, made["id"], NUMBER)
    return f"{ACCOUNTS}/{made['id']}"


async def pool_of(admin: httpx.AsyncClient, account_id: str, *numbers: str, **fields: Any) -> None:  # noqa: ANN401
    body = {"name": f"Pool {numbers}", "account_id": account_id, "from_numbers": list(numbers)} | fields
    assert (await admin.post("/api/v1/number-pools", json=body)).status_code == 201


async def checked(admin: httpx.AsyncClient, path: str) -> tuple[bool, dict[str, dict[str, Any]]]:
    answer = await admin.post(f"{path}/check")
    assert answer.status_code == 200, answer.text
    return answer.json()["ok"], {step["step"]: step for step in answer.json()["steps"]}


async def test_an_account_that_can_call_is_well_in_every_step_and_its_figures_are_kept(
    admin: httpx.AsyncClient,
    path: str,
    network: Network,
    app: FastAPI,
    sessions: async_sessionmaker[AsyncSession],
) -> None:
    network.behind_public_url = app
    ok, steps = await checked(admin, path)
    assert ok, steps
    assert list(steps) == ["key", "concurrency", "agents", "numbers", "calls_per_second", "webhook"]
    assert steps["concurrency"]["detail"].startswith("2 of 20 calls are live")
    assert steps["agents"]["detail"] == "1 of 2 are published: Agent_1 v0"
    async with sessions() as session:
        assert (await session.get_one(AccountRow, path.rsplit("/", 1)[1])).provider_limit == 20


@pytest.mark.parametrize(
    ("behind", "detail"),
    [
        pytest.param(None, "nothing answers", id="nobody"),
        pytest.param(httpx.Response(200, text="<html>"), "something else", id="a-web-page"),
        pytest.param(refused(401), "something else", id="somebody-else"),
    ],
)
async def test_an_address_that_does_not_lead_to_us_is_told_with_the_way_to_a_tunnel(
    admin: httpx.AsyncClient, path: str, network: Network, behind: httpx.Response | None, detail: str
) -> None:
    network.behind_public_url = behind
    ok, steps = await checked(admin, path)
    assert (ok, steps["webhook"]["ok"], detail in steps["webhook"]["detail"]) == (False, False, True)
    assert "cloudflared tunnel" in steps["webhook"]["remedy"]
    assert all(step["ok"] for name, step in steps.items() if name != "webhook")


@pytest.mark.parametrize(
    ("pool", "step", "detail"),
    [
        pytest.param({"from_numbers": [FOREIGN]}, "numbers", f"hasn't got 1 of 2 caller IDs: {FOREIGN}", id="missing"),
        pytest.param({"from_numbers": [UNBOUND]}, "numbers", "have no outbound agent", id="without-an-agent"),
        pytest.param(
            {"carrier": "twilio", "max_calls_per_second": 6}, "calls_per_second", "more than the 5", id="too-fast"
        ),
    ],
)
async def test_what_a_pool_lacks_is_told(
    admin: httpx.AsyncClient, path: str, pool: dict[str, Any], step: str, detail: str
) -> None:
    await pool_of(admin, path.rsplit("/", 1)[1], **pool)
    _, steps = await checked(admin, path)
    assert (steps[step]["ok"], detail in steps[step]["detail"]) == (False, True), steps[step]
    assert steps[step]["remedy"]


async def test_a_key_that_was_taken_back_or_a_provider_that_is_away_ends_the_check_at_once(
    admin: httpx.AsyncClient, path: str, provider: PretendProvider
) -> None:
    provider.keys.clear()
    ok, steps = await checked(admin, path)
    assert (ok, list(steps), "PUT" in steps["key"]["remedy"]) == (False, ["key"], True)
    provider.is_away = True
    ok, steps = await checked(admin, path)
    assert (ok, list(steps), "could not be reached" in steps["key"]["detail"]) == (False, ["key"], True)


async def test_agents_and_numbers_are_listed(admin: httpx.AsyncClient, path: str) -> None:
    agents = (await admin.get(f"{path}/agents")).json()["items"]
    assert [(one["agent_id"], one["latest_version"], one["latest_published_version"]) for one in agents] == [
        ("agent_1", 1, 0),
        ("agent_2", 0, None),
    ]
    numbers = (await admin.get(f"{path}/numbers")).json()["items"]
    assert [(one["phone_number"], one["outbound_agents"]) for one in numbers] == [(NUMBER, ["agent_1"]), (UNBOUND, [])]


async def test_a_number_of_a_trunk_is_imported_with_its_password_passed_on_and_kept_nowhere(
    admin: httpx.AsyncClient, path: str, provider: PretendProvider
) -> None:
    body = {
        "phone_number": "(212) 555-0144",
        "termination_uri": "agency.pstn.twilio.com",
        "sip_trunk_auth_username": "agency",
        "sip_trunk_auth_password": "a secret of the trunk",
        "transport": "TCP",
        "outbound_agent": "agent_1",
    }
    answer = await admin.post(f"{path}/numbers/import", json=body)
    assert (answer.status_code, answer.json()["outbound_agents"]) == (201, ["agent_1"])
    assert "a secret of the trunk" not in answer.text
    assert provider.imported == [
        {
            "phone_number": "+12125550144",
            "termination_uri": "agency.pstn.twilio.com",
            "sip_trunk_auth_username": "agency",
            "sip_trunk_auth_password": "a secret of the trunk",
            "transport": "TCP",
            "outbound_agents": [{"agent_id": "agent_1", "weight": 1}],
        }
    ]
    again = await admin.post(f"{path}/numbers/import", json=body)
    assert (again.status_code, "exists" in again.json()["detail"]) == (409, True)


async def test_a_provider_that_is_away_is_no_empty_list(
    admin: httpx.AsyncClient, path: str, provider: PretendProvider
) -> None:
    provider.is_away = True
    for what in ("agents", "numbers"):
        answer = await admin.get(f"{path}/{what}")
        assert (answer.status_code, "try again" in answer.json()["detail"]) == (503, True)
    assert (await admin.get(f"{ACCOUNTS}/00000000-0000-0000-0000-000000000000/agents")).status_code == 404
