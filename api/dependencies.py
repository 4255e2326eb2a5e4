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
from api.identification import Identification, Identity
from api.live_bell import LiveBell
from api.live_feed import LiveFeed
from api.passwords import Passwords
from api.principal import Principal
from api.problems import Forbidden, TooManyRequests
from api.rate_headers import COUNTED
from api.sign_in_throttle import SignInThrottle
from api.tokens import Tokens
from api.webhook_keys import WebhookKeys
from api.webhook_line import WebhookLine
from domain.request_rate import Asked
from runtime.sealing import Sealing
from runtime.settings import Settings
from storage.looks import Looking
from storage.organization_sessions import OrganizationSessions
from storage.recording_store import RecordingStore
from telephony.retell_workspace import RetellWorkspace

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Dependencies:
    """``sessions`` see all organisations: whoever opens one of them stands in ``api.crossing`` with the reason."""

    settings: Settings
    sessions: async_sessionmaker[AsyncSession]
    analytics_sessions: async_sessionmaker[AsyncSession]
    lead_workflows: LeadWorkflows
    engine: Engine
    first_rows: FirstRows
    passwords: Passwords
    tokens: Tokens
    identification: Identification
    throttle: SignInThrottle
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

    def sessions_of(self, organization_id: UUID) -> OrganizationSessions:
        """Sessions that see this organisation and no other."""
        return OrganizationSessions(self.sessions, organization_id)


async def dependencies_of(request: Request) -> Dependencies:
    """Asynchronous, though it waits for nothing: FastAPI would send it to a thread."""
    return cast("Dependencies", request.app.state.dependencies)


Deps = Annotated[Dependencies, Depends(dependencies_of)]


_bearer = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token",
    auto_error=False,
    description="A token of a person, or an API key (`ll_…`) of a machine: `Authorization: Bearer …` takes both.",
)

BearerToken = Annotated[str | None, Depends(_bearer)]


async def identified(token: BearerToken, deps: Deps, request: Request) -> Identity:
    """Who asks, and the count of their requests with this one in it.

    Raises:
        Unauthenticated: nobody, or by a token or key that doesn't hold any more.
        TooManyRequests: they have asked too often of late; what was refused isn't counted.
    """
    identity, counted = await deps.identification.identify_counted(token)
    if counted is not None:
        setattr(request.state, COUNTED, counted)
        if not counted.asked.is_within:
            raise _too_many(counted.asked)
    return identity


def _too_many(asked: Asked) -> TooManyRequests:
    rate, wait = asked.rate, asked.more_in_seconds
    return TooManyRequests(
        f"There may be {rate.requests} requests in {rate.seconds} seconds; ask again in {wait} seconds.",
        retry_after_seconds=wait,
    )


SignedIn = Annotated[Identity, Depends(identified)]


async def open_session(deps: Deps, identity: SignedIn) -> AsyncIterator[AsyncSession]:
    """A session for one request, which sees the organisation that is asked for; without a commit it is rolled back."""
    async with deps.sessions_of(identity.principal.organization_id)() as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]


async def open_looking(deps: Deps, identity: SignedIn) -> AsyncIterator[Looking]:
    """For what is asked all day and read by looks alone; it sees what a session of this request would see.

    Unlike a session it has its connection from the start, before parameters are judged.
    """
    async with deps.sessions_of(identity.principal.organization_id).looking() as looking:
        yield looking


Looks = Annotated[Looking, Depends(open_looking)]


async def open_system_session(deps: Deps) -> AsyncIterator[AsyncSession]:
    """For the few routes that cross organisations by right (``api.crossing``)."""
    async with deps.sessions() as session:
        yield session


SystemSession = Annotated[AsyncSession, Depends(open_system_session)]


async def open_analytics_session(deps: Deps, identity: SignedIn) -> AsyncIterator[AsyncSession]:
    """On the replica where there is one. All that a request reads is of one moment, so that its figures add up."""
    async with OrganizationSessions(deps.analytics_sessions, identity.principal.organization_id)() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


AnalyticsSession = Annotated[AsyncSession, Depends(open_analytics_session)]


async def signed_in(identity: SignedIn) -> Principal:
    return identity.principal


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
