"""Who may do what: what is expected of each route, and everybody who may ask or may not."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from api.dependencies import Dependencies

Sessions = async_sessionmaker[AsyncSession]
Member = Callable[[str], Awaitable[httpx.AsyncClient]]
Json = dict[str, Any]

Whom = Literal["anybody", "readers", "writers", "admins", "people", "admin people"]
ROLES = ("viewer", "operator", "admin")
ASKING = ("nobody", *ROLES, *(f"key of {role}" for role in ROLES))

MAY: Mapping[Whom, frozenset[str]] = {
    "anybody": frozenset(ASKING),
    "readers": frozenset(ASKING) - {"nobody"},
    "writers": frozenset({"operator", "admin", "key of operator", "key of admin"}),
    "admins": frozenset({"admin", "key of admin"}),
    "people": frozenset(ROLES),
    "admin people": frozenset({"admin"}),
}


@dataclass(frozen=True)
class Expected:
    """``answer``: the status for whoever may ask, where every id in the path is one that nobody has."""

    whom: Whom
    answer: int
    body: Json | None = None
    query: Mapping[str, str] | None = None
    content: bytes | None = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None


LEAD: Json = {"phone_number": "+12125550123"}
TRUNK: Json = {"phone_number": "+12125550123", "termination_uri": "example.pstn.twilio.com"}
NO_FORM = {"content-type": "text/plain"}
NEW_PASSWORD = "another password"
EVENTS = "/api/v1/event-subscriptions/{subscription_id}"

TABLE: Mapping[tuple[str, str], Expected] = {
    ("GET", "/"): Expected("anybody", 307),
    ("GET", "/healthz"): Expected("anybody", 200),
    ("GET", "/readyz"): Expected("anybody", 503),  # the engine is away in these tests
    ("GET", "/metrics"): Expected("anybody", 200),
    ("GET", "/docs"): Expected("anybody", 200),
    ("GET", "/docs/start.js"): Expected("anybody", 200),
    ("GET", "/docs/swagger-ui-bundle.js"): Expected("anybody", 200),
    ("GET", "/docs/swagger-ui.css"): Expected("anybody", 200),
    ("GET", "/docs/favicon-32x32.png"): Expected("anybody", 200),
    ("GET", "/openapi.json"): Expected("anybody", 200),
    # webhooks bring a signature, no token
    ("POST", "/api/v1/calls/webhook"): Expected("anybody", 401),
    ("POST", "/api/v1/calls/webhook/{account_id}"): Expected("anybody", 401),
    # ways in bring a password
    ("POST", "/api/v1/auth/token"): Expected("anybody", 401, form={"username": "a@b", "password": "wrong"}),
    ("POST", "/api/v1/auth/accept-invitation"): Expected("anybody", 404, {"token": "inv_x", "password": "x"}),
    ("POST", "/api/v1/auth/accept-password-reset"): Expected(
        "anybody", 404, {"token": "rst_x", "password": NEW_PASSWORD}
    ),
    ("GET", "/api/v1/auth/me"): Expected("readers", 200),
    ("POST", "/api/v1/auth/token/switch"): Expected("people", 403, {"organization_id": str(uuid4())}),
    ("POST", "/api/v1/auth/sign-out"): Expected("people", 204),
    ("POST", "/api/v1/auth/password"): Expected(
        "people", 422, {"current_password": "wrong", "new_password": NEW_PASSWORD}
    ),
    ("GET", "/api/v1/organizations"): Expected("readers", 200),
    ("POST", "/api/v1/organizations"): Expected("admin people", 201, {"name": "Another"}),
    ("GET", "/api/v1/organizations/current"): Expected("readers", 200),
    ("PATCH", "/api/v1/organizations/current"): Expected("admins", 200, {"name": "Another"}),
    ("POST", "/api/v1/organizations/current/stop"): Expected("writers", 200),
    ("POST", "/api/v1/organizations/current/start"): Expected("writers", 200),
    ("GET", "/api/v1/users"): Expected("readers", 200),
    ("PATCH", "/api/v1/users/{user_id}"): Expected("admins", 404, {"role": "viewer"}),
    ("DELETE", "/api/v1/users/{user_id}"): Expected("admins", 404),
    ("POST", "/api/v1/users/{user_id}/password-reset"): Expected("admin people", 404),
    ("GET", "/api/v1/users/invitations"): Expected("admins", 200),
    ("POST", "/api/v1/users/invitations"): Expected("admins", 201, {"email": "new@example.com", "role": "viewer"}),
    ("DELETE", "/api/v1/users/invitations/{invitation_id}"): Expected("admins", 404),
    ("GET", "/api/v1/api-keys"): Expected("admins", 200),
    ("POST", "/api/v1/api-keys"): Expected("admins", 201, {"name": "CRM", "role": "viewer"}),
    ("DELETE", "/api/v1/api-keys/{api_key_id}"): Expected("admins", 404),
    ("GET", "/api/v1/audit-log"): Expected("admins", 200),
    ("GET", "/api/v1/status"): Expected("readers", 200),
    ("GET", "/api/v1/leads"): Expected("readers", 200),
    ("POST", "/api/v1/leads"): Expected("writers", 422, {"phone_number": "none"}),
    ("POST", "/api/v1/leads/batch"): Expected("writers", 200, {"leads": [LEAD]}),
    ("GET", "/api/v1/leads/{lead_id}"): Expected("readers", 404),
    ("PATCH", "/api/v1/leads/{lead_id}"): Expected("writers", 404, {"name": "Somebody"}),
    ("DELETE", "/api/v1/leads/{lead_id}"): Expected("writers", 404),
    ("POST", "/api/v1/persons/erase"): Expected("writers", 204, LEAD),
    ("POST", "/api/v1/persons/export"): Expected("admins", 200, LEAD),
    ("GET", "/api/v1/persons/deletions"): Expected("readers", 200),
    ("POST", "/api/v1/suppressions/lift"): Expected("admins", 404, {"phone_number": "+12125550124"}),
    ("GET", "/api/v1/leads/{lead_id}/timeline"): Expected("readers", 404),
    ("GET", "/api/v1/leads/export"): Expected("readers", 200),
    ("POST", "/api/v1/leads/import"): Expected("writers", 415, content=b"x", headers=NO_FORM),
    ("GET", "/api/v1/imports"): Expected("readers", 200),
    ("GET", "/api/v1/imports/{import_id}"): Expected("readers", 404),
    ("GET", "/api/v1/imports/{import_id}/rejected"): Expected("readers", 404),
    ("POST", "/api/v1/imports/{import_id}/cancel"): Expected("writers", 404),
    ("POST", "/api/v1/leads/{lead_id}/cancel"): Expected("writers", 404),
    ("POST", "/api/v1/leads/{lead_id}/call-now"): Expected("writers", 404),
    ("POST", "/api/v1/leads/{lead_id}/reopen"): Expected("writers", 404),
    ("GET", "/api/v1/campaigns"): Expected("readers", 200),
    ("POST", "/api/v1/campaigns"): Expected("writers", 422, {"name": ""}),
    ("GET", "/api/v1/campaigns/{campaign_id}"): Expected("readers", 404),
    ("PATCH", "/api/v1/campaigns/{campaign_id}"): Expected("writers", 404, {"name": "Another"}),
    ("POST", "/api/v1/campaigns/{campaign_id}/launch"): Expected("writers", 404),
    ("POST", "/api/v1/campaigns/{campaign_id}/pause"): Expected("writers", 404),
    ("POST", "/api/v1/campaigns/{campaign_id}/resume"): Expected("writers", 404),
    ("GET", "/api/v1/campaigns/{campaign_id}/preview"): Expected("readers", 404),
    ("POST", "/api/v1/campaigns/{campaign_id}/finish"): Expected("writers", 404),
    ("POST", "/api/v1/campaigns/{campaign_id}/archive"): Expected("writers", 404),
    ("POST", "/api/v1/campaigns/{campaign_id}/test-call"): Expected("writers", 404, LEAD),
    **{
        ("GET", f"/api/v1/analytics/{figures}"): Expected("readers", 200)
        for figures in ("summary", "by-agent", "by-source", "by-campaign", "by-hour", "cost")
    },
    ("GET", "/api/v1/number-pools"): Expected("readers", 200),
    ("POST", "/api/v1/number-pools"): Expected("writers", 422, {"name": ""}),
    ("GET", "/api/v1/number-pools/{pool_id}"): Expected("readers", 404),
    ("PATCH", "/api/v1/number-pools/{pool_id}"): Expected("writers", 404, {"name": "Another"}),
    ("POST", "/api/v1/number-pools/{pool_id}/resume"): Expected("writers", 404),
    ("GET", "/api/v1/accounts"): Expected("readers", 200),
    ("POST", "/api/v1/accounts"): Expected("admins", 422, {"name": ""}),
    ("GET", "/api/v1/accounts/{account_id}"): Expected("readers", 404),
    ("PUT", "/api/v1/accounts/{account_id}/api-key"): Expected("admins", 404, {"api_key": "key_" + "a" * 32}),
    ("POST", "/api/v1/accounts/{account_id}/check"): Expected("writers", 404),
    ("GET", "/api/v1/accounts/{account_id}/agents"): Expected("readers", 404),
    ("GET", "/api/v1/accounts/{account_id}/numbers"): Expected("readers", 404),
    ("POST", "/api/v1/accounts/{account_id}/numbers/import"): Expected("admins", 404, TRUNK),
    ("PATCH", "/api/v1/accounts/{account_id}"): Expected("writers", 404, {"max_live_calls": 5}),
    ("POST", "/api/v1/accounts/{account_id}/resume"): Expected("writers", 404),
    ("GET", "/api/v1/accounts/{account_id}/webhook-keys"): Expected("admins", 404),
    ("POST", "/api/v1/accounts/{account_id}/webhook-keys"): Expected("admins", 404, {"key": "k" * 32}),
    ("DELETE", "/api/v1/accounts/{account_id}/webhook-keys/{webhook_key_id}"): Expected("admins", 404),
    ("GET", "/api/v1/event-subscriptions"): Expected("readers", 200),
    ("POST", "/api/v1/event-subscriptions"): Expected("admins", 422, {"url": "ftp://nowhere"}),
    ("GET", EVENTS): Expected("readers", 404),
    ("PATCH", EVENTS): Expected("admins", 404, {"description": "Another"}),
    ("DELETE", EVENTS): Expected("admins", 404),
    ("POST", f"{EVENTS}/rotate-secret"): Expected("admins", 404),
    ("POST", f"{EVENTS}/test"): Expected("admins", 404),
    ("GET", f"{EVENTS}/deliveries"): Expected("readers", 404),
    ("GET", f"{EVENTS}/deliveries/{{delivery_id}}/tries"): Expected("readers", 404),
    ("POST", f"{EVENTS}/deliveries/{{delivery_id}}/redeliver"): Expected("admins", 404),
    ("GET", "/api/v1/calls"): Expected("readers", 200),
    ("GET", "/api/v1/calls/live"): Expected("readers", 503),  # closed: whoever may listen would listen for ever
    ("GET", "/api/v1/calls/{call_id}"): Expected("readers", 404),
    ("GET", "/api/v1/calls/{call_id}/recording"): Expected("readers", 404),
    ("GET", "/api/v1/calls/export"): Expected("readers", 200),
    ("GET", "/api/v1/do-not-call/export"): Expected("readers", 200),
    ("GET", "/api/v1/do-not-call"): Expected("readers", 200),
    ("POST", "/api/v1/do-not-call"): Expected("writers", 201, LEAD),
    ("GET", "/api/v1/do-not-call/{phone_number}"): Expected("readers", 200),
    ("DELETE", "/api/v1/do-not-call/{phone_number}"): Expected("writers", 404),
    ("POST", "/api/v1/do-not-call/import"): Expected(
        "writers", 200, query={"name": "A list"}, content=b"+12125550123\n", headers={"content-type": "text/csv"}
    ),
    ("GET", "/api/v1/do-not-call/lists"): Expected("readers", 200),
    ("DELETE", "/api/v1/do-not-call/lists/{list_id}"): Expected("admins", 404),
}

FOREIGN_NUMBER, UNKNOWN_NUMBER = "+13125550123", "+13125550199"

NOWHERE: Mapping[str, str] = {
    "phone_number": UNKNOWN_NUMBER,
    "call_id": "call_of_nobody",
    **{
        f"{name}_id": str(uuid4())
        for name in (
            "lead",
            "campaign",
            "pool",
            "account",
            "list",
            "user",
            "invitation",
            "api_key",
            "webhook_key",
            "import",
            "subscription",
            "delivery",
        )
    },
}


@dataclass(frozen=True)
class Everybody:
    clients: Mapping[str, httpx.AsyncClient]

    def __getitem__(self, who: str) -> httpx.AsyncClient:
        return self.clients[who]


@pytest.fixture
async def everybody(
    app: FastAPI, admin: httpx.AsyncClient, anyone: httpx.AsyncClient, member: Member
) -> AsyncIterator[Everybody]:
    """A client for each role, and one for a key of each role."""
    clients = {"nobody": anyone, "admin": admin, "viewer": await member("viewer"), "operator": await member("operator")}
    for role in ROLES:
        made = await admin.post("/api/v1/api-keys", json={"name": role, "role": role})
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://leadline")
        client.headers["Authorization"] = f"Bearer {made.json()['key']}"
        clients[f"key of {role}"] = client
    deps: Dependencies = app.state.dependencies
    await deps.live.close()
    yield Everybody(clients)
    for role in ROLES:
        await clients[f"key of {role}"].aclose()


async def ask(client: httpx.AsyncClient, at: tuple[str, str], ids: Mapping[str, str]) -> httpx.Response:
    method, path = at
    expected = TABLE[at]
    return await client.request(
        method,
        path.format_map(ids),
        json=expected.body,
        params=expected.query,
        content=expected.content,
        data=expected.form,
        headers=expected.headers,
    )
