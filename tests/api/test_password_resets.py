"""A forgotten password: reset by an admin, chosen anew by its owner."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.memberships import add_membership
from storage.models import AuditEntryRow, MembershipRow, OrganizationRow, UserRow
from storage.password_resets import lock_user
from tests.api.conftest import PASSWORD

Sessions = async_sessionmaker[AsyncSession]
Member = Callable[[str], Awaitable[httpx.AsyncClient]]
Json = dict[str, Any]
CHOSEN = "chosen by somebody"


async def own_id(client: httpx.AsyncClient) -> str:
    return str((await client.get("/api/v1/auth/me")).json()["user_id"])


async def reset(admin: httpx.AsyncClient, user_id: str) -> httpx.Response:
    return await admin.post(f"/api/v1/users/{user_id}/password-reset")


async def choose(anyone: httpx.AsyncClient, token: str, password: str = CHOSEN) -> httpx.Response:
    return await anyone.post("/api/v1/auth/accept-password-reset", json={"token": token, "password": password})


async def tried(anyone: httpx.AsyncClient, email: str, password: str) -> int:
    answer = await anyone.post("/api/v1/auth/token", data={"username": email, "password": password})
    return answer.status_code


async def belongs(sessions: Sessions, user_id: str, role: str, organization_id: UUID | None = None) -> UUID:
    """Has somebody belong to another organisation, a new one unless it is named."""
    async with sessions.begin() as session:
        owner = organization_id or uuid4()
        if organization_id is None:
            session.add(OrganizationRow(id=owner, name="Another client"))
            await session.flush()
        session.add(MembershipRow(organization_id=owner, user_id=UUID(user_id), role=role))
    return owner


async def test_neither_password_nor_tokens_hold_and_another_password_is_chosen_once(
    admin: httpx.AsyncClient, member: Member, anyone: httpx.AsyncClient
) -> None:
    operator = await member("operator")
    user_id = await own_id(operator)
    made = await reset(admin, user_id)
    assert made.status_code == 200
    body = made.json()
    assert (body["user_id"], body["email"]) == (user_id, "operator@example.com")
    assert timedelta(hours=23) < datetime.fromisoformat(body["expires_at"]) - datetime.now(UTC) <= timedelta(hours=24)
    assert (await operator.get("/api/v1/leads")).status_code == 401
    assert await tried(anyone, "operator@example.com", "x") == 401
    signed_in = await choose(anyone, body["token"])
    assert signed_in.status_code == 200
    anyone.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
    assert (await anyone.get("/api/v1/auth/me")).json()["role"] == "operator"
    assert await tried(anyone, "operator@example.com", CHOSEN) == 200
    assert (await choose(anyone, body["token"], "yet another one")).status_code == 404


async def test_it_is_noted_who_reset_and_who_chose_and_no_secret(
    admin: httpx.AsyncClient, member: Member, anyone: httpx.AsyncClient, sessions: Sessions
) -> None:
    user_id = await own_id(await member("operator"))
    token = (await reset(admin, user_id)).json()["token"]
    await choose(anyone, token)
    async with sessions() as session:
        entries = (await session.scalars(select(AuditEntryRow).order_by(AuditEntryRow.created_at))).all()
        stored = await session.scalar(select(UserRow.reset_hash).where(UserRow.id == UUID(user_id)))
    assert [(one.action, str(one.user_id), str(one.target_id), one.details) for one in entries] == [
        ("user.password_reset", await own_id(admin), user_id, {}),
        ("user.password_changed", user_id, user_id, {"by_reset": True}),
    ]
    assert stored is None


async def test_a_newer_reset_ends_the_one_before(
    admin: httpx.AsyncClient, member: Member, anyone: httpx.AsyncClient
) -> None:
    user_id = await own_id(await member("viewer"))
    first, second = [(await reset(admin, user_id)).json()["token"] for _ in range(2)]
    assert (await choose(anyone, first)).status_code == 404
    assert (await choose(anyone, second)).status_code == 200


async def test_a_reset_holds_for_a_day(
    admin: httpx.AsyncClient, member: Member, anyone: httpx.AsyncClient, sessions: Sessions
) -> None:
    token = (await reset(admin, await own_id(await member("viewer")))).json()["token"]
    async with sessions.begin() as session:
        await session.execute(update(UserRow).values(reset_expires_at=datetime.now(UTC)))
    answer = await choose(anyone, token)
    assert (answer.status_code, "24 hours" in answer.json()["detail"]) == (404, True)


async def test_of_two_who_use_one_token_at_once_one_is_let_in(
    admin: httpx.AsyncClient, member: Member, anyone: httpx.AsyncClient
) -> None:
    token = (await reset(admin, await own_id(await member("viewer")))).json()["token"]
    answers = await asyncio.gather(*(choose(anyone, token, f"password number {number}") for number in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404]


async def test_a_short_password_is_refused_and_the_token_stays_good(
    admin: httpx.AsyncClient, member: Member, anyone: httpx.AsyncClient
) -> None:
    token = (await reset(admin, await own_id(await member("viewer")))).json()["token"]
    assert (await choose(anyone, token, "short")).status_code == 422
    assert (await choose(anyone, token)).status_code == 200


async def test_nobody_resets_their_own_password(admin: httpx.AsyncClient, anyone: httpx.AsyncClient) -> None:
    """Else whoever finds a token would be rid of the question for the password that stands."""
    answer = await reset(admin, await own_id(admin))
    assert (answer.status_code, "auth/password" in answer.json()["detail"]) == (409, True)
    assert await tried(anyone, "admin@localhost", PASSWORD) == 200


@pytest.mark.parametrize(
    ("theirs", "own", "status"),
    [
        pytest.param("viewer", None, 403, id="of-an-organisation-one-is-not-in"),
        pytest.param("admin", "operator", 403, id="may-do-more-there"),
        pytest.param("operator", "viewer", 403, id="may-do-a-little-more-there"),
        pytest.param("operator", "operator", 200, id="may-do-as-much-there"),
        pytest.param("viewer", "admin", 200, id="may-do-less-there"),
    ],
)
async def test_whoever_may_do_more_elsewhere_is_not_reset_from_here(
    admin: httpx.AsyncClient,
    member: Member,
    anyone: httpx.AsyncClient,
    sessions: Sessions,
    theirs: str,
    own: str | None,
    status: int,
) -> None:
    user_id = await own_id(await member("viewer"))
    elsewhere = await belongs(sessions, user_id, theirs)
    if own is not None:
        await belongs(sessions, await own_id(admin), own, elsewhere)
    assert (await reset(admin, user_id)).status_code == status
    assert await tried(anyone, "viewer@example.com", "x") == (200 if status == 403 else 401)


async def test_another_role_ends_a_reset(admin: httpx.AsyncClient, member: Member, anyone: httpx.AsyncClient) -> None:
    user_id = await own_id(await member("viewer"))
    token = (await reset(admin, user_id)).json()["token"]
    assert (await admin.patch(f"/api/v1/users/{user_id}", json={"role": "admin"})).status_code == 200
    assert (await choose(anyone, token)).status_code == 404


@pytest.mark.parametrize("first", ["joining", "resetting"])
async def test_joining_while_a_reset_is_made_either_forbids_it_or_ends_it(
    admin: httpx.AsyncClient, member: Member, anyone: httpx.AsyncClient, sessions: Sessions, first: str
) -> None:
    user_id = await own_id(await member("viewer"))
    async with sessions.begin() as session:
        elsewhere = OrganizationRow(id=uuid4(), name="Another client")
        session.add(elsewhere)
    async with sessions() as joining:
        if first == "joining":
            await add_membership(joining, elsewhere.id, UUID(user_id), "admin")
            resetting = asyncio.create_task(reset(admin, user_id))
            await _until_somebody_waits(sessions)
            await joining.commit()
            assert (await resetting).status_code == 403
            return
        await lock_user(joining, UUID(user_id))
        resetting = asyncio.create_task(reset(admin, user_id))
        await _until_somebody_waits(sessions)
        await joining.rollback()
        token = (await resetting).json()["token"]
        await add_membership(joining, elsewhere.id, UUID(user_id), "admin")
        await joining.commit()
    assert (await choose(anyone, token)).status_code == 404


async def test_a_stranger_is_nobody(admin: httpx.AsyncClient, sessions: Sessions) -> None:
    async with sessions.begin() as session:
        stranger = UserRow(id=uuid4(), email="stranger@example.com", password_hash="-")
        session.add(stranger)
    await belongs(sessions, str(stranger.id), "viewer")
    foreign, unknown = await reset(admin, str(stranger.id)), await reset(admin, str(uuid4()))
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.json()["detail"] == unknown.json()["detail"]


async def _until_somebody_waits(sessions: Sessions) -> None:
    """For a lock of this database."""
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    while True:
        async with sessions() as session:
            if await session.scalar(text(waiting)):
                return
