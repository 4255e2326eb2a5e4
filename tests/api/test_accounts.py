"""Accounts with keys of their own: proven before they are stored, sealed, replaced, and never shown."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from runtime.sealing import Sealing
from runtime.settings import Settings
from storage.models import AccountRow, AuditEntryRow
from tests.api.pretend_provider import PretendProvider

ACCOUNTS = "/api/v1/accounts"
KEY, OTHER = "key_of_agency_number_one", "key_of_agency_number_two"
SECRETS_KEY = "s" * 32
Sessions = async_sessionmaker[AsyncSession]
Member = Callable[[str], Awaitable[httpx.AsyncClient]]
Sign = Callable[..., dict[str, str]]


@pytest.fixture(scope="session")
def settings(settings: Settings) -> Settings:
    given = Settings.model_validate(
        {
            "LEADLINE_SECRETS_KEY": SECRETS_KEY,
            "LEADLINE_ACCOUNT_URLS": "https://eu.provider.example.com",
            "LEADLINE_SIMULATOR_URL": "http://127.0.0.1:9999",
        }
    )
    changed = ("secrets_keys", "account_urls", "simulator_url")
    return settings.model_copy(update={name: getattr(given, name) for name in changed})


@pytest.fixture
def provider() -> PretendProvider:
    return PretendProvider({KEY, OTHER})


@pytest.fixture
async def provider_http(provider: PretendProvider) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(provider)) as http:
        yield http


@pytest.fixture
async def account(admin: httpx.AsyncClient) -> dict[str, Any]:
    answer = await admin.post(ACCOUNTS, json={"name": "Agency", "api_key": KEY, "max_live_calls": 7})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_an_account_is_made_and_its_key_is_never_shown(
    admin: httpx.AsyncClient, account: dict[str, Any], sessions: Sessions
) -> None:
    shown = [account, (await admin.get(f"{ACCOUNTS}/{account['id']}")).json(), (await admin.get(ACCOUNTS)).json()]
    assert KEY not in json.dumps(shown)
    assert (account["provider"], account["is_default"], account["max_live_calls"]) == ("retell", False, 7)
    assert len(account["key_fingerprint"]) == 16
    async with sessions() as session:
        row = await session.get_one(AccountRow, account["id"])
        (entry,) = await session.scalars(select(AuditEntryRow))
    assert row.sealed_key is not None
    assert KEY not in row.sealed_key
    assert Sealing([SECRETS_KEY]).unseal(row.sealed_key) == KEY
    assert (entry.action, entry.details) == ("account.made", {"fingerprint": account["key_fingerprint"]})


async def test_the_key_of_an_account_verifies_its_webhooks_and_no_others(
    anyone: httpx.AsyncClient, account: dict[str, Any], sign: Sign, webhook: Callable[..., bytes]
) -> None:
    body = webhook("call_started")
    statuses = [
        (await anyone.post(f"/api/v1/calls/webhook{path}", content=body, headers=sign(body, key))).status_code
        for path, key in ((f"/{account['id']}", KEY), (f"/{account['id']}", OTHER), ("", KEY))
    ]
    assert statuses == [204, 401, 401]


async def test_a_key_is_replaced_by_one_that_the_provider_takes(
    admin: httpx.AsyncClient,
    account: dict[str, Any],
    sessions: Sessions,
    anyone: httpx.AsyncClient,
    sign: Sign,
    webhook: Callable[..., bytes],
) -> None:
    path = f"{ACCOUNTS}/{account['id']}/api-key"
    assert (await admin.put(path, json={"api_key": "key_that_nobody_takes"})).status_code == 422
    async with sessions.begin() as session:
        row = await session.get_one(AccountRow, account["id"])
        row.parked_at, row.parked_reason = row.created_at, "refused_account"
    answer = await admin.put(path, json={"api_key": OTHER})
    assert (answer.status_code, answer.json()["parked_reason"]) == (200, None)
    assert answer.json()["key_fingerprint"] != account["key_fingerprint"]
    body = webhook("call_started")
    hook = f"/api/v1/calls/webhook/{account['id']}"
    statuses = [(await anyone.post(hook, content=body, headers=sign(body, key))).status_code for key in (KEY, OTHER)]
    assert statuses == [401, 204]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        pytest.param({"api_key": "key_that_nobody_takes"}, 422, "doesn't take this key", id="wrong-key"),
        pytest.param({"api_key": "short"}, 422, "16", id="short-key"),
        pytest.param({"api_key": "key with\nline breaks in it"}, 422, "characters", id="no-key-at-all"),
        pytest.param({}, 422, "api_key", id="without-a-key"),
        pytest.param({"api_key": KEY, "base_url": "http://169.254.169.254"}, 422, "isn't allowed", id="any-address"),
        pytest.param({"api_key": KEY, "base_url": "http://127.0.0.1:9999"}, 422, "isn't allowed", id="the-simulator"),
        pytest.param({"api_key": KEY, "name": " "}, 422, "name", id="no-name"),
    ],
)
async def test_an_account_that_can_not_be_is_refused_and_nothing_is_stored(
    admin: httpx.AsyncClient, body: dict[str, Any], status: int, says: str
) -> None:
    answer = await admin.post(ACCOUNTS, json={"name": "Agency"} | body)
    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    assert KEY not in answer.text
    assert len((await admin.get(ACCOUNTS)).json()["items"]) == 1


async def test_an_address_that_the_settings_name_is_the_one_that_is_asked(
    admin: httpx.AsyncClient, provider: PretendProvider
) -> None:
    body = {"name": "Europe", "api_key": KEY, "base_url": "https://eu.provider.example.com/"}
    answer = await admin.post(ACCOUNTS, json=body)
    assert answer.json()["base_url"] == "https://eu.provider.example.com"
    assert provider.asked == ["https://eu.provider.example.com/get-concurrency"]


async def test_a_workspace_is_no_two_accounts_of_one_organization(
    admin: httpx.AsyncClient, account: dict[str, Any]
) -> None:
    answer = await admin.post(ACCOUNTS, json={"name": "Again", "api_key": KEY})
    assert (answer.status_code, "Another account" in answer.json()["detail"]) == (409, True)


async def test_a_provider_that_is_away_stores_nothing_and_says_so(
    admin: httpx.AsyncClient, provider: PretendProvider
) -> None:
    provider.is_away = True
    answer = await admin.post(ACCOUNTS, json={"name": "Agency", "api_key": KEY})
    assert (answer.status_code, "nothing was stored" in answer.json()["detail"]) == (503, True)


async def test_a_simulated_account_needs_no_key_and_stays_simulated(admin: httpx.AsyncClient) -> None:
    answer = await admin.post(ACCOUNTS, json={"name": "Play", "provider": "simulator"})
    assert (answer.status_code, answer.json()["provider"], answer.json()["key_fingerprint"]) == (201, "simulator", None)


async def test_only_admins_make_accounts_and_the_default_one_keeps_the_key_of_the_environment(
    admin: httpx.AsyncClient, member: Member, account: dict[str, Any]
) -> None:
    operator = await member("operator")
    assert (await operator.post(ACCOUNTS, json={"name": "Mine", "api_key": OTHER})).status_code == 403
    assert (await operator.put(f"{ACCOUNTS}/{account['id']}/api-key", json={"api_key": OTHER})).status_code == 403
    default = (await admin.get(ACCOUNTS)).json()["items"][-1]
    answer = await admin.put(f"{ACCOUNTS}/{default['id']}/api-key", json={"api_key": OTHER})
    assert (answer.status_code, "RETELL_API_KEY" in answer.json()["detail"]) == (409, True)
    unknown = f"{ACCOUNTS}/00000000-0000-0000-0000-000000000000"
    assert (await admin.get(unknown)).status_code == 404
    assert (await admin.put(f"{unknown}/api-key", json={"api_key": OTHER})).status_code == 404


async def test_without_a_key_to_seal_under_no_account_is_made(
    make_app: Callable[..., FastAPI], settings: Settings, absent_engine: Client, provider_http: httpx.AsyncClient
) -> None:
    app = make_app(absent_engine, settings.model_copy(update={"secrets_keys": ()}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://leadline") as client:
        form = {"username": "admin@localhost", "password": "correct horse"}
        token = (await client.post("/api/v1/auth/token", data=form)).json()["access_token"]
        body = {"name": "Agency", "api_key": KEY}
        answer = await client.post(ACCOUNTS, json=body, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, "LEADLINE_SECRETS_KEY" in answer.json()["detail"]) == (409, True)
