"""What routes get: one value with everything the process has, a session, and who is asking."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, cast
from uuid import UUID

import httpx
from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.account_clients import AccountClients
from activities.lead_workflows import LeadWorkflows
from api.background import Background
from api.engine import Engine
from api.first_rows import FirstRows
from api.forwarding import Forwarding
from api.live_bell import LiveBell
from api.live_feed import LiveFeed
from api.passwords import Passwords
from api.problems import Forbidden, Unauthenticated
from api.tokens import Claims, InvalidToken, Tokens
from api.webhook_keys import WebhookKeys
from api.webhook_line import WebhookLine
from runtime.sealing import Sealing
from runtime.settings import Settings
from storage.recording_store import RecordingStore
from storage.users import get_member
from telephony.retell_workspace import RetellWorkspace

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Dependencies:
    settings: Settings
    sessions: async_sessionmaker[AsyncSession]
    lead_workflows: LeadWorkflows
    engine: Engine
    first_rows: FirstRows
    passwords: Passwords
    tokens: Tokens
    background: Background
    webhook_line: WebhookLine
    forwarding: Forwarding
    sealing: Sealing | None
    provider_http: httpx.AsyncClient
    workspaces: AccountClients[RetellWorkspace]
    webhook_keys: WebhookKeys
    recordings: RecordingStore
    live: LiveFeed
    live_bell: LiveBell
    clock: Clock


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, and for which organisation."""

    user_id: UUID
    organization_id: UUID
    role: str


async def dependencies_of(request: Request) -> Dependencies:
    """Asynchronous, though it waits for nothing: FastAPI would send it to a thread."""
    return cast("Dependencies", request.app.state.dependencies)


Deps = Annotated[Dependencies, Depends(dependencies_of)]


async def open_session(deps: Deps) -> AsyncIterator[AsyncSession]:
    """A session for one request; what the route doesn't commit is rolled back."""
    async with deps.sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]

_bearer = OAuth2PasswordBearer(tokenUrl="/api/v1/auth/token", auto_error=False)


BearerToken = Annotated[str | None, Depends(_bearer)]


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who is signed in, and the token that says so."""

    principal: Principal
    claims: Claims


async def identify(token: str | None, session: AsyncSession, deps: Dependencies) -> Identity:
    """Whose token this is.

    Raises:
        Unauthenticated: there is none, or it is not valid any more.
    """
    if token is None:
        raise Unauthenticated("Send `Authorization: Bearer …` with a token from POST /api/v1/auth/token.")
    try:
        claims = deps.tokens.read(token)
    except InvalidToken:
        raise Unauthenticated("The token is not valid or has expired; sign in again.") from None
    member = await get_member(session, claims.user_id, claims.organization_id)
    if member is None or member.token_version != claims.token_version:
        raise Unauthenticated("The token was taken back; sign in again.")
    return Identity(Principal(member.user_id, member.organization_id, member.role), claims)


async def signed_in(token: BearerToken, session: Session, deps: Deps) -> Principal:
    return (await identify(token, session, deps)).principal


Reader = Annotated[Principal, Depends(signed_in)]


async def may_write(principal: Reader) -> Principal:
    if principal.role == "viewer":
        raise Forbidden("You may look at everything here and change nothing; ask an operator or an admin.")
    return principal


Writer = Annotated[Principal, Depends(may_write)]


async def may_administer(principal: Reader) -> Principal:
    if principal.role != "admin":
        raise Forbidden("Only an admin may change this.")
    return principal


Admin = Annotated[Principal, Depends(may_administer)]
