"""An account's own webhook keys: written once, shown never, valid at once and no longer than they stand."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Self
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from structlog.testing import capture_logs
from temporalio.client import Client
from typing_extensions import override

from api.app import Parts, create_app
from api.dependencies import Dependencies
from api.webhook_keys import ASKED_TOGETHER, MOST_ACCOUNTS, MOST_STRANGERS, WebhookKeys
from runtime.database import create_engine, session_factory
from runtime.sealing import Sealing
from runtime.settings import Settings
from storage.models import AccountRow, AuditEntryRow, OrganizationRow, WebhookEventRow, WebhookKeyRow
from tests.patience import PATIENCE_SECONDS

PATH = "/api/v1/calls/webhook"
OLD, NEW = "key_of_the_account_old", "key_of_the_account_new"
SECRETS_KEY = "s" * 32
Sessions = async_sessionmaker[AsyncSession]
Sign = Callable[..., dict[str, str]]
Webhook = Callable[..., bytes]
Deliver = Callable[..., Awaitable[int]]


@pytest.fixture(scope="session")
def settings(settings: Settings) -> Settings:
    given = Settings.model_validate({"LEADLINE_SECRETS_KEY": SECRETS_KEY})
    return settings.model_copy(update={"secrets_keys": given.secrets_keys})


@pytest.fixture
async def account(admin: httpx.AsyncClient, sessions: Sessions) -> AccountRow:
    """A second account of the organisation, without a key in the environment."""
    async with sessions.begin() as session:
        default = (await session.scalars(select(AccountRow))).one()
        other = AccountRow(id=uuid4(), organization_id=default.organization_id, name="Other", provider="retell")
        session.add(other)
    return other


@pytest.fixture
def keys(account: AccountRow) -> str:
    return f"/api/v1/accounts/{account.id}/webhook-keys"


@pytest.fixture
def deliver(anyone: httpx.AsyncClient, account: AccountRow, sign: Sign, webhook: Webhook) -> Deliver:
    async def deliver(key: str, path: str | None = None) -> int:
        body = webhook("call_started", f"call_{uuid4().hex}")
        return (await anyone.post(path or f"{PATH}/{account.id}", content=body, headers=sign(body, key))).status_code

    return deliver


@pytest.fixture
async def absent_database(closed_port: int) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(Settings.model_validate({"DATABASE_URL": f"postgresql://x@127.0.0.1:{closed_port}/x"}))
    yield engine
    await engine.dispose()


@pytest.fixture
def statements(engine: AsyncEngine) -> Iterator[list[str]]:
    """What the database was asked."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine.sync_engine, "before_cursor_execute", note)


async def test_keys_are_rotated_without_a_webhook_refused(
    admin: httpx.AsyncClient, keys: str, deliver: Deliver
) -> None:
    assert await deliver(OLD) == 401
    old = (await admin.post(keys, json={"key": OLD})).json()
    assert await deliver(OLD) == 204
    assert (await admin.post(keys, json={"key": NEW})).status_code == 201
    assert [await deliver(OLD), await deliver(NEW)] == [204, 204]
    assert (await admin.delete(f"{keys}/{old['id']}")).status_code == 204
    assert [await deliver(OLD), await deliver(NEW)] == [401, 204]
    assert (await admin.delete(f"{keys}/{old['id']}")).status_code == 404


async def test_the_default_account_takes_its_own_keys_beside_those_of_the_environment(
    admin: httpx.AsyncClient, app: FastAPI, deliver: Deliver
) -> None:
    dependencies: Dependencies = app.state.dependencies
    default = (await dependencies.first_rows.ready()).account
    await admin.post(f"/api/v1/accounts/{default.id}/webhook-keys", json={"key": NEW})
    paths = [PATH, f"{PATH}/{default.id}"]
    assert [await deliver(key, path) for path in paths for key in (NEW, "key_of_the_simulator", OLD)] == [
        204,
        204,
        401,
    ] * 2


async def test_a_key_is_never_shown_again_and_stands_nowhere_in_the_clear(
    admin: httpx.AsyncClient, keys: str, deliver: Deliver, sessions: Sessions
) -> None:
    with capture_logs() as lines:
        added = await admin.post(keys, json={"key": OLD})
        listed = await admin.get(keys)
        await deliver(OLD)
        refused = await admin.post(keys, json={"key": OLD, "more": 1})
    async with sessions() as session:
        rows = (await session.scalars(select(WebhookKeyRow))).all()
        entries = (await session.scalars(select(AuditEntryRow))).all()
    written = [repr(lines), added.text, listed.text, refused.text, rows[0].sealed, repr([e.details for e in entries])]
    assert [text for text in written if OLD in text] == []
    assert [item["fingerprint"] for item in listed.json()["items"]] == [added.json()["fingerprint"]]
    assert added.json()["fingerprint"] == "51053e02f7dcd06e"
    assert [entry.action for entry in entries] == ["account.webhook_key_added"]


