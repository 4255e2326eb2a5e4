"""The real application over a real PostgreSQL, called through HTTP in memory."""

import asyncio
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from temporalio.client import Client

from api.app import Parts, create_app
from api.dependencies import Dependencies
from runtime.database import create_engine, session_factory
from runtime.embedded.temporary_postgres import TemporaryPostgres
from runtime.settings import Settings
from runtime.telemetry import configure_logging
from storage.attempts import NewAttempt, attempt_id
from storage.migrate import upgrade
from storage.models import AttemptRow, CampaignRow, LeadRow, MembershipRow, NumberPoolRow, UserRow
from tests.builders import add_attempt
from tests.migrated_database import PATIENT
from tests.patience import PATIENCE_SECONDS

PASSWORD = "correct horse"
WEBHOOK_KEY = "key_of_the_simulator"


@pytest.fixture(scope="session")
def database_template(postgres_server: TemporaryPostgres) -> str:
    name = f"api_template_{uuid4().hex}"  # tests of the commands borrow this, and may share the server
    asyncio.run(upgrade(postgres_server.create_database(name, template="template1")))
    return name


@pytest.fixture(scope="session")
def closed_port() -> Iterator[int]:
    """A port that is held and on which nobody listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture(scope="session")
def api_database_url(postgres_server: TemporaryPostgres, database_template: str) -> str:
    """One database for these many short tests; each of them starts with empty tables."""
    return postgres_server.create_database(f"api_{uuid4().hex}", template=database_template)


@pytest.fixture(scope="session")
def settings(api_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings.model_validate(
        {
            "DATABASE_URL": api_database_url,
            "DATABASE_POOL_SIZE": 8,
            "LEADLINE_HOME": str(tmp_path_factory.mktemp("home")),
            "LEADLINE_ADMIN_PASSWORD": PASSWORD,
            "LEADLINE_SIMULATOR_KEY": WEBHOOK_KEY,
            "LEADLINE_CORS_ORIGINS": "https://app.example.com",
            "LEADLINE_RATE_LIMIT": "off",
        }
    )


@pytest.fixture(scope="session", autouse=True)
def logs(settings: Settings) -> None:
    """As the process logs: drawn tracebacks with local variables would take seconds each."""
    configure_logging(settings)


@pytest.fixture(scope="session")
async def engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    patience = timedelta(seconds=PATIENCE_SECONDS)
    engine = create_engine(settings, pool_wait=patience, more_settings=PATIENT)
    yield engine
    await engine.dispose()


@pytest.fixture
async def sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    async with engine.begin() as connection:
        await connection.execute(text("truncate organizations, users, request_counts, revoked_tokens cascade"))
    return session_factory(engine)


@pytest.fixture(scope="session")
async def absent_engine(closed_port: int) -> Client:
    return await Client.connect(f"127.0.0.1:{closed_port}", lazy=True)


@pytest.fixture
async def provider_http() -> AsyncIterator[httpx.AsyncClient]:
    """The connections to the voice provider, which nobody answers here."""

    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(nobody)) as http:
        yield http


@pytest.fixture
def make_app(
    settings: Settings, sessions: async_sessionmaker[AsyncSession], provider_http: httpx.AsyncClient
) -> Callable[..., FastAPI]:
    def make(temporal: Client, changed: Settings = settings) -> FastAPI:
        return create_app(
            Parts(
                provider_http=provider_http,
                settings=changed,
                jwt_secret="a secret of tests that is long enough for HS256",
                sessions=sessions,
                temporal=temporal,
                hasher=PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)),
            )
        )

    return make


@pytest.fixture
async def app(make_app: Callable[[Client], FastAPI], absent_engine: Client) -> AsyncIterator[FastAPI]:
    app = make_app(absent_engine)
    yield app
    dependencies: Dependencies = app.state.dependencies
    await dependencies.background.drain(timeout_seconds=5)
    await dependencies.forwarding.drain(timeout_seconds=5)


@pytest.fixture
async def anyone(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Not signed in."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://leadline") as client:
        yield client


SignIn = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def sign_in(app: FastAPI) -> AsyncIterator[SignIn]:
    clients: list[httpx.AsyncClient] = []

    async def sign_in(email: str = "admin@localhost", password: str = PASSWORD) -> httpx.AsyncClient:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://leadline")
        clients.append(client)
        answer = await client.post("/api/v1/auth/token", data={"username": email, "password": password})
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return client

    yield sign_in
    for client in clients:
        await client.aclose()


@pytest.fixture
async def admin(sign_in: SignIn) -> httpx.AsyncClient:
    return await sign_in()


@pytest.fixture
async def member(
    admin: httpx.AsyncClient, app: FastAPI, sign_in: SignIn, sessions: async_sessionmaker[AsyncSession]
) -> Callable[[str], Awaitable[httpx.AsyncClient]]:
    """Signs in a new person of the default organisation in a role."""

    async def make(role: str) -> httpx.AsyncClient:
        dependencies: Dependencies = app.state.dependencies
        defaults = await dependencies.first_rows.ready()
        async with sessions.begin() as session:
            user = UserRow(
                id=uuid4(), email=f"{role}@example.com", password_hash=await dependencies.passwords.hash("x")
            )
            session.add(user)
            await session.flush()
            session.add(MembershipRow(organization_id=defaults.organization.id, user_id=user.id, role=role))
        return await sign_in(f"{role}@example.com", "x")

    return make


@dataclass(frozen=True)
class AttemptOfLead:
    lead_id: UUID
    attempt_id: UUID


@pytest.fixture
async def open_attempt(
    admin: httpx.AsyncClient, sessions: async_sessionmaker[AsyncSession]
) -> Callable[..., Awaitable[AttemptOfLead]]:
    """Posts a lead and gives it an attempt, as the worker would."""

    async def make(status: str = "granted", **columns: object) -> AttemptOfLead:
        answer = await admin.post("/api/v1/leads", json={"phone_number": "+12125550199", "external_id": str(uuid4())})
        lead_id = UUID(answer.json()["id"])
        now = datetime.now(UTC)
        async with sessions.begin() as session:
            lead = await session.get_one(LeadRow, lead_id)
            campaign = await session.get_one(CampaignRow, lead.campaign_id)
            pool = await session.get_one(NumberPoolRow, campaign.number_pool_id)
            new = NewAttempt(
                id=attempt_id(lead_id, 1),
                number=1,
                number_pool_id=pool.id,
                account_id=pool.account_id,
                from_number="+12125550101",
                not_before=now,
                not_after=now + timedelta(seconds=30),
                request_body={},
            )
            row: AttemptRow = add_attempt(session, lead, new)
            row.status = status
            for column, value in columns.items():
                setattr(row, column, value)
        return AttemptOfLead(lead_id, new.id)

    return make


@pytest.fixture
def sign() -> Callable[..., dict[str, str]]:
    """Headers of a webhook, signed as the provider's documentation says, by code of our own."""

    def sign(body: bytes, key: str = WEBHOOK_KEY, age: timedelta = timedelta(0)) -> dict[str, str]:
        sent_ms = int((datetime.now(UTC) - age).timestamp() * 1000)
        digest = hmac.new(key.encode(), body + str(sent_ms).encode(), hashlib.sha256).hexdigest()
        return {"x-retell-signature": f"v={sent_ms},d={digest}", "content-type": "application/json"}

    return sign


@pytest.fixture
def webhook() -> Callable[..., bytes]:
    def make(event: str, call_id: str = "call_1", **call: object) -> bytes:
        return json.dumps({"event": event, "call": {"call_id": call_id, **call}}).encode()

    return make