async def test_the_same_key_given_twice_is_one_key_sealed_anew(
    admin: httpx.AsyncClient, keys: str, sessions: Sessions
) -> None:
    ids, sealed = set(), set()
    for _ in range(2):
        ids.add((await admin.post(keys, json={"key": OLD})).json()["id"])
        async with sessions() as session:
            sealed.add((await session.scalars(select(WebhookKeyRow.sealed))).one())
    assert (len(ids), len(sealed)) == (1, 2)


async def test_a_sixth_key_is_refused(admin: httpx.AsyncClient, keys: str) -> None:
    statuses = [(await admin.post(keys, json={"key": f"{OLD}{place}"})).status_code for place in range(6)]
    assert statuses == [201] * 5 + [409]


@pytest.mark.parametrize("key", ["", "short", "x" * 201, None, 5])
async def test_what_can_be_no_key_is_refused_without_being_repeated(
    admin: httpx.AsyncClient, keys: str, key: object
) -> None:
    answer = await admin.post(keys, json={"key": key})
    assert answer.status_code == 422
    assert "x" * 201 not in answer.text


async def test_only_admins_of_the_organisation_see_or_change_keys(
    member: Callable[[str], Awaitable[httpx.AsyncClient]], admin: httpx.AsyncClient, keys: str, sessions: Sessions
) -> None:
    for role in ("operator", "viewer"):
        client = await member(role)
        answers = [await client.get(keys), await client.post(keys, json={"key": OLD})]
        assert [answer.status_code for answer in answers] == [403, 403]
    async with sessions.begin() as session:
        theirs = OrganizationRow(id=uuid4(), name="Others")
        session.add(theirs)
        await session.flush()
        foreign = AccountRow(id=uuid4(), organization_id=theirs.id, name="Theirs", provider="retell")
        session.add(foreign)
    path = f"/api/v1/accounts/{foreign.id}/webhook-keys"
    answers = [
        await admin.get(path),
        await admin.post(path, json={"key": OLD}),
        await admin.delete(f"{path}/{uuid4()}"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 3


async def test_forged_webhooks_write_nothing_and_hardly_ask_the_database(
    admin: httpx.AsyncClient, keys: str, deliver: Deliver, sessions: Sessions, statements: list[str]
) -> None:
    await admin.post(keys, json={"key": OLD})
    await deliver("a key of nobody")
    statements.clear()
    assert [await deliver("a key of nobody") for _ in range(20)] == [401] * 20
    assert len(statements) <= 4  # the keys are known for seconds, which may end in between
    async with sessions() as session:
        assert (await session.scalars(select(WebhookEventRow))).all() == []


async def test_without_a_fresh_signature_no_key_is_even_looked_for(
    anyone: httpx.AsyncClient, admin: httpx.AsyncClient, statements: list[str]
) -> None:
    statements.clear()
    for headers in ({}, {"x-retell-signature": "v=1,d=" + "0" * 64}, {"x-retell-signature": "nonsense"}):
        assert (await anyone.post(f"{PATH}/{uuid4()}", content=b"{}", headers=headers)).status_code == 401
    assert statements == []


class Watch:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


async def test_other_processes_hear_of_changed_keys_within_seconds(
    admin: httpx.AsyncClient, account: AccountRow, keys: str, sessions: Sessions
) -> None:
    watch = Watch()
    elsewhere = WebhookKeys(sessions, Sealing([SECRETS_KEY]), watch)
    assert (await elsewhere.of(account.id)).keys == []
    await admin.post(keys, json={"key": OLD})
    assert (await elsewhere.of(account.id)).keys == []
    watch.seconds += 5
    assert (await elsewhere.of(account.id)).keys == [OLD]


async def test_a_key_that_the_installation_cannot_open_any_more_is_said_and_left_out(
    admin: httpx.AsyncClient, account: AccountRow, keys: str, sessions: Sessions
) -> None:
    await admin.post(keys, json={"key": OLD})
    for sealing in (Sealing(["x" * 32]), None):
        with capture_logs() as lines:
            assert (await WebhookKeys(sessions, sealing).of(account.id)).keys == []
        assert [line["event"] for line in lines] == ["webhook_key_unreadable"]
        assert OLD not in json.dumps(lines)


async def test_while_the_database_is_away_the_keys_that_were_known_hold(
    admin: httpx.AsyncClient, account: AccountRow, keys: str, engine: AsyncEngine, absent_database: AsyncEngine
) -> None:
    await admin.post(keys, json={"key": OLD})
    watch, sessions = Watch(), session_factory(engine)
    process = WebhookKeys(sessions, Sealing([SECRETS_KEY]), watch)
    await process.of(account.id)
    sessions.configure(bind=absent_database)
    watch.seconds += 60
    assert (await process.of(account.id)).keys == [OLD]
    with pytest.raises(OSError, match="Connect call failed"):
        await process.of(uuid4())


class Held(async_sessionmaker[AsyncSession]):
    """The next session that is asked for gets its connection when it is let go, and no sooner."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine, expire_on_commit=False, class_=Waiting)
        self.reached, self.let_go = asyncio.Event(), asyncio.Event()

    @override
    def __call__(self, **local_kw: object) -> AsyncSession:
        session = super().__call__(**local_kw)
        if isinstance(session, Waiting) and not self.reached.is_set():
            self.reached.set()
            session.may_begin = self.let_go
        return session


class Waiting(AsyncSession):
    may_begin: asyncio.Event | None = None

    @override
    async def __aenter__(self) -> Self:
        if self.may_begin is not None:
            await self.may_begin.wait()
        return await super().__aenter__()


async def test_an_account_that_is_known_does_not_wait_for_made_up_ones(
    admin: httpx.AsyncClient, account: AccountRow, keys: str, engine: AsyncEngine
) -> None:
    await admin.post(keys, json={"key": OLD})
    watch, held = Watch(), Held(engine)
    held.reached.set()
    process = WebhookKeys(held, Sealing([SECRETS_KEY]), watch)
    await process.of(account.id)
    watch.seconds += 5
    held.reached.clear()
    strangers = [asyncio.create_task(process.of(uuid4())) for _ in range(20)]
    await held.reached.wait()
    known = await asyncio.wait_for(process.of(account.id), PATIENCE_SECONDS)
    assert (known.keys, [one.done() for one in strangers]) == ([OLD], [False] * 20)
    held.let_go.set()
    assert [(await one).account for one in strangers] == [None] * 20


async def test_made_up_accounts_are_looked_for_together(
    admin: httpx.AsyncClient, sessions: Sessions, statements: list[str]
) -> None:
    process = WebhookKeys(sessions, Sealing([SECRETS_KEY]))
    statements.clear()
    found = await asyncio.gather(*(process.of(uuid4()) for _ in range(ASKED_TOGETHER)))
    assert {one.account for one in found} == {None}
    assert len(statements) == 1


async def test_made_up_accounts_take_no_place_of_one_that_there_is(
    admin: httpx.AsyncClient, account: AccountRow, keys: str, sessions: Sessions, statements: list[str]
) -> None:
    await admin.post(keys, json={"key": OLD})
    process = WebhookKeys(sessions, Sealing([SECRETS_KEY]), Watch())
    await process.of(account.id)
    await asyncio.gather(*(process.of(uuid4()) for _ in range(MOST_ACCOUNTS + MOST_STRANGERS)))
    statements.clear()
    assert (await process.of(account.id)).keys == [OLD]
    assert statements == []


async def test_what_was_being_read_while_a_key_was_removed_is_not_kept(
    admin: httpx.AsyncClient, account: AccountRow, keys: str, engine: AsyncEngine
) -> None:
    old = (await admin.post(keys, json={"key": OLD})).json()
    held = Held(engine)
    process = WebhookKeys(held, Sealing([SECRETS_KEY]), Watch())
    asked = asyncio.create_task(process.of(account.id))
    await held.reached.wait()
    process.forget(account.id)
    held.let_go.set()
    assert (await asked).keys == [OLD]
    await admin.delete(f"{keys}/{old['id']}")
    assert (await process.of(account.id)).keys == []


async def test_where_nothing_can_be_sealed_an_admin_is_told_what_to_set(
    admin: httpx.AsyncClient, keys: str, settings: Settings, sessions: Sessions, absent_engine: Client
) -> None:
    parts = Parts(
        settings=settings.model_copy(update={"secrets_keys": ()}),
        jwt_secret="a secret of tests that is long enough for HS256",
        sessions=sessions,
        temporal=absent_engine,
        hasher=PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)),
    )
    transport = httpx.ASGITransport(create_app(parts))
    async with httpx.AsyncClient(transport=transport, base_url="http://leadline", headers=admin.headers) as client:
        answer = await client.post(keys, json={"key": OLD})
    assert (answer.status_code, "LEADLINE_SECRETS_KEY" in answer.json()["detail"]) == (409, True)
